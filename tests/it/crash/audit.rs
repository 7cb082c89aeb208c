//! The auditor: reads the database itself and what the handlers wrote down, and finds every broken promise.
//!
//! What always holds is checked after each fault, before anything is repaired; what holds in the end, when
//! nothing moves any more.

mod calls;
mod case;
mod chains;
mod history;
mod rows;
mod tests;

pub use self::history::History;

use std::collections::HashSet;

use tasker::model::id::TaskId;

use super::home::Home;

/// Panics with everything that is wrong in `home`'s database, whatever its services were doing when they died.
/// The tasks in `acknowledged` must be there.
pub async fn always(home: &Home, acknowledged: &[TaskId]) -> History {
    let history = History::read(home).await;
    judge(&wrong(&history, acknowledged));
    history
}

/// Waits until every task is settled or rests in error, and then panics with everything that is wrong.
pub async fn at_rest(home: &Home, acknowledged: &[TaskId]) -> History {
    History::until_at_rest(home).await;
    let history = History::read(home).await;
    judge(&[wrong(&history, acknowledged), wrong_at_rest(&history)].concat());
    history
}

fn wrong(history: &History, acknowledged: &[TaskId]) -> Vec<String> {
    let there: HashSet<TaskId> = history.cases.iter().map(|case| case.task.id()).collect();
    let lost = acknowledged.iter().filter(|task| !there.contains(task));
    let mut problems: Vec<String> =
        lost.map(|task| format!("task {task} was acknowledged and is not there")).collect();
    chains::dense(history, &mut problems);
    for case in &history.cases {
        chains::legal(case, &mut problems);
        rows::agree(case, &mut problems);
    }
    calls::durable(history, &mut problems);
    problems
}

fn wrong_at_rest(history: &History) -> Vec<String> {
    let mut problems = Vec::new();
    let calls = history.ledger.by_step();
    for case in &history.cases {
        rows::rest(case, &mut problems);
        calls::rest(case, &calls, &mut problems);
    }
    problems
}

fn judge(problems: &[String]) {
    let shown: Vec<&str> = problems.iter().take(20).map(String::as_str).collect();
    assert!(problems.is_empty(), "{} broken promise(s):\n{}", problems.len(), shown.join("\n"));
}
