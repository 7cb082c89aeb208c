//! Steps that waited because no program knew their handler, in a program that does.

use super::{
    Engine,
    handler::{Found, Handlers},
};
use crate::{
    data::{Error, parked},
    model::{
        id::StepNo,
        task::Task,
        template::{StepTemplate, Template},
        time::Timestamp,
    },
};

/// Microseconds that are looked at once more: other nodes' clocks differ, and a task is parked a while after its last change.
const OVERLAP: i64 = 600_000_000;

impl Engine {
    /// Tasks that were parked because nobody knew the handler of a step are due when this program knows it: all, or
    /// those that were parked since it looked last.
    pub(super) async fn wake_known(&self, looked: Option<Timestamp>) -> Result<(), Error> {
        let since = looked.map_or(Timestamp(0), |at| Timestamp(at.0 - OVERLAP));
        for digest in parked::stuck_templates(self.database()).await? {
            // One that can't be read is told about when its tasks are run.
            let Ok(template) = self.pinned_template(&digest).await else { continue };
            let known = known(self.handlers(), &template);
            if known.is_empty() {
                continue;
            }
            let woken = parked::wake_waiting(self.database(), &digest, &known, since).await?;
            if woken > 0 {
                tracing::info!(
                    template = template.full_name(),
                    tasks = woken,
                    "what they wait for can run here"
                );
            }
        }
        Ok(())
    }

    /// The steps of `task` that wait for a worker although this program can run them.
    pub(super) fn known_here(&self, task: &Task) -> Vec<StepNo> {
        let waiting = task.steps.iter().filter(|step| step.awaiting_since.is_some()).map(|step| step.no);
        waiting.filter(|&no| is_known(self.handlers(), task.template.step(no))).collect()
    }
}

fn known(handlers: &Handlers, template: &Template) -> Vec<StepNo> {
    (0..)
        .map(StepNo)
        .zip(&template.steps)
        .filter(|(_, step)| is_known(handlers, step))
        .map(|(no, _)| no)
        .collect()
}

fn is_known(handlers: &Handlers, step: &StepTemplate) -> bool {
    !matches!(handlers.find(step), Found::Worker)
}
