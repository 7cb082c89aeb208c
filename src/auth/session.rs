//! What somebody has signed in with, where it can end before its time.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures_util::future::{BoxFuture, FutureExt};

/// Something that may be withdrawn, such as a token. A subscription rests on it for as long as it lasts.
#[async_trait]
pub trait Session: Send + Sync + 'static {
    /// Waits until it is good no more. It is not asked about single requests: those sign in anew.
    async fn ended(&self);
}

/// The session of a subject, where it has one. It is no part of who the subject is.
#[derive(Clone, Default)]
pub(super) struct Held(pub(super) Option<Arc<dyn Session>>);

impl Held {
    /// Waits until it has ended; forever where nothing can end.
    pub(super) fn ended(&self) -> BoxFuture<'static, ()> {
        match self.0.clone() {
            Some(session) => async move { session.ended().await }.boxed(),
            None => std::future::pending().boxed(),
        }
    }
}

impl PartialEq for Held {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Held {}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Session" } else { "None" })
    }
}
