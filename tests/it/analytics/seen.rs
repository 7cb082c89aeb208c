//! Who sees which figures, and what becomes of a cursor that is too old, as clients meet it.

use serde_json::{Value, json};
use tasker::{
    config::{Keep, Retention},
    metrics::Metrics,
    orchestration::{Clock, Pruner},
};

use crate::{
    gate::service::Service,
    graphql::{self, sse::Events, ws::Socket},
    place::Place,
};

on_both_databases![
    figures_hold_what_the_subject_may_see,
    what_makes_no_sense_is_refused_in_words,
    a_cursor_that_is_too_old_is_expired_everywhere,
];

const FIGURES: &str = "query ($n: String) { analytics(window: LAST_HOUR, namespace: $n) {
    tasks { created complete errorRate durations { count p50 p95 p99 mean max } } steps { complete attemptsPerSuccess }
    namespaces { namespace tasks { complete } } templates { namespace name version } stepTemplates { stepName }
    slowestTasks { taskId namespace } slowestSteps { taskId workflowStepId } retryHotSpots { stepName }
    series { at seconds tasks { complete perHour } } } }";

async fn figures_hold_what_the_subject_may_see(place: Place) {
    let service = Service::start(place).await;
    let (admin, analyst) = (service.token("admin").await, service.token("analyst").await);
    let shop = service.create(&admin, "shop").await;
    service.settled(&admin, &shop).await;
    for _ in 0..2 {
        let bank = service.create(&admin, "bank").await;
        service.settled(&admin, &bank).await;
    }
    service.app.engine().catch_up_figures().await.expect("the figures");
    let whole = service.ask(&admin, FIGURES).await;
    let whole = whole.data("analytics");
    assert_eq!((&whole["tasks"]["complete"], &whole["steps"]["complete"]), (&json!(3), &json!(3)));
    assert_eq!(whole["namespaces"][0], json!({ "namespace": "bank", "tasks": { "complete": 2 } }));
    assert_eq!(whole["tasks"]["durations"]["count"], 3);
    let seen = service.ask(&analyst, FIGURES).await;
    let seen = seen.data("analytics");
    assert_eq!(seen["tasks"]["complete"], 1);
    assert_eq!(seen["namespaces"], json!([{ "namespace": "shop", "tasks": { "complete": 1 } }]));
    assert_eq!(seen["slowestTasks"], json!([{ "taskId": shop, "namespace": "shop" }]));
    assert!(!seen.to_string().contains("bank"), "{seen}");
    let complete = |series: &Value| {
        let points = series.as_array().expect("a list").iter();
        points.map(|point| point["tasks"]["complete"].as_i64().expect("a number")).sum::<i64>()
    };
    assert_eq!((complete(&seen["series"]), complete(&whole["series"])), (1, 3));
    // A namespace that is not theirs looks like one that there is not, after others have asked the same too.
    let foreign = service.ask_with(&analyst, FIGURES, json!({ "n": "bank" })).await;
    let nowhere = service.ask_with(&analyst, FIGURES, json!({ "n": "nowhere" })).await;
    assert_eq!(foreign.body, nowhere.body);
    let viewer = service.token("viewer").await;
    assert_eq!(service.ask(&viewer, FIGURES).await.missing(), ["tasker.analytics:index"]);
}

async fn what_makes_no_sense_is_refused_in_words(place: Place) {
    let service = graphql::setup::Service::start(place).await;
    for (arguments, says) in [
        ("limit: 0", "limit must be from 1 to 20"),
        ("until: \"2026-01-01T00:00:00Z\"", "until goes with since"),
        ("since: \"9999-01-01T00:00:00Z\"", "not in the future"),
        ("since: \"2020-01-01T00:00:00Z\"", "400 days ago"),
    ] {
        let error = service.error(&format!("{{ analytics({arguments}) {{ since }} }}"), json!({})).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert!(error["message"].as_str().expect("a text").contains(says), "{error}");
    }
}

async fn a_cursor_that_is_too_old_is_expired_everywhere(place: Place) {
    let service = graphql::setup::Service::start(place).await;
    let old = service.data("{ eventCursor }", json!({})).await["eventCursor"].take();
    let task = service.run("loud", json!({})).await;
    service.engine.catch_up_figures().await.expect("the figures");
    let fresh = service.data("{ eventCursor }", json!({})).await["eventCursor"].take();
    // A minute from now the task has been complete for a minute.
    let settings =
        Retention { complete: Keep(Some(std::time::Duration::from_secs(60))), ..Retention::default() };
    let clock = Clock::manual(service.engine.clock().now().plus(std::time::Duration::from_secs(3_600)));
    let mut pruner = Pruner::new(service.engine.database().clone(), clock, Metrics::new(), &settings);
    assert_eq!(pruner.pass().await.expect("removed").tasks, 1);
    assert!(
        service.data(&format!("{{ task(taskId: \"{task}\") {{ taskId }} }}"), json!({})).await["task"]
            .is_null()
    );

    let error = service
        .error("query ($c: String) { events(after: $c) { nodes { name } } }", json!({ "c": old }))
        .await;
    assert_eq!(error["extensions"]["code"], "CURSOR_EXPIRED");
    assert!(error["message"].as_str().expect("a text").contains("start without it"), "{error}");
    let follow = "subscription ($c: String) { workflowEvents(after: $c) { name } }";
    let mut socket = Socket::connect(service.address).await;
    socket.subscribe("1", follow, json!({ "c": old })).await;
    let said = socket.hear_message().await;
    assert!(said.to_string().contains("CURSOR_EXPIRED"), "{said}");
    let plain = "subscription { workflowEvents { name } }";
    let mut stream = Events::of(&service, plain, json!({}), old.as_str()).await;
    let event = stream.next().await.expect("an answer");
    assert!(event.data.contains("CURSOR_EXPIRED"), "{event:?}");
    // What is young enough goes on.
    let events = service
        .data("query ($c: String) { events(after: $c) { nodes { name } } }", json!({ "c": fresh }))
        .await;
    assert_eq!(events["events"]["nodes"], json!([]));
    let mut stream = Events::of(&service, plain, json!({}), fresh.as_str()).await;
    service.run("loud", json!({})).await;
    assert_eq!(stream.data().await.0["workflowEvents"]["name"], "task.created");
}
