//! What time it is, and waiting for it: the system's clock, or one that a test moves by hand.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::model::time::Timestamp;

/// A source of time. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Stands still until it is moved.
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `now` until [`Self::advance`].
    pub fn manual(now: Timestamp) -> Self {
        Self::Manual(Arc::new(watch::Sender::new(now)))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Self::Manual(now) => *now.borrow(),
        }
    }

    /// Waits for so long, whatever the system's clock is set to meanwhile.
    pub async fn sleep(&self, duration: Duration) {
        match self {
            Self::System => tokio::time::sleep(duration).await,
            Self::Manual(_) => self.sleep_until(self.now().plus(duration)).await,
        }
    }

    /// Waits until `moment`. The system's clock may be set meanwhile, so it is looked at again.
    pub async fn sleep_until(&self, moment: Timestamp) {
        match self {
            Self::System => loop {
                let wait = moment.since(self.now());
                if wait.is_zero() {
                    return;
                }
                tokio::time::sleep(wait.min(Duration::from_secs(60))).await;
            },
            Self::Manual(now) => {
                let mut seen = now.subscribe();
                // The sender is alive for as long as `self`.
                let _ = seen.wait_for(|now| *now >= moment).await;
            }
        }
    }

    /// Moves a manual clock on; the system's takes no orders.
    pub fn advance(&self, duration: Duration) {
        if let Self::Manual(now) = self {
            now.send_modify(|now| *now = now.plus(duration));
        }
    }
}
