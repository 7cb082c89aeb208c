//! Which code runs which step.

use std::{collections::HashMap, sync::Arc};

use super::{StepHandler, TaskHandler, builtin};
use crate::model::template::StepTemplate;

/// The handlers of this binary.
#[derive(Clone, Default)]
pub struct Handlers {
    steps: HashMap<String, Registered>,
    tasks: HashMap<String, Arc<dyn TaskHandler>>,
}

/// A step's code, and what it said about itself when it was registered.
#[derive(Clone)]
pub struct Registered {
    /// The code.
    pub handler: Arc<dyn StepHandler>,
    /// Names of the events that it may publish.
    pub declared: Arc<[String]>,
}

/// Who runs a step.
pub enum Found {
    /// Code in this binary.
    Handler(Registered),
    /// The engine itself, with nothing held while it sleeps.
    Sleep,
    /// Nobody here: a worker must claim it.
    Worker,
}

impl Handlers {
    /// Those that are built in.
    pub fn new() -> Self {
        let mut handlers = Self::default();
        for (class, handler) in builtin::all() {
            handlers.add_step(class, handler);
        }
        handlers
    }

    /// `handler` runs the steps whose `handler_class` is `class`.
    pub fn add_step(&mut self, class: impl Into<String>, handler: Arc<dyn StepHandler>) {
        let declared = handler.custom_events().into_iter().map(|event| event.name).collect();
        self.steps.insert(class.into(), Registered { handler, declared });
    }

    /// `handler` has the hooks of tasks whose `task_handler_class` is `class`.
    pub fn add_task(&mut self, class: impl Into<String>, handler: Arc<dyn TaskHandler>) {
        self.tasks.insert(class.into(), handler);
    }

    /// Who runs `step`. A `handler_config.type` says that it is not this binary's code.
    pub fn find(&self, step: &StepTemplate) -> Found {
        if step.handler_config.get("type").is_some() {
            Found::Worker
        } else if step.handler_class == builtin::SLEEP {
            Found::Sleep
        } else {
            self.steps
                .get(&step.handler_class)
                .map_or(Found::Worker, |handler| Found::Handler(handler.clone()))
        }
    }

    /// The hooks of a task.
    pub fn task(&self, class: &str) -> Option<&Arc<dyn TaskHandler>> {
        self.tasks.get(class)
    }
}
