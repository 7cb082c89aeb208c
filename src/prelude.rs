//! What an application's handlers need.

pub use crate::{
    app::Tasker,
    model::template::CustomEvent,
    orchestration::handler::{
        Sequence, StepError, StepHandler, StepSnapshot, StepView, TaskHandler, TaskView, Violation,
    },
};
pub use serde_json::{Value, json};
