//! A client of `graphql-transport-ws`.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

use crate::app::PATIENCE;

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What the service says.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Message(Value),
    Closed(u16),
}

impl Socket {
    /// Opens a socket and says nothing.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_as(address, "graphql-transport-ws", &[]).await.expect("the socket opens")
    }

    /// With another protocol or more headers.
    pub async fn open_as(
        address: SocketAddr,
        protocol: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Box<tungstenite::Error>> {
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        Ok(Self(connect_async(request).await?.0))
    }

    /// Opens a socket that is let in.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut socket = Self::open(address).await;
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.hear().await, Heard::Message(json!({ "type": "connection_ack" })));
        socket
    }

    pub async fn send(&mut self, message: Value) {
        self.say(&message.to_string()).await;
    }

    pub async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("sent");
    }

    pub async fn say_bytes(&mut self, bytes: &'static [u8]) {
        self.0.send(Message::binary(bytes)).await.expect("sent");
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// The next thing that the service says, its own pings left out: a service that does nothing else says nothing.
    pub async fn hear(&mut self) -> Heard {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = timeout_at(deadline, self.0.next()).await.expect("the service says nothing");
            match message {
                Some(Ok(Message::Text(text))) => {
                    return Heard::Message(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(Some(frame)))) => return Heard::Closed(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message, whatever it is.
    pub async fn hear_message(&mut self) -> Value {
        match self.hear().await {
            Heard::Message(message) => message,
            closed @ Heard::Closed(_) => panic!("a message was expected: {closed:?}"),
        }
    }

    /// The next message, which has this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        match self.hear().await {
            Heard::Message(message) if message["type"] == kind => message,
            other => panic!("{kind} was expected: {other:?}"),
        }
    }

    /// The `data` of the next answer.
    pub async fn next(&mut self) -> Value {
        let mut message = self.expect("next").await;
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].take()
    }

    /// Says goodbye with this code.
    pub async fn leave(&mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.0.send(Message::Close(Some(frame))).await.expect("sent");
    }

    /// The code that the socket is closed with, whatever is said before.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.hear().await {
                return code;
            }
        }
    }
}
