//! What has become of a task, to be asserted.

use std::fmt;

use serde_json::Value;

use super::{Story, event::hears};
use crate::events::{EventSubscriber, SubscriberError, WorkflowEvent, subscriber::tell};
use crate::model::{
    event::{EventName, Recorded},
    failure::Failure,
    id::{StepNo, TaskId},
    status::Status,
    step::Step,
    task::Task,
    template::StepTemplate,
    time::Timestamp,
};

/// A task at one moment. What happens later is not in it: ask the kit again.
pub struct TaskReport {
    task: Task,
    events: Vec<Recorded>,
}

/// One of its steps.
#[derive(Clone, Copy)]
pub struct StepReport<'a> {
    task: &'a TaskReport,
    step: &'a Step,
}

impl TaskReport {
    pub(super) const fn new(task: Task, events: Vec<Recorded>) -> Self {
        Self { task, events }
    }

    /// Which task.
    pub const fn id(&self) -> TaskId {
        self.task.id()
    }

    /// Where it is.
    pub const fn status(&self) -> Status {
        self.task.status
    }

    /// Its input, with what the task handler has added.
    pub fn context(&self) -> &Value {
        &self.task.context
    }

    /// Every status that it and its steps had, and why.
    pub fn story(&self) -> Story {
        Story::of(&self.step_names(), &self.events)
    }

    /// Fails the test, with the story, unless the task is complete.
    #[track_caller]
    pub fn assert_complete(&self) {
        self.assert_status(Status::Complete);
    }

    /// Fails the test, with the story, unless the task is where it should be.
    #[track_caller]
    pub fn assert_status(&self, status: Status) {
        assert!(self.status() == status, "the task is {}, not {status}:\n{}", self.status(), self.story());
    }

    /// Names of its steps, as the template lists them.
    pub fn step_names(&self) -> Vec<String> {
        self.task.template.steps.iter().map(|step| step.name.clone()).collect()
    }

    /// Its steps, as the template lists them.
    pub fn steps(&self) -> impl Iterator<Item = StepReport<'_>> {
        self.task.steps.iter().map(|step| StepReport { task: self, step })
    }

    /// The step called `name`.
    ///
    /// # Panics
    ///
    /// When it has no such step.
    #[track_caller]
    pub fn step(&self, name: &str) -> StepReport<'_> {
        match self.task.template.step_no(name) {
            Some(no) => StepReport { task: self, step: self.task.step(no) },
            None => panic!("the task has no step {name:?}; it has {}", self.step_names().join(", ")),
        }
    }

    /// Everything that is in the log about it, oldest first.
    pub fn events(&self) -> &[Recorded] {
        &self.events
    }

    /// Names of what is in the log about it, oldest first.
    pub fn event_names(&self) -> Vec<&str> {
        self.events.iter().map(|recorded| recorded.event.name.as_str()).collect()
    }

    /// What was published under this name, system or custom: each event's details, oldest first.
    pub fn published(&self, name: &str) -> Vec<Value> {
        let named = self.events.iter().filter(|recorded| recorded.event.name.as_str() == name);
        named.map(|recorded| recorded.event.details.clone().unwrap_or_default()).collect()
    }

    /// Tells a subscriber of everything that happened to the task and that it subscribes to, oldest first, until it
    /// fails. Answers with how many events that were.
    pub async fn tell(&self, subscriber: &dyn EventSubscriber) -> Result<usize, SubscriberError> {
        let mut told = 0;
        for recorded in &self.events {
            let event = WorkflowEvent::from(recorded.clone());
            if hears(subscriber, &event) {
                tell(subscriber, &event).await?;
                told += 1;
            }
        }
        Ok(told)
    }

    /// The next moment at which something happens by itself, apart from the task's own limit.
    pub(super) fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let mut without_limit = self.task.clone();
        without_limit.deadline_at = None;
        without_limit.next_wake(now)
    }

    fn template(&self, no: StepNo) -> &StepTemplate {
        self.task.template.step(no)
    }
}

impl<'a> StepReport<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.template().name
    }

    /// Where it is.
    pub const fn status(&self) -> Status {
        self.step.status
    }

    /// What it left.
    ///
    /// # Panics
    ///
    /// When there is nothing.
    #[track_caller]
    pub fn results(&self) -> &'a Value {
        match &self.step.results {
            Some(results) => results,
            None => {
                panic!("step {} is {} and has no results:\n{}", self.name(), self.status(), self.task.story())
            }
        }
    }

    /// Why its last attempt failed, where it did.
    pub const fn error(&self) -> Option<&'a Failure> {
        self.step.error.as_ref()
    }

    /// Attempts that were started.
    pub const fn attempts(&self) -> u32 {
        self.step.attempts
    }

    /// Attempts that it may have.
    pub const fn retry_limit(&self) -> u32 {
        self.step.retry_limit
    }

    /// Nobody here has its handler.
    pub const fn waits_for_worker(&self) -> bool {
        self.step.awaiting_since.is_some() && matches!(self.step.status, Status::Pending)
    }

    /// Names of what it runs after.
    pub fn depends_on(&self) -> Vec<&'a str> {
        self.template().depends_on.iter().map(|&no| self.task.template(no).name.as_str()).collect()
    }

    /// As the template describes it, overrides of the environment included.
    pub fn template(&self) -> &'a StepTemplate {
        self.task.template(self.step.no)
    }

    /// What it published under this name: each event's details, oldest first.
    pub fn published(&self, name: &str) -> Vec<Value> {
        let is_own = |recorded: &&Recorded| {
            let own = recorded.event.step.as_ref().is_some_and(|step| step.id == self.step.id);
            own && recorded.event.name == EventName::parse(name)
        };
        let own = self.task.events.iter().filter(is_own);
        own.map(|recorded| recorded.event.details.clone().unwrap_or_default()).collect()
    }
}

/// The story, to be read where an assertion prints it.
impl fmt::Debug for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} is {}:\n{}", self.id(), self.status(), self.story())
    }
}

impl fmt::Debug for StepReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of {:?}", self.name(), self.task)
    }
}
