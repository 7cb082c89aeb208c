//! A task's steps with the template they were made from.

use std::sync::Arc;

use crate::{
    data::{
        Error,
        entity::{step, task},
        load,
    },
    model::{
        analysis::Analysis,
        diagram::{Picture, TooLarge},
        id::{StepId, StepNo, TaskId},
        readiness::Readiness,
        status::Status,
        step::Step,
        tally::Tally,
        template::{StepTemplate, Template},
        time::Timestamp,
    },
};

/// A task's steps, in template order, and the template that the task is pinned to.
pub struct Run {
    /// The exact template the task was created with.
    pub template: Arc<Template>,
    task: TaskId,
    steps: Vec<Step>,
    status: Status,
    /// Nothing starts before it.
    not_before: Option<Timestamp>,
}

impl Run {
    /// Reads the rows of one task.
    pub fn new(task: &task::Model, steps: Vec<step::Model>, template: Arc<Template>) -> Result<Self, Error> {
        if steps.len() != template.steps.len() {
            let (has, of) = (steps.len(), template.steps.len());
            return Err(Error::Corrupt(format!("task {} has {has} of {of} steps", task.id)));
        }
        let steps = steps.into_iter().map(load::step).collect::<Result<_, _>>()?;
        let status = load::status(&task.status)?;
        let not_before = task.wake_at.map(Timestamp).filter(|_| status == Status::Pending);
        Ok(Self { template, task: TaskId(task.id), steps, status, not_before })
    }

    /// The step at `no`.
    pub fn step(&self, no: StepNo) -> &Step {
        &self.steps[no.index()]
    }

    /// What the template says about the step at `no`.
    pub fn about(&self, no: StepNo) -> &StepTemplate {
        self.template.step(no)
    }

    /// The places of all steps.
    pub fn places(&self) -> impl Iterator<Item = StepNo> + use<> {
        (0..).map(StepNo).take(self.steps.len())
    }

    /// The place of the step with this id.
    pub fn place_of(&self, step: StepId) -> Option<StepNo> {
        self.steps.iter().find(|own| own.id == step).map(|own| own.no)
    }

    /// What the steps add up to.
    pub fn tally(&self, now: Timestamp) -> Tally {
        Tally::of(&self.template.dag, &self.steps, self.not_before, now)
    }

    /// Why the step at `no` runs, or does not.
    pub fn readiness(&self, no: StepNo, now: Timestamp) -> Readiness {
        Readiness::of(&self.template.dag, &self.steps, no, self.status, self.not_before, now)
    }
    /// What holds the task up, and what it still has before it.
    pub fn analysis(&self, now: Timestamp) -> Analysis {
        Analysis::of(&self.template, self.status, &self.steps, self.not_before, now)
    }

    /// The task as a picture.
    pub fn picture(&self, now: Timestamp) -> Result<Picture, TooLarge> {
        Picture::of_task(self.template.clone(), self.task, self.status, &self.steps, self.not_before, now)
    }
}
