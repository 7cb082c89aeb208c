//! Whether a step could start, and what is in the way.

use async_graphql::Object;

use crate::{
    graphql::schema::{scalar::DateTime, words::BlockingReason},
    model::readiness::Readiness,
};

/// A step's chances of running now.
pub struct StepReadiness(pub Readiness);

/// A step's chances of running now.
#[Object]
impl StepReadiness {
    /// It starts as soon as there is room.
    async fn ready(&self) -> bool {
        self.0.ready
    }

    /// Every step it runs after is complete or resolved.
    async fn dependencies_satisfied(&self) -> bool {
        self.0.dependencies_satisfied
    }

    /// It has attempts left.
    async fn retry_eligible(&self) -> bool {
        self.0.retry_eligible
    }

    /// It does not start before this.
    async fn next_attempt_at(&self) -> Option<DateTime> {
        self.0.next_attempt_at.map(DateTime)
    }

    /// What is in the way; null when it is ready.
    async fn blocking_reason(&self) -> Option<BlockingReason> {
        self.0.blocking_reason.map(Into::into)
    }
}
