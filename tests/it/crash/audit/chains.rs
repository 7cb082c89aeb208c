//! The log: dense, and for each task and step a chain of legal transitions, each of them once.

use std::collections::{HashMap, HashSet};

use tasker::model::{
    event::{Event, EventName},
    status::Status,
    transition::{StepTransition, TaskTransition},
};

use super::{case::Case, history::History};

/// The positions are 1 to n, without a gap and without a repetition, and the counter knows it.
pub fn dense(history: &History, problems: &mut Vec<String>) {
    for (expected, recorded) in (1..).zip(&history.events) {
        if recorded.position != expected {
            problems.push(format!("the log has position {} where {expected} belongs", recorded.position));
            break;
        }
    }
    let last = history.events.last().map_or(0, |recorded| recorded.position);
    if history.position != last {
        problems.push(format!("the log ends at {last} and its counter says {}", history.position));
    }
}

/// Every event that is a transition goes on from where the one before it led, by an edge of the machine, and the
/// rows are where the last one led.
pub fn legal(case: &Case, problems: &mut Vec<String>) {
    let mut task = None;
    let mut steps: HashMap<&str, Status> = HashMap::new();
    let mut starts = HashSet::new();
    for recorded in &case.events {
        let (event, at) = (&recorded.event, recorded.position);
        let mut wrong = |why: String| {
            problems.push(format!("task {} event {at} {}: {why}", case.task.id(), event.name.as_str()));
        };
        let (Some(to), step) = (event.to, &event.step) else { continue };
        match step {
            None if event.name == EventName::TaskCreated => {
                if task.replace(to).is_some() || to != Status::Pending {
                    wrong("created twice, or not as pending".into());
                }
            }
            None => {
                let before = task.replace(to);
                if event.from != before || !task_edge(event) {
                    wrong(format!("{:?} to {to} where the task was {before:?}", event.from));
                }
            }
            Some(step) => {
                let before = steps.insert(&step.name, to).unwrap_or(Status::Pending);
                if task.is_none() || event.from != Some(before) || !step_edge(event) {
                    wrong(format!("{:?} to {to} where {} was {before}", event.from, step.name));
                }
                if event.name == EventName::StepStarted && !starts.insert((&step.name, step.attempt)) {
                    wrong(format!("attempt {} of {} starts twice", step.attempt, step.name));
                }
            }
        }
    }
    if task != Some(case.task.status) {
        problems.push(format!("task {} is {} and its log says {task:?}", case.task.id(), case.task.status));
    }
    for step in &case.task.steps {
        let name = &*case.task.template.step(step.no).name;
        let logged = steps.get(name).copied().unwrap_or(Status::Pending);
        if logged != step.status {
            problems.push(format!(
                "task {} {name} is {} and its log says {logged}",
                case.task.id(),
                step.status
            ));
        }
    }
}

fn task_edge(event: &Event) -> bool {
    let (Some(from), Some(to)) = (event.from, event.to) else { return false };
    TaskTransition::between(from, to).is_some_and(|transition| {
        let name = match transition {
            TaskTransition::Start => EventName::TaskStarted,
            TaskTransition::Complete => EventName::TaskCompleted,
            TaskTransition::Fail => EventName::TaskFailed,
            TaskTransition::Resume => EventName::TaskRetryRequested,
            TaskTransition::Cancel => EventName::TaskCancelled,
            TaskTransition::Resolve => EventName::TaskResolvedManually,
        };
        // A resolved step lets its task go on as well, under its own name.
        name == event.name || transition == TaskTransition::Resume
    })
}

/// The machine has an edge from `from` to `to` whose event has this name.
fn step_edge(event: &Event) -> bool {
    let (Some(from), Some(to)) = (event.from, event.to) else { return false };
    StepTransition::ALL.into_iter().any(|transition| {
        let name = match transition {
            StepTransition::Start => EventName::StepStarted,
            StepTransition::Complete => EventName::StepCompleted,
            StepTransition::Fail | StepTransition::Postpone => EventName::StepFailed,
            StepTransition::Release => EventName::StepReleased,
            StepTransition::Retry => EventName::StepRetryRequested,
            StepTransition::Cancel => EventName::StepCancelled,
            StepTransition::Resolve => EventName::StepResolvedManually,
        };
        name == event.name && transition.leaves(from) && transition.edge().1 == to
    })
}
