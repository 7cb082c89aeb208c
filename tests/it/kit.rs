//! The kit for an application's tests, as an application uses it.

mod calls;
mod mistakes;
mod recipes;
mod running;
mod steps;
