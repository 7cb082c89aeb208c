//! The audit log: who did what, and what was refused to whom.

mod kept;
mod viewer;
