//! D: over a WebSocket, and what lasts.
//!
//! In `gate::streams`: D17 and D18, the end of the credential or of the permission; D19, events of elsewhere. In
//! `graphql::sockets` and `auth::socket`: D08 to D14 and D16, the protocol and its credentials.

use serde_json::{Value, json};

use super::{ground::Ground, request::Request, value::NOBODYS_ID};
use crate::{graphql::ws::Heard, place::Place};

on_both_databases![
    what_is_forbidden_is_forbidden_on_a_socket,
    a_subscription_has_one_root_wherever_it_stands,
    a_forged_cursor_is_no_beginning,
    a_cursor_of_somebody_elses_leads_to_ones_own,
    a_running_operation_is_not_replaced,
    many_sockets_are_many_askers,
    what_is_elsewhere_is_like_what_is_not_there,
];

async fn error(ground: &Ground, token: &str, text: &str, variables: Value) -> Value {
    let mut socket = ground.socket(token).await;
    socket.subscribe("1", text, variables).await;
    let mut error = socket.expect("error").await;
    assert_eq!(error["id"], "1");
    // The socket is good for what is permitted.
    socket.subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(socket.next().await, json!({ "__typename": "Query" }));
    error["payload"][0].take()
}

/// D07: a mutation. B07: contents by an event or by a task that changes.
async fn what_is_forbidden_is_forbidden_on_a_socket(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let before = ground.rows().await;
    let id = json!({ "id": ground.shop });
    for (text, missing) in [
        (
            "mutation ($id: ID!) { x: cancelTask(input: {taskId: $id}) { taskId } }",
            json!(["tasker.task:cancel"]),
        ),
        ("query ($id: ID!) { task(taskId: $id) { taskId } }", json!(["tasker.task:show"])),
        ("subscription ($id: ID!) { taskUpdated(taskId: $id) { status } }", json!(["tasker.task:show"])),
        (
            "subscription ($id: ID!) { workflowEvents(filter: {taskId: $id}) { payload } }",
            json!(["tasker.event:show"]),
        ),
        (
            "subscription ($id: ID!) { ...F } fragment F on Subscription { taskUpdated(taskId: $id) { workflowSteps { results } } }",
            json!(["tasker.task:show", "tasker.workflow_step:show"]),
        ),
    ] {
        let error = error(&ground, &viewer, text, id.clone()).await;
        assert_eq!(
            error["extensions"],
            json!({ "code": "FORBIDDEN", "missingPermissions": missing }),
            "{text}"
        );
        let answer = Ground::hear(ground.post("").json(&json!({ "query": text, "variables": id }))).await;
        assert!([400, 401].contains(&answer.status), "{}", answer.text);
    }
    assert_eq!(ground.rows().await, before);
}

/// D15: counted after its fragments are looked into.
async fn a_subscription_has_one_root_wherever_it_stands(place: Place) {
    let ground = Ground::new(place).await;
    for text in [
        "subscription { workflowEvents { name } x: workflowEvents { name } }",
        "subscription { workflowEvents { name } ...F } fragment F on Subscription { x: workflowEvents { name } }",
        "subscription { ... { workflowEvents { name } } ... { y: workflowEvents { name } } }",
        "subscription { __typename }",
        "subscription { workflowEvents { name } __typename }",
        "subscription { workflowEvents @skip(if: true) { name } }",
        "subscription { ... @include(if: false) { workflowEvents { name } } }",
        "subscription { workflowEvents(filter: {namespace: \"a\"}) { name } workflowEvents { name } }",
    ] {
        let error = error(&ground, &ground.admin, text, json!({})).await;
        assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{text}: {error}");
    }
}

/// D20: forged, cut off, of the future, of something else.
async fn a_forged_cursor_is_no_beginning(place: Place) {
    let ground = Ground::new(place).await;
    let text = "subscription ($after: String) { workflowEvents(after: $after) { name } }";
    let good = ground.ask(&ground.admin, "{ eventCursor }").await.data()["eventCursor"]
        .as_str()
        .expect("one")
        .to_owned();
    let tasks = ground.ask(&ground.admin, "{ taskConnection { edges { cursor } } }").await;
    let of_tasks = tasks.data()["taskConnection"]["edges"][0]["cursor"].as_str().expect("one").to_owned();
    let mut cursors = vec![
        String::new(),
        " ".into(),
        "x".into(),
        "0".into(),
        "-1".into(),
        "1".into(),
        "999999999999999999999".into(),
        "' OR 1=1 --".into(),
        "\u{0}".into(),
        "null".into(),
        of_tasks,
        format!("{good} "),
        format!(" {good}"),
        good[..good.len() - 1].into(),
        good.to_uppercase() + "=",
        good.repeat(100),
    ];
    cursors.retain(|cursor| *cursor != good);
    for cursor in cursors {
        let mut socket = ground.socket(&ground.admin).await;
        socket.subscribe("1", text, json!({ "after": cursor })).await;
        let heard = socket.hear_message().await;
        let code = match heard["type"].as_str() {
            Some("error") => heard["payload"][0]["extensions"]["code"].clone(),
            _ => heard["payload"]["errors"][0]["extensions"]["code"].clone(),
        };
        assert!(
            ["BAD_USER_INPUT", "CURSOR_EXPIRED"].contains(&code.as_str().unwrap_or("")),
            "{cursor:?}: {heard}"
        );
    }
}

/// D20: another's cursor says where, not what.
async fn a_cursor_of_somebody_elses_leads_to_ones_own(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let cursors =
        ground.ask(&ground.admin, "{ events(first: 100) { edges { cursor node { namespace } } } }").await;
    let edges = cursors.data()["events"]["edges"].as_array().expect("edges").clone();
    assert!(edges.iter().any(|edge| edge["node"]["namespace"] == "bank"));
    for edge in edges {
        let text = "query ($after: String) { events(after: $after) { nodes { namespace } } }";
        let seen = ground.ask_with(&viewer, text, json!({ "after": edge["cursor"] })).await;
        let nodes = seen.data()["events"]["nodes"].as_array().expect("nodes");
        assert!(nodes.iter().all(|node| node["namespace"] == "shop"), "{}", seen.text);
    }
}

/// D13: the second of one id ends the socket, and takes nothing over.
async fn a_running_operation_is_not_replaced(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let mut socket = ground.socket(&viewer).await;
    socket.subscribe("1", "subscription { workflowEvents { namespace } }", json!({})).await;
    socket.subscribe("1", "{ tasks { context } }", json!({})).await;
    assert_eq!(socket.hear().await, Heard::Closed(4409));
}

/// D14: a caller with many sockets is answered on each, and another is not in its way.
async fn many_sockets_are_many_askers(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let mut sockets = Vec::new();
    for _ in 0..15 {
        let mut socket = ground.socket(&viewer).await;
        for id in 0..50 {
            socket.subscribe(&id.to_string(), "subscription { workflowEvents { name } }", json!({})).await;
        }
        socket.subscribe("one too many", "subscription { workflowEvents { name } }", json!({})).await;
        let refused = socket.expect("error").await;
        assert_eq!(refused["id"], "one too many");
        assert_eq!(refused["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
        sockets.push(socket);
    }
    ground.waiting("bank").await;
    ground.waiting("shop").await;
    for socket in &mut sockets {
        assert_eq!(socket.next().await["workflowEvents"]["name"], "task.created");
    }
    assert_eq!(ground.ask(&ground.admin, "{ __typename }").await.status, 200);
}

/// B14: to the byte, on a socket and on a stream.
async fn what_is_elsewhere_is_like_what_is_not_there(place: Place) {
    let ground = Ground::new(place).await;
    let teller = ground.token("teller").await;
    let text = "subscription ($id: ID!) { taskUpdated(taskId: $id) { status } }";
    let mut said = Vec::new();
    for id in [&*ground.shop, NOBODYS_ID] {
        let mut socket = ground.socket(&teller).await;
        socket.subscribe("1", text, json!({ "id": id })).await;
        let heard =
            [socket.hear().await, socket.hear().await].map(|heard| format!("{heard:?}").replace(id, "ID"));
        let request = Request { variables: json!({ "id": id }), ..Request::plain(text) };
        let streamed = ground.stream(&teller, &request).await;
        said.push((heard, streamed.status, streamed.text.replace(id, "ID")));
    }
    assert_eq!(said[0], said[1]);
    assert!(said[0].2.contains("NOT_FOUND"), "{said:?}");
}
