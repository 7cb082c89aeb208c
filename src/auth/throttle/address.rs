//! Where a caller is: its own address, or what the proxies that are trusted say about it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use axum::http::HeaderMap;

use crate::config::Network;

/// Where proxies say whom a request is of.
pub(super) const FORWARDED: &str = "x-forwarded-for";

/// More of a list of addresses is not looked at.
const MOST_HOPS: usize = 32;

/// Who is counted as one: an IPv4 address, or the /64 that an IPv6 address is in. Who has one of these has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl Address {
    /// Whether it is this machine.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                Self(Ipv6Addr::from_bits(address.to_bits() & !0 << 64).into())
            }
            address => Self(address),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V6(address) if !address.is_loopback() => write!(f, "{address}/64"),
            address => write!(f, "{address}"),
        }
    }
}

/// The last one in `X-Forwarded-For` that is no trusted proxy, if the peer is one; what stands before it anybody may
/// have written. Where that can't be read, it is the last proxy that can.
pub(super) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Address {
    let trusted = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut address = peer.to_canonical();
    let lists: Vec<&str> =
        headers.get_all(FORWARDED).iter().map(|list| list.to_str().unwrap_or("?")).collect();
    let hops = lists.iter().rev().flat_map(|list| list.rsplit(',')).take(MOST_HOPS);
    for hop in hops {
        if !trusted(&address) {
            break;
        }
        let Some(before) = read(hop.trim()) else { break };
        address = before;
    }
    address.into()
}

/// `10.0.0.1`, `10.0.0.1:4711`, `fd00::1`, `[fd00::1]`, `[fd00::1]:4711`.
fn read(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
    let address = address.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, lists: &[&str]) -> String {
        let proxies = ["10.0.0.0/8", "fd00::/16"].map(|text| text.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(FORWARDED, list.parse().expect("a header"));
        }
        of(peer.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_says_nothing_about_others() {
        assert_eq!(seen("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(seen("::ffff:192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn the_last_one_that_is_no_proxy_is_the_caller() {
        for (lists, caller) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["198.51.100.7:4711"], "198.51.100.7"),
            (&["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
            (&["127.0.0.1, 198.51.100.7, 10.2.0.1,10.3.0.1"], "198.51.100.7"),
            (&["203.0.113.1", "198.51.100.7"], "198.51.100.7"),
            (&["203.0.113.1, 198.51.100.7", "10.2.0.1"], "198.51.100.7"),
            (&["[2001:db8::1]:4711"], "2001:db8::/64"),
            (&["[2001:db8::1]"], "2001:db8::/64"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
        ] {
            for peer in ["10.1.0.1", "::ffff:10.1.0.1", "fd00::5"] {
                assert_eq!(seen(peer, lists), caller, "{lists:?}");
            }
        }
    }

    #[test]
    fn what_cant_be_read_leaves_the_proxy_that_sent_it() {
        for lists in [&[][..], &["unknown"], &[""], &["198.51.100.7, secret"], &["198.51.100.7,"]] {
            assert_eq!(seen("10.1.0.1", lists), "10.1.0.1", "{lists:?}");
        }
        assert_eq!(seen("10.1.0.1", &["198.51.100.7, ?, 10.2.0.1"]), "10.2.0.1");
        assert_eq!(seen("10.1.0.1", &[&"10.2.0.1,".repeat(100_000)]), "10.1.0.1");
    }

    #[test]
    fn an_ipv6_network_is_one_caller() {
        let address = |text: &str| Address::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert!(address("::1").is_loopback() && address("::ffff:127.0.0.1").is_loopback());
        assert!(!address("::2").is_loopback());
    }
}
