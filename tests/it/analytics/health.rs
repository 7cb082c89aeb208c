//! How the service is doing, in words and numbers.

use serde_json::{Value, json};

use crate::{gate::service::Service, graphql, place::Place, script::permanent};

on_both_databases![
    a_service_that_does_its_work_is_healthy,
    what_needs_attention_is_said_in_words,
    only_who_may_see_the_whole_service_sees_it,
];

async fn a_service_that_does_its_work_is_healthy(place: Place) {
    let service = graphql::setup::Service::start(place).await;
    service.run("loud", json!({})).await;
    service.engine.catch_up_figures().await.expect("the figures");
    let text = "{ healthStatus { status reasons version tasks { status count } steps { status count }
        retries { waiting retryable exhausted } backlogAge eventsBehind nodes
        database { up latency connectionsInUse maxConnections } journal { queue queueLimit lastCommitAge commitP99 } }
        nodes { name program answers tasksOwned } }";
    let data = service.data(text, json!({})).await;
    let health = &data["healthStatus"];
    assert_eq!((&health["status"], &health["reasons"]), (&json!("HEALTHY"), &json!([])));
    let count = |what: &str, status: &str| {
        let all = health[what].as_array().expect("a list");
        all.iter().find(|one| one["status"] == status).expect("a status")["count"].clone()
    };
    assert_eq!((count("tasks", "COMPLETE"), count("steps", "COMPLETE")), (json!(1), json!(1)));
    assert_eq!(count("tasks", "PENDING"), json!(0));
    assert_eq!(health["retries"], json!({ "waiting": 0, "retryable": 0, "exhausted": 0 }));
    assert_eq!((&health["eventsBehind"], &health["nodes"]), (&json!(0), &json!(1)));
    assert_eq!(health["database"]["up"], true);
    assert!(health["journal"]["commitP99"].as_f64().is_some_and(|took| took > 0.0), "{health}");
    assert_eq!(data["nodes"][0]["answers"], true);
    assert_eq!(data["nodes"][0]["program"], env!("CARGO_PKG_VERSION"));
}

async fn what_needs_attention_is_said_in_words(place: Place) {
    let service = graphql::setup::Service::start(place).await;
    service.script("Stock", [permanent("empty")]);
    service.run("order", json!({ "id": 1 })).await;
    let text = "{ healthStatus { status reasons retries { waiting retryable exhausted } } }";
    let health = service.data(text, json!({})).await["healthStatus"].take();
    assert_eq!(health["status"], "DEGRADED");
    assert_eq!(health["reasons"], json!(["1 steps rest in error: retry, resolve or cancel them"]));
    assert_eq!(health["retries"], json!({ "waiting": 0, "retryable": 0, "exhausted": 1 }));
}

async fn only_who_may_see_the_whole_service_sees_it(place: Place) {
    let service = Service::start(place).await;
    let (admin, analyst, viewer) =
        (service.token("admin").await, service.token("analyst").await, service.token("viewer").await);
    let text = "{ healthStatus { status } }";
    assert_eq!(service.ask(&admin, text).await.data("healthStatus"), &json!({ "status": "HEALTHY" }));
    // The service as a whole is in no namespace.
    for token in [&analyst, &viewer] {
        assert_eq!(service.ask(token, text).await.missing(), ["tasker.health_status:index"]);
        assert_eq!(service.get(token, "/health/status").await.0, 403);
    }
    assert_eq!(service.get("", "/health/status").await.0, 401);
    let (status, body) = service.get(&admin, "/health/status").await;
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["status"], &body["reasons"]), (200, &json!("healthy"), &json!([])));
    assert!(body["work"]["counts"]["tasks"]["complete"].is_number(), "{body}");
    assert!(body["nodes"][0]["started_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{body}");
    assert_eq!(service.ask(&viewer, "{ nodes { name } }").await.missing(), ["tasker.node:index"]);
}
