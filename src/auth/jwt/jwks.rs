//! A JWKS that is kept up to date beside the requests: none of them ever waits for it.
//!
//! It is read again every now and then, and sooner when a token names a key that is not in it, but never more
//! often than the cool-down allows. When it can't be read, the keys there are stay good until they are too old;
//! then, as before the first success, no token is.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{KeySet, source::Source};
use crate::config::{JwksSettings, Pace};

/// How soon a source that failed is asked again, at the soonest.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Keys that somebody else publishes.
pub struct Jwks {
    kept: Arc<Kept>,
    tried: watch::Receiver<bool>,
    _stop: DropGuard,
}

struct Kept {
    source: Source,
    pace: Pace,
    loaded: RwLock<Option<Loaded>>,
    wanted: Notify,
}

#[derive(Clone)]
struct Loaded {
    keys: Arc<KeySet>,
    at: Instant,
}

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing {
    /// There are no keys at the moment.
    Unavailable,
    /// None of the keys is it.
    Unknown,
}

impl Jwks {
    /// Begins to read it. Must be called within a runtime.
    pub fn keep(settings: JwksSettings) -> Result<Self, reqwest::Error> {
        let JwksSettings { place, pace } = settings;
        let kept =
            Kept { source: Source::new(place)?, pace, loaded: RwLock::default(), wanted: Notify::new() };
        let kept = Arc::new(kept);
        let (first, tried) = watch::channel(false);
        let stop = CancellationToken::new();
        let (keeper, stopped) = (kept.clone(), stop.clone());
        tokio::spawn(async move { stopped.run_until_cancelled(keeper.keep_up(first)).await });
        Ok(Self { kept, tried, _stop: stop.drop_guard() })
    }

    /// Waits until it was read, or could not be, once.
    pub async fn tried(&self) {
        // The sender goes with the service only.
        let _ = self.tried.clone().wait_for(|tried| *tried).await;
    }

    /// The key of a token with this id and algorithm.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, Missing> {
        let loaded = self.kept.loaded();
        let fresh = loaded.filter(|loaded| loaded.at.elapsed() < self.kept.pace.max_age);
        let found = match fresh {
            None => Err(Missing::Unavailable),
            Some(loaded) => loaded.keys.find(id, algorithm).cloned().ok_or(Missing::Unknown),
        };
        if found.is_err() {
            self.kept.wanted.notify_one();
        }
        found
    }
}

impl Kept {
    async fn keep_up(self: Arc<Self>, first: watch::Sender<bool>) {
        loop {
            let rest = match self.read().await {
                Ok(keys) => {
                    self.put(Loaded { keys: Arc::new(keys), at: Instant::now() });
                    self.pace.refresh
                }
                Err(reason) => {
                    tracing::warn!(jwks = %self.source, reason, "the keys can't be read; those there are stay good for a while");
                    self.pace.refresh.min(self.pace.cooldown.max(AFTER_FAILURE))
                }
            };
            first.send_replace(true);
            let cool = Instant::now() + self.pace.cooldown;
            tokio::select! {
                () = sleep(rest) => {}
                () = self.wanted.notified() => sleep_until(cool).await,
            }
        }
    }

    async fn read(&self) -> Result<KeySet, String> {
        let text = timeout(self.pace.timeout, self.source.read()).await;
        let text = text.map_err(|_| format!("no answer within {:?}", self.pace.timeout))??;
        KeySet::read(&text).map_err(ToOwned::to_owned)
    }

    fn loaded(&self) -> Option<Loaded> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, loaded: Loaded) {
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded);
    }
}
