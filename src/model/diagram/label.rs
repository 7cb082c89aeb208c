//! The words in a step's box, below its name, and those about the whole.

use std::time::Duration;

use super::{FailureKind, Picture, Run, Seen, Status, StepNo, Timestamp, Wait};

const A_DAY: Duration = Duration::from_hours(24);

/// Where a step is, in words; of a template's step, what runs it.
pub(super) fn details(picture: &Picture, no: StepNo) -> String {
    match picture.seen(no) {
        Some(seen) => place(seen, picture.now),
        None => handler(picture, no),
    }
}

/// The handler of a template's step; what kind of call it is where its configuration alone says what to do.
pub(super) fn handler(picture: &Picture, no: StepNo) -> String {
    let step = picture.template.step(no);
    match step.handler_class.as_str() {
        "" => step.handler_config.get("type").and_then(serde_json::Value::as_str).unwrap_or("api").to_owned(),
        class => class.to_owned(),
    }
}

/// The whole in one line.
pub(super) fn summary(picture: &Picture) -> String {
    let (steps, edges) = (picture.dag().len(), picture.dag().edges());
    match &picture.run {
        None => {
            format!("{}, {}", counted(steps, "step", "steps"), counted(edges, "dependency", "dependencies"))
        }
        Some(run) => {
            format!("{}: {} of {} done", word(run.status), run.done(), counted(steps, "step", "steps"))
        }
    }
}

/// A number with its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A status as people write it.
pub(super) fn word(status: Status) -> String {
    status.as_str().replace('_', " ")
}

fn place(seen: &Seen, now: Timestamp) -> String {
    let mut words = vec![word(seen.status)];
    match seen.wait {
        Some(Wait::Retry(at)) => words.push(format!("retry {}", moment(at, now))),
        Some(Wait::Start(at)) => words.push(format!("starts {}", moment(at, now))),
        Some(Wait::Asleep(at)) => words.push(format!("wakes {}", moment(at, now))),
        Some(Wait::Worker) => words.push("waits for a worker".to_owned()),
        None => {}
    }
    // What is worked on or done again is past its error, and that it may be tried again is plain where it is.
    let told = match seen.status {
        Status::Error => seen.error,
        Status::Pending => seen.error.filter(|&kind| kind != FailureKind::Retryable),
        Status::InProgress | Status::Complete | Status::Cancelled | Status::ResolvedManually => None,
    };
    words.extend(told.map(|kind| kind.as_str().replace('_', " ")));
    let tries = matches!(seen.status, Status::InProgress | Status::Error) || seen.attempts > 1;
    if tries && seen.attempts > 0 {
        words.push(match seen.released {
            0 if seen.attempts <= seen.retry_limit => {
                format!("attempt {}/{}", seen.attempts, seen.retry_limit)
            }
            // What was given back has a number and does not count.
            _ => format!("attempt {}", seen.attempts),
        });
    }
    words.join(", ")
}

/// A moment in UTC: the time, and the day where it is not near.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let near = at.since(now) < A_DAY;
    at.to_datetime().format(if near { "%H:%M:%S UTC" } else { "%Y-%m-%d %H:%M" }).to_string()
}

impl Run {
    pub(super) fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.status.satisfies()).count()
    }
}
