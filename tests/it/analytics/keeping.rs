//! What is kept for how long, and that nobody misses in silence what is gone.

use std::time::Duration;

use serde_json::json;
use tasker::{
    config::{Keep, OfNamespace, Retention},
    data::{
        Error,
        log::{self, EventFilter, Follower},
        rollup,
    },
    metrics::Metrics,
    model::{id::TaskId, scope::Scope, status::Status, task::Command},
    orchestration::{Pruned, Pruner, TaskRequest},
};

use crate::{
    app::TestApp,
    place::Place,
    script::{ok, permanent},
};

on_both_databases![
    what_is_due_goes_with_everything_it_has_and_the_rest_stays,
    an_unfinished_task_never_goes,
    a_namespace_has_its_own_rules,
    what_the_figures_have_not_read_stays,
    events_of_settled_tasks_go_before_their_tasks,
    who_follows_from_below_the_floor_is_told_so,
    who_lags_behind_the_floor_is_told_so,
    the_audit_log_says_what_went_and_is_kept_as_long_as_it_is_told,
    a_key_is_free_again_when_its_task_is_gone,
];

const WORK: &str = "
name: work
step_templates: [{ name: one, handler_class: One }]
---
name: work
namespace_name: shop
step_templates: [{ name: one, handler_class: One }]
---
name: later
delay_seconds: 9000000
step_templates: [{ name: one, handler_class: One }]
";

const DAY: Duration = Duration::from_secs(86_400);

fn settings() -> Retention {
    let days = |days: u32| Keep(Some(DAY * days));
    Retention {
        complete: days(30),
        cancelled: days(1),
        max_per_second: 1_000_000,
        batch: 2,
        ..Retention::default()
    }
}

fn pruner(app: &TestApp, settings: &Retention) -> Pruner {
    Pruner::new(app.database.clone(), app.clock.clone(), Metrics::new(), settings)
}

async fn prune(app: &TestApp, settings: &Retention) -> Pruned {
    app.engine.catch_up_figures().await.expect("the figures");
    pruner(app, settings).pass().await.expect("removed")
}

async fn is_there(app: &TestApp, task: TaskId) -> bool {
    !tasker::data::load::rows(&app.database, &[task]).await.expect("readable").is_empty()
}

async fn of_shop(app: &TestApp) -> TaskId {
    let request = TaskRequest { namespace: Some("shop".into()), ..TaskRequest::new("work", json!({})) };
    let task = TaskId(app.create(request).await.expect("created").task.id);
    app.run_until_idle().await;
    task
}

async fn rows(app: &TestApp, table: &str) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let sql = format!("SELECT count(*) FROM {table}");
    let statement = Statement::from_string(app.database.reader.get_database_backend(), sql);
    let row = app.database.reader.query_one_raw(statement).await.expect("an answer").expect("a row");
    row.try_get_by_index(0).expect("a number")
}

async fn what_is_due_goes_with_everything_it_has_and_the_rest_stays(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let mut old = Vec::new();
    for _ in 0..5 {
        old.push(app.run_task("work", json!({})).await);
    }
    app.advance(DAY * 20).await;
    let young = app.run_task("work", json!({})).await;
    app.advance(DAY * 11).await;
    let pruned = prune(&app, &settings()).await;
    // A step and five events each: created, started twice, completed twice.
    assert_eq!((pruned.tasks, pruned.belongings), (5, 5 + 25));
    for task in old {
        assert!(!is_there(&app, task).await && app.events(task).await.is_empty());
    }
    assert!(is_there(&app, young).await);
    assert_eq!(
        (rows(&app, "tasker_workflow_steps").await, rows(&app, "tasker_workflow_events").await),
        (1, 5)
    );
    let totals = rollup::totals(&app.database).await.expect("totals");
    assert_eq!((totals.tasks[&Status::Complete], totals.steps[&Status::Complete]), (1, 1));
    assert_eq!(prune(&app, &settings()).await.tasks, 0, "nothing more is due");
}

async fn an_unfinished_task_never_goes(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("One").answers([permanent("no"), permanent("no")]);
    let (failed, gone) = (app.run_task("work", json!({})).await, app.run_task("work", json!({})).await);
    let later = app.run_task("later", json!({})).await;
    app.done(gone, Command::CancelTask).await;
    app.advance(DAY * 60).await;
    assert_eq!(prune(&app, &settings()).await.tasks, 1);
    assert!(is_there(&app, failed).await && is_there(&app, later).await && !is_there(&app, gone).await);
    // Who wants failed ones gone has to say so; one that was taken up again meanwhile is not among them.
    let all = Retention { error: Keep(Some(DAY)), ..settings() };
    app.handler("One").answers([ok(json!({}))]);
    app.done(failed, Command::RetryTask { additional_attempts: None }).await;
    assert_eq!(prune(&app, &all).await.tasks, 0);
    app.handler("One").answers([permanent("no")]);
    let again = app.run_task("work", json!({})).await;
    app.advance(DAY * 2).await;
    assert_eq!(prune(&app, &all).await.tasks, 1);
    assert!(!is_there(&app, again).await && is_there(&app, later).await);
}

async fn a_namespace_has_its_own_rules(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let (shop, other) = (of_shop(&app).await, app.run_task("work", json!({})).await);
    let of = |keep| [("shop".to_owned(), OfNamespace { complete: Some(keep), ..OfNamespace::default() })];
    app.advance(DAY * 31).await;
    let forever = Retention { namespaces: of(Keep(None)).into(), ..settings() };
    assert_eq!(prune(&app, &forever).await.tasks, 1);
    assert!(is_there(&app, shop).await && !is_there(&app, other).await);
    let brief = Retention { complete: Keep(None), namespaces: of(Keep(Some(DAY))).into(), ..settings() };
    assert_eq!(prune(&app, &brief).await.tasks, 1);
}

async fn what_the_figures_have_not_read_stays(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let task = app.run_task("work", json!({})).await;
    app.advance(DAY * 31).await;
    let mut pruner = pruner(&app, &settings());
    assert_eq!(pruner.pass().await.expect("a pass").tasks, 0);
    assert!(is_there(&app, task).await);
    app.engine.catch_up_figures().await.expect("the figures");
    assert_eq!(pruner.pass().await.expect("a pass").tasks, 1, "the next pass looks at it again");
}

async fn events_of_settled_tasks_go_before_their_tasks(place: Place) {
    let app = TestApp::start(place, WORK).await;
    app.handler("One").answers([ok(json!({})), permanent("no")]);
    let (done, failed) = (app.run_task("work", json!({})).await, app.run_task("work", json!({})).await);
    app.advance(DAY * 2).await;
    let young = app.run_task("work", json!({})).await;
    let settings = Retention { events: Keep(Some(DAY)), ..settings() };
    assert_eq!(prune(&app, &settings).await, Pruned { events: 5, ..Pruned::default() });
    assert!(is_there(&app, done).await && app.events(done).await.is_empty());
    assert!(!app.events(failed).await.is_empty() && app.events(young).await.len() == 5);
    app.done(failed, Command::CancelTask).await;
    app.advance(DAY * 2).await;
    let settings = Retention { cancelled: Keep(None), ..settings };
    assert!(prune(&app, &settings).await.events > 5, "what was unfinished is looked at again");
    assert!(app.events(failed).await.is_empty());
}

async fn who_follows_from_below_the_floor_is_told_so(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let start = log::position(&app.database).await.expect("a position");
    app.run_task("work", json!({})).await;
    let shop = of_shop(&app).await;
    app.advance(DAY * 31).await;
    let keep = [("shop".to_owned(), OfNamespace { complete: Some(Keep(None)), ..OfNamespace::default() })];
    prune(&app, &Retention { namespaces: keep.into(), ..settings() }).await;
    let mut follower = Follower::new(app.engine.log(), EventFilter::default(), Some(start));
    assert!(matches!(follower.next().await, Err(Error::Expired)));
    // Of the other namespace nothing is missing, so nobody is told anything.
    let of = |namespaces| Scope { namespaces, ..Scope::all() };
    let shops = tasker::model::namespaces::Namespaces::only(["shop"]);
    let scoped = EventFilter { scope: Some(of(shops)), ..EventFilter::default() };
    let named = EventFilter { namespace: Some("shop".into()), ..EventFilter::default() };
    for filter in [scoped, named] {
        let mut follower = Follower::new(app.engine.log(), filter, Some(start));
        assert_eq!(follower.next().await.expect("an event").event.task.id, shop);
    }
    let floor = log::floor(&app.database, &EventFilter::default()).await.expect("a floor");
    let mut above = Follower::new(app.engine.log(), EventFilter::default(), Some(floor));
    assert!(above.next().await.is_ok(), "what is above the floor is whole");
}

async fn who_lags_behind_the_floor_is_told_so(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let mut lagging = Follower::new(app.engine.log(), EventFilter::default(), None);
    // More than is kept in memory for those who are behind.
    for _ in 0..25 {
        let requests = (0..100).map(|_| TaskRequest::new("work", json!({}))).collect();
        let nobody = tasker::auth::Subject::anonymous();
        app.engine.create_tasks(&nobody, requests).await.expect("created");
        app.run_until_idle().await;
    }
    app.advance(DAY * 31).await;
    assert_eq!(prune(&app, &Retention { batch: 500, ..settings() }).await.tasks, 2_500);
    let outcome = async {
        loop {
            if let Err(error) = lagging.next().await {
                return error;
            }
        }
    };
    let error = tokio::time::timeout(crate::app::PATIENCE, outcome).await.expect("it waits for ever");
    assert!(matches!(error, Error::Expired), "{error}");
}

async fn the_audit_log_says_what_went_and_is_kept_as_long_as_it_is_told(place: Place) {
    let app = TestApp::start(place, WORK).await;
    for _ in 0..3 {
        app.run_task("work", json!({})).await;
    }
    app.advance(DAY * 31).await;
    prune(&app, &settings()).await;
    let all = tasker::data::audit::AuditFilter::default();
    let found = tasker::data::audit::list(&app.database, &all, None, 10).await.expect("records");
    let [record] = &found[..] else { panic!("{found:?}") };
    assert_eq!((record.act.way.as_str(), record.count), ("retention", 3));
    assert_eq!(record.namespace.as_deref(), Some("default"));
    let brief = Retention { audit: Keep(Some(DAY)), ..settings() };
    assert_eq!(prune(&app, &brief).await.audit, 0, "it is young");
    // Ids have the system's time, which the test's clock is ahead of by then.
    app.advance(DAY * 365 * 3).await;
    assert_eq!(prune(&app, &brief).await.audit, 1);
}

async fn a_key_is_free_again_when_its_task_is_gone(place: Place) {
    let app = TestApp::start(place, WORK).await;
    let request = || TaskRequest { idempotency_key: Some("k".into()), ..TaskRequest::new("work", json!({})) };
    let first = app.create(request()).await.expect("created");
    app.run_until_idle().await;
    assert_eq!(app.create(request()).await.expect("the first").task.id, first.task.id);
    app.advance(DAY * 31).await;
    prune(&app, &settings()).await;
    assert_ne!(app.create(request()).await.expect("created").task.id, first.task.id);
}
