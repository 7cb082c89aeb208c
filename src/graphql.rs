//! The GraphQL service: how a document reaches the schema and how its answer gets back.
//!
//! Every transport (HTTP, Server-Sent Events, WebSocket) turns its input into a request and hands it to one
//! [`executor::Pipeline`], which parses, bounds, admits and executes it. Nothing else holds the schema, so that
//! nothing can run around the limits and the decision.
//!
//! Not here: what a field does, who may call it, and the page that lets a person try.

pub mod authenticate;
pub mod cors;
pub mod document;
pub mod error;
pub mod executor;
#[cfg(test)]
mod fixture;
pub mod gate;
pub mod host;
pub mod http;
pub mod introspection;
pub mod origin;
pub mod outline;
pub mod request_id;
pub mod schema;
pub mod settings;
pub mod websocket;

use std::sync::Arc;

use async_graphql::Executor;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use tokio_util::sync::CancellationToken;

pub use authenticate::{Anonymous, Authenticate, ConnectionInit, SignedIn, Throttled};
pub use error::Code;
pub use executor::Pipeline;
pub use request_id::RequestId;
pub use settings::GraphqlSettings;
pub use websocket::HandedOn;

/// What a request handler of any transport works with.
#[derive(Clone)]
pub struct Transport<E> {
    /// The one way to the schema.
    pub pipeline: Pipeline<E>,
    /// Who is calling.
    pub authenticate: Arc<dyn Authenticate>,
    /// What the operator chose.
    pub settings: Arc<GraphqlSettings>,
    /// Ends the streams when the service stops.
    pub shutdown: CancellationToken,
}

/// What is at `/graphql`: POST for operations and event streams, GET for WebSockets and, where it is turned on, queries.
pub fn route<E: Executor>(transport: Transport<E>) -> MethodRouter {
    let origins = cors::Origins::new(&transport.settings.allowed_origins, "POST, GET");
    let authenticate = transport.authenticate.clone();
    post(http::post::<E>)
        .merge(get(http::get::<E>))
        .fallback(http::other_method)
        .with_state(transport)
        .layer(from_fn_with_state(authenticate, authenticate::challenge))
        .layer(from_fn_with_state(origins, cors::allow))
        .layer(from_fn(request_id::assign))
}
