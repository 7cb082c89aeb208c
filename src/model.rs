//! What a task is: statuses, transitions, templates, readiness, retry, outcomes, events.
//!
//! Pure: no database, no clock, no async. Time is an argument, last in the list.

pub mod analysis;
pub mod analytics;
pub mod annotation;
pub mod audit;
pub mod change;
pub mod dag;
pub mod diagram;
pub mod event;
pub mod event_pattern;
pub mod failure;
pub mod id;
pub mod lease;
pub mod namespaces;
pub mod outcome;
pub mod readiness;
pub mod retention;
pub mod retry;
pub mod scope;
pub mod status;
pub mod step;
pub mod tally;
pub mod task;
pub mod template;
pub mod time;
pub mod trace;
pub mod transition;
