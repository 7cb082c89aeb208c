//! How often somebody may ask: one address, one subject, and one address whose credentials are refused.
//!
//! What is remembered is bounded: a flood of addresses or of names pushes out the buckets that were idle for longest,
//! and grows nothing. A caller from this machine is not counted unless the settings say so.
//!
//! Not here: what an answer to one who has to wait looks like.

mod address;
mod bucket;
mod buckets;
#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::HeaderMap;
use moka::sync::Cache;
use tokio::time::Instant;

pub use address::Address;
use bucket::Rate;
use buckets::Buckets;

use super::{Subject, shown::CREDENTIALS};
use crate::{
    config::{Network, RateLimit, Server},
    metrics::{
        Metrics,
        labels::{ByLimit, Limit},
    },
};

/// A credential that was good within this time is looked at even where its address has shown too many bad ones.
const REMEMBERED: Duration = Duration::from_secs(300);

/// Asked too often: this long until it is worth trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Of what there was too much.
    pub limit: Limit,
    /// How long.
    pub time: Duration,
}

/// Which credential was shown, without what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

/// Counts callers, and says who has to wait.
pub struct Throttle {
    began: Instant,
    proxies: Vec<Network>,
    loopback: bool,
    patience: Duration,
    hasher: RandomState,
    good: Cache<Fingerprint, ()>,
    limits: Option<Limits>,
    /// Whether it was said that somebody is not counted who should be.
    told: AtomicBool,
    metrics: Metrics,
}

struct Limits {
    addresses: Buckets<Address>,
    subjects: Buckets<Arc<str>>,
    sign_ins: Buckets<Address>,
}

impl Limits {
    fn of(settings: &RateLimit) -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        const MINUTE: Duration = Duration::from_secs(60);
        let RateLimit { per_address, per_subject, failed_sign_ins, max_keys, .. } = *settings;
        let most = max_keys as u64;
        Self {
            addresses: Buckets::new(Rate::new(per_address, SECOND, settings.per_address_burst), most),
            subjects: Buckets::new(Rate::new(per_subject, SECOND, settings.per_subject_burst), most),
            sign_ins: Buckets::new(Rate::new(failed_sign_ins, MINUTE, settings.failed_sign_ins_burst), most),
        }
    }
}

impl Throttle {
    /// As configured.
    pub fn new(settings: &Server, metrics: Metrics) -> Self {
        let limits = &settings.rate_limit;
        Self {
            began: Instant::now(),
            proxies: settings.trusted_proxies.clone(),
            loopback: limits.loopback,
            patience: settings.request_timeout,
            hasher: RandomState::new(),
            good: Cache::builder().max_capacity(limits.max_keys as u64).time_to_idle(REMEMBERED).build(),
            limits: limits.enabled.then(|| Limits::of(limits)),
            told: AtomicBool::new(!limits.enabled),
            metrics,
        }
    }

    /// Where a request comes from: the peer, or whom a trusted proxy names. Nowhere where the server does not know.
    pub fn address(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<Address> {
        let peer = peer?.ip().to_canonical();
        let from = address::of(peer, headers, &self.proxies);
        let stranger = peer.is_loopback() && !self.proxies.iter().any(|proxy| proxy.contains(&peer));
        let proxied = stranger && headers.contains_key(address::FORWARDED);
        if proxied && self.counted(Some(from)).is_none() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a proxy on this machine sends requests of others, and who calls through it is not counted: name it in \
                 server.trusted_proxies"
            );
        }
        Some(from)
    }

    /// How long it may take to find out who calls.
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// A request, or a new socket, of an address.
    pub fn arrives(&self, from: Option<Address>) -> Result<(), Wait> {
        let Some((limits, from)) = self.counted(from) else { return Ok(()) };
        let Some(from) = from else { return Ok(()) };
        self.told(Limit::Address, limits.addresses.take(from, self.now()), from)
    }

    /// A credential that is about to be looked at. Not after too many bad ones from the same address, unless this one
    /// was good a moment ago: who guesses costs no look-ups, and shuts out nobody who has signed in.
    pub fn signs_in(&self, from: Option<Address>, shown: Fingerprint) -> Result<(), Wait> {
        let Some((limits, Some(from))) = self.counted(from) else { return Ok(()) };
        match limits.sign_ins.look(&from, self.now()) {
            Err(_) if self.good.contains_key(&shown) => Ok(()),
            looked => self.told(Limit::SignIn, looked, from),
        }
    }

    /// What was shown was refused.
    pub fn was_refused(&self, from: Option<Address>) {
        if let Some((limits, Some(from))) = self.counted(from) {
            limits.sign_ins.note(from, self.now());
        }
    }

    /// What was shown was good.
    pub fn was_good(&self, shown: Fingerprint) {
        // Asking for it keeps it, too.
        if self.limits.is_some() && self.good.get(&shown).is_none() {
            self.good.insert(shown, ());
        }
    }

    /// A request of a subject. Nobody in particular is counted by the address alone.
    pub fn asks(&self, from: Option<Address>, subject: &Subject) -> Result<(), Wait> {
        let Some((limits, _)) = self.counted(from) else { return Ok(()) };
        let Some(name) = subject.name() else { return Ok(()) };
        self.told(Limit::Subject, limits.subjects.take(name.clone(), self.now()), name)
    }

    /// What a request shows in its headers, and beside them; nothing where it shows nothing.
    pub fn fingerprint(&self, headers: &HeaderMap, beside: Option<&str>) -> Option<Fingerprint> {
        let shown =
            CREDENTIALS.into_iter().flat_map(|name| headers.get_all(name)).map(|value| value.as_bytes());
        let shown: Vec<&[u8]> = shown.chain(beside.map(str::as_bytes)).collect();
        (!shown.is_empty()).then(|| Fingerprint(self.hasher.hash_one(shown)))
    }

    /// What counts a caller from there; none where callers from there are not counted.
    fn counted(&self, from: Option<Address>) -> Option<(&Limits, Option<Address>)> {
        let exempt = !self.loopback && from.is_some_and(|from| from.is_loopback());
        self.limits.as_ref().filter(|_| !exempt).map(|limits| (limits, from))
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Counts a refusal, and logs the first of each minute.
    fn told(
        &self,
        limit: Limit,
        taken: Result<(), buckets::Refused>,
        who: impl std::fmt::Display,
    ) -> Result<(), Wait> {
        let Err(refused) = taken else { return Ok(()) };
        self.metrics.rate_limited.get_or_create(&ByLimit { limit }).inc();
        if let Some(refusals) = refused.to_log {
            tracing::warn!(limit = limit.as_str(), %who, refusals, "asked too often: told to wait");
        }
        Err(Wait { limit, time: refused.wait })
    }
}
