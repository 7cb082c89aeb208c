//! Grants from the policy file, and how another version of it takes the place of the one before.

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use async_trait::async_trait;
use moka::sync::Cache;
use tokio::sync::watch;

use crate::auth::{AuthorizationCoordinator, CoordinatorError, Grants, Subject};

use super::{Policy, PolicyFiles, Problem};

/// Names and permissions in the grants that are kept: some ten thousand subjects, or fewer with many namespaces.
const KEPT: u64 = 1_000_000;

/// Which policy is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Counted up by each reload that changed something, from 1 at the start.
    pub number: u64,
    /// Of the file's text: the same on every node that has the same file.
    pub digest: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number, self.digest)
    }
}

/// Whom grants are kept for. The version keeps an answer of one policy from being given under another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    name: Option<Arc<str>>,
    roles: Arc<[Arc<str>]>,
    version: u64,
}

/// A policy with the version it is in force as: taken once for each decision.
#[derive(Debug)]
struct InForce {
    policy: Policy,
    version: Version,
}

/// The coordinator that reads the policy file.
pub struct PolicyCoordinator {
    files: PolicyFiles,
    in_force: RwLock<Arc<InForce>>,
    version: watch::Sender<u64>,
    /// One reload at a time.
    reloading: Mutex<()>,
    kept: Cache<Key, Arc<Grants>>,
}

impl PolicyCoordinator {
    /// With the policy in these files; without one that can be used, nothing is started.
    pub fn open(files: PolicyFiles) -> Result<Self, Vec<Problem>> {
        let policy = Policy::load(&files)?;
        let in_force =
            Arc::new(InForce { version: Version { number: 1, digest: policy.digest.clone() }, policy });
        report(&in_force);
        Ok(Self {
            files,
            in_force: RwLock::new(in_force),
            version: watch::Sender::new(1),
            reloading: Mutex::new(()),
            kept: Cache::builder().max_capacity(KEPT).weigher(weight).build(),
        })
    }

    /// Reads the files again. With mistakes in them everything stays as it is, and they are logged and returned.
    pub fn reload(&self) -> Result<Version, Vec<Problem>> {
        let _one = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current().version.clone();
        let policy = Policy::load(&self.files).inspect_err(|problems| {
            let version = &before;
            tracing::error!(%version, "the policy can't be used; the version before stays in force");
            problems.iter().for_each(|problem| tracing::error!("{problem}"));
        })?;
        if policy.digest == before.digest {
            tracing::info!(version = %before, "the policy has not changed");
            return Ok(before);
        }
        let version = Version { number: before.number + 1, digest: policy.digest.clone() };
        let next = Arc::new(InForce { policy, version: version.clone() });
        report(&next);
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = next;
        // Behind the change: who is woken by it finds the new policy.
        self.version.send_replace(version.number);
        self.kept.invalidate_all();
        Ok(version)
    }

    /// The version in force.
    pub fn in_force(&self) -> Version {
        self.current().version.clone()
    }

    /// Where the policy is read from.
    pub const fn files(&self) -> &PolicyFiles {
        &self.files
    }

    fn current(&self) -> Arc<InForce> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl AuthorizationCoordinator for PolicyCoordinator {
    async fn grants(&self, subject: &Subject) -> Result<Arc<Grants>, CoordinatorError> {
        let current = self.current();
        let version = current.version.number;
        let key = Key { name: subject.name().cloned(), roles: subject.shared_roles(), version };
        if let Some(grants) = self.kept.get(&key) {
            return Ok(grants);
        }
        let grants = Arc::new(fenced(|| current.policy.grants(subject, version))?);
        self.kept.insert(key, grants.clone());
        Ok(grants)
    }

    fn knows_role(&self, role: &str) -> bool {
        self.current().policy.roles().any(|known| known == role)
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

fn weight(key: &Key, grants: &Arc<Grants>) -> u32 {
    const EACH: usize = 16;
    u32::try_from(EACH + key.roles.len() + grants.size()).unwrap_or(u32::MAX)
}

/// A panic grants nothing.
fn fenced(work: impl FnOnce() -> Grants) -> Result<Grants, CoordinatorError> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!("working out what a subject may do panicked; nothing is granted");
        CoordinatorError("it panicked".into())
    })
}

fn report(InForce { policy, version }: &InForce) {
    policy.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    let (roles, lines) = (policy.roles().count(), policy.lines());
    tracing::info!(%version, roles, lines, "the policy is in force");
}

impl fmt::Debug for PolicyCoordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyCoordinator").field("version", &self.in_force()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_grants_nothing() {
        let refused = fenced(|| panic!("a mistake of ours")).expect_err("nothing is granted");
        assert_eq!(refused.to_string(), "what the subject may do can't be worked out");
    }
}
