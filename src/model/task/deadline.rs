//! A task that has a limit of its own: when it is over, what is not done has failed.

use super::{Edit, Task};
use crate::model::{
    failure::{Failure, FailureKind},
    id::StepNo,
    status::Status,
    tally::dependencies_satisfied,
    time::Timestamp,
};

impl Task {
    /// The moment at which the task has taken too long. It counts once: who retries the task afterwards gives it all
    /// the time it needs.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.deadline_at.filter(|&at| !self.status.rests() && self.updated_at < at)
    }

    /// Whether that moment has come.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }
}

impl Edit<'_> {
    /// The task has taken too long: what runs, sleeps or could run has failed, and the task rests in error.
    pub fn expire(&mut self) {
        let steps = &self.task.steps;
        let open = |no: StepNo| dependencies_satisfied(&self.task.template.dag, steps, no);
        let unfinished = steps.iter().filter(|step| match step.status {
            Status::InProgress => true,
            Status::Pending => open(step.no),
            _ => false,
        });
        let unfinished: Vec<StepNo> = unfinished.map(|step| step.no).collect();
        for no in unfinished {
            let message = "the task took longer than its limit; retry it to let it go on without one";
            let failure = Failure::new(FailureKind::Permanent, message.to_owned());
            self.fail_step(no, Failure { code: Some("TASK_TIMEOUT".into()), ..failure });
        }
    }
}
