//! The ledger: what the handlers really saw and did, against what is stored.

use std::collections::HashMap;

use tasker::model::{id::StepId, status::Status, step::Step};

use super::{case::Case, history::History};
use crate::crash::ledger::{Line, Phase};

/// What holds at every moment, for every call that was ever made.
pub fn durable(history: &History, problems: &mut Vec<String>) {
    let steps = history.steps();
    let mut calls: HashMap<StepId, usize> = HashMap::new();
    for line in history.ledger.begins() {
        let Some((case, step)) = steps.get(&line.step) else {
            problems.push(format!("a handler ran for step {}, which is not there", line.step));
            continue;
        };
        let template = case.task.template.step(step.no);
        let mut wrong = |why: String| {
            let (task, name) = (case.task.id(), &template.name);
            problems
                .push(format!("task {task} {name} attempt {} by process {}: {why}", line.attempt, line.pid));
        };
        saw(case, line, &mut wrong);
        let calls = calls.entry(line.step).or_default();
        *calls += 1;
        if !template.retryable {
            if *calls > 1 {
                wrong("it must not run twice".into());
            }
            if step.attempts == 0 {
                wrong("it ran before its start was stored".into());
            }
        }
    }
}

/// What a handler found of the steps before it is what is stored: it had been durable when the handler ran.
fn saw(case: &Case, line: &Line, wrong: &mut impl FnMut(String)) {
    for (name, seen) in &line.saw {
        let parent = case.step(name);
        // A sleeper leaves none.
        let stored = token(parent);
        if parent.status != Status::Complete || seen.as_deref() != stored {
            wrong(format!("it saw {seen:?} of {name}, which is {} with {stored:?}", parent.status));
        }
    }
}

/// What holds when nothing moves any more.
pub fn rest(case: &Case, ledger: &HashMap<StepId, Vec<&Line>>, problems: &mut Vec<String>) {
    let task = &case.task;
    for step in &task.steps {
        let template = task.template.step(step.no);
        let own: &[&Line] = ledger.get(&step.id).map_or(&[], Vec::as_slice);
        let mut wrong = |why: &str| problems.push(format!("task {} {}: {why}", task.id(), template.name));
        if own.iter().any(|line| line.attempt > step.attempts) {
            wrong("its handler ran in an attempt that the log does not have");
        }
        if step.status != Status::Complete || template.handler_class != "Work" {
            continue;
        }
        // The results are those of one call in the last attempt, and that call came to its end.
        let by = own.iter().find(|line| line.phase == Phase::Begin && Some(&*line.token) == token(step));
        let ended = |call: &&&Line| {
            call.attempt == step.attempts
                && own.iter().any(|line| {
                    line.phase == Phase::End && line.pid == call.pid && line.attempt == call.attempt
                })
        };
        if by.filter(ended).is_none() {
            wrong("its results are not those of its last attempt");
        }
    }
}

/// What only one call can have left.
fn token(step: &Step) -> Option<&str> {
    step.results.as_ref()?["token"].as_str()
}
