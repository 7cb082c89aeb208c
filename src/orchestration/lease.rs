//! The node's lease, renewed from a thread of its own so that no handler can starve it.
//!
//! On SQLite the file's lock is the lease. On PostgreSQL a node that can't renew stops itself at two thirds of
//! the lease, before anyone else may take its tasks, and registers anew when the database answers again.

use std::{panic::AssertUnwindSafe, time::Duration};

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Engine;
use crate::data::{
    Error, Kind,
    node::{Identity, Lease},
};

impl Engine {
    /// The lease was asked for at `began`.
    pub(super) fn keep_lease(&self, began: Instant) -> Result<(), Error> {
        if self.database().kind() == Kind::Sqlite {
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Unavailable(Box::new(error)))?;
        let (engine, thread) = (self.clone(), self.signals().threads.token());
        let work = move || {
            let keeper = Keeper { engine: engine.clone(), connection: None, next: None };
            let kept = AssertUnwindSafe(|| runtime.block_on(keeper.keep(began)));
            if std::panic::catch_unwind(kept).is_err() {
                engine.fail("the lease is not renewed any more");
            }
            drop(thread);
        };
        let spawned = std::thread::Builder::new().name("lease".into()).spawn(work);
        spawned.map(drop).map_err(|error| Error::Unavailable(Box::new(error)))
    }

    /// Stops every run at once; nothing more is written under the old lease.
    fn stand_down(&self, why: &str) {
        tracing::error!(why, "the lease is lost: this node stops its tasks");
        self.fence().cancel();
    }

    async fn all_runs_ended(&self) {
        while !self.runs().is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Who keeps the lease.
struct Keeper {
    engine: Engine,
    /// Nobody else uses it: a full pool can't delay it.
    connection: Option<Lease>,
    /// Registered, and not yet what this node signs with.
    next: Option<Identity>,
}

impl Keeper {
    /// Until the node is done, or has failed: then nobody may believe that it lives.
    async fn keep(mut self, began: Instant) {
        let engine = self.engine.clone();
        tokio::select! {
            () = engine.signals().stopped.cancelled() => {}
            _ = engine.failed() => {}
            () = self.renew_always(began) => {}
        }
        if let Some(connection) = self.connection.take() {
            let _ = timeout(self.ttl() / 4, connection.close()).await;
        }
    }

    async fn renew_always(&mut self, mut renewed: Instant) {
        while !self.is_done() {
            if self.engine.is_fenced() {
                if let Some(asked) = self.stand_up().await {
                    renewed = asked;
                }
                continue;
            }
            match timeout_at(renewed + self.ttl() * 2 / 3, self.renewal()).await {
                Ok(Some(asked)) => renewed = asked,
                Ok(None) => self.engine.stand_down("another node has taken this one over"),
                Err(_) => self.engine.stand_down("the database did not answer in time"),
            }
        }
    }

    /// A draining node still writes: its lease is renewed until its work is done.
    fn is_done(&self) -> bool {
        self.engine.stopping().is_cancelled() && (self.engine.work().is_empty() || self.engine.is_fenced())
    }

    /// The next renewal that succeeds, and when it was asked for; none when the node was taken over.
    async fn renewal(&mut self) -> Option<Instant> {
        let mut pause = self.ttl() / 4;
        loop {
            sleep(pause).await;
            let asked = Instant::now();
            match timeout(self.ttl() / 4, self.renew(self.engine.identity())).await {
                Ok(Ok(ours)) => return ours.then_some(asked),
                Ok(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the lease could not be renewed")
                }
                Err(_) => tracing::warn!("renewing the lease took too long"),
            }
            self.connection = None;
            pause = self.ttl() / 20;
        }
    }

    /// Registers anew once the old runs are gone; answers with when that was asked for. The old node's tasks come
    /// back when its lease has run out.
    async fn stand_up(&mut self) -> Option<Instant> {
        sleep(self.ttl() / 20).await;
        if self.is_done() {
            return None;
        }
        timeout(Duration::from_secs(1), self.engine.all_runs_ended()).await.ok()?;
        let asked = Instant::now();
        let risen = timeout(self.ttl() / 3, self.rise()).await;
        if !matches!(risen, Ok(Ok(()))) {
            self.connection = None;
            return None;
        }
        // A claim may have been answered while nobody listened.
        let wakes = self.engine.wakes();
        wakes.doubt();
        wakes.note(None);
        wakes.ring();
        Some(asked)
    }

    async fn rise(&mut self) -> Result<(), Error> {
        let identity = self.next_identity().await?;
        let engine = self.engine.clone();
        // The journal does it between what it writes as the old node and as the new one.
        let then = move || {
            engine.standing().renew(identity);
            if engine.failure().is_some() {
                engine.fence().cancel();
            }
        };
        self.engine.journal().adopt(identity, then).await?;
        self.next = None;
        tracing::info!(node = %identity.id, "the database answers again: this node has a new lease");
        Ok(())
    }

    /// The row of an earlier try will do, unless it was found dead meanwhile.
    async fn next_identity(&mut self) -> Result<Identity, Error> {
        let (engine, ttl) = (self.engine.clone(), self.ttl());
        if let Some(known) = self.next
            && self.renew(known).await?
        {
            return Ok(known);
        }
        let registered = self.connection().await?.register(engine.name(), ttl).await?;
        self.next = Some(registered);
        Ok(registered)
    }

    async fn renew(&mut self, node: Identity) -> Result<bool, Error> {
        let ttl = self.ttl();
        self.connection().await?.renew(node, ttl).await
    }

    async fn connection(&mut self) -> Result<&mut Lease, Error> {
        match self.connection {
            Some(ref mut open) => Ok(open),
            None => Ok(self.connection.insert(Lease::connect(self.engine.database()).await?)),
        }
    }

    fn ttl(&self) -> Duration {
        self.engine.settings().lease_ttl
    }
}
