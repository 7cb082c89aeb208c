//! Signing in over a WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tasker::{
    auth::Subject,
    orchestration::{Clock, api_tokens},
};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest, http::Response};

use super::service::{PATIENCE, Service};
use crate::place::Place;

pub type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// What a `connection_init` is answered with: its acknowledgement, or the code the socket is closed with.
pub async fn open(service: &Service, payload: Value, shown: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let (mut socket, _) = connect(service, shown).await.expect("it opens");
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(Message::text(init.to_string())).await.expect("it is sent");
    loop {
        match socket.next().await.expect("an answer").expect("an answer") {
            Message::Text(text) => {
                assert_eq!(text.as_str(), r#"{"type":"connection_ack"}"#);
                return Ok(socket);
            }
            Message::Close(frame) => return Err(frame.expect("a code").code.into()),
            _ => {}
        }
    }
}

/// Opens a socket, and says nothing on it.
pub async fn connect(
    service: &Service,
    shown: &[(&'static str, &str)],
) -> Result<(Socket, Response<Option<Vec<u8>>>), Box<Error>> {
    let mut request = format!("ws://{}/graphql", service.address).into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
    for (name, value) in shown {
        request.headers_mut().append(*name, value.parse().expect("a header"));
    }
    Ok(tokio_tungstenite::connect_async(request).await?)
}

/// Starts an operation.
pub async fn subscribe(socket: &mut Socket, id: &str, query: &str) {
    let message = json!({ "type": "subscribe", "id": id, "payload": { "query": query } });
    socket.send(Message::text(message.to_string())).await.expect("it is sent");
}

/// The next message that is no ping.
pub async fn hear(socket: &mut Socket) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let message = timeout_at(deadline, socket.next()).await.expect("the service says nothing");
        if let Message::Text(text) = message.expect("a message").expect("a message") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}

async fn a_socket_is_opened_by_its_payload_or_by_its_headers(place: Place) {
    let service = Service::start(place, json!([{ "type": "api_token" }])).await;
    let (secret, _) = service.issue("admin").await;
    let bearer = format!("Bearer {}", secret.reveal());
    for (payload, shown) in [
        (json!({}), vec![]),
        (json!({ "Authorization": bearer }), vec![]),
        (json!({ "authorization": bearer }), vec![]),
        (json!({ "X-API-Token": secret.reveal() }), vec![]),
        (json!({}), vec![("authorization", &*bearer)]),
        (json!({ "Authorization": bearer }), vec![("authorization", &*bearer)]),
    ] {
        assert!(open(&service, payload, &shown).await.is_ok());
    }
}

/// D12: a credential that is none, and two that differ.
async fn a_socket_with_a_bad_credential_or_with_two_is_closed(place: Place) {
    let service = Service::start(place, json!([{ "type": "api_token" }])).await;
    let (secret, _) = service.issue("admin").await;
    let (other, _) = service.issue("admin").await;
    let bearer = format!("Bearer {}", secret.reveal());
    for (payload, shown) in [
        (json!({ "Authorization": "Bearer nothing" }), vec![]),
        (json!({ "Authorization": "Bearer" }), vec![]),
        (json!({ "Authorization": 7 }), vec![]),
        (json!({ "Authorization": format!("{bearer}\u{0}") }), vec![]),
        (json!({}), vec![("authorization", "Basic YWRhOnB3")]),
        (json!({ "X-API-Token": other.reveal() }), vec![("authorization", &*bearer)]),
        (json!({ "Authorization": format!("Bearer {}", other.reveal()) }), vec![("authorization", &*bearer)]),
    ] {
        assert_eq!(open(&service, payload, &shown).await.err(), Some(4403));
    }
}

async fn a_revoked_token_starts_nothing_more_on_an_open_socket(place: Place) {
    let service = Service::start(place, json!([{ "type": "api_token" }])).await;
    let (secret, token) = service.issue("admin").await;
    let mut socket =
        open(&service, json!({ "X-API-Token": secret.reveal() }), &[]).await.expect("it is good");
    let now = Clock::System.now();
    api_tokens::revoke(&service.database, &Subject::anonymous(), token.id, now).await.expect("it is stored");
    service.until(secret.reveal(), false).await;
    subscribe(&mut socket, "1", "{ __typename }").await;
    let answer = hear(&mut socket).await;
    assert_eq!(answer["type"], "error");
    assert_eq!(answer["payload"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

on_both_databases!(
    a_socket_is_opened_by_its_payload_or_by_its_headers,
    a_socket_with_a_bad_credential_or_with_two_is_closed,
    a_revoked_token_starts_nothing_more_on_an_open_socket,
);
