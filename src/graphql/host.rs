//! Which names the service answers to, so that a page can't reach it by pointing its own name here.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The names that are accepted.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Bound to loopback, only its own names reach it; elsewhere any name does unless some are listed.
    any: bool,
    allowed: Arc<[String]>,
}

impl Hosts {
    /// For a service that listens at `bound`.
    pub fn new(bound: SocketAddr, allowed: &[String]) -> Self {
        let allowed: Arc<[String]> = allowed.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { any: !bound.ip().to_canonical().is_loopback() && allowed.is_empty(), allowed }
    }

    /// Whether a `Host` header, with or without a port, is one of ours.
    pub fn accepts(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = without_port(&host);
        let local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        self.any || local || self.allowed.iter().any(|allowed| *allowed == host || allowed == name)
    }
}

/// The name in `name:port`. An IPv6 address keeps its brackets; what isn't a port is not taken off.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            if name.starts_with('[') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

/// Middleware: 421 for a request by another name.
pub async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if is_for_us(&hosts, &request) {
        return next.run(request).await;
    }
    let sentence =
        "This service does not answer to that Host. Add it to server.allowed_hosts if it should.\n";
    (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}

/// Every name the request gives, in its header or in its line, has to be ours, and it has to give one.
fn is_for_us(hosts: &Hosts, request: &Request) -> bool {
    let headers =
        request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let mut names = headers.chain(authority).peekable();
    names.peek().is_some() && names.all(|host| hosts.accepts(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(bound: &str, allowed: &[&str]) -> Hosts {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        Hosts::new(bound.parse().unwrap(), &allowed)
    }

    #[test]
    fn on_loopback_only_local_names_and_listed_ones_are_ours() {
        let hosts = hosts("127.0.0.1:8080", &["tasker.local", "Box:9000"]);
        for ours in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "tasker.local:5",
            "box:9000",
        ] {
            assert!(hosts.accepts(ours), "{ours}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example",
            "",
            "box:9001",
            "127.0.0.1.nip.io",
            "::1",
            "localhost:x",
        ] {
            assert!(!hosts.accepts(other), "{other}");
        }
    }

    #[tokio::test]
    async fn a_request_by_another_name_is_misdirected() {
        let app = axum::Router::new()
            .route("/", axum::routing::get(|| async { "here" }))
            .layer(axum::middleware::from_fn_with_state(hosts("127.0.0.1:80", &[]), check));
        for (host, status) in [(Some("localhost:80"), 200), (Some("evil.example"), 421), (None, 421)] {
            let mut request = Request::new(axum::body::Body::empty());
            if let Some(host) = host {
                request.headers_mut().insert(header::HOST, host.parse().unwrap());
            }
            let response = tower::ServiceExt::oneshot(app.clone(), request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{host:?}");
        }
    }

    #[test]
    fn elsewhere_any_name_is_ours_until_some_are_listed() {
        assert!(hosts("0.0.0.0:80", &[]).accepts("tasker.example.org"));
        assert!(!hosts("0.0.0.0:80", &["tasker.example.org"]).accepts("evil.example"));
    }
}
