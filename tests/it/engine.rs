//! What the engine promises, with scripted handlers and time moved by hand.

mod attending;
mod builtin;
mod commands;
mod creating;
mod deadlines;
mod fleet;
mod limits;
mod publishing;
mod recovery;
mod refusing;
mod retrying;
mod shapes;
mod stopping;
mod waiting;
