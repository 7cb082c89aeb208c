//! Nobody issues a token that can do more than they can.

use serde_json::{Value, json};
use tasker::auth::Wanted;

use super::service::{Answer, POLICY, Service};
use crate::place::Place;

on_both_databases![
    a_token_can_do_no_more_than_its_issuer,
    one_token_too_much_refuses_the_whole_operation,
    the_right_is_what_the_issuer_has_now,
    a_role_that_means_nothing_is_given_to_nobody,
    a_token_does_not_outlive_the_one_that_issued_it,
];

/// Somebody who may issue tokens, and is otherwise an operator of `shop`.
const ISSUER: &str = "
g, role:issuer, role:operator, shop
p, role:issuer, *, tasker.api_token, create, allow
p, user:boss, *, tasker.task, resolve, allow
";

const ISSUE: &str =
    "mutation ($input: IssueApiTokenInput!) { issueApiToken(input: $input) { tokenId roles } }";

async fn start(place: Place) -> (Service, String) {
    let service = Service::start(place).await;
    change_policy(&service, &format!("{POLICY}{ISSUER}"));
    let issuer = service.token("issuer").await;
    (service, issuer)
}

fn change_policy(service: &Service, text: &str) {
    std::fs::write(service.policy_file(), text).expect("a file");
    service.app.policy().expect("a policy decides").reload().expect("it is sound");
}

async fn issue(service: &Service, token: &str, input: Value) -> Answer {
    service.ask_with(token, ISSUE, json!({ "input": input })).await
}

fn refused(answer: &Answer, missing: &[&str]) {
    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{}", answer.body);
    assert_eq!(answer.missing(), missing, "{}", answer.body);
    assert!(answer.body.get("data").is_none(), "{}", answer.body);
}

async fn a_token_can_do_no_more_than_its_issuer(place: Place) {
    let (service, issuer) = start(place).await;
    let admin = service.token("admin").await;
    for input in [
        json!({ "name": "a", "roles": ["viewer"] }),
        json!({ "name": "a", "roles": "viewer" }),
        json!({ "name": "a", "roles": ["viewer"], "namespaces": ["shop"] }),
        json!({ "name": "a", "roles": ["issuer"] }),
        // What is narrowed away need not be held.
        json!({ "name": "a", "roles": ["operator"], "namespaces": ["shop"] }),
        json!({ "name": "a", "roles": ["teller"], "namespaces": ["elsewhere"] }),
    ] {
        let answer = issue(&service, &issuer, input.clone()).await;
        assert!(answer.data("issueApiToken")["tokenId"].is_string(), "{input}");
    }
    // An operator shows tasks of `bank` too; here it is one of `shop` alone.
    refused(
        &issue(&service, &issuer, json!({ "name": "a", "roles": ["operator"] })).await,
        &["tasker.task:show"],
    );
    let teller = json!({ "name": "a", "roles": ["viewer", "teller"], "namespaces": ["bank", "shop"] });
    let answer = issue(&service, &issuer, teller).await;
    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"));
    assert!(answer.missing().contains(&"tasker.task:destroy"), "{}", answer.body);
    let answer = issue(&service, &issuer, json!({ "name": "a", "roles": ["admin"] })).await;
    let missing = answer.missing();
    for permission in ["tasker.api_token:destroy", "tasker.policy:update", "tasker.schema:show"] {
        assert!(missing.contains(&permission), "{missing:?}");
    }
    assert!(!missing.contains(&"tasker.api_token:create"), "{missing:?}");
    // The policy says something about this name itself.
    refused(
        &issue(&service, &issuer, json!({ "name": "boss", "roles": ["viewer"] })).await,
        &["tasker.task:resolve"],
    );
    for roles in [json!(["admin"]), json!(["teller", "operator"])] {
        let answer = issue(&service, &admin, json!({ "name": "a", "roles": roles })).await;
        assert!(answer.data("issueApiToken")["tokenId"].is_string());
    }
}

async fn one_token_too_much_refuses_the_whole_operation(place: Place) {
    let (service, issuer) = start(place).await;
    let admin = service.token("admin").await;
    let text = "mutation ($r: [String!]! = [\"admin\"]) {
        a: createTask(input: { name: \"order\", namespace: \"shop\" }) { taskId }
        b: issueApiToken(input: { name: \"a\", roles: [\"viewer\"] }) { tokenId }
        ...F
    } fragment F on Mutation { c: issueApiToken(input: { name: \"b\", roles: $r }) { tokenId } }";
    let answer = service.ask(&issuer, text).await;
    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{}", answer.body);
    let tokens = service.ask(&admin, "{ apiTokens { name } }").await;
    assert_eq!(tokens.data("apiTokens"), &json!([{ "name": "admin" }, { "name": "issuer" }]));
    assert_eq!(service.ask(&admin, "{ tasks { taskId } }").await.data("tasks"), &json!([]));
    let allowed = service.ask_with(&issuer, text, json!({ "r": ["viewer"] })).await;
    assert!(allowed.data("c")["tokenId"].is_string(), "{}", allowed.body);
}

async fn the_right_is_what_the_issuer_has_now(place: Place) {
    let (service, issuer) = start(place).await;
    let input = json!({ "name": "a", "roles": ["viewer"] });
    issue(&service, &issuer, input.clone()).await.data("issueApiToken");
    change_policy(&service, &format!("{POLICY}{ISSUER}p, role:issuer, shop, tasker.event, *, deny\n"));
    let missing = ["tasker.event:index", "tasker.event:subscribe"];
    refused(&issue(&service, &issuer, input).await, &missing);
    // One narrowed credential gives no wider one, whatever its roles.
    let narrowed = Wanted {
        name: "ada".into(),
        roles: vec!["admin".into()],
        namespaces: Some(vec!["shop".into()]),
        ..Wanted::default()
    };
    let narrowed = service.issue(narrowed).await;
    let answer = issue(&service, &narrowed, json!({ "name": "a", "roles": ["viewer"] })).await;
    assert_eq!(answer.missing(), ["tasker.api_token:create"], "{}", answer.body);
}

async fn a_role_that_means_nothing_is_given_to_nobody(place: Place) {
    let (service, issuer) = start(place).await;
    let answer = issue(&service, &issuer, json!({ "name": "later", "roles": ["superuser"] })).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
}

async fn a_token_does_not_outlive_the_one_that_issued_it(place: Place) {
    let (service, _) = start(place).await;
    let wanted = Wanted {
        name: "admin".into(),
        roles: vec!["admin".into()],
        expires_in: Some(std::time::Duration::from_secs(3_600)),
        ..Wanted::default()
    };
    let admin = service.issue(wanted).await;
    for more in [json!({}), json!({ "expiresInSeconds": 7_200 })] {
        let mut input = json!({ "name": "child", "roles": ["viewer"] });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let answer = issue(&service, &admin, input).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
    }
    let input = json!({ "name": "child", "roles": ["viewer"], "expiresInSeconds": 60 });
    issue(&service, &admin, input).await.data("issueApiToken");
}
