//! E: who somebody claims to be.
//!
//! In `auth::jwt`, `auth::jwks` and the unit tests beside the authenticators: E02 and E03, signed tokens and their
//! keys. In `auth::tokens`: E05, a token that is withdrawn. In `gate::lists`: E04, a token that is narrowed.

use serde_json::json;
use tasker::auth::Wanted;

use super::{ground::Ground, transports::raw};
use crate::place::Place;

on_both_databases![
    a_bad_credential_is_refused_even_where_none_is_needed,
    a_narrowed_credential_stays_narrow_whoever_it_is_of,
    a_worker_is_no_operator,
    nobody_is_called_like_a_pattern,
];

/// E01: malformed, twice, in disagreement, not text.
async fn a_bad_credential_is_refused_even_where_none_is_needed(place: Place) {
    let ground = Ground::new(place).await;
    let admin = &ground.admin;
    let before = ground.rows().await;
    let good = format!("Bearer {admin}");
    for shown in [
        &[("authorization", "Bearer nothing")][..],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", "")],
        &[("authorization", "nothing")],
        &[("authorization", admin)],
        &[("authorization", "Basic YWRtaW46YWRtaW4=")],
        &[("authorization", &format!("Bearer {admin} {admin}"))],
        &[("authorization", &format!("Bearer {admin},"))],
        &[("authorization", &format!("Bearer {}", &admin[..admin.len() - 1]))],
        &[("authorization", &format!("Bearer {}", admin.to_uppercase()))],
        &[("authorization", &format!("Bearer\t{admin}"))],
        &[("authorization", &good), ("authorization", &good)],
        &[("authorization", &good), ("authorization", "Bearer nothing")],
        &[("authorization", &good), ("x-api-token", "nothing")],
        &[("authorization", "Basic YQ=="), ("x-api-token", admin)],
        &[("x-api-token", "nothing")],
        &[("x-api-token", "")],
        &[("x-api-token", &good)],
        &[("x-api-token", admin), ("x-api-token", admin)],
        &[("x-api-token", &"a".repeat(20_000))],
        &[("authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.")],
    ] {
        for query in ["{ __typename }", "{ tasks { taskId } }", "mutation { nothing }", "{"] {
            let request =
                shown.iter().fold(ground.post(""), |request, (name, value)| request.header(*name, *value));
            let answer = Ground::hear(request.json(&json!({ "query": query }))).await;
            assert_eq!(
                (answer.status, answer.code()),
                (401, "UNAUTHENTICATED"),
                "{shown:?}: {}",
                answer.text
            );
            assert!(answer.headers["www-authenticate"].to_str().expect("text").starts_with("Bearer"));
            assert!(answer.headers.contains_key("x-request-id") && answer.body.get("data").is_none());
            assert!(!answer.text.contains(admin.as_str()), "{}", answer.text);
        }
    }
    let body = r#"{"query": "{ __typename }"}"#;
    for value in
        [&b"Bearer a\0b"[..], b"Bearer \xc3\xa9", b"Bearer \xff\xfe", b"Bearer a\x7f", b"Bearer a\rX: y"]
    {
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\nAuthorization: ",
            ground.service.address,
            body.len()
        );
        let answer = raw(&ground, &[head.as_bytes(), value, b"\r\n\r\n", body.as_bytes()]).await;
        let refused = answer.starts_with("HTTP/1.1 401") || answer.starts_with("HTTP/1.1 400");
        assert!(refused, "{:?}: {answer}", String::from_utf8_lossy(value));
    }
    assert_eq!(ground.rows().await, before);
}

/// E04: the token's namespaces meet those of its roles, in reading, in changing and in what it may issue.
async fn a_narrowed_credential_stays_narrow_whoever_it_is_of(place: Place) {
    let ground = Ground::new(place).await;
    let namespaces = Some(vec!["shop".into()]);
    let wanted =
        Wanted { name: "narrow".into(), roles: vec!["admin".into()], namespaces, ..Wanted::default() };
    let narrow = ground.service.issue(wanted).await;
    let seen = ground.ask(&narrow, "{ tasks { namespace } taskConnection { totalCount } }").await;
    assert_eq!(
        seen.data(),
        &json!({ "tasks": [{ "namespace": "shop" }], "taskConnection": { "totalCount": 1 } })
    );
    for text in [
        "query ($id: ID!) { task(taskId: $id) { context } }",
        "mutation ($id: ID!) { cancelTask(input: {taskId: $id}) { taskId } }",
        "mutation ($id: ID!) { resolveTask(input: {taskId: $id}) { taskId } }",
    ] {
        ground.hidden(&narrow, text, &ground.bank).await;
    }
    let create = "mutation { createTask(input: {name: \"order\", namespace: \"bank\"}) { taskId } }";
    ground.denied(&narrow, create, &["tasker.task:create"]).await;
    let issue = "mutation { issueApiToken(input: {name: \"x\", roles: [\"admin\"]}) { secret } }";
    ground.denied(&narrow, issue, &["tasker.api_token:create"]).await;
    ground.denied(&narrow, "{ apiTokens { name } }", &["tasker.api_token:index"]).await;
    assert_eq!(ground.status(&ground.bank).await, "PENDING");
}

/// E06: what a worker has to do, it may; nothing else.
async fn a_worker_is_no_operator(place: Place) {
    let ground = Ground::new(place).await;
    ground.also("p, role:worker, *, tasker.workflow_step, claim, allow\np, role:worker, *, tasker.workflow_step, complete, allow");
    let worker = ground.token("worker").await;
    ground.denied(&worker, "{ tasks { taskId } }", &["tasker.task:index"]).await;
    ground.denied(&worker, "{ events { nodes { name } } }", &["tasker.event:index"]).await;
    ground.denied(&worker, "{ apiTokens { name } }", &["tasker.api_token:index"]).await;
    let id = json!({ "id": ground.shop });
    for (field, missing) in [("cancelTask", "cancel"), ("retryTask", "retry"), ("resolveTask", "resolve")] {
        let text = format!("mutation ($id: ID!) {{ {field}(input: {{taskId: $id}}) {{ taskId }} }}");
        ground.denied_with(&worker, &text, id.clone(), &[&format!("tasker.task:{missing}")]).await;
    }
    let step = "mutation ($id: ID!) { resolveStep(input: {taskId: $id, stepId: $id, results: {}}) { name } }";
    ground.denied_with(&worker, step, id, &["tasker.workflow_step:resolve"]).await;
}

/// E09, F09, F10: a name or a role that could be read as something else is not given to anybody.
async fn nobody_is_called_like_a_pattern(place: Place) {
    let ground = Ground::new(place).await;
    let text = "mutation ($i: IssueApiTokenInput!) { issueApiToken(input: $i) { name } }";
    let before = ground.rows().await;
    for odd in [
        "*",
        "",
        " ",
        "ada ",
        "user:ada",
        "role:admin",
        "a,b",
        "ada\n",
        "аdmin",
        "ａdmin",
        "admin\u{200b}",
        "r.sub == \"x\"",
        ".*|admin",
    ] {
        for input in [
            json!({ "name": odd, "roles": ["viewer"] }),
            json!({ "name": "ada", "roles": [odd] }),
            json!({ "name": "ada", "roles": ["viewer"], "namespaces": [odd] }),
        ] {
            // A namespace may be called like many things that a person may not.
            let answer = ground.ask_with(&ground.admin, text, json!({ "i": input })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{input}: {}", answer.text);
        }
    }
    assert_eq!(ground.rows().await, before);
    for look_alike in ["Admin", "ADMIN", "admin.", "admin-", "nobody-defined-this"] {
        let token = ground.token(look_alike).await;
        ground.denied(&token, "{ tasks { taskId } }", &["tasker.task:index"]).await;
    }
}
