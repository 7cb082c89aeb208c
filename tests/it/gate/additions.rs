//! Notes, custom events and the catalogue, for who may see and do something in one namespace only.

use serde_json::{Value, json};
use tasker::auth::Wanted;

use super::service::Service;
use crate::place::Place;

on_both_databases![
    notes_of_other_namespaces_are_in_no_list_and_no_search,
    the_catalogue_shows_what_templates_of_the_own_namespaces_declare,
    nothing_is_added_to_a_foreign_task,
    what_is_added_is_on_record,
    a_search_for_a_note_needs_to_read_notes,
];

const UNKNOWN: &str = "0197f1a0-0000-7000-8000-000000000000";

const ANNOTATE: &str = "mutation ($id: ID!, $a: JSON!) {
    annotateTask(input: {taskId: $id, annotationType: \"review\", annotation: $a}) { taskId } }";

const PUBLISH: &str =
    "mutation ($id: ID!, $n: String!) { publishEvent(input: {taskId: $id, name: $n}) { name actor } }";

/// Somebody who may do everything in `shop`.
async fn shopkeeper(service: &Service) -> String {
    let namespaces = Some(vec!["shop".into()]);
    service
        .issue(Wanted { name: "keeper".into(), roles: vec!["admin".into()], namespaces, ..Wanted::default() })
        .await
}

async fn notes_of_other_namespaces_are_in_no_list_and_no_search(place: Place) {
    let service = Service::start(place).await;
    let (admin, keeper) = (service.token("admin").await, shopkeeper(&service).await);
    let (shop, bank) = (service.create(&admin, "shop").await, service.create(&admin, "bank").await);
    for (task, kind) in [(&shop, "review"), (&bank, "review"), (&bank, "secret")] {
        let text = "mutation ($id: ID!, $k: String!) { annotateTask(input: {taskId: $id, annotationType: $k,
            annotation: {by: \"ada\"}, typeDescription: \"of the last\"}) { taskId } }";
        service.ask_with(&admin, text, json!({ "id": task, "k": kind })).await.data("annotateTask");
    }
    let text = "{ annotationTypes { name } tasks { taskId taskAnnotations { annotationType } }
        a: tasksByAnnotation(annotationType: \"review\", annotationKey: \"by\", annotationValue: \"ada\") { taskId }
        b: tasksByAnnotation(annotationType: \"secret\", annotationKey: \"by\", annotationValue: \"ada\") { taskId } }";
    let seen = service.ask(&keeper, text).await;
    assert_eq!(seen.data("annotationTypes"), &json!([{ "name": "review" }]));
    assert_eq!(
        seen.data("tasks"),
        &json!([{ "taskId": shop, "taskAnnotations": [{ "annotationType": "review" }] }])
    );
    assert_eq!((seen.data("a"), seen.data("b")), (&json!([{ "taskId": shop }]), &json!([])));
    let all = service.ask(&admin, text).await;
    assert_eq!(all.data("annotationTypes"), &json!([{ "name": "review" }, { "name": "secret" }]));
    assert_eq!(
        (all.data("a").as_array().map(Vec::len), all.data("b")),
        (Some(2), &json!([{ "taskId": bank }]))
    );
}

async fn the_catalogue_shows_what_templates_of_the_own_namespaces_declare(place: Place) {
    let service = Service::start(place).await;
    let (admin, keeper) = (service.token("admin").await, shopkeeper(&service).await);
    let text = "{ eventCatalog(custom: true) { name firedBy description } own: eventInfo(name: \"order.seen\") { name }
        foreign: eventInfo(name: \"bank.audited\") { name } unknown: eventInfo(name: \"nobody.knows\") { name }
        system: eventInfo(name: \"task.completed\") { name } }";
    let seen = service.ask(&keeper, text).await;
    let seen_by = json!(["template shop/order@0.1.0"]);
    let own = json!([{ "name": "order.seen", "firedBy": seen_by, "description": "" }]);
    assert_eq!(seen.data("eventCatalog"), &own);
    assert_eq!((seen.data("foreign"), seen.data("unknown")), (&Value::Null, &Value::Null));
    assert_eq!(seen.data("own")["name"], "order.seen");
    assert_eq!(seen.data("system")["name"], "task.completed");
    let all = service.ask(&admin, text).await;
    let catalogue = json!([
        { "name": "bank.audited", "firedBy": ["template bank/order@0.1.0"], "description": "" },
        { "name": "order.seen", "firedBy": ["template bank/order@0.1.0", "template shop/order@0.1.0"], "description": "Looked at" },
    ]);
    assert_eq!(all.data("eventCatalog"), &catalogue);
    let viewer = service.token("viewer").await;
    let refused = service.ask(&viewer, text).await;
    assert_eq!(refused.missing(), ["tasker.event_definition:index", "tasker.event_definition:show"]);
}

async fn nothing_is_added_to_a_foreign_task(place: Place) {
    let service = Service::start(place).await;
    let (admin, keeper) = (service.token("admin").await, shopkeeper(&service).await);
    let bank = service.create(&admin, "bank").await;
    service.settled(&admin, &bank).await;
    for (text, more) in [(ANNOTATE, json!({ "a": {} })), (PUBLISH, json!({ "n": "order.seen" }))] {
        let about = |id: &str| {
            let mut variables = more.clone();
            variables["id"] = json!(id);
            variables
        };
        let foreign = service.ask_with(&keeper, text, about(&bank)).await;
        let unknown = service.ask_with(&keeper, text, about(UNKNOWN)).await;
        assert_eq!(foreign.code(), "NOT_FOUND", "{}", foreign.body);
        assert_eq!(foreign.body.to_string().replace(&bank, UNKNOWN), unknown.body.to_string());
        assert_eq!(foreign.status, unknown.status);
    }
    let left = service
        .ask_with(
            &admin,
            "query ($id: ID!) { task(taskId: $id) { taskAnnotations { taskId } events { name } } }",
            json!({ "id": bank }),
        )
        .await;
    assert_eq!(left.data("task")["taskAnnotations"], json!([]));
    let events = left.data("task")["events"].as_array().expect("a list");
    assert!(events.iter().all(|event| event["name"] != "order.seen"));
}

async fn what_is_added_is_on_record(place: Place) {
    let service = Service::start(place).await;
    let (admin, keeper) = (service.token("admin").await, shopkeeper(&service).await);
    let task = service.create(&admin, "shop").await;
    let note = json!({ "id": task, "a": { "card": "s3cret" } });
    service.ask_with(&keeper, ANNOTATE, note).await.data("annotateTask");
    let event = service.ask_with(&keeper, PUBLISH, json!({ "id": task, "n": "order.seen" })).await;
    assert_eq!(event.data("publishEvent"), &json!({ "name": "order.seen", "actor": "keeper" }));
    // What fails leaves none.
    assert_eq!(
        service.ask_with(&keeper, PUBLISH, json!({ "id": task, "n": "no.such" })).await.code(),
        "BAD_USER_INPUT"
    );
    let text =
        "{ auditLog(filter: {subject: \"keeper\"}) { nodes { fields permissions namespace taskId } } }";
    let kept = service.ask(&admin, text).await;
    let record = |field: &str, permission: &str| json!({ "fields": [field], "permissions": [permission], "namespace": "shop", "taskId": task });
    let expected = json!([
        record("publishEvent", "tasker.event:publish"),
        record("annotateTask", "tasker.task_annotation:create"),
    ]);
    assert_eq!(kept.data("auditLog")["nodes"], expected);
}

async fn a_search_for_a_note_needs_to_read_notes(place: Place) {
    let service = Service::start(place).await;
    let operator = service.token("operator").await;
    let text = "{ tasksByAnnotation(annotationType: \"a\", annotationKey: \"b\", annotationValue: \"c\") { taskId } }";
    assert_eq!(service.ask(&operator, text).await.missing(), ["tasker.task_annotation:index"]);
    let shown = service.ask(&operator, "{ tasks { taskAnnotations { annotationType } } }").await;
    assert_eq!(shown.missing(), ["tasker.task_annotation:index"]);
    let task = service.create(&operator, "shop").await;
    let note = service.ask_with(&operator, ANNOTATE, json!({ "id": task, "a": {} })).await;
    assert_eq!(note.missing(), ["tasker.task_annotation:create"]);
    let event = service.ask_with(&operator, PUBLISH, json!({ "id": task, "n": "order.seen" })).await;
    assert_eq!(event.missing(), ["tasker.event:publish"]);
}
