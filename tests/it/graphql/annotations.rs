//! Notes about tasks.

use serde_json::{Value, json};

use super::{count::statements, setup::Service};
use crate::place::Place;

on_both_databases![
    a_note_is_shown_with_its_task,
    tasks_are_found_by_their_notes,
    types_are_there_once_with_what_was_said_of_them,
    notes_of_many_tasks_are_read_together,
    what_makes_no_note_is_refused,
];

async fn annotate(service: &Service, task: &str, kind: &str, annotation: Value) -> Value {
    let input = json!({ "taskId": task, "annotationType": kind, "annotation": annotation });
    service.mutate("annotateTask", input, "{ taskAnnotations { annotation } }").await
}

async fn a_note_is_shown_with_its_task(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("unique", json!({})).await;
    annotate(&service, &task, "review", json!({ "by": "ada", "scores": [1, { "x": null }] })).await;
    let answer = annotate(&service, &task, "ticket", json!({ "no": "T-7" })).await;
    let both = json!([
        { "annotation": { "by": "ada", "scores": [1, { "x": null }] } },
        { "annotation": { "no": "T-7" } },
    ]);
    assert_eq!(answer["taskAnnotations"], both, "oldest first");
    let selection = "{ taskAnnotations { taskAnnotationId taskId annotationType createdBy createdAt } }";
    let seen = service.task(&task, selection).await;
    let second = &seen["taskAnnotations"][1];
    assert_eq!((&second["taskId"], &second["annotationType"]), (&json!(task), &json!("ticket")));
    assert_eq!(second["createdBy"], Value::Null, "nobody signs in here");
    assert!(second["createdAt"].is_string() && second["taskAnnotationId"].is_string());
    // Gone with its task, and shown as it was.
    let deleted =
        service.mutate("deleteTask", json!({ "taskId": task }), "{ taskAnnotations { annotation } }").await;
    assert_eq!(deleted["taskAnnotations"], both);
    assert_eq!(found(&service, ["ticket", "no", "T-7"], "").await, Vec::<String>::new());
}

/// The ids of the tasks that are found.
async fn found(service: &Service, [kind, key, value]: [&str; 3], more: &str) -> Vec<String> {
    let text = format!(
        "query ($t: String!, $k: String!, $v: String!) {{
            tasksByAnnotation(annotationType: $t, annotationKey: $k, annotationValue: $v{more}) {{ taskId }} }}"
    );
    let data = service.data(&text, json!({ "t": kind, "k": key, "v": value })).await;
    let tasks = data["tasksByAnnotation"].as_array().expect("a list").iter();
    tasks.map(|task| task["taskId"].as_str().expect("an id").to_owned()).collect()
}

async fn tasks_are_found_by_their_notes(place: Place) {
    let service = Service::start(place).await;
    let (one, two) =
        (service.run("unique", json!({ "n": 1 })).await, service.run("unique", json!({ "n": 2 })).await);
    let long = "é".repeat(20_000);
    let all = json!({ "by": "ada", "score": 5, "part": 0.5, "urgent": true, "none": null, "deep": { "a": 1 }, "long": long });
    annotate(&service, &one, "review", all).await;
    annotate(&service, &one, "review", json!({ "by": "ada" })).await;
    annotate(&service, &two, "review", json!({ "by": "ada", "score": "5" })).await;
    annotate(&service, &two, "ticket", json!({ "by": "bob" })).await;
    let one = vec![one];
    let both = vec![two.clone(), one[0].clone()];
    assert_eq!(found(&service, ["review", "by", "ada"], "").await, both, "each once, newest first");
    assert_eq!(found(&service, ["review", "score", "5"], ", sortOrder: ASC").await, [&*one[0], &*two]);
    assert_eq!(found(&service, ["review", "part", "0.5"], "").await, one);
    assert_eq!(found(&service, ["review", "urgent", "true"], "").await, one);
    assert_eq!(found(&service, ["review", "long", &long], "").await, one);
    assert_eq!(found(&service, ["review", "by", "ada"], ", limit: 1, offset: 1").await, one);
    assert_eq!(found(&service, ["review", "by", "ada"], ", filter: { statuses: [ERROR] }").await.len(), 0);
    for [kind, key, value] in [
        ["ticket", "by", "ada"],
        ["review", "By", "ada"],
        ["review", "by", "ada "],
        ["review", "score", "5.0"],
        ["review", "none", "null"],
        ["review", "deep", "{\"a\":1}"],
        ["review", "a", "1"],
        ["", "", ""],
        ["review", "by\u{0}", "ada"],
    ] {
        assert_eq!(found(&service, [kind, key, value], "").await.len(), 0, "{kind} {key} {value}");
    }
}

async fn types_are_there_once_with_what_was_said_of_them(place: Place) {
    let service = Service::start(place).await;
    let types = async || service.data("{ annotationTypes { name description } }", json!({})).await;
    assert_eq!(types().await["annotationTypes"], json!([]));
    let task = service.run("unique", json!({})).await;
    annotate(&service, &task, "ticket", json!({})).await;
    annotate(&service, &task, "review", json!({})).await;
    let input =
        json!({ "taskId": task, "annotationType": "ticket", "annotation": {}, "typeDescription": "In Jira" });
    service.mutate("annotateTask", input, "{ taskId }").await;
    annotate(&service, &task, "ticket", json!({})).await;
    let expected =
        json!([{ "name": "review", "description": null }, { "name": "ticket", "description": "In Jira" }]);
    assert_eq!(types().await["annotationTypes"], expected);
}

async fn notes_of_many_tasks_are_read_together(place: Place) {
    let service = Service::start(place).await;
    for n in 0..5 {
        let task = service.run("unique", json!({ "n": n })).await;
        annotate(&service, &task, "review", json!({ "n": n })).await;
    }
    let listed = statements(
        &service,
        "{ tasks { a: taskAnnotations { annotation } b: taskAnnotations { createdAt } } }",
        json!({}),
    )
    .await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    let by_note = "{ tasksByAnnotation(annotationType: \"review\", annotationKey: \"n\", annotationValue: \"3\") { taskId } }";
    let listed = statements(&service, by_note, json!({})).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
}

async fn what_makes_no_note_is_refused(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("unique", json!({})).await;
    for (task, annotation, code) in [
        (json!(task), json!("text"), "BAD_USER_INPUT"),
        (json!(task), json!([]), "BAD_USER_INPUT"),
        (json!("x"), json!({}), "BAD_USER_INPUT"),
        (json!(uuid::Uuid::now_v7()), json!({}), "NOT_FOUND"),
    ] {
        let input = json!({ "taskId": task, "annotationType": "review", "annotation": annotation });
        let error = service.refused("annotateTask", input.clone()).await;
        assert_eq!(error["extensions"]["code"], code, "{input}: {error}");
    }
    assert_eq!(service.task(&task, "{ taskAnnotations { taskId } }").await["taskAnnotations"], json!([]));
}
