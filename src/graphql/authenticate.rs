//! Where a transport asks who is calling. It carries the credential; it doesn't judge it.

mod signed_in;
mod throttled;

use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql::{Data, ServerError};
use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

pub use signed_in::SignedIn;
pub use throttled::Throttled;

/// What a caller is asked for where nothing else is said.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"tasker\"");

/// Turns what a caller shows into data that the operation runs with.
///
/// Both methods answer the data, or the error the caller gets instead of a result.
#[async_trait]
pub trait Authenticate: Send + Sync + 'static {
    /// For one HTTP request. Its extensions hold what earlier middleware found out.
    async fn request(&self, parts: &Parts) -> Result<Data, ServerError>;

    /// For one WebSocket, when its `connection_init` has come: refused, it is closed with 4403. Then again for each of
    /// its operations: refused, that operation ends with the error.
    async fn connection(&self, init: ConnectionInit) -> Result<Data, ServerError>;

    /// Before a WebSocket is opened: whether one may be. Who it is will be asked when its `connection_init` has come.
    fn opens(&self, _: &Parts) -> Result<(), ServerError> {
        Ok(())
    }

    /// What `WWW-Authenticate` asks for.
    fn challenge(&self) -> HeaderValue {
        BEARER
    }
}

/// Middleware: every 401 says how to sign in.
pub async fn challenge(
    State(authenticate): State<Arc<dyn Authenticate>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, authenticate.challenge());
    }
    response
}

/// Accepts everybody, as nobody: a service that asks for no credential.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

#[async_trait]
impl Authenticate for Anonymous {
    async fn request(&self, _: &Parts) -> Result<Data, ServerError> {
        Ok(Data::default())
    }

    async fn connection(&self, _: ConnectionInit) -> Result<Data, ServerError> {
        Ok(Data::default())
    }
}

/// What a WebSocket showed before its first operation. It can't be printed: it may hold a secret.
#[derive(Clone)]
pub struct ConnectionInit {
    /// The payload of `connection_init`.
    pub payload: serde_json::Map<String, serde_json::Value>,
    /// The headers of the request that opened the socket.
    pub headers: HeaderMap,
    /// Who is at the other end, where the server knows.
    pub peer: Option<SocketAddr>,
}
