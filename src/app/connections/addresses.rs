//! How many connections each address has open, so that one can't take all there are.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    auth::Address,
    config::{Network, Server},
};

/// The addresses that have any open.
pub(super) struct Addresses {
    most: usize,
    loopback: bool,
    proxies: Vec<Network>,
    open: Mutex<HashMap<Address, usize>>,
}

/// A connection that is counted, or one of somebody who is not.
pub(super) struct Entered(Option<(Arc<Addresses>, Address)>);

impl Addresses {
    /// As configured.
    pub(super) fn new(settings: &Server) -> Arc<Self> {
        Arc::new(Self {
            most: settings.max_connections_per_address,
            loopback: settings.rate_limit.loopback,
            proxies: settings.trusted_proxies.clone(),
            open: Mutex::default(),
        })
    }

    /// Counts one more, unless there are too many. A trusted proxy is many callers, and this machine is nobody's enemy.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Entered> {
        let peer = peer.to_canonical();
        let from = Address::from(peer);
        if from.is_loopback() && !self.loopback || self.proxies.iter().any(|proxy| proxy.contains(&peer)) {
            return Some(Entered(None));
        }
        let mut open = self.lock();
        let count = open.entry(from).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Entered(Some((self.clone(), from))))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let Some((addresses, from)) = self.0.take() else { return };
        let mut open = addresses.lock();
        match open.get_mut(&from) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&from)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(set: impl FnOnce(&mut Server)) -> Arc<Addresses> {
        let mut settings = Server { max_connections_per_address: 2, ..Server::default() };
        set(&mut settings);
        Addresses::new(&settings)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_address_has_so_many_and_one_that_ends_makes_room() {
        let addresses = addresses(|_| ());
        let first = addresses.enter(ip("192.0.2.1")).expect("there is room");
        let _second = addresses.enter(ip("::ffff:192.0.2.1")).expect("there is room");
        assert!(addresses.enter(ip("192.0.2.1")).is_none());
        assert!(addresses.enter(ip("192.0.2.2")).is_some());
        drop(first);
        let _third = addresses.enter(ip("192.0.2.1")).expect("there is room again");
        let network = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|text| addresses.enter(ip(text)));
        assert_eq!(network.iter().filter(|entered| entered.is_some()).count(), 2, "a network is one");
        drop(network);
        assert_eq!(addresses.lock().len(), 1, "who has none open is forgotten");
    }

    #[test]
    fn proxies_and_this_machine_are_not_counted() {
        let proxied = addresses(|settings| {
            settings.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        });
        let many = ["10.1.2.3", "127.0.0.1", "::1"].map(|text| [0; 5].map(|_| proxied.enter(ip(text))));
        assert!(many.iter().flatten().all(Option::is_some));
        let strict = addresses(|settings| settings.rate_limit.loopback = true);
        let own = [0; 5].map(|_| strict.enter(ip("127.0.0.1")));
        assert_eq!(own.iter().flatten().count(), 2);
    }
}
