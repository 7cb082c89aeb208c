//! Keeps what was worked out: grants are asked for once per subject, policy version and their own end.

use std::sync::Arc;

use moka::sync::Cache;

use super::{AuthorizationCoordinator, Bounds, Grants, Namespaces, Subject};
use crate::model::time::Timestamp;

/// Subjects whose grants are kept.
const SUBJECTS: u64 = 10_000;

/// What time it is.
type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Answers what a subject may do. Cheap to clone.
#[derive(Clone)]
pub struct Warden {
    coordinator: Option<Arc<dyn AuthorizationCoordinator>>,
    known: Cache<Who, Arc<Grants>>,
    everything: Arc<Grants>,
    now: Now,
}

/// What grants depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Who {
    name: Option<Arc<str>>,
    roles: Arc<[Arc<str>]>,
    namespaces: Option<Arc<[Arc<str>]>>,
}

impl Warden {
    /// Asks `coordinator`, by the clock `now`.
    pub fn new(coordinator: Arc<dyn AuthorizationCoordinator>, now: Now) -> Self {
        Self { coordinator: Some(coordinator), ..Self::open(now) }
    }

    /// Everybody may do everything: authorization is turned off.
    pub fn open(now: Now) -> Self {
        let known = Cache::new(SUBJECTS);
        Self { coordinator: None, known, everything: Arc::new(Grants::everything()), now }
    }

    /// Whether everybody may do everything.
    pub const fn is_open(&self) -> bool {
        self.coordinator.is_none()
    }

    /// What the subject may do now; nothing where that can't be worked out.
    pub async fn grants(&self, subject: &Subject) -> Option<Arc<Grants>> {
        let Some(coordinator) = &self.coordinator else { return Some(self.everything.clone()) };
        let Bounds { namespaces, .. } = subject.bounds();
        let who = Who {
            name: subject.name().cloned(),
            roles: subject.roles().into(),
            namespaces: namespaces.clone(),
        };
        let version = *coordinator.version().borrow();
        if let Some(known) = self.known.get(&who)
            && known.version() == version
            && known.valid_until().is_none_or(|end| end > (self.now)())
        {
            return Some(known);
        }
        let grants = match coordinator.grants(subject).await {
            Ok(grants) => grants,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, subject = subject.name().map(|name| &**name), "nothing is permitted");
                return None;
            }
        };
        let grants = match namespaces {
            Some(only) => Arc::new(grants.narrowed(&Namespaces::only(only.iter().cloned()))),
            None => grants,
        };
        self.known.insert(who, grants.clone());
        Some(grants)
    }

    /// Told when grants may be different from before; none where they never are.
    pub fn changes(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        self.coordinator.as_ref().map(|coordinator| coordinator.version())
    }
}
