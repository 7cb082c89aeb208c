//! A decision that takes too long is a no: what it asks for may never be answered.

use std::{sync::Arc, time::Duration};

use async_graphql::ServerError;
use async_trait::async_trait;
use tokio::{sync::watch, time::timeout};

use super::admission::{Admission, Admitted, Asked};
use crate::graphql::Code;

/// Another admission, which is not waited for any longer than an operation is.
pub(super) struct Timely {
    pub(super) inner: Arc<dyn Admission>,
    pub(super) within: Duration,
}

#[async_trait]
impl Admission for Timely {
    async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Vec<ServerError>> {
        timeout(self.within, self.inner.admit(asked)).await.unwrap_or_else(|_| {
            tracing::warn!("an operation was given up: whether it may run was not decided in time");
            Err(vec![Code::Timeout.refuse("Whether this may run could not be decided in time")])
        })
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.inner.changes()
    }
}
