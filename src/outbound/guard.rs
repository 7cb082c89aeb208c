//! What a client resolves names with, so that it connects to permitted addresses only.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    ClientBuilder, Url,
    dns::{Addrs, Name, Resolving},
};

use super::is_public;

/// An address is not for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is in a private network, or is this machine; where that is meant, allow it with `allow_private_networks: true`"
)]
pub struct Forbidden(String);

/// How names become addresses: by the system, or as a test has it.
pub type Resolve = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Which addresses may be reached.
pub type Permit = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Lets a client reach the public internet only, or everything.
#[derive(Clone)]
pub struct Guard {
    permit: Permit,
    resolve: Resolve,
}

impl Guard {
    /// With the system's resolver.
    pub fn new(allow_private_networks: bool) -> Self {
        Self::with_resolver(allow_private_networks, Arc::new(system))
    }

    /// With another one. It may block its thread.
    pub fn with_resolver(allow_private_networks: bool, resolve: Resolve) -> Self {
        Self::permitting(Arc::new(move |address| allow_private_networks || is_public(address)), resolve)
    }

    /// With another idea of which addresses may be reached.
    pub fn permitting(permit: Permit, resolve: Resolve) -> Self {
        Self { permit, resolve }
    }

    /// A client that asks this guard: whatever it is asked to fetch, name or number. It goes through no proxy, which
    /// would resolve names itself, and follows no redirect; who follows one asks [`Self::check`] again.
    pub fn client(&self) -> ClientBuilder {
        reqwest::Client::builder()
            .dns_resolver(Arc::new(self.clone()))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
    }

    /// Refuses an address that is written as a number: nobody resolves it. Must be asked before every request.
    pub fn check(&self, url: &Url) -> Result<(), Forbidden> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.permits(address) => Err(Forbidden(address.to_string())),
            _ => Ok(()),
        }
    }

    fn permits(&self, address: IpAddr) -> bool {
        (self.permit)(address)
    }

    /// Those of a name's addresses that are permitted.
    fn permitted(&self, name: &str) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let found = (self.resolve)(name)?;
        let permitted: Vec<SocketAddr> = found
            .iter()
            .filter(|address| self.permits(**address))
            .map(|address| SocketAddr::new(*address, 0))
            .collect();
        match (permitted.is_empty(), found.first()) {
            (false, _) => Ok(permitted),
            (true, Some(address)) => Err(Forbidden(format!("{name} ({address})")).into()),
            (true, None) => Err(format!("{name} has no address").into()),
        }
    }
}

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let name = name.as_str().to_owned();
            // The system's resolver blocks.
            let found = tokio::task::spawn_blocking(move || guard.permitted(&name)).await;
            let addresses = found.map_err(Box::new)??;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn system(name: &str) -> io::Result<Vec<IpAddr>> {
    use std::net::ToSocketAddrs;
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(addresses: &'static [&'static str]) -> Guard {
        let addresses = move || addresses.iter().map(|text| text.parse().expect("an address")).collect();
        Guard::with_resolver(false, Arc::new(move |_| Ok(addresses())))
    }

    #[test]
    fn of_a_names_addresses_the_public_ones_are_tried() {
        let found = guard(&["10.0.0.1", "1.1.1.1", "::1"]).permitted("example.com").expect("one");
        assert_eq!(found, ["1.1.1.1:0".parse().expect("an address")]);
    }

    #[test]
    fn a_name_that_leads_inside_is_refused_with_advice() {
        let error = guard(&["169.254.169.254"]).permitted("metadata.example.com").expect_err("refused");
        let said = error.to_string();
        assert!(said.contains("metadata.example.com (169.254.169.254)"), "{said}");
        assert!(said.contains("allow_private_networks"), "{said}");
    }

    #[test]
    fn an_address_in_numbers_is_looked_at_in_every_spelling() {
        let guard = Guard::new(false);
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1:80/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://user@10.1.2.3/",
        ] {
            let url = text.parse().expect(text);
            assert!(guard.check(&url).is_err(), "{text}");
            assert_eq!(Guard::new(true).check(&url), Ok(()), "{text}");
        }
        assert_eq!(guard.check(&"https://example.com/".parse().expect("an address")), Ok(()));
    }
}
