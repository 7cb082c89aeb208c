//! The figures are those of what happened, each event once.

use std::time::Duration;

use serde_json::json;
use tasker::{
    data::rollup,
    model::{analytics::Cell, status::Status, task::Command},
    orchestration::analytics::{Analyst, Question},
};

use crate::{
    app::TestApp,
    place::Place,
    script::{ok, permanent, retry},
};

on_both_databases![
    what_happened_is_counted_and_added_up,
    events_are_counted_once_whoever_folds_them,
    totals_are_what_a_count_would_say,
    a_task_that_was_deleted_is_no_longer_among_the_slowest,
    old_windows_are_made_of_hours,
];

const WORK: &str = "
name: work
version: 1.2.0
step_templates:
  - { name: one, handler_class: One, default_retry_limit: 3 }
  - { name: two, handler_class: Two, depends_on_step: one }
";

async fn report(app: &TestApp, hours: u64) -> tasker::orchestration::analytics::Analysis {
    app.engine.catch_up_figures().await.expect("the figures");
    let since = tasker::model::retention::cutoff(Duration::from_secs(hours * 3_600), app.clock.now());
    let analyst = Analyst::new(app.engine.clone());
    analyst.answer(&Question::since(since)).await.expect("figures").as_ref().clone()
}

fn counts(cell: &Cell) -> (u64, u64, u64, u64, u64) {
    (cell.created, cell.complete, cell.error, cell.failures, cell.retries)
}

async fn what_happened_is_counted_and_added_up(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("One").answers([retry("busy"), ok(json!({})), ok(json!({})), permanent("no")]);
    let retried = app.run_task("work", json!({})).await;
    app.advance_secs(2.0).await;
    assert_eq!(app.status(retried).await, Status::Complete);
    app.run_task("work", json!({})).await;
    let failed = app.run_task("work", json!({})).await;
    assert_eq!(app.status(failed).await, Status::Error);
    let found = report(&app, 1).await;
    assert_eq!(found.behind, 0);
    assert_eq!(counts(&found.report.tasks), (3, 2, 1, 1, 0));
    assert_eq!(counts(&found.report.steps), (0, 4, 1, 2, 1));
    assert_eq!(found.report.steps.attempts(), 6);
    let (template, tasks, steps) = &found.report.templates[0];
    assert_eq!((&*template.namespace, &*template.name, &*template.version), ("default", "work", "1.2.0"));
    assert_eq!((tasks.complete, steps.complete), (2, 4));
    let (of, name, cell) = &found.report.hot_spots[0];
    assert_eq!((&*of.name, &**name, cell.failures, cell.retries), ("work", "one", 2, 1));
    let slowest = &found.report.slowest_tasks[0].1;
    assert_eq!(slowest.task, retried.0, "it waited for its retry");
    assert!(slowest.micros >= 1_000_000);
    assert_eq!(found.report.series.iter().map(|(_, tasks, _)| tasks.created).sum::<u64>(), 3);
    let p50 = found.report.tasks.durations.quantile(1.0).expect("durations");
    let exact = Duration::from_micros(slowest.micros);
    assert!(p50.abs_diff(exact) <= exact.mul_f64(0.01), "{p50:?} is {exact:?}, give or take a hundredth");
}

async fn events_are_counted_once_whoever_folds_them(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.run_task("work", json!({})).await;
    let first = report(&app, 1).await;
    // Nothing happened since; and of two who fold the same, one is refused whole.
    app.engine.catch_up_figures().await.expect("nothing to do");
    let position = rollup::position(&app.database).await.expect("a position");
    app.run_task("work", json!({})).await;
    let two = [app.engine.catch_up_figures(), app.engine.catch_up_figures()];
    futures_util::future::join_all(two).await.into_iter().for_each(|done| done.expect("folded, or refused"));
    assert!(rollup::position(&app.database).await.expect("a position") > position);
    let second = report(&app, 1).await;
    assert_eq!(first.report.tasks.complete, 1);
    assert_eq!((second.report.tasks.complete, second.report.steps.complete), (2, 4));
    let stale = rollup::add(&app.database, (position, position + 1), Vec::new(), &Default::default()).await;
    assert!(!stale.expect("an answer"), "the figures are no longer there");
}

async fn totals_are_what_a_count_would_say(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("One").answers([ok(json!({})), permanent("no"), ok(json!({})), permanent("no")]);
    let done = app.run_task("work", json!({})).await;
    let failed = app.run_task("work", json!({})).await;
    let cancelled = app.run_task("work", json!({})).await;
    let resolved = app.run_task("work", json!({})).await;
    assert_eq!(app.status(cancelled).await, Status::Complete);
    app.done(resolved, Command::CancelTask).await;
    app.engine.delete_task(&tasker::auth::Subject::anonymous(), done, None).await.expect("deleted");
    app.engine.catch_up_figures().await.expect("the figures");
    let totals = rollup::totals(&app.database).await.expect("totals");
    for status in Status::ALL {
        let mut tasks = 0;
        let mut steps = 0;
        for task in [failed, cancelled, resolved] {
            let task = app.task(task).await;
            tasks += i64::from(task.status == status);
            steps += task.steps.iter().filter(|step| step.status == status).count() as i64;
        }
        let found = |list: &std::collections::BTreeMap<Status, i64>| list.get(&status).copied().unwrap_or(0);
        assert_eq!((found(&totals.tasks), found(&totals.steps)), (tasks, steps), "{status}");
    }
}

async fn a_task_that_was_deleted_is_no_longer_among_the_slowest(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = app.run_task("work", json!({})).await;
    let before = report(&app, 1).await;
    assert_eq!((before.report.slowest_tasks.len(), before.report.slowest_steps.len()), (1, 2));
    app.engine.delete_task(&tasker::auth::Subject::anonymous(), task, None).await.expect("deleted");
    let after = report(&app, 1).await;
    assert!(after.report.slowest_tasks.is_empty() && after.report.slowest_steps.is_empty());
    assert_eq!(after.report.tasks.complete, 1, "it was done all the same");
}

async fn old_windows_are_made_of_hours(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.run_task("work", json!({})).await;
    app.advance(Duration::from_secs(3 * 86_400)).await;
    app.run_task("work", json!({})).await;
    let (day, week) = (report(&app, 24).await, report(&app, 24 * 7).await);
    assert_eq!((day.report.tasks.complete, week.report.tasks.complete), (1, 2));
    assert_eq!(week.report.series.len(), 24 * 7 + 1, "hour by hour, and the one that has begun");
}
