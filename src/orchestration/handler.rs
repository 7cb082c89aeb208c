//! What an application writes: the code of its steps and the hooks of its tasks.

mod alone;
mod api;
mod builtin;
mod call;
mod error;
mod registry;
mod view;

pub use api::HttpClients;
pub use error::StepError;
pub use registry::{Found, Handlers, Registered};
pub use view::{Sequence, StepSnapshot, StepView, TaskView};

pub(crate) use alone::Alone;
pub(crate) use call::Call;

pub(super) use api::{ApiStep, Http};
pub(super) use builtin::sleep_until;
pub(super) use call::panicked;
pub(super) use view::Board;

use async_trait::async_trait;
use serde_json::Value;

use crate::model::template::CustomEvent;
pub use crate::model::template::Violation;

/// The code of a step. One value serves every attempt of every task, at the same time.
///
/// An attempt may be repeated: the step's id is stable over all of them, to be passed on as idempotency key.
#[async_trait]
pub trait StepHandler: Send + Sync + 'static {
    /// Does the work and answers with what the step leaves for its dependents.
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError>;

    /// Makes the step's results of what [`Self::process`] answered.
    async fn process_results(&self, _step: &StepView, output: Value) -> Result<Value, StepError> {
        Ok(output)
    }

    /// Events that it may publish, with dotted lower-case names such as `payment.processed` that do not begin like
    /// Tasker's own. Asked once, when the handler is registered; a service with a wrong name does not start.
    fn custom_events(&self) -> Vec<CustomEvent> {
        Vec::new()
    }
}

/// Hooks of a whole task, run when it is created.
#[async_trait]
pub trait TaskHandler: Send + Sync + 'static {
    /// Checks what a schema can't. Each violation has the JSON pointer of its place.
    async fn validate(&self, _context: &Value) -> Result<(), Vec<Violation>> {
        Ok(())
    }

    /// May add to the context, which has been validated.
    async fn initialize_context(&self, context: Value) -> Result<Value, StepError> {
        Ok(context)
    }
}
