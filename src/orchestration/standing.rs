//! Whether this node may write, and as whom.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::data::node::Identity;

/// A node's identity, and the fence that falls when its lease is lost. They change together.
pub(super) struct Standing(Mutex<(Identity, CancellationToken)>);

impl Standing {
    pub(super) fn new(identity: Identity) -> Self {
        Self(Mutex::new((identity, CancellationToken::new())))
    }

    pub(super) fn identity(&self) -> Identity {
        self.lock().0
    }

    /// A new identity, behind a new fence. One that this node has already is left as it is.
    pub(super) fn renew(&self, identity: Identity) {
        let mut standing = self.lock();
        if standing.0 != identity || standing.1.is_cancelled() {
            *standing = (identity, CancellationToken::new());
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Identity, CancellationToken)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Cancelled when the lease is lost.
    pub(super) fn fence(&self) -> CancellationToken {
        self.standing().lock().1.clone()
    }

    /// The lease is lost, and no new one is held yet.
    pub fn is_fenced(&self) -> bool {
        self.fence().is_cancelled()
    }
}
