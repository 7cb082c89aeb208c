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
    },
};

impl Engine {
    /// Tasks that were parked because nobody knew the handler of a step are due when this program knows it.
    pub(super) async fn wake_known(&self) -> Result<(), Error> {
        for digest in parked::stuck_templates(self.database()).await? {
            // One that can't be read is told about when its tasks are run.
            let Ok(template) = self.pinned_template(&digest).await else { continue };
            for no in known(self.handlers(), &template) {
                let woken = parked::wake_waiting(self.database(), &digest, no).await?;
                if woken > 0 {
                    let (template, step) = (template.full_name(), &template.step(no).name);
                    tracing::info!(template, step, tasks = woken, "the step's handler is here now");
                }
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
