//! What is kept, and of whom.

use serde_json::{Value, json};
use tasker::{
    data::audit::{self, AuditFilter},
    model::audit::{AuditRecord, Verdict, Way},
};

use crate::{gate::service::Service, place::Place};

on_both_databases![
    a_mutation_leaves_one_record,
    what_fails_leaves_none,
    many_new_tasks_leave_one_record,
    what_is_written_twice_is_done_once,
    a_refusal_leaves_one_record_with_what_is_missing,
    refusals_that_are_alike_are_counted,
    a_flood_of_different_refusals_is_bounded,
    a_foreign_task_is_a_refusal_and_an_unknown_one_is_not,
    a_credential_that_is_none_is_recorded,
    tokens_and_policies_leave_records,
    the_log_is_read_by_page_filter_and_namespace,
    nothing_that_was_sent_is_kept,
];

const CANCEL: &str =
    "mutation Stop($id: ID!) { c: cancelTask(input: {taskId: $id, reason: \"r\"}) { taskId } }";

async fn records(service: &Service, filter: AuditFilter) -> Vec<AuditRecord> {
    service.app.refusals().write().await.expect("written");
    audit::list(service.app.engine().database(), &filter, None, 1_000).await.expect("readable")
}

async fn by(service: &Service, subject: &str) -> Vec<AuditRecord> {
    records(service, AuditFilter { subject: Some(subject.into()), ..AuditFilter::default() }).await
}

async fn a_mutation_leaves_one_record(place: Place) {
    let service = Service::start(place).await;
    let (admin, operator) = (service.token("admin").await, service.token("operator").await);
    let task = service.paused(&admin, "shop").await;
    let answer = service.ask_with(&operator, CANCEL, json!({ "id": task })).await;
    assert_eq!(answer.data("c")["taskId"], json!(task));
    let [record] = &by(&service, "operator").await[..] else { panic!("one record") };
    assert_eq!((record.act.verdict, record.act.way, record.count), (Verdict::Allowed, Way::Mutation, 1));
    assert_eq!(record.act.operation.as_deref(), Some("Stop"));
    assert_eq!(record.act.fields, ["cancelTask"]);
    assert_eq!(record.act.permissions, ["tasker.task:cancel"]);
    assert_eq!(
        (record.namespace.as_deref(), record.task.map(|id| id.to_string())),
        (Some("shop"), Some(task))
    );
    assert_eq!((record.act.policy_version, record.act.code.as_deref()), (Some(1), None));
    assert!(record.act.request_id.is_some());
}

async fn what_fails_leaves_none(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let task = service.create(&admin, "shop").await;
    service.settled(&admin, &task).await;
    let before = by(&service, "admin").await.len();
    assert_eq!(service.ask_with(&admin, CANCEL, json!({ "id": task })).await.code(), "CONFLICT");
    let dry = "mutation { createTask(input: {name: \"order\", namespace: \"shop\", dryRun: true}) { name } }";
    assert_eq!(service.ask(&admin, dry).await.data("createTask")["name"], "order");
    assert_eq!(by(&service, "admin").await.len(), before);
    let delete = "mutation ($id: ID!) { deleteTask(input: {taskId: $id}) { taskId } }";
    service.ask_with(&admin, delete, json!({ "id": task })).await.data("deleteTask");
    let after = by(&service, "admin").await;
    assert_eq!((after.len(), &after[0].act.fields[..]), (before + 1, &["deleteTask".to_owned()][..]));
    assert_eq!(after[0].task.map(|id| id.to_string()), Some(task));
}

async fn many_new_tasks_leave_one_record(place: Place) {
    let service = Service::start(place).await;
    let operator = service.token("operator").await;
    let text = "mutation { createTasks(input: {tasks: [
        {name: \"order\", namespace: \"shop\"}, {name: \"order\", namespace: \"shop\"}]}) { taskId } }";
    assert_eq!(service.ask(&operator, text).await.data("createTasks").as_array().map(Vec::len), Some(2));
    let [record] = &by(&service, "operator").await[..] else { panic!("one record") };
    assert_eq!((record.namespace.as_deref(), record.task), (Some("shop"), None));
}

async fn what_is_written_twice_is_done_once(place: Place) {
    let service = Service::start(place).await;
    let operator = service.token("operator").await;
    let create = "createTask(input: {name: \"order\", namespace: \"shop\"})";
    let twice = format!(
        "mutation {{ a: {create} {{ name }} ...F }} fragment F on Mutation {{ a: {create} {{ namespace }} }}"
    );
    let answer = service.ask(&operator, &twice).await;
    assert_eq!(answer.data("a"), &json!({ "name": "order", "namespace": "shop" }));
    let tasks = service.ask(&operator, "{ tasks { taskId } }").await;
    assert_eq!(tasks.data("tasks").as_array().map(Vec::len), Some(1));
    assert_eq!(by(&service, "operator").await.len(), 1);
    let perhaps = format!("mutation {{ a: {create} {{ name }} a: {create} @skip(if: false) {{ name }} }}");
    assert_eq!(service.ask(&operator, &perhaps).await.code(), "GRAPHQL_VALIDATION_FAILED");
}

async fn a_refusal_leaves_one_record_with_what_is_missing(place: Place) {
    let service = Service::start(place).await;
    let viewer = service.token("viewer").await;
    let text = "query Look { b: tasks { context } a: tasks { taskId } events { nodes { payload } } }";
    assert_eq!(service.ask(&viewer, text).await.status, 403);
    let [record] = &by(&service, "viewer").await[..] else { panic!("one record") };
    assert_eq!((record.act.verdict, record.act.code.as_deref()), (Verdict::Refused, Some("FORBIDDEN")));
    assert_eq!(
        (record.act.operation.as_deref(), &record.act.fields[..]),
        (Some("Look"), &["events".to_owned(), "tasks".to_owned()][..])
    );
    assert_eq!(record.act.missing, ["tasker.task:show", "tasker.event:show"]);
    assert_eq!(service.ask("", "{ tasks { taskId } }").await.status, 401);
    let filter = AuditFilter {
        field: Some("tasks".into()),
        verdict: Some(Verdict::Refused),
        ..AuditFilter::default()
    };
    let codes: Vec<_> = records(&service, filter).await.into_iter().map(|one| one.act.code).collect();
    assert_eq!(codes, [Some("UNAUTHENTICATED".to_owned()), Some("FORBIDDEN".to_owned())]);
}

async fn refusals_that_are_alike_are_counted(place: Place) {
    let service = Service::start(place).await;
    let viewer = service.token("viewer").await;
    for no in 0..20 {
        let text = format!("query Q{no} {{ tasks {{ context }} }}");
        assert_eq!(service.ask(&viewer, &text).await.status, 403);
        if no == 9 {
            service.app.refusals().write().await.expect("written");
        }
    }
    let [record] = &by(&service, "viewer").await[..] else { panic!("one record") };
    assert_eq!((record.count, record.act.operation.as_deref()), (20, Some("Q0")));
    assert!(record.last_at > record.occurred_at);
}

async fn a_flood_of_different_refusals_is_bounded(place: Place) {
    let service = Service::start(place).await;
    let refusals = service.app.refusals();
    let act = records(&service, AuditFilter::default()).await;
    assert!(act.is_empty());
    assert_eq!(service.ask("", "{ tasks { taskId } }").await.status, 401);
    let act = records(&service, AuditFilter::default()).await.remove(0).act;
    for no in 0..5_000 {
        let subject = Some(format!("flood {no}").into());
        refusals.note(tasker::model::audit::Act { subject, ..act.clone() }, None);
    }
    service.app.refusals().write().await.expect("written");
    let database = service.app.engine().database();
    let count = crate::journal::desk::number(database, "SELECT count(*) FROM tasker_audit").await;
    let total =
        crate::journal::desk::number(database, "SELECT cast(sum(count) as bigint) FROM tasker_audit").await;
    assert!(count < 2_100, "{count}");
    assert_eq!(total, 5_001);
}

async fn a_foreign_task_is_a_refusal_and_an_unknown_one_is_not(place: Place) {
    let service = Service::start(place).await;
    let (admin, teller) = (service.token("admin").await, service.token("teller").await);
    let foreign = service.create(&admin, "shop").await;
    for id in [&*foreign, "0197f1a0-0000-7000-8000-000000000000"] {
        assert_eq!(service.ask_with(&teller, CANCEL, json!({ "id": id })).await.code(), "NOT_FOUND");
    }
    let [record] = &by(&service, "teller").await[..] else { panic!("one record") };
    assert_eq!((record.act.verdict, record.act.code.as_deref()), (Verdict::Refused, Some("NOT_FOUND")));
    assert_eq!(record.namespace.as_deref(), Some("shop"));
}

async fn a_credential_that_is_none_is_recorded(place: Place) {
    let service = Service::start(place).await;
    assert_eq!(service.ask("tsk_nothing", "{ __typename }").await.status, 401);
    let [record] = &records(&service, AuditFilter::default()).await[..] else { panic!("one record") };
    assert_eq!((record.act.way, record.act.code.as_deref()), (Way::SignIn, Some("UNAUTHENTICATED")));
}

async fn tokens_and_policies_leave_records(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let text = "mutation { issueApiToken(input: {name: \"bob\", roles: [\"viewer\"]}) { tokenId } }";
    let token = service.ask(&admin, text).await.data("issueApiToken")["tokenId"].clone();
    let text = "mutation ($id: ID!) { revokeApiToken(input: {tokenId: $id}) { tokenId } }";
    for _ in 0..2 {
        service.ask_with(&admin, text, json!({ "id": token })).await.data("revokeApiToken");
    }
    let version = service.ask(&admin, "mutation { reloadPolicy { number digest } }").await;
    assert_eq!(version.data("reloadPolicy")["number"], 1);
    std::fs::write(service.policy_file(), "p, role:viewer, shop, tasker.task, fly, allow\n")
        .expect("written");
    let broken = service.ask(&admin, "mutation { reloadPolicy { number } }").await;
    assert_eq!(broken.code(), "VALIDATION_FAILED", "{}", broken.body);
    assert_eq!(broken.body["errors"][0]["extensions"]["violations"][0]["line"], 1);
    let kept = by(&service, "admin").await;
    assert!(kept.iter().all(|one| one.act.credential.is_some()), "{kept:?}");
    let about: Vec<_> = kept.iter().filter_map(|one| one.token).map(|id| json!(id.to_string())).collect();
    assert_eq!(about, [token.clone(), token]);
    let fields: Vec<_> = kept.into_iter().flat_map(|one| one.act.fields).collect();
    assert_eq!(fields, ["reloadPolicy", "revokeApiToken", "issueApiToken"]);
}

async fn the_log_is_read_by_page_filter_and_namespace(place: Place) {
    let service = Service::start(place).await;
    let (admin, auditor) = (service.token("admin").await, service.token("shop_auditor").await);
    let tasks = [
        service.create(&admin, "shop").await,
        service.create(&admin, "bank").await,
        service.create(&admin, "shop").await,
    ];
    service.ask("", "{ tasks { taskId } }").await;
    let text =
        "query ($after: String, $filter: AuditFilter) { auditLog(first: 1, after: $after, filter: $filter) {
        nodes { taskId verdict fields namespace } pageInfo { hasNextPage endCursor } } }";
    let page = async |token: &str, after: &Value, filter: Value| {
        let answer = service.ask_with(token, text, json!({ "after": after, "filter": filter })).await;
        answer.data("auditLog").clone()
    };
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let found = page(&auditor, &after, json!({})).await;
        seen.extend(found["nodes"].as_array().expect("a list").iter().map(|one| one["taskId"].clone()));
        after = found["pageInfo"]["endCursor"].clone();
        if found["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    // What is in the bank or nowhere is not for the shop's auditor.
    assert_eq!(seen, [json!(tasks[2]), json!(tasks[0])]);
    let refused = page(&admin, &Value::Null, json!({ "verdict": "REFUSED" })).await;
    assert_eq!(refused["nodes"][0]["fields"], json!(["tasks"]));
    let bank = page(&admin, &Value::Null, json!({ "taskId": tasks[1], "field": "createTask" })).await;
    assert_eq!(bank["nodes"][0]["namespace"], "bank");
    for bad in [json!({ "field": "a%" }), json!({ "taskId": "x" })] {
        let answer = service.ask_with(&admin, text, json!({ "filter": bad })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
    }
    let forged = service.ask_with(&admin, text, json!({ "after": "YTE6eA" })).await;
    assert_eq!(forged.code(), "BAD_USER_INPUT");
    assert_eq!(
        service.ask(&service.token("viewer").await, "{ auditLog { nodes { count } } }").await.missing(),
        ["tasker.audit:index"]
    );
}

/// H04: no payload and no token, wherever it was sent.
async fn nothing_that_was_sent_is_kept(place: Place) {
    let service = Service::start(place).await;
    let operator = service.token("operator").await;
    let text = "mutation ($c: JSON) { createTask(input: {name: \"order\", namespace: \"shop\", context: $c, reason: \"s3cret\"}) { taskId } }";
    service.ask_with(&operator, text, json!({ "c": { "card": "s3cret" } })).await.data("createTask");
    let refused = "mutation { createTask(input: {name: \"s3cret\", namespace: \"bank\", reason: \"s3cret\"}) { taskId } }";
    assert_eq!(service.ask(&operator, refused).await.status, 403);
    let kept = format!("{:?}", records(&service, AuditFilter::default()).await);
    assert!(!kept.contains("s3cret") && !kept.contains(&operator), "{kept}");
}
