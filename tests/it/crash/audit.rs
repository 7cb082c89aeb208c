//! The auditor: reads the database itself and what the handlers wrote down, and finds every broken promise.
//!
//! What always holds is checked after each fault, before anything is repaired; what holds in the end, when
//! nothing moves any more.

mod calls;
mod chains;
mod history;
mod rows;

pub use self::history::History;

use std::collections::HashSet;

use tasker::model::id::TaskId;

use super::home::Home;

/// Panics with everything that is wrong in `home`'s database, whatever its services were doing when they died.
/// The tasks in `acknowledged` must be there.
pub async fn always(home: &Home, acknowledged: &[TaskId]) -> History {
    let history = History::read(home).await;
    let mut problems = Vec::new();
    look(&history, acknowledged, &mut problems);
    judge(&problems);
    history
}

/// Waits until every task is settled or rests in error, and then panics with everything that is wrong.
pub async fn at_rest(home: &Home, acknowledged: &[TaskId]) -> History {
    History::until_at_rest(home).await;
    let history = History::read(home).await;
    let mut problems = Vec::new();
    look(&history, acknowledged, &mut problems);
    let calls = history.ledger.by_step();
    for case in &history.cases {
        rows::rest(case, &mut problems);
        calls::rest(case, &calls, &mut problems);
    }
    judge(&problems);
    history
}

fn look(history: &History, acknowledged: &[TaskId], problems: &mut Vec<String>) {
    let there: HashSet<TaskId> = history.cases.iter().map(|case| case.task.id()).collect();
    let lost = acknowledged.iter().filter(|task| !there.contains(task));
    problems.extend(lost.map(|task| format!("task {task} was acknowledged and is not there")));
    chains::dense(history, problems);
    for case in &history.cases {
        chains::legal(case, problems);
        rows::agree(case, problems);
    }
    calls::durable(history, problems);
}

fn judge(problems: &[String]) {
    let shown: Vec<&str> = problems.iter().take(20).map(String::as_str).collect();
    assert!(problems.is_empty(), "{} broken promise(s):\n{}", problems.len(), shown.join("\n"));
}
