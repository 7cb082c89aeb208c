//! The rows: what they count is what the log says, and a task is where its steps put it.

use tasker::model::{
    event::EventName, failure::FailureKind, status::Status, step::Step, tally::dependencies_satisfied,
    time::Timestamp,
};

use super::case::Case;

/// What holds at every moment.
pub fn agree(case: &Case, problems: &mut Vec<String>) {
    let task = &case.task;
    for step in &task.steps {
        let template = task.template.step(step.no);
        let mut wrong = |why: String| problems.push(format!("task {} {}: {why}", task.id(), template.name));
        let (started, released) =
            (events(case, step, EventName::StepStarted), events(case, step, EventName::StepReleased));
        if (started, released) != (step.attempts as usize, step.released as usize) {
            wrong(format!(
                "{} attempts, {} given back, and the log has {started} and {released}",
                step.attempts, step.released
            ));
        }
        if step.counted_attempts() > step.retry_limit {
            wrong(format!("{} attempts of {}", step.counted_attempts(), step.retry_limit));
        }
        if step.status == Status::Complete && step.results.is_none() {
            wrong("complete without results".into());
        }
        if step.status == Status::Error && step.error.is_none() {
            wrong("in error without saying why".into());
        }
        let lost = step.error.as_ref().is_some_and(|error| error.kind == FailureKind::Lost);
        if lost && template.retryable {
            wrong("lost, although it may be tried again".into());
        }
        if step.attempts > 0 && !dependencies_satisfied(&task.template.dag, &task.steps, step.no) {
            wrong("has started before its dependencies were settled".into());
        }
    }
    order(case, problems);
    let follows = task.tally(Timestamp::NEVER).status(task.status);
    if task.status != follows {
        problems.push(format!("task {} is {} and its steps make it {follows}", task.id(), task.status));
    }
}

/// In the log, the first start of a step comes after the ends of those it depends on.
fn order(case: &Case, problems: &mut Vec<String>) {
    let task = &case.task;
    let first = |step: &Step, wanted: EventName| {
        let found = case.events_about(step).iter().find(|recorded| recorded.event.name == wanted);
        found.map(|recorded| recorded.position)
    };
    for step in &task.steps {
        let Some(started) = first(step, EventName::StepStarted) else { continue };
        for parent in task.template.dag.parents(step.no).iter().map(|&no| task.step(no)) {
            if first(parent, EventName::StepCompleted).is_none_or(|ended| ended > started) {
                let name = &task.template.step(step.no).name;
                problems.push(format!("task {} {name} starts at {started}, too early", task.id()));
            }
        }
    }
}

/// What holds when nothing moves any more.
pub fn rest(case: &Case, problems: &mut Vec<String>) {
    let task = &case.task;
    if task.status != Status::Complete && task.status != Status::Error {
        problems.push(format!("task {} ends as {}", task.id(), task.status));
    }
    if let Some(owner) = case.owner {
        problems.push(format!("task {} rests and is still node {owner}'s", task.id()));
    }
    for step in task.steps.iter().filter(|step| step.status == Status::InProgress) {
        problems.push(format!("task {} rests and {} does not", task.id(), task.template.step(step.no).name));
    }
}

fn events(case: &Case, step: &Step, name: EventName) -> usize {
    case.events_about(step).iter().filter(|recorded| recorded.event.name == name).count()
}
