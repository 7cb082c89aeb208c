//! Which code runs which step.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{StepHandler, TaskHandler, builtin};
use crate::model::template::{CustomEvent, StepTemplate};

/// The handlers of this binary.
#[derive(Clone, Default)]
pub struct Handlers {
    steps: HashMap<String, Registered>,
    tasks: HashMap<String, Arc<dyn TaskHandler>>,
    /// What step handlers declare, by their class.
    events: BTreeMap<String, Vec<CustomEvent>>,
    mistakes: Vec<(String, String)>,
}

/// A step's code, and what it said about itself when it was registered.
#[derive(Clone)]
pub struct Registered {
    /// The code.
    pub handler: Arc<dyn StepHandler>,
    /// Names of the events that it may publish.
    pub declared: Arc<[String]>,
    /// Runs in the place of whatever the step would do: in tests.
    stands_in: bool,
}

/// Who runs a step.
pub enum Found {
    /// Code in this binary.
    Handler(Registered),
    /// An HTTP call, and then the code of this binary that looks at the answer, where there is any.
    Api(Option<Registered>),
    /// The engine itself, with nothing held while it sleeps.
    Sleep,
    /// Nobody here: a worker must claim it.
    Worker,
}

impl Registered {
    /// The same declarations, and other code.
    pub(in crate::orchestration) fn of(handler: Arc<dyn StepHandler>, declared: Arc<[String]>) -> Self {
        Self { handler, declared, stands_in: false }
    }
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
        let class = class.into();
        let mut events = handler.custom_events();
        // What has no proper name is not declared: nobody passes for one of Tasker's own events.
        events.retain(|event| match event.check() {
            Ok(()) => true,
            Err(why) => {
                self.mistakes.push((class.clone(), format!("{:?}: {why}", event.name)));
                false
            }
        });
        let declared = events.iter().map(|event| event.name.clone()).collect();
        self.events.insert(class.clone(), events);
        self.steps.insert(class, Registered { handler, declared, stands_in: false });
    }

    /// The same, also for steps that are HTTP calls, in their place; a step without a class is meant by its name.
    pub(crate) fn stand_in(&mut self, class: impl Into<String>, handler: Arc<dyn StepHandler>) {
        let class = class.into();
        self.add_step(class.clone(), handler);
        if let Some(registered) = self.steps.get_mut(&class) {
            registered.stands_in = true;
        }
    }

    /// The events that step handlers declare, each with its handler's class.
    pub fn custom_events(&self) -> impl Iterator<Item = (&str, &CustomEvent)> {
        self.events.iter().flat_map(|(class, events)| events.iter().map(|event| (class.as_str(), event)))
    }

    /// Declarations that can't be used, each with its handler's class and what is wrong with it. A service does not
    /// start with one.
    pub fn mistakes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.mistakes.iter().map(|(class, why)| (class.as_str(), why.as_str()))
    }

    /// Whether the handler of `step` declares the event `name`.
    pub fn declares(&self, step: &StepTemplate, name: &str) -> bool {
        let events = self.events.get(&step.handler_class).into_iter().flatten();
        events.into_iter().any(|event| event.name == name)
    }

    /// `handler` has the hooks of tasks whose `task_handler_class` is `class`.
    pub fn add_task(&mut self, class: impl Into<String>, handler: Arc<dyn TaskHandler>) {
        self.tasks.insert(class.into(), handler);
    }

    /// Who runs `step`. A `handler_config.type` wins over the class.
    pub fn find(&self, step: &StepTemplate) -> Found {
        if step.is_api() {
            let name = if step.handler_class.is_empty() { &step.name } else { &step.handler_class };
            match self.steps.get(name) {
                Some(registered) if registered.stands_in => Found::Handler(registered.clone()),
                Some(_) | None => Found::Api(self.class(&step.handler_class).cloned()),
            }
        } else if step.handler_class == builtin::SLEEP {
            Found::Sleep
        } else {
            self.steps
                .get(&step.handler_class)
                .map_or(Found::Worker, |handler| Found::Handler(handler.clone()))
        }
    }

    /// The code of a class; a step without one has none.
    fn class(&self, class: &str) -> Option<&Registered> {
        self.steps.get(class).filter(|_| !class.is_empty())
    }

    /// Names of the events that the handler of `class` declares; none where there is no such handler.
    pub(crate) fn declared(&self, class: &str) -> Arc<[String]> {
        self.steps.get(class).map(|registered| registered.declared.clone()).unwrap_or_default()
    }

    /// The hooks of a task.
    pub fn task(&self, class: &str) -> Option<&Arc<dyn TaskHandler>> {
        self.tasks.get(class)
    }
}
