//! Events in, cells out.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use super::{Cell, Key, Size, Slow};
use crate::model::{
    event::{Event, EventName, Recorded},
    id::TaskId,
    status::Status,
};

/// Versions of unfinished tasks that are remembered; those of others are looked up.
const REMEMBERED: usize = 100_000;

/// How many tasks and steps are in each status; while they are added up, how many more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tasks.
    pub tasks: BTreeMap<Status, i64>,
    /// Steps.
    pub steps: BTreeMap<Status, i64>,
}

/// What events make of the figures, until it is taken.
#[derive(Debug, Default)]
pub struct Fold {
    /// The position of the last event.
    position: i64,
    cells: HashMap<Key, Cell>,
    totals: Totals,
    versions: HashMap<TaskId, Arc<str>>,
}

impl Fold {
    /// Everything up to `position` is folded already.
    pub fn from(position: i64) -> Self {
        Self { position, ..Self::default() }
    }

    /// The position of the last event.
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// How many cells have changed.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.totals == Totals::default()
    }

    /// The tasks of these events whose version has to be looked up first.
    pub fn unknown(&self, events: &[Recorded]) -> Vec<TaskId> {
        let created = |recorded: &&Recorded| recorded.event.name == EventName::TaskCreated;
        let new: HashSet<TaskId> = events.iter().filter(created).map(|one| one.event.task.id).collect();
        let mut unknown: Vec<TaskId> = events
            .iter()
            .filter(|recorded| is_counted(&recorded.event.name))
            .map(|recorded| recorded.event.task.id)
            .filter(|task| !new.contains(task) && !self.versions.contains_key(task))
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// These tasks have these versions.
    pub fn learn(&mut self, versions: impl IntoIterator<Item = (TaskId, Arc<str>)>) {
        self.versions.extend(versions);
    }

    /// One more event.
    pub fn add(&mut self, recorded: &Recorded) {
        let event = &recorded.event;
        self.position = recorded.position;
        self.count_totals(event);
        if event.name == EventName::TaskCreated
            && let Some(version) = detail(event, "version").and_then(Value::as_str)
        {
            self.versions.insert(event.task.id, version.into());
        }
        if is_counted(&event.name) {
            self.count_event(event);
        }
        if event.step.is_none() && event.to.is_some_and(Status::is_terminal) {
            self.versions.remove(&event.task.id);
        }
        if self.versions.len() > REMEMBERED {
            self.versions.clear();
        }
    }

    /// What has changed, for every size of a stretch; from now on nothing has.
    pub fn take(&mut self) -> (Vec<(Key, Cell)>, Totals) {
        let mut all: BTreeMap<Key, Cell> = BTreeMap::new();
        for (key, cell) in self.cells.drain() {
            for size in Size::ALL {
                let key = Key { size, at: size.floor(key.at), ..key.clone() };
                all.entry(key).or_default().merge(&cell);
            }
        }
        (all.into_iter().collect(), std::mem::take(&mut self.totals))
    }

    fn count_totals(&mut self, event: &Event) {
        let Totals { tasks, steps } = &mut self.totals;
        let moved = if event.step.is_some() { &mut *steps } else { tasks };
        for (status, by) in [(event.from, -1), (event.to, 1)] {
            if let Some(status) = status {
                *moved.entry(status).or_default() += by;
            }
        }
        match event.name {
            EventName::TaskCreated => {
                let created = detail(event, "total_steps").and_then(Value::as_i64).unwrap_or(0);
                *steps.entry(Status::Pending).or_default() += created;
            }
            EventName::TaskDeleted => {
                let gone = detail(event, "steps").and_then(Value::as_object).into_iter().flatten();
                for (status, count) in gone {
                    if let (Some(status), Some(count)) = (Status::parse(status), count.as_i64()) {
                        *steps.entry(status).or_default() -= count;
                    }
                }
            }
            _ => {}
        }
    }

    fn count_event(&mut self, event: &Event) {
        let key = Key {
            size: Size::FiveMinutes,
            at: Size::FiveMinutes.floor(event.occurred_at),
            namespace: event.task.namespace.clone(),
            name: event.task.name.clone(),
            version: self.versions.get(&event.task.id).cloned().unwrap_or_else(|| "".into()),
            step: event.step.as_ref().map_or_else(|| "".into(), |step| step.name.clone()),
        };
        let cell = self.cells.entry(key).or_default();
        match &event.name {
            EventName::TaskCreated => cell.created += 1,
            EventName::StepFailed => {
                cell.failed(detail(event, "exception_class").and_then(Value::as_str).unwrap_or("unknown"));
            }
            EventName::StepRetryScheduled => cell.retries += 1,
            EventName::TaskFailed => {
                let kind = detail(event, "exception_class").and_then(Value::as_str).unwrap_or("unknown");
                cell.failed(kind);
            }
            EventName::TaskCompleted | EventName::StepCompleted => {
                if let Some(micros) = duration(event) {
                    let step = event.step.as_ref().map(|step| step.id.0);
                    cell.took(Slow { micros, task: event.task.id.0, step });
                }
            }
            _ => {}
        }
        // Failures that are tried again go back to pending, which is no rest.
        if let Some(to) = event.to {
            cell.rested(to);
        }
    }
}

/// The figures know of it.
const fn is_counted(name: &EventName) -> bool {
    matches!(
        name,
        EventName::TaskCreated
            | EventName::TaskCompleted
            | EventName::TaskFailed
            | EventName::TaskCancelled
            | EventName::TaskResolvedManually
            | EventName::StepCompleted
            | EventName::StepFailed
            | EventName::StepRetryScheduled
            | EventName::StepCancelled
            | EventName::StepResolvedManually
    )
}

fn detail<'a>(event: &'a Event, key: &str) -> Option<&'a Value> {
    event.details.as_ref()?.get(key)
}

/// Microseconds that the event says it took. A handler may publish anything under the name.
fn duration(event: &Event) -> Option<u64> {
    let seconds = detail(event, "execution_duration")?.as_f64()?;
    let micros = (seconds * 1_000_000.0).round();
    (0.0..=1e18).contains(&micros).then_some(micros as u64)
}

#[cfg(test)]
mod tests;
