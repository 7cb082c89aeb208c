//! One flush: what its entries come to when they are folded, task by task and step by step.

use std::collections::{BTreeMap, HashMap, hash_map};

use uuid::Uuid;

use super::entry::Entry;
use crate::model::{
    audit::AuditRecord,
    change::{Change, NewTask, StepRow, TaskRow},
    event::Event,
    id::{StepNo, TaskId},
    lease::{Lease, RemoteRow, RemoteState},
    status::Status,
};

/// Rows to write, in key order where several flushes could meet.
#[derive(Default)]
pub(super) struct Batch<'a> {
    pub created: Vec<&'a NewTask>,
    /// Tasks whose row changes.
    pub rows: Vec<(TaskId, Status, &'a TaskRow)>,
    /// Tasks that only must still be as they were.
    pub guards: Vec<(TaskId, Status)>,
    pub steps: Vec<FoldedStep<'a>>,
    pub events: Vec<&'a Event>,
    pub audit: Vec<&'a AuditRecord>,
    /// Commands that were left and are carried out now.
    pub commands: Vec<Uuid>,
    /// Attempts that workers are to make.
    pub remote: Vec<FoldedRemote<'a>>,
}

/// Several changes of one step, as one row write.
pub(super) struct FoldedStep<'a> {
    pub task: TaskId,
    pub from: Status,
    pub row: &'a StepRow,
    pub inputs: Option<&'a str>,
    pub results: Option<&'a str>,
    pub error: Option<&'a str>,
}

/// Several changes of one worker's attempt, as one row write.
pub(super) struct FoldedRemote<'a> {
    pub task: TaskId,
    pub row: &'a RemoteRow,
    pub lease: Option<&'a Lease>,
}

impl FoldedRemote<'_> {
    /// The digest of the answer.
    pub(super) fn answer(&self) -> Option<&str> {
        match &self.row.state {
            RemoteState::Answered(digest) => Some(digest),
            RemoteState::Open | RemoteState::Leased | RemoteState::Void => None,
        }
    }
}

impl<'a> Batch<'a> {
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let mut batch = Self::default();
        let mut tasks: HashMap<TaskId, (Status, Option<&TaskRow>)> = HashMap::new();
        let mut steps: HashMap<(TaskId, StepNo), FoldedStep<'a>> = HashMap::new();
        let mut remote: BTreeMap<(TaskId, StepNo, u32), FoldedRemote<'a>> = BTreeMap::new();
        for entry in entries {
            match entry {
                Entry::Create { tasks, audit, .. } => {
                    batch.audit.extend(audit);
                    batch.created.extend(tasks);
                    batch.events.extend(tasks.iter().flat_map(|task| &task.events));
                }
                Entry::Change { change, .. } => {
                    fold_task(&mut tasks, change);
                    for row in &change.steps {
                        fold_step(&mut steps, change.task, row);
                    }
                    batch.events.extend(&change.events);
                    batch.audit.extend(&change.audit);
                    batch.commands.extend(&change.commands);
                    for row in &change.remote {
                        let (task, lease) = (change.task, row.lease.as_ref());
                        let key = (task, row.no, row.attempt);
                        let folded = remote.entry(key).or_insert(FoldedRemote { task, row, lease });
                        folded.row = row;
                        folded.lease = lease.or(folded.lease);
                    }
                }
                Entry::Claim { .. }
                | Entry::Delete { .. }
                | Entry::Add { .. }
                | Entry::Adopt { .. }
                | Entry::Close { .. } => {}
            }
        }
        for (task, (from, row)) in tasks {
            match row {
                Some(row) => batch.rows.push((task, from, row)),
                None => batch.guards.push((task, from)),
            }
        }
        batch.rows.sort_unstable_by_key(|(task, ..)| *task);
        batch.steps.extend(steps.into_values());
        batch.steps.sort_unstable_by_key(|step| (step.task, step.row.no));
        batch.remote.extend(remote.into_values());
        batch
    }

    /// Rows it writes.
    pub(super) fn written(&self) -> u64 {
        let created: usize = self.created.iter().map(|task| 1 + task.steps.len()).sum();
        let changed = self.rows.len() + self.steps.len();
        let logs = self.events.len() + self.audit.len();
        (created + changed + logs + self.commands.len() + self.remote.len() + 2) as u64
    }
}

fn fold_task<'a>(tasks: &mut HashMap<TaskId, (Status, Option<&'a TaskRow>)>, change: &'a Change) {
    match tasks.entry(change.task) {
        hash_map::Entry::Vacant(place) => drop(place.insert((change.from, change.row.as_ref()))),
        hash_map::Entry::Occupied(mut place) => {
            let (_, row) = place.get_mut();
            *row = change.row.as_ref().or(*row);
        }
    }
}

fn fold_step<'a>(steps: &mut HashMap<(TaskId, StepNo), FoldedStep<'a>>, task: TaskId, row: &'a StepRow) {
    let folded = steps.entry((task, row.no)).or_insert_with(|| FoldedStep {
        task,
        from: row.from,
        row,
        inputs: None,
        results: None,
        error: None,
    });
    folded.row = row;
    folded.inputs = row.inputs.as_deref().or(folded.inputs);
    folded.results = row.results.as_deref().or(folded.results);
    folded.error = row.error.as_deref().or(folded.error);
}
