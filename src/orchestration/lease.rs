//! The node's lease, renewed from a thread of its own so that no handler can starve it.
//!
//! On SQLite the file's lock is the lease. On PostgreSQL a node that can't renew stops itself at two thirds of
//! the lease, before anyone else may take its tasks, and registers anew when the database answers again.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::data::{Error, Kind, node};

impl Engine {
    pub(super) fn keep_lease(&self) -> Result<(), Error> {
        if self.database().kind() == Kind::Sqlite {
            return Ok(());
        }
        let engine = self.clone();
        let work = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(engine.lease_loop()),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the lease can't be renewed; the node stops"
                );
                engine.signals().draining.cancel();
            }
        };
        std::thread::Builder::new()
            .name("lease".into())
            .spawn(work)
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(())
    }

    async fn lease_loop(&self) {
        let lease = self.settings().lease_ttl;
        let stop = self.signals().draining.clone();
        // A draining node still writes: its lease is renewed until its work is done.
        let done = self.work().clone();
        let mut renewed = Instant::now();
        // The engine's runtime has the pool's connections; this thread has its own.
        let mut own = LeaseConnection::default();
        loop {
            tokio::time::sleep(lease / 4).await;
            if stop.is_cancelled() && done.is_empty() {
                return;
            }
            match tokio::time::timeout(lease / 4, own.renew(self, lease)).await {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => self.stand_down("another node has taken this one over").await,
                Ok(Err(error)) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the lease could not be renewed"
                    );
                    own = LeaseConnection::default();
                }
                Err(_) => {
                    tracing::warn!("renewing the lease took too long");
                    own = LeaseConnection::default();
                }
            }
            if renewed.elapsed() >= lease * 2 / 3 && !self.is_fenced() {
                self.stand_down("the database did not answer in time").await;
            }
            if self.is_fenced() && !stop.is_cancelled() && self.stand_up().await {
                renewed = Instant::now();
            }
        }
    }

    /// Stops every run at once; nothing more is written under the old lease.
    async fn stand_down(&self, why: &str) {
        tracing::error!(why, "the lease is lost: this node stops its tasks");
        self.fence().cancel();
    }

    /// Registers anew once the old runs are gone. The old node's tasks come back when its lease has run out.
    async fn stand_up(&self) -> bool {
        let wait = Duration::from_secs(1);
        if tokio::time::timeout(wait, self.all_runs_ended()).await.is_err() {
            return false;
        }
        let identity = match node::register(self.database(), self.name(), self.settings().lease_ttl).await {
            Ok(identity) => identity,
            Err(_) => return false,
        };
        if self.journal().adopt(identity).await.is_err() {
            return false;
        }
        self.assume(identity);
        self.renew_fence();
        tracing::info!(node = %identity.id, "the database answers again: this node has a new lease");
        self.wakes().note(None);
        self.wakes().ring();
        true
    }

    async fn all_runs_ended(&self) {
        while !self.runs().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Cancelled when the lease is lost.
    pub(super) fn fence(&self) -> CancellationToken {
        self.signals().fenced.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn renew_fence(&self) {
        *self.signals().fenced.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            CancellationToken::new();
    }

    /// The lease is lost, and no new one is held yet.
    pub fn is_fenced(&self) -> bool {
        self.fence().is_cancelled()
    }
}

/// A connection that only the lease uses: a full pool can't delay it.
#[derive(Default)]
struct LeaseConnection {
    lease: Option<node::Lease>,
}

impl LeaseConnection {
    async fn renew(&mut self, engine: &Engine, ttl: Duration) -> Result<bool, Error> {
        if self.lease.is_none() {
            self.lease = Some(node::Lease::connect(engine.database()).await?);
        }
        match &mut self.lease {
            Some(lease) => lease.renew(engine.identity(), ttl).await,
            None => Ok(true),
        }
    }
}
