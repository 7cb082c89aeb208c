//! A worker's credential: what it claims, what it answers for, and that it is good for nothing else.

use std::time::Duration;

use serde_json::{Value, json};
use tasker::auth::Wanted;

use super::service::{Answer, Service};
use crate::{graphql::ws::Socket, place::Place};

on_both_databases![
    a_worker_does_its_steps_and_nothing_else,
    a_credential_for_some_steps_claims_no_others,
    a_lease_of_another_namespace_is_like_one_that_was_never_given,
    a_lease_is_its_subjects_own,
    whoever_lost_the_permission_answers_no_more,
    a_worker_is_woken_for_what_it_may_claim,
    a_worker_that_waits_is_given_what_comes_and_one_that_left_is_not,
];

const CLASS: &str = "nobody.has_it";
const CLAIM: &str = "mutation ($i: ClaimStepsInput!) { claimSteps(input: $i) {
    leaseToken leaseExpiresAt deadlineAt attempt idempotencyKey taskId taskName namespace version workflowStepId name
    handlerClass handlerConfig context inputs dependencyResults traceparent } }";
const COMPLETE: &str = "mutation ($t: ID!, $r: JSON) { completeStep(input: {leaseToken: $t, results: $r}) { workflowStepId status } }";
const BEAT: &str =
    "mutation ($t: [ID!]!) { heartbeatSteps(input: {leaseTokens: $t}) { leaseToken valid cancelled } }";
const ALL: &str = "mutation ($t: ID!) { completeSteps(input: {completions: [{leaseToken: $t}]}) { leaseToken accepted code message } }";
const FAIL: &str = "mutation ($t: ID!) { failStep(input: {leaseToken: $t, message: \"no\"}) { status } }";

fn worker(name: &str, namespaces: &[&str], classes: &[&str]) -> Wanted {
    let list = |names: &[&str]| (!names.is_empty()).then(|| names.iter().map(ToString::to_string).collect());
    Wanted {
        name: name.into(),
        roles: vec!["worker".into()],
        namespaces: list(namespaces),
        handler_classes: list(classes),
        expires_in: None,
    }
}

impl Service {
    async fn claims(&self, token: &str, more: Value) -> Answer {
        let mut input = json!({ "workerId": "w", "handlerClasses": [CLASS], "waitSeconds": 10 });
        for (key, value) in more.as_object().expect("an object") {
            input[key] = value.clone();
        }
        self.ask_with(token, CLAIM, json!({ "i": input })).await
    }

    async fn lease(&self, token: &str) -> String {
        let answer = self.claims(token, json!({})).await;
        answer.data("claimSteps")[0]["leaseToken"].as_str().expect("a lease").to_owned()
    }

    /// What each answer of a worker is told under this lease, without the lease itself.
    async fn told(&self, token: &str, lease: &str) -> Vec<String> {
        let mut told = Vec::new();
        for (text, variables) in [
            (BEAT, json!({ "t": [lease] })),
            (ALL, json!({ "t": lease })),
            (FAIL, json!({ "t": lease })),
            (COMPLETE, json!({ "t": lease })),
        ] {
            let answer = self.ask_with(token, text, variables).await;
            told.push(format!("{} {}", answer.status, answer.body).replace(lease, "LEASE"));
        }
        told
    }
}

async fn a_worker_does_its_steps_and_nothing_else(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let own = service.issue(worker("w", &["shop"], &["nobody.*"])).await;
    let task = service.paused(&admin, "shop").await;
    let claimed = service.claims(&own, json!({ "namespaces": ["shop"] })).await;
    let step = &claimed.data("claimSteps")[0];
    assert_eq!(
        (&step["taskId"], &step["namespace"], &step["name"]),
        (&json!(task), &json!("shop"), &json!("a"))
    );
    let lease = step["leaseToken"].as_str().expect("a lease").to_owned();
    let beats = service.ask_with(&own, BEAT, json!({ "t": [lease] })).await;
    assert_eq!(beats.data("heartbeatSteps")[0]["valid"], true);
    for (text, needs) in [
        ("{ tasks { taskId } }", "tasker.task:index"),
        ("{ eventCursor }", "tasker.event:index"),
        (
            "mutation ($t: ID!) { completeStep(input: {leaseToken: $t}) { results } }",
            "tasker.workflow_step:show",
        ),
        (
            "mutation ($t: ID!) { completeStep(input: {leaseToken: $t}) { task { taskId } } }",
            "tasker.task:show",
        ),
        (
            "mutation ($t: ID!) { failStep(input: {leaseToken: $t, message: \"\"}) { parents { name } } }",
            "tasker.workflow_step:index",
        ),
    ] {
        let variables = if text.contains("$t") { json!({ "t": lease }) } else { json!({}) };
        let answer = service.ask_with(&own, text, variables).await;
        assert_eq!((answer.status, answer.missing()), (403, vec![needs]), "{text}");
    }
    let cancel = "mutation ($t: ID!) { cancelTask(input: {taskId: $t}) { status } }";
    assert_eq!(service.ask_with(&own, cancel, json!({ "t": task })).await.code(), "FORBIDDEN");
    let done = service.ask_with(&own, COMPLETE, json!({ "t": lease, "r": {"by": "w"} })).await;
    assert_eq!(done.data("completeStep")["status"], "COMPLETE");
    assert_eq!(service.settled(&admin, &task).await, "COMPLETE");
}

async fn a_credential_for_some_steps_claims_no_others(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    service.paused(&admin, "shop").await;
    let at_once = json!({ "waitSeconds": 0 });
    let mail = service.issue(worker("mail", &[], &["mail.*", "Print"])).await;
    let refused = service.claims(&mail, at_once.clone()).await;
    assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"), "{}", refused.body);
    assert!(refused.body.to_string().contains("mail.*, Print"), "{}", refused.body);
    let mixed =
        service.claims(&mail, json!({ "waitSeconds": 0, "handlerClasses": ["mail.Send", "Printer"] })).await;
    assert_eq!(mixed.code(), "FORBIDDEN", "one of them is enough");
    let fine =
        service.claims(&mail, json!({ "waitSeconds": 0, "handlerClasses": ["mail.Send", "Print"] })).await;
    assert_eq!(fine.data("claimSteps"), &json!([]));
    let bank = service.issue(worker("bank", &["bank"], &[])).await;
    assert_eq!(service.claims(&bank, at_once).await.data("claimSteps"), &json!([]), "it finds what it may");
    let asked = service.claims(&bank, json!({ "waitSeconds": 0, "namespaces": ["bank", "shop"] })).await;
    assert_eq!((asked.code(), asked.missing()), ("FORBIDDEN", vec!["tasker.workflow_step:claim"]));
}

async fn a_lease_of_another_namespace_is_like_one_that_was_never_given(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let (shop, bank) =
        (service.issue(worker("w", &["shop"], &[])).await, service.issue(worker("w", &["bank"], &[])).await);
    let task = service.paused(&admin, "shop").await;
    let lease = service.lease(&shop).await;
    let made_up = tasker::model::lease::LeaseToken::new(
        tasker::model::id::TaskId::new(),
        tasker::model::id::StepNo(0),
        1,
    );
    let (foreign, unknown) =
        (service.told(&bank, &lease).await, service.told(&bank, &made_up.to_string()).await);
    assert_eq!(foreign, unknown, "the same subject, in a namespace that its credential is not for");
    assert!(foreign[1].contains("CONFLICT") && foreign[3].contains("CONFLICT"), "{foreign:?}");
    assert_eq!(foreign, service.told(&bank, "nonsense").await);
    let done = service.ask_with(&shop, COMPLETE, json!({ "t": lease })).await;
    assert_eq!(done.data("completeStep")["status"], "COMPLETE", "nothing was changed");
    service.settled(&admin, &task).await;
}

async fn a_lease_is_its_subjects_own(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let (one, other) =
        (service.issue(worker("one", &[], &[])).await, service.issue(worker("other", &[], &[])).await);
    service.paused(&admin, "shop").await;
    let lease = service.lease(&one).await;
    let told = service.told(&other, &lease).await;
    assert!(told[0].contains("\"valid\":false") && told[1].contains("\"accepted\":false"), "{told:?}");
    assert!(told[2].contains("CONFLICT") && told[3].contains("CONFLICT"), "{told:?}");
    let done = service.ask_with(&one, COMPLETE, json!({ "t": lease })).await;
    assert_eq!(done.data("completeStep")["status"], "COMPLETE");
}

async fn whoever_lost_the_permission_answers_no_more(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let own = service.issue(worker("w", &[], &[])).await;
    service.paused(&admin, "shop").await;
    let lease = service.lease(&own).await;
    let policy = std::fs::read_to_string(service.policy_file()).expect("a policy");
    let without = policy.replace("p, role:worker, *, tasker.workflow_step, complete, allow\n", "");
    std::fs::write(service.policy_file(), without).expect("written");
    service.ask(&admin, "mutation { reloadPolicy { __typename } }").await;
    let refused = service.ask_with(&own, COMPLETE, json!({ "t": lease })).await;
    assert_eq!(
        (refused.status, refused.missing()),
        (403, vec!["tasker.workflow_step:complete"]),
        "{}",
        refused.body
    );
}

async fn a_worker_is_woken_for_what_it_may_claim(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let own = service.issue(worker("w", &["shop"], &["nobody.*"])).await;
    let mut socket = Socket::open(service.address).await;
    socket.send(json!({ "type": "connection_init", "payload": { "X-API-Token": own } })).await;
    socket.expect("connection_ack").await;
    let text = "subscription ($c: [String!]!) { stepsAvailable(handlerClasses: $c) { handlerClasses } }";
    socket.subscribe("1", text, json!({ "c": ["mail.Send"] })).await;
    let refused = socket.hear_message().await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    socket.subscribe("2", text, json!({ "c": [CLASS, "nobody.Else"] })).await;
    let task = service.paused(&admin, "shop").await;
    assert_eq!(socket.next().await["stepsAvailable"]["handlerClasses"], json!([CLASS]));
    let mut late = Socket::open(service.address).await;
    late.send(json!({ "type": "connection_init", "payload": { "X-API-Token": own } })).await;
    late.expect("connection_ack").await;
    late.subscribe("1", text, json!({ "c": [CLASS] })).await;
    assert_eq!(late.next().await["stepsAvailable"]["handlerClasses"], json!([CLASS]), "what waits already");
    let cancel = "mutation ($t: ID!) { cancelTask(input: {taskId: $t}) { status } }";
    service.ask_with(&admin, cancel, json!({ "t": task })).await;
}

async fn a_worker_that_waits_is_given_what_comes_and_one_that_left_is_not(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let own = service.issue(worker("w", &[], &[])).await;
    {
        let leaves = service.claims(&own, json!({ "waitSeconds": 60 }));
        let left = tokio::time::timeout(Duration::from_millis(300), leaves).await;
        assert!(left.is_err(), "there was nothing to claim");
    }
    let (claimed, _) = tokio::join!(service.claims(&own, json!({})), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        service.paused(&admin, "shop").await
    });
    assert_eq!(claimed.data("claimSteps").as_array().map(Vec::len), Some(1), "{}", claimed.body);
}
