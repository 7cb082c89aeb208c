//! F: the policy, while it is used.
//!
//! In `auth::policy`'s own tests: F01 to F03 and F09 to F11, what a file may say; F08, who wins; F12, against casbin. In
//! `gate::reload`: a broken file changes nothing.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use tasker::{
    app::Tasker,
    auth::{AuthorizationCoordinator, CoordinatorError, Grant, Grants, Namespaces, Permission, Subject},
};
use tokio::sync::watch;

use super::ground::Ground;
use crate::place::Place;

on_both_databases![
    a_coordinator_in_trouble_permits_nothing,
    each_request_is_decided_by_one_version,
    who_steers_everything_hands_out_nothing,
];

/// Answers, fails or panics, as its subject is called.
struct Moody(watch::Sender<u64>);

#[tasker::async_trait]
impl AuthorizationCoordinator for Moody {
    async fn grants(&self, subject: &Subject) -> Result<Arc<Grants>, CoordinatorError> {
        match subject.name().map_or("", |name| &**name) {
            "fails" => Err(CoordinatorError("the directory is away".into())),
            "panics" => panic!("the directory is on fire"),
            "admin" => {
                let mut grants = Grants::of_version(1);
                for permission in Permission::ALL {
                    grants.permit(*permission, Grant::within(Namespaces::ALL));
                }
                Ok(Arc::new(grants))
            }
            _ => Ok(Arc::new(Grants::of_version(1))),
        }
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// F04: an error or a panic is a no, to this request and to no other.
async fn a_coordinator_in_trouble_permits_nothing(place: Place) {
    let moody = Tasker::builder().authorization(Moody(watch::Sender::new(1)));
    let ground = Ground::built(place, moody).await;
    for who in ["fails", "panics"] {
        let token = ground.token(who).await;
        for text in ["{ tasks { taskId } }", "{ __typename }", "{ __schema { queryType { name } } }"] {
            ground.denied(&token, text, &[]).await;
        }
        let cancel =
            format!("mutation {{ cancelTask(input: {{taskId: \"{}\"}}) {{ taskId }} }}", ground.shop);
        ground.denied(&token, &cancel, &[]).await;
        let mut socket = ground.socket(&token).await;
        socket.subscribe("1", "subscription { workflowEvents { name } }", json!({})).await;
        let error = socket.expect("error").await;
        assert_eq!(error["payload"][0]["extensions"]["code"], "FORBIDDEN", "{error}");
        socket.subscribe("2", "{ tasks { taskId } }", json!({})).await;
        assert_eq!(socket.expect("error").await["id"], "2", "the socket lives on");
    }
    assert_eq!(
        ground.ask(&ground.admin, "{ tasks { name } }").await.data()["tasks"].as_array().map(Vec::len),
        Some(2)
    );
}

/// F06: of two policies each lacks what the other has; no mixture of them ever lets anything through.
async fn each_request_is_decided_by_one_version(place: Place) {
    let ground = Arc::new(Ground::new(place).await);
    let one = "p, role:torn, shop, tasker.task, index, allow";
    let other = "p, role:torn, shop, tasker.task, show, allow";
    ground.also(one);
    let torn = ground.token("torn").await;
    let over = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..8)
        .map(|_| {
            let (ground, torn, over) = (ground.clone(), torn.clone(), over.clone());
            tokio::spawn(async move {
                let (mut by_one, mut by_other) = (0, 0);
                while !over.load(Ordering::Relaxed) {
                    let answer = ground.ask(&torn, "{ tasks { taskId context } }").await;
                    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{}", answer.text);
                    match answer.missing()[..] {
                        ["tasker.task:show"] => by_one += 1,
                        ["tasker.task:index"] => by_other += 1,
                        _ => panic!("neither policy says so: {}", answer.text),
                    }
                }
                (by_one, by_other)
            })
        })
        .collect();
    for round in 0..150 {
        ground.also(if round % 2 == 0 { other } else { one });
        // Some requests get to see it.
        ground.ask(&torn, "{ __typename }").await;
    }
    over.store(true, Ordering::Relaxed);
    let (mut by_one, mut by_other) = (0, 0);
    for asker in askers {
        let decided = asker.await.expect("each by one version");
        (by_one, by_other) = (by_one + decided.0, by_other + decided.1);
    }
    assert!(by_one > 0 && by_other > 0, "{by_one} by one, {by_other} by the other");
}

/// F08: `*` is not everything, and what one may not do one may not issue a token for.
async fn who_steers_everything_hands_out_nothing(place: Place) {
    let ground = Ground::new(place).await;
    ground.also("p, role:chief, *, *, *, allow\np, role:chief, bank, tasker.task, cancel, deny");
    let chief = ground.token("chief").await;
    let issue = "mutation { issueApiToken(input: {name: \"x\", roles: [\"admin\"]}) { secret } }";
    ground.denied(&chief, issue, &["tasker.api_token:create"]).await;
    let revoke =
        "mutation { revokeApiToken(input: {tokenId: \"0197f1a0-0000-7000-8000-000000000000\"}) { name } }";
    ground.denied(&chief, revoke, &["tasker.api_token:destroy"]).await;
    ground.denied(&chief, "{ apiTokens { name } }", &["tasker.api_token:index"]).await;
    let cancel = "mutation ($id: ID!) { cancelTask(input: {taskId: $id}) { status } }";
    ground.denied_there(&chief, cancel, json!({ "id": ground.bank }), &["tasker.task:cancel"]).await;
    let done = ground.ask_with(&chief, cancel, json!({ "id": ground.shop })).await;
    assert_eq!(done.data()["cancelTask"]["status"], "CANCELLED");
}
