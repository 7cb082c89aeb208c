//! What an application's handlers, subscribers and authenticators need.

pub use crate::{
    app::Tasker,
    auth::{Authenticator, Bounds, Credentials, Rejected, Session, Subject},
    events::{EventSubscriber, Patterns, SubscriberError, WorkflowEvent},
    model::template::CustomEvent,
    orchestration::handler::{
        Sequence, StepError, StepHandler, StepSnapshot, StepView, TaskHandler, TaskView, Violation,
    },
};
pub use serde_json::{Value, json};
