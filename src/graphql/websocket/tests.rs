use std::time::Duration;

use async_graphql::{Data, ServerError};
use async_trait::async_trait;
use axum::http::request::Parts;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::graphql::fixture::{self, router, serve};
use crate::graphql::{Authenticate, Code, ConnectionInit, GraphqlSettings};

/// Refuses the credential `Bearer bad`.
pub struct RefusesBad;

#[async_trait]
impl Authenticate for RefusesBad {
    async fn request(&self, parts: &Parts) -> Result<Data, ServerError> {
        match parts.headers.get("authorization") {
            Some(value) if value == "Bearer bad" => {
                Err(Code::Unauthenticated.refuse("the credential is not valid"))
            }
            _ => Ok(Data::default()),
        }
    }

    async fn connection(&self, init: ConnectionInit) -> Result<Data, ServerError> {
        let value = init.payload.get("Authorization").or_else(|| init.payload.get("authorization"));
        match value.and_then(Value::as_str) {
            Some("Bearer bad") => Err(Code::Unauthenticated.refuse("the credential is not valid")),
            _ => Ok(Data::default()),
        }
    }
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

#[derive(Debug, PartialEq)]
enum Heard {
    Message(Value),
    Closed(u16),
}

impl Client {
    async fn connect(settings: GraphqlSettings) -> Self {
        let (mut transport, _) = fixture::transport(settings);
        transport.authenticate = std::sync::Arc::new(RefusesBad);
        let address = serve(router(transport)).await;
        Self::connect_to(address, "graphql-transport-ws", None).await.unwrap()
    }

    async fn connect_to(
        address: std::net::SocketAddr,
        protocol: &str,
        origin: Option<&str>,
    ) -> Result<Self, Box<tokio_tungstenite::tungstenite::Error>> {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    async fn ready() -> Self {
        Self::ready_with(GraphqlSettings::default()).await
    }

    async fn ready_with(settings: GraphqlSettings) -> Self {
        let mut client = Self::connect(settings).await;
        client.send(json!({"type": "connection_init"})).await;
        assert_eq!(client.hear().await, Heard::Message(json!({"type": "connection_ack"})));
        client
    }

    async fn send(&mut self, message: Value) {
        self.say(&message.to_string()).await;
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({"type": "subscribe", "id": id, "payload": {"query": query}})).await;
    }

    async fn hear(&mut self) -> Heard {
        loop {
            let message =
                tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("silence");
            match message {
                Some(Ok(Message::Text(text))) => return Heard::Message(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Heard::Closed(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn hear_type(&mut self) -> String {
        match self.hear().await {
            Heard::Message(message) => message["type"].as_str().unwrap().to_owned(),
            Heard::Closed(code) => code.to_string(),
        }
    }
}

#[tokio::test]
async fn a_subscription_is_answered_and_completed() {
    let mut client = Client::ready().await;
    client.subscribe("1", "subscription { ticks(n: 2) }").await;
    let next =
        |tick| Heard::Message(json!({"type": "next", "id": "1", "payload": {"data": {"ticks": tick}}}));
    assert_eq!(client.hear().await, next(0));
    assert_eq!(client.hear().await, next(1));
    assert_eq!(client.hear().await, Heard::Message(json!({"type": "complete", "id": "1"})));
}

#[tokio::test]
async fn a_query_is_answered_once_and_its_id_is_free_again() {
    let mut client = Client::ready().await;
    for _ in 0..20 {
        client.subscribe("1", "{ hello }").await;
        assert_eq!([client.hear_type().await, client.hear_type().await], ["next", "complete"]);
    }
}

#[tokio::test]
async fn what_cannot_run_is_an_error_and_not_a_result() {
    let mut client = Client::ready().await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ticks other: ticks }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($a: Int!) { hello }", "BAD_USER_INPUT"),
    ] {
        client.subscribe("1", query).await;
        let Heard::Message(message) = client.hear().await else { panic!("closed") };
        assert_eq!(
            (&message["type"], &message["payload"][0]["extensions"]["code"]),
            (&json!("error"), &json!(code))
        );
    }
}

#[tokio::test]
async fn a_panic_ends_its_stream_and_nothing_else() {
    let mut client = Client::ready().await;
    client.subscribe("1", "subscription { breaks }").await;
    assert_eq!(client.hear_type().await, "next");
    let Heard::Message(message) = client.hear().await else { panic!("closed") };
    assert_eq!(message["payload"]["errors"][0]["extensions"]["code"], "INTERNAL");
    assert!(!message.to_string().contains("secret"));
    assert_eq!(client.hear_type().await, "complete");
    client.subscribe("2", "{ hello }").await;
    assert_eq!(client.hear_type().await, "next");
}

#[tokio::test]
async fn every_breach_of_the_protocol_has_its_code() {
    let cases: [(&[&str], u16); 7] = [
        (&["not json"], 4400),
        (&[r#"{"type": "nonsense"}"#], 4400),
        (&[r#"{"type": "connection_init", "payload": 7}"#], 4400),
        (&[r#"{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}}"#], 4401),
        (&[r#"{"type": "connection_init", "payload": {"authorization": "Bearer bad"}}"#], 4403),
        (&[r#"{"type": "connection_init"}"#, r#"{"type": "connection_init"}"#], 4429),
        (
            &[
                r#"{"type": "connection_init"}"#,
                r#"{"type": "subscribe", "id": "1", "payload": {"query": "subscription { forever }"}}"#,
                r#"{"type": "subscribe", "id": "1", "payload": {"query": "subscription { forever }"}}"#,
            ],
            4409,
        ),
    ];
    for (said, code) in cases {
        let mut client = Client::connect(GraphqlSettings::default()).await;
        for text in said {
            client.say(text).await;
        }
        let closed = loop {
            if let Heard::Closed(code) = client.hear().await {
                break code;
            }
        };
        assert_eq!(closed, code, "{said:?}");
    }
}

#[tokio::test]
async fn a_client_that_never_introduces_itself_is_closed() {
    let init_timeout = Duration::from_millis(50);
    let mut client = Client::connect(GraphqlSettings { init_timeout, ..GraphqlSettings::default() }).await;
    assert_eq!(client.hear().await, Heard::Closed(4408));
}

#[tokio::test]
async fn a_message_above_the_limit_closes_the_socket() {
    let mut client = Client::ready().await;
    client.say(&" ".repeat((1 << 20) + 1)).await;
    assert_eq!(client.hear().await, Heard::Closed(1009));
}

#[tokio::test]
async fn a_connection_has_so_many_operations_and_may_use_a_stopped_ones_place() {
    let settings = GraphqlSettings { subscriptions_per_connection: 2, ..GraphqlSettings::default() };
    let mut client = Client::ready_with(settings).await;
    for id in ["1", "2", "3"] {
        client.subscribe(id, "subscription { forever }").await;
    }
    let Heard::Message(message) = client.hear().await else { panic!("closed") };
    assert_eq!(
        (&message["id"], &message["payload"][0]["extensions"]["code"]),
        (&json!("3"), &json!("LIMIT_EXCEEDED"))
    );
    client.send(json!({"type": "complete", "id": "1"})).await;
    client.subscribe("1", "{ hello }").await;
    assert_eq!(client.hear_type().await, "next");
}

#[tokio::test]
async fn other_protocols_and_foreign_pages_are_refused() {
    let (transport, _) = fixture::transport(GraphqlSettings::default());
    let address = serve(router(transport)).await;
    assert!(Client::connect_to(address, "graphql-ws", None).await.is_err());
    assert!(Client::connect_to(address, "graphql-transport-ws", Some("http://evil.example")).await.is_err());
    let own = format!("http://{address}");
    assert!(Client::connect_to(address, "graphql-ws, graphql-transport-ws", Some(&own)).await.is_ok());
}

#[tokio::test]
async fn the_end_of_the_service_closes_its_sockets() {
    let (transport, _) = fixture::transport(GraphqlSettings::default());
    let shutdown = transport.shutdown.clone();
    let address = serve(router(transport)).await;
    let mut client = Client::connect_to(address, "graphql-transport-ws", None).await.unwrap();
    client.send(json!({"type": "connection_init"})).await;
    assert_eq!(client.hear_type().await, "connection_ack");
    shutdown.cancel();
    assert_eq!(client.hear().await, Heard::Closed(1001));
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carried() {
    let mut client = Client::ready().await;
    client.send(json!({"type": "ping", "payload": {"a": 1}})).await;
    assert_eq!(client.hear().await, Heard::Message(json!({"type": "pong", "payload": {"a": 1}})));
}

#[tokio::test]
async fn a_busy_stream_does_not_starve_another() {
    let mut client = Client::ready().await;
    client.subscribe("busy", "subscription { workflowEvents { cursor } }").await;
    client.subscribe("ticks", "subscription { ticks(n: 2) }").await;
    client.subscribe("silent", "subscription { forever }").await;
    let mut complete = Vec::new();
    while complete.len() < 2 {
        let Heard::Message(message) = client.hear().await else { panic!("closed") };
        if message["type"] == "complete" {
            complete.push(message["id"].clone());
        }
    }
    assert!(!complete.contains(&json!("silent")));
}

#[tokio::test]
async fn a_client_that_is_silent_even_to_pings_is_given_up() {
    let keep_alive = Duration::from_millis(100);
    let mut client = Client::ready_with(GraphqlSettings { keep_alive, ..GraphqlSettings::default() }).await;
    // Reading answers pings by itself, so the client stays while it reads, and is gone when it doesn't.
    client.subscribe("1", "subscription { ticks(n: 100) }").await;
    for _ in 0..100 {
        assert_eq!(client.hear_type().await, "next");
    }
    assert_eq!(client.hear_type().await, "complete");
    tokio::time::sleep(keep_alive * 10).await;
    let ended = async { while let Some(Ok(_)) = client.0.next().await {} };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("the socket is open");
}
