//! The address a person types to reach the service.

use std::net::SocketAddr;

/// `http://127.0.0.1:8080`; an unspecified address is reached as the loopback one.
pub(super) fn reachable(bound: SocketAddr) -> String {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    format!("http://{}", SocketAddr::new(ip, bound.port()))
}
