//! What callers keep secret is in no log line, however much is logged.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use ring::hmac;
use serde_json::{Value, json};
use tasker::{
    auth::{Subject, Wanted},
    orchestration::{Clock, api_tokens},
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::{
    crash::{home::Home, programs::Program, service::Service},
    place::Place,
};

on_both_databases![what_is_secret_is_in_no_log_line];

/// Whatever is secret has this in it.
const MARK: &str = "hunter2";
const KEY: &str = "hunter2-0123456789abcdef0123456789abcdef";

const CREATE: &str = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId status } }";

fn template() -> Value {
    json!({
        "name": "secretive",
        "schema": { "type": "object", "properties": { "card": { "type": "string" } }, "required": ["card"] },
        "step_templates": [{ "name": "a", "handler_class": "tasker.noop" }],
    })
}

fn jwt(header: Value, claims: &Value, key: &str) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), message.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

async fn what_is_secret_is_in_no_log_line(place: Place) {
    let home = Home::new(place, &[template()]);
    let settings = json!({
        "authentication": { "enabled": true, "authenticators": [
            { "type": "api_token" }, { "type": "jwt", "algorithms": ["HS256"], "secret": KEY },
        ] },
        "graphql": { "get_queries": true },
    });
    home.write("tasker.yaml", &settings.to_string());
    let (database, now) = (home.migrated().await, Clock::System.now());
    let wanted = Wanted { name: "ada".into(), roles: vec!["admin".into()], ..Wanted::default() };
    let issued = api_tokens::issue(&database, &Subject::anonymous(), wanted, now).await.expect("a token");
    let token = issued.0.reveal().to_owned();
    let mut command = home.serve(Program::Tasker);
    command.env("RUST_LOG", "info,tasker=trace");
    let service = Service::of(&home, command).await;

    let secret = json!({ "password": MARK, "nested": [MARK] });
    let claims = |more: Value| {
        let mut claims = json!({ "sub": "ada", "exp": 4_000_000_000_u64, "password": MARK });
        claims.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        claims
    };
    let plain = json!({ "alg": "HS256" });
    let tokens = [
        jwt(plain.clone(), &claims(json!({})), KEY),
        jwt(plain.clone(), &claims(json!({})), "another"),
        jwt(plain.clone(), &claims(json!({ "exp": MARK })), KEY),
        jwt(plain.clone(), &claims(json!({ "nbf": MARK })), KEY),
        jwt(plain.clone(), &claims(json!({ "sub": [MARK] })), KEY),
        jwt(plain.clone(), &claims(json!({ "roles": { MARK: MARK } })), KEY),
        jwt(json!({ "alg": MARK }), &claims(json!({})), KEY),
        jwt(json!({ "alg": "HS256", "kid": MARK, "crit": [MARK] }), &claims(json!({})), KEY),
    ];
    let shown: Vec<(&str, String)> = tokens
        .iter()
        .map(|token| ("Authorization", format!("Bearer {token}")))
        .chain([
            ("Authorization", format!("Bearer {token}")),
            ("Authorization", format!("Bearer {MARK}")),
            ("Authorization", format!("Basic {MARK}")),
            ("Authorization", format!("Bearer tasker_{MARK}")),
            ("X-API-Token", token.clone()),
            ("X-API-Token", format!("{token}{MARK}")),
            ("Cookie", format!("session={MARK}")),
            ("X-Forwarded-For", MARK.to_owned()),
            ("Origin", format!("https://{MARK}.example")),
            ("X-Request-Id", format!("{MARK} {MARK}")),
        ])
        .collect();
    let context = |value: Value| json!({ "input": { "name": "secretive", "context": value } });
    let documents = [
        (CREATE, context(json!({ "card": MARK, "more": secret }))),
        (CREATE, context(json!({ "card": 7, "more": secret }))),
        (CREATE, context(json!(MARK))),
        (CREATE, json!({ "input": { "name": MARK, "context": secret } })),
        (CREATE, json!({ "input": { "name": "secretive", "unknown": MARK } })),
        ("query ($limit: Int!) { tasks(limit: $limit) { name } }", json!({ "limit": MARK })),
        ("query ($id: ID!) { task(taskId: $id) { name } }", json!({ "id": MARK })),
        (
            "mutation { createTask(input: { name: \"secretive\", context: { card: \"hunter2\" } }) { context } }",
            json!({}),
        ),
        ("{ tasks { hunter2 } } # hunter2", json!({})),
        ("{ \"hunter2", json!({})),
        ("subscription { workflowEvents(after: \"hunter2\") { name } }", json!({})),
    ];
    for (name, value) in &shown {
        let request = service.client.post("{ __typename }", json!({})).header(*name, value);
        request.send().await.expect("an answer");
    }
    for (query, variables) in documents {
        for media in ["application/json", "text/event-stream"] {
            let request = service.client.post(query, variables.clone()).header("X-API-Token", &token);
            let answer = request.header("Accept", media).send().await.expect("an answer");
            let _ = answer.text().await.expect("its end");
        }
    }
    let path =
        format!("/graphql?query=%7B__typename%7D&variables=%7B%22a%22%3A%22{MARK}%22%7D&access_token={MARK}");
    for path in [&path, &format!("/{MARK}"), &format!("/metrics?token={MARK}")] {
        service.client.get(path).await.expect("an answer");
    }
    socket(
        &service,
        &[json!({ "type": "connection_init", "payload": { "Authorization": MARK, "more": secret } })],
    )
    .await;
    socket(
        &service,
        &[
            json!({ "type": "connection_init", "payload": { "X-API-Token": token, "more": secret } }),
            json!({ "type": "subscribe", "id": "1", "payload": {
                "query": CREATE, "variables": context(json!({ "card": MARK })), "extensions": secret } }),
            json!({ "type": "subscribe", "id": "2", "payload": { "query": "{ hunter2 }" } }),
            json!({ "type": "ping", "payload": secret }),
            json!({ "type": MARK }),
        ],
    )
    .await;
    let log = service.log_file();
    assert!(service.stop().await.success());
    let log = std::fs::read_to_string(log).expect("a log");
    for line in ["a credential is refused", "a socket was refused", "a socket is closed", "stopping"] {
        assert!(log.contains(line), "{line:?} is missing: what is tested does not happen:\n{log}");
    }
    for line in log.lines().filter(|line| line.contains("a credential is refused")) {
        assert!(line.contains("request_id="), "nobody knows which request it is about: {line}");
    }
    let parts = tokens.iter().flat_map(|token| token.split('.')).filter(|part| part.len() > 20);
    let secrets = parts.chain([MARK, KEY, token.as_str(), &token[7..]]);
    let leaked: Vec<&str> =
        secrets.flat_map(|secret| log.lines().filter(move |line| line.contains(secret))).collect();
    assert!(leaked.is_empty(), "{}", leaked.join("\n"));
}

/// Says these on a socket, and hears what is answered until it is closed.
async fn socket(service: &Service, messages: &[Value]) {
    let address = service.address.replace("http://", "ws://") + "/graphql";
    let mut request = address.into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("it opens");
    for message in messages {
        let _ = socket.send(Message::text(message.to_string())).await;
    }
    let closed = async { while let Some(Ok(_)) = socket.next().await {} };
    tokio::time::timeout(super::service::PATIENCE, closed).await.expect("it is closed");
}
