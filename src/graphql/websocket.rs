//! GraphQL over WebSocket: the `graphql-transport-ws` protocol, and no other.

mod connection;
mod message;
mod operation;
#[cfg(test)]
pub(super) mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql::Executor;
use axum::extract::ConnectInfo;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::{RequestId, Transport, http, origin};
use connection::Connection;

/// Tells who keeps account of what a connection has in memory that a message of it was handed on. Where the request that
/// opens a socket has it as an extension, it is told.
#[derive(Clone)]
pub struct HandedOn(Arc<dyn Fn() + Send + Sync>);

impl HandedOn {
    /// Tells it by this.
    pub fn new(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    fn tell(&self) {
        (self.0)();
    }
}

const PROTOCOL: &str = "graphql-transport-ws";

/// Opens a socket, unless a foreign page asks for it or it speaks something else.
pub fn open<E: Executor>(
    transport: Transport<E>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parts: Parts,
) -> Response {
    if !origin::is_allowed(&parts.headers, &transport.settings.allowed_origins) {
        return (StatusCode::FORBIDDEN, "Pages of this origin may not open a socket here.\n").into_response();
    }
    if !offers_protocol(&parts.headers) {
        let sentence = "The subprotocol must be graphql-transport-ws; graphql-ws is not spoken.\n";
        return (StatusCode::BAD_REQUEST, sentence).into_response();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    if let Err(error) = transport.authenticate.opens(&parts) {
        return http::refused(error);
    }
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let request_id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
    let span = tracing::info_span!("websocket", %request_id);
    let handed_on = parts.extensions.get::<HandedOn>().cloned();
    let limit = transport.settings.limits.body;
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(limit).max_frame_size(limit);
    upgrade.on_upgrade(move |socket| {
        let connection = Connection::new(transport, parts.headers, peer, request_id);
        connection.telling(handed_on).run(socket).instrument(span)
    })
}

fn offers_protocol(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offered = offered.filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == PROTOCOL)
}
