//! One change of a task: what is done to it in memory is what the journal will write.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use uuid::Uuid;

use super::Task;
use crate::model::{
    audit::{Act, AuditRecord},
    change::{Change, StepRow, TaskRow},
    event::{Event, EventName, EventStep},
    id::StepNo,
    lease::{Lease, RemoteRow, RemoteState},
    status::Status,
    step::Step,
    time::Timestamp,
    transition::{StepTransition, TaskTransition},
};

/// A change in the making.
pub struct Edit<'a> {
    pub(super) task: &'a mut Task,
    pub(super) now: Timestamp,
    pub(super) actor: Option<Arc<str>>,
    from: Status,
    touched: BTreeMap<StepNo, Touched>,
    row: bool,
    parked: Option<Option<Timestamp>>,
    events: Vec<Event>,
    audit: Vec<AuditRecord>,
    commands: Vec<Uuid>,
    remote: BTreeMap<(StepNo, u32), (RemoteState, Option<Lease>)>,
}

struct Touched {
    from: Status,
    inputs: bool,
    results: bool,
    error: bool,
}

impl<'a> Edit<'a> {
    pub(super) fn new(task: &'a mut Task, now: Timestamp) -> Self {
        let from = task.status;
        Self {
            task,
            now,
            actor: None,
            from,
            touched: BTreeMap::new(),
            row: false,
            parked: None,
            events: Vec::new(),
            audit: Vec::new(),
            commands: Vec::new(),
            remote: BTreeMap::new(),
        }
    }

    /// Who asked for it.
    pub fn by(mut self, actor: Option<Arc<str>>) -> Self {
        self.actor = actor;
        self
    }

    /// What was asked for is recorded with the change.
    pub fn record(&mut self, act: Act) {
        let about = &self.task.about;
        let record = AuditRecord::new(act, self.now).within(&*about.namespace).about(about.id);
        self.audit.push(record);
    }

    /// The command that was left for the task under this id is carried out with the change.
    pub fn settles(&mut self, command: Uuid) {
        self.commands.push(command);
    }

    /// The task in its new state.
    pub fn task(&self) -> &Task {
        self.task
    }

    /// Lets go of the task until `wake_at`; none means that anyone may take it up at once.
    pub fn park(&mut self, wake_at: Option<Timestamp>) {
        self.parked = Some(wake_at);
        self.row = true;
    }

    /// Derives the task's status and hands over what must be written. `None`: nothing changed.
    pub fn finish(mut self) -> Option<Change> {
        self.derive_status();
        // To park a task, or to put it back, is no change that anyone sees.
        if self.task.status != self.from || !self.touched.is_empty() || !self.events.is_empty() {
            self.task.updated_at = self.now;
        }
        let task = &*self.task;
        let rests = task.status.rests();
        let moved = task.status != self.from;
        let silent = self.events.is_empty()
            && self.audit.is_empty()
            && self.commands.is_empty()
            && self.remote.is_empty();
        if !self.row && !moved && self.touched.is_empty() && silent {
            return None;
        }
        let release = rests || self.parked.is_some();
        let row = (self.row || moved).then(|| TaskRow {
            status: task.status,
            released: release,
            wake_at: if rests { None } else { self.parked.unwrap_or(task.not_before) },
            started_at: task.started_at,
            completed_at: task.completed_at,
            updated_at: task.updated_at,
            recoveries: task.recoveries,
            reason: task.reason.clone(),
            tags: task.tags.clone(),
        });
        let steps = self.touched.iter().map(|(&no, touched)| step_row(task.step(no), touched)).collect();
        let (task, remote) = (task.id(), self.remote_rows());
        let Self { from, events, audit, commands, .. } = self;
        Some(Change { task, from, row, steps, events, audit, commands, remote })
    }

    fn derive_status(&mut self) {
        if self.task.status.is_terminal() {
            return;
        }
        let derived = self.task.tally(self.now).status(self.task.status);
        if derived == self.task.status {
            return;
        }
        // Pending and error lead to complete only by way of in_progress, each with its own event.
        if TaskTransition::between(self.task.status, derived).is_none() {
            let through = if self.task.status == Status::Error {
                TaskTransition::Resume
            } else {
                TaskTransition::Start
            };
            self.move_task(through, None);
        }
        if let Some(transition) = TaskTransition::between(self.task.status, derived) {
            self.move_task(transition, None);
        }
    }

    /// Moves the task along `transition` and records it.
    pub(super) fn move_task(&mut self, transition: TaskTransition, extra: Option<Value>) {
        let from = self.task.status;
        debug_assert!(transition.leaves(from), "{transition:?} from {from}");
        let to = transition.edge().1;
        self.task.status = to;
        let name = match transition {
            TaskTransition::Start => {
                self.task.started_at = Some(self.now);
                self.task.not_before = None;
                EventName::TaskStarted
            }
            TaskTransition::Complete => EventName::TaskCompleted,
            TaskTransition::Fail => EventName::TaskFailed,
            TaskTransition::Resume => EventName::TaskRetryRequested,
            TaskTransition::Cancel => EventName::TaskCancelled,
            TaskTransition::Resolve => EventName::TaskResolvedManually,
        };
        self.task.completed_at = to.is_terminal().then_some(self.now);
        let details = merge(self.task_details(transition), extra);
        self.push(name, None, Some((from, to)), details);
    }

    fn task_details(&self, transition: TaskTransition) -> Value {
        let task = &*self.task;
        let total = task.steps.len();
        match transition {
            TaskTransition::Start | TaskTransition::Resume => json!({ "total_steps": total }),
            TaskTransition::Complete
            | TaskTransition::Cancel
            | TaskTransition::Resolve
            | TaskTransition::Fail => {
                let (mut done, mut failed) = (0, 0);
                for step in &task.steps {
                    done += usize::from(step.status.satisfies());
                    failed += usize::from(step.status == Status::Error);
                }
                let mut details = json!({
                    "total_steps": total,
                    "completed_steps": done,
                    "failed_steps": failed,
                    "total_execution_duration": self.now.since(task.created_at).as_secs_f64(),
                });
                // What never started has taken no time: a key that is not there can be given a default.
                if let Some(began) = task.started_at {
                    details["execution_duration"] = json!(self.now.since(began).as_secs_f64());
                }
                if transition == TaskTransition::Fail {
                    self.say_why(&mut details);
                }
                details
            }
        }
    }

    /// What the task failed of: the steps in error, the latest one's error.
    fn say_why(&self, details: &mut Value) {
        let failed = || self.task.steps.iter().filter(|step| step.status == Status::Error);
        let names = failed().take(20).map(|step| self.task.template.step(step.no).name.as_str());
        details["error_steps"] = names.collect();
        let last = failed().max_by_key(|step| step.completed_at).and_then(|step| step.error.as_ref());
        if let Some(error) = last {
            details["error_message"] = json!(error.message);
            details["exception_class"] = json!(error.kind.as_str());
        }
    }

    /// Moves a step along `transition`; the caller records the event, which may say more.
    pub(super) fn move_step(&mut self, no: StepNo, transition: StepTransition) -> (Status, Status) {
        let from = self.task.step(no).status;
        debug_assert!(transition.leaves(from), "{transition:?} from {from}");
        let to = transition.edge().1;
        let now = self.now;
        if from == Status::InProgress {
            self.end_lease(no);
        }
        let step = self.touch(no);
        step.status = to;
        step.completed_at = to.rests().then_some(now);
        (from, to)
    }

    /// The step, to be changed and written.
    pub(super) fn touch(&mut self, no: StepNo) -> &mut Step {
        let step = &mut self.task.steps[no.index()];
        self.touched.entry(no).or_insert(Touched {
            from: step.status,
            inputs: false,
            results: false,
            error: false,
        });
        step.updated_at = self.now;
        step
    }

    pub(super) fn touch_task(&mut self) -> &mut Task {
        self.row = true;
        self.task
    }

    pub(super) fn set_results(&mut self, no: StepNo, results: Option<Value>) {
        if let Some(results) = results {
            self.touch(no).results = Some(Arc::new(results));
            self.mark(no, |touched| touched.results = true);
        }
    }

    pub(super) fn set_error(&mut self, no: StepNo, error: Option<crate::model::failure::Failure>) {
        if self.task.step(no).error != error {
            self.touch(no).error = error;
            self.mark(no, |touched| touched.error = true);
        }
    }

    pub(super) fn set_inputs(&mut self, no: StepNo, inputs: Value) {
        self.touch(no).inputs = Some(Arc::new(inputs));
        self.mark(no, |touched| touched.inputs = true);
    }

    fn mark(&mut self, no: StepNo, mark: impl FnOnce(&mut Touched)) {
        if let Some(touched) = self.touched.get_mut(&no) {
            mark(touched);
        }
    }

    /// What is to be written of an attempt that a worker is to make; the last word counts.
    pub(super) fn note_remote(&mut self, no: StepNo, attempt: u32, state: RemoteState, lease: Option<Lease>) {
        let (last, kept) = self.remote.entry((no, attempt)).or_insert((RemoteState::Void, None));
        *last = state;
        *kept = lease.or(kept.take());
    }

    fn remote_rows(&self) -> Vec<RemoteRow> {
        if self.remote.is_empty() {
            return Vec::new();
        }
        let template: Arc<str> = format!("{}/{}", self.task.about.namespace, self.task.about.name).into();
        let row =
            |(&(no, attempt), (state, lease)): (&(StepNo, u32), &(RemoteState, Option<Lease>))| RemoteRow {
                no,
                attempt,
                handler_class: self.task.template.step(no).handler_class.as_str().into(),
                template: template.clone(),
                priority: self.task.priority,
                since: self.now,
                state: state.clone(),
                lease: lease.clone(),
            };
        self.remote.iter().map(row).collect()
    }

    pub(super) fn push(
        &mut self,
        name: EventName,
        step: Option<StepNo>,
        moved: Option<(Status, Status)>,
        details: Value,
    ) {
        let step = step.map(|no| EventStep {
            id: self.task.step(no).id,
            name: self.task.template.step(no).name.as_str().into(),
            attempt: self.task.step(no).attempts,
        });
        self.events.push(Event {
            name,
            occurred_at: self.now,
            task: self.task.about.clone(),
            step,
            from: moved.map(|(from, _)| from),
            to: moved.map(|(_, to)| to),
            actor: self.actor.clone(),
            details: (details != json!({})).then_some(details),
        });
    }
}

/// What a handler publishes, as an event's details.
pub(super) fn as_object(payload: Value) -> Value {
    if payload.is_object() { payload } else { json!({ "value": payload }) }
}

/// The second object's keys over the first's.
pub(super) fn merge(base: Value, extra: Option<Value>) -> Value {
    match (base, extra) {
        (Value::Object(mut base), Some(Value::Object(extra))) => {
            base.extend(extra);
            Value::Object(base)
        }
        (base, _) => base,
    }
}

fn step_row(step: &Step, touched: &Touched) -> StepRow {
    let json =
        |wanted: bool, value: Option<&Value>| (wanted).then(|| value.map_or("null".into(), Value::to_string));
    StepRow {
        no: step.no,
        from: touched.from,
        status: step.status,
        attempts: step.attempts,
        released: step.released,
        retry_limit: step.retry_limit,
        next_attempt_at: step.next_attempt_at,
        awaiting_since: step.awaiting_since,
        backoff_seconds: step.backoff_seconds,
        started_at: step.started_at,
        completed_at: step.completed_at,
        updated_at: step.updated_at,
        inputs: json(touched.inputs, step.inputs.as_deref()),
        results: json(touched.results, step.results.as_deref()),
        error: touched.error.then(|| json!(step.error).to_string()),
    }
}
