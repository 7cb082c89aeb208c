//! The messages of `graphql-transport-ws`, and the codes it closes with.

use std::collections::HashMap;

use async_graphql::{Extensions, Request, ServerError, Value, Variables};
use axum::extract::ws::{CloseFrame, Utf8Bytes};
use serde::{Deserialize, Serialize};

use crate::graphql::http::Wire;

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Incoming {
    ConnectionInit { payload: Option<serde_json::Map<String, serde_json::Value>> },
    Subscribe { id: String, payload: Subscribe },
    Complete { id: String },
    Ping { payload: Option<serde_json::Value> },
    Pong {},
}

/// The operation it wants to run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribe {
    query: String,
    operation_name: Option<String>,
    variables: Option<Variables>,
    extensions: Option<HashMap<String, Value>>,
}

impl From<Subscribe> for Request {
    fn from(subscribe: Subscribe) -> Self {
        let mut request = Self::new(subscribe.query).variables(subscribe.variables.unwrap_or_default());
        request.operation_name = subscribe.operation_name;
        request.extensions = Extensions(subscribe.extensions.unwrap_or_default());
        request
    }
}

/// What the service says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outgoing<'a> {
    ConnectionAck,
    Next {
        id: &'a str,
        payload: Wire<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    Complete {
        id: &'a str,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<&'a serde_json::Value>,
    },
}

impl Outgoing<'_> {
    /// The text to send.
    pub fn text(&self) -> Utf8Bytes {
        serde_json::to_string(self)
            .unwrap_or_else(|error| {
                tracing::error!(%error, "a message could not be written");
                r#"{"type":"ping"}"#.to_owned()
            })
            .into()
    }
}

/// Why a socket is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Close {
    /// The other end left, or can't be reached.
    Gone,
    /// The service is stopping.
    Shutdown,
    TooLarge,
    /// It asked too often.
    TooOften,
    InvalidMessage,
    Unauthorized,
    Forbidden,
    InitTimeout,
    AlreadyExists(String),
    TooManyInits,
}

impl Close {
    /// The frame to close with; `None` when nobody is there to read it.
    pub fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone => return None,
            Self::Shutdown => (1001, "The service is stopping".to_owned()),
            Self::TooLarge => (1009, "Message too large".to_owned()),
            Self::TooOften => (1013, "Too many requests: try again later".to_owned()),
            Self::InvalidMessage => (4400, "Invalid message".to_owned()),
            Self::Unauthorized => (4401, "Unauthorized".to_owned()),
            Self::Forbidden => (4403, "Forbidden".to_owned()),
            Self::InitTimeout => (4408, "Connection initialisation timeout".to_owned()),
            // A close reason has room for 123 bytes.
            Self::AlreadyExists(id) if id.len() <= 80 => {
                (4409, format!("Subscriber for {id} already exists"))
            }
            Self::AlreadyExists(_) => (4409, "Subscriber already exists".to_owned()),
            Self::TooManyInits => (4429, "Too many initialisation requests".to_owned()),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}
