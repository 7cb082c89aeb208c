//! Works out what a subject may do.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{Grants, Subject};

/// Why grants can't be worked out; it means that nothing is granted.
#[derive(Debug, thiserror::Error)]
#[error("what the subject may do can't be worked out")]
pub struct CoordinatorError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where grants come from: the policy file, or an application's own idea of who may do what.
///
/// Grants are asked for once per subject, policy version and their own `valid_until`; nothing is asked while an
/// operation runs.
#[async_trait]
pub trait AuthorizationCoordinator: Send + Sync + 'static {
    /// Everything that the subject may do. What its credential narrows is seen to by the caller.
    async fn grants(&self, subject: &Subject) -> Result<Arc<Grants>, CoordinatorError>;

    /// Whether a role of this name means something: a token that names one that does not is not issued, because it would
    /// become whatever the role is made into later.
    fn knows_role(&self, _: &str) -> bool {
        true
    }

    /// Changes whenever grants may be different from before; open subscriptions are decided again then.
    fn version(&self) -> watch::Receiver<u64>;
}
