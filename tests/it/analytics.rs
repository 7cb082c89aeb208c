//! Long histories: figures, health, what is kept and what goes, and tasks in every order.

mod figures;
mod health;
mod keeping;
mod orders;
mod seen;
