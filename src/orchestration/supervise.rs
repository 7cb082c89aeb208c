//! What a node can't be without. When one of these ends unasked the node has failed: it writes nothing more, lets
//! its lease run out as a dead one does, and says why.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

use super::Engine;

/// Why the node can't go on; empty while it can.
#[derive(Debug, Default)]
pub(super) struct Failure {
    why: OnceLock<&'static str>,
    told: CancellationToken,
}

impl Engine {
    /// Completed when the node can't go on: its process should end, and another one start.
    pub async fn failed(&self) -> &'static str {
        let failure = &self.signals().failure;
        failure.told.cancelled().await;
        failure.why.get().copied().unwrap_or_default()
    }

    /// Why the node can't go on.
    pub fn failure(&self) -> Option<&'static str> {
        self.signals().failure.why.get().copied()
    }

    /// The node stops where it stands.
    pub(super) fn fail(&self, why: &'static str) {
        let failure = &self.signals().failure;
        if failure.why.set(why).is_ok() {
            tracing::error!(why, "the node can't go on");
            self.fence().cancel();
            failure.told.cancel();
        }
    }

    /// Does `work` until the node stops. It ends for no other reason.
    pub(super) fn keep(&self, failing: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let engine = self.clone();
        let kept = tokio::spawn(self.stopping().clone().run_until_cancelled_owned(work));
        tokio::spawn(async move {
            // It is cancelled with the runtime only.
            let ended = kept.await;
            if !matches!(&ended, Ok(None)) && !ended.is_err_and(|error| error.is_cancelled()) {
                engine.fail(failing);
            }
        });
    }

    /// The journal writes until it is closed.
    pub(super) fn keep_journal(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = engine.signals().stopped.cancelled() => {}
                () = engine.journal().lost() => engine.fail("another program has taken over the database file"),
                () = engine.journal().ended() => engine.fail("nothing can be written any more: the journal has broken down"),
            }
        });
    }
}
