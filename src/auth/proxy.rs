//! Who calls, as a gateway in front says: a header that counts only when a trusted peer sends it.

use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName};

use super::{Authenticator, Bounds, Credentials, Rejected, Subject, subject};
use crate::config::{Network, ProxySettings};

/// Trusts a gateway that has signed the caller in.
pub struct Proxy {
    trusted: Vec<Network>,
    subject: HeaderName,
    roles: HeaderName,
    namespaces: Option<HeaderName>,
}

impl Proxy {
    /// As configured.
    pub fn new(settings: ProxySettings) -> Self {
        let ProxySettings { trusted_peers, subject_header, roles_header, namespaces_header } = settings;
        Self {
            trusted: trusted_peers,
            subject: subject_header,
            roles: roles_header,
            namespaces: namespaces_header,
        }
    }

    fn trusts(&self, peer: Option<SocketAddr>) -> bool {
        let address: Option<IpAddr> = peer.map(|peer| peer.ip().to_canonical());
        address.is_some_and(|address| self.trusted.iter().any(|network| network.contains(&address)))
    }

    fn headers(&self) -> impl Iterator<Item = &HeaderName> {
        [&self.subject, &self.roles].into_iter().chain(&self.namespaces)
    }
}

#[async_trait]
impl Authenticator for Proxy {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let Credentials { headers, peer } = credentials;
        let Some(shown) = self.headers().find(|name| headers.contains_key(*name)) else { return Ok(None) };
        if !self.trusts(*peer) {
            let why = format!("the header {shown} is for the gateway in front of this service alone");
            return Err(Rejected::Invalid(why));
        }
        let Some(name) = single(headers, &self.subject)? else {
            let why = format!("the header {shown} is there without {}", self.subject);
            return Err(Rejected::Invalid(why));
        };
        let name = subject::checked_name(name).map_err(Rejected::Invalid)?;
        let roles = subject::checked_list(list(headers, &self.roles)?).map_err(Rejected::Invalid)?;
        let namespaces = match &self.namespaces {
            // Told to narrow, it narrows: without the header there is nothing left.
            Some(header) => Some(list(headers, header)?.into_iter().map(Into::into).collect()),
            None => None,
        };
        let bounds = Bounds { namespaces, handler_classes: None };
        Ok(Some(Subject::named(name).with_roles(roles).within(bounds)))
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Rejected> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        (Err(_), _) => Err(Rejected::Invalid(format!("the header {name} is not text"))),
        (_, Some(_)) => Err(Rejected::Invalid(format!("the header {name} is there twice"))),
    }
}

/// `a, b`.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Vec<&'a str>, Rejected> {
    let text = single(headers, name)?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn proxy(namespaces: Option<&'static str>) -> Proxy {
        Proxy::new(ProxySettings {
            trusted_peers: vec![
                "10.0.0.0/8".parse().expect("a network"),
                "fd00::1/128".parse().expect("one"),
            ],
            subject_header: HeaderName::from_static("x-user"),
            roles_header: HeaderName::from_static("x-roles"),
            namespaces_header: namespaces.map(HeaderName::from_static),
        })
    }

    async fn ask(
        proxy: &Proxy,
        peer: Option<&str>,
        pairs: &[(&'static str, &str)],
    ) -> Result<Option<Subject>, Rejected> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a header"));
        }
        let peer = peer.map(|ip| SocketAddr::new(ip.parse().expect("an address"), 4711));
        proxy.authenticate(&Credentials { headers, peer }).await
    }

    #[tokio::test]
    async fn a_trusted_peer_says_who_calls() {
        let ada = Subject::named("ada").with_roles(["viewer", "operator"]);
        for peer in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1"] {
            let shown = [("x-user", "ada"), ("x-roles", "viewer, operator,")];
            assert_eq!(ask(&proxy(None), Some(peer), &shown).await, Ok(Some(ada.clone())), "{peer}");
        }
    }

    #[tokio::test]
    async fn the_header_from_anyone_else_is_refused() {
        for peer in [Some("11.0.0.1"), Some("127.0.0.1"), Some("fd00::2"), None] {
            for shown in [[("x-user", "ada")], [("x-roles", "admin")]] {
                assert!(ask(&proxy(None), peer, &shown).await.is_err(), "{peer:?}");
            }
        }
    }

    #[tokio::test]
    async fn without_the_header_it_has_no_opinion() {
        assert_eq!(ask(&proxy(None), Some("11.0.0.1"), &[("accept", "*/*")]).await, Ok(None));
    }

    #[tokio::test]
    async fn a_gateway_that_contradicts_itself_is_refused() {
        let twice = [("x-user", "ada"), ("x-user", "eve")];
        for shown in [&twice[..], &[("x-roles", "admin")], &[("x-user", "")], &[("x-user", "a\tb")]] {
            assert!(ask(&proxy(None), Some("10.0.0.1"), shown).await.is_err(), "{shown:?}");
        }
    }

    #[tokio::test]
    async fn namespaces_narrow_and_their_absence_leaves_nothing() {
        for (shown, expected) in [(Some("shop, bank"), vec!["shop", "bank"]), (None, vec![])] {
            let mut pairs = vec![("x-user", "ada")];
            pairs.extend(shown.map(|names| ("x-namespaces", names)));
            let subject = ask(&proxy(Some("x-namespaces")), Some("10.0.0.1"), &pairs).await;
            let subject = subject.expect("it is trusted").expect("somebody");
            let expected: Arc<[Arc<str>]> = expected.into_iter().map(Arc::from).collect();
            assert_eq!(subject.bounds().namespaces, Some(expected));
        }
    }
}
