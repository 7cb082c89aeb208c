//! What a worker is given with its lease.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use crate::{
    model::{
        id::{StepId, StepNo},
        lease::Lease,
        task::Task,
        template::{StepTemplate, Template},
    },
    orchestration::Engine,
};

/// An attempt that a worker has claimed, with everything that it needs.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The right to answer.
    pub lease: Lease,
    /// Of the task; its place says which step is meant.
    pub template: Arc<Template>,
    /// Stable over every attempt: the idempotency key.
    pub step: StepId,
    /// The task's input.
    pub context: Arc<Value>,
    /// The step's own, where it was given one.
    pub inputs: Option<Arc<Value>>,
    /// What the steps that it runs after have left, those before them included, in template order.
    pub results: Vec<(StepNo, Option<Arc<Value>>)>,
    /// The attempt's place in its trace.
    pub traceparent: Option<String>,
}

/// A lease that was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    pub(super) step: StepId,
    pub(super) lease: Lease,
}

impl Claimed {
    /// What the template says of the step.
    pub fn about(&self) -> &StepTemplate {
        self.template.step(self.lease.token.no)
    }

    /// Of a step that a worker has; none where none has it.
    pub(in crate::orchestration) fn of(engine: &Engine, task: &Task, no: StepNo) -> Option<Self> {
        let step = task.steps.get(no.index())?;
        let lease = step.lease.as_deref()?.clone();
        let place = engine.tracer().task(task.id(), task.trace.as_ref());
        let own = place.map(|place| place.of_attempt(step.id, step.attempts));
        let results = before(&task.template, no).into_iter().map(|no| (no, task.step(no).results.clone()));
        Some(Self {
            template: task.template.clone(),
            step: step.id,
            context: task.context.clone(),
            inputs: step.inputs.clone(),
            results: results.collect(),
            traceparent: own.or_else(|| task.trace.clone()).map(|trace| trace.to_string()),
            lease,
        })
    }
}

impl Kept {
    pub(in crate::orchestration) fn of(task: &Task, no: StepNo) -> Option<Self> {
        let step = task.steps.get(no.index())?;
        Some(Self { step: step.id, lease: step.lease.as_deref()?.clone() })
    }
}

/// The steps that `no` runs after, directly or not.
fn before(template: &Template, no: StepNo) -> BTreeSet<StepNo> {
    let mut all = BTreeSet::new();
    let mut open = vec![no];
    while let Some(no) = open.pop() {
        for &parent in template.dag.parents(no) {
            if all.insert(parent) {
                open.push(parent);
            }
        }
    }
    all
}
