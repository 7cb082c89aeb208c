//! What the engine promises, with scripted handlers and time moved by hand.

mod adding;
mod attending;
mod builtin;
mod catalogue;
mod commands;
mod creating;
mod deadlines;
mod fleet;
mod left;
mod limits;
mod publishing;
mod recovery;
mod refusing;
mod retrying;
mod shapes;
mod stopping;
mod waiting;
mod workers;
