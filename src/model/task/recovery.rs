//! What becomes of attempts whose node is gone.

use super::edit::Edit;
use crate::model::{
    failure::{Failure, FailureKind},
    id::StepNo,
    outcome::ReleaseReason,
    status::Status,
};

impl Edit<'_> {
    /// The task was taken over: what was running is given back, and what keeps killing its nodes is stopped.
    ///
    /// A sleeper needs no node and sleeps on; a worker works on for as long as its lease lasts.
    pub fn recover(&mut self, max_recoveries: u32) {
        for no in self.interrupted() {
            if self.task.recoveries > max_recoveries {
                let message = format!(
                    "its node died {} times while this step was running; look for a crash or memory exhaustion in its handler, then retry the step",
                    self.task.recoveries
                );
                self.fail_step(no, Failure::new(FailureKind::NodeLost, message));
            } else {
                self.release(no, ReleaseReason::NodeLost);
            }
        }
    }

    /// The node stops: what is still running is given back.
    pub fn shut_down(&mut self) {
        for no in self.interrupted() {
            self.release(no, ReleaseReason::Shutdown);
        }
    }

    fn interrupted(&self) -> Vec<StepNo> {
        let running =
            |step: &&crate::model::step::Step| step.status == Status::InProgress && !step.is_held_elsewhere();
        self.task.steps.iter().filter(running).map(|step| step.no).collect()
    }
}
