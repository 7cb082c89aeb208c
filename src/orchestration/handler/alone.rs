//! A call of a handler outside any task: for tests of the handler by itself.

use std::sync::{Arc, Mutex, atomic::AtomicUsize};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Board, Call, Sequence, StepHandler, StepView, TaskView};
use crate::{
    data::Primary,
    model::{
        id::{StepId, StepNo, TaskId},
        outcome::Published,
        template::Template,
    },
    orchestration::{Clock, Settings},
};

/// What a task would have given to the attempt.
pub(crate) struct Alone {
    /// Of the step, and of those before it.
    pub(crate) template: Arc<Template>,
    /// Which of its steps is processed.
    pub(crate) no: StepNo,
    /// The idempotency key.
    pub(crate) id: StepId,
    pub(crate) attempt: u32,
    pub(crate) context: Arc<Value>,
    pub(crate) primary: Primary,
    pub(crate) inputs: Arc<Value>,
    /// With its variables resolved.
    pub(crate) handler_config: Value,
    /// What steps have left.
    pub(crate) results: Vec<(StepNo, Value)>,
    /// What a failed attempt of this step has left.
    pub(crate) earlier: Option<Value>,
    pub(crate) cancelled: CancellationToken,
}

impl Alone {
    /// The call, with the bounds that an engine has by default.
    pub(crate) fn call(self, handler: Arc<dyn StepHandler>) -> Call {
        let max_bytes = Settings::default().max_results_bytes;
        let declared = handler.custom_events().into_iter().map(|event| event.name).collect();
        let board = Board::holding(self.template.clone(), self.results);
        Call {
            handler,
            task: TaskView {
                id: TaskId::new(),
                template: self.template.clone(),
                context: self.context,
                primary: self.primary,
            },
            sequence: Sequence(Arc::new(board)),
            step: StepView {
                id: self.id,
                no: self.no,
                template: self.template,
                attempt: self.attempt,
                inputs: self.inputs,
                earlier: self.earlier.map(Arc::new),
                handler_config: self.handler_config,
                cancelled: self.cancelled,
                declared,
                published: Mutex::new(Published::default()),
                room: AtomicUsize::new(max_bytes),
                trace: None,
            },
            clock: Clock::System,
            max_bytes,
        }
    }
}
