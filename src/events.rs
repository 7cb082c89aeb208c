//! What is made of the log: the catalogue of all events, and subscribers that are told of them.
//!
//! Not here: writing an event, which is the journal's, and following the log, which is `data`'s.

mod builtin;
pub mod catalogue;
mod in_process;
mod local;
pub mod subscriber;
pub mod subscribers;
pub mod webhook;
mod workflow_event;

pub use catalogue::Catalogue;
pub use local::{Heard, Listener, Local};
pub use subscriber::{EventSubscriber, Patterns, SubscriberError};
pub use subscribers::{Around, Running, Subscribers};
pub use workflow_event::{ErrorCategory, EventError, NotReadable, WorkflowEvent};
