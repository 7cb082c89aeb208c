//! Keeps what was worked out: grants are asked for once per subject, policy version and their own end.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
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
    rule: Rule,
    known: Cache<Who, Arc<Grants>>,
    everything: Arc<Grants>,
    now: Now,
}

/// Who decides.
#[derive(Clone)]
enum Rule {
    /// Everybody may do everything.
    Open,
    /// Who has signed in may do everything.
    SignedIn,
    /// It is asked.
    Asked(Arc<dyn AuthorizationCoordinator>),
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
        Self::of(Rule::Asked(coordinator), now)
    }

    /// Everybody may do everything: nobody signs in, and nothing is refused.
    pub fn open(now: Now) -> Self {
        Self::of(Rule::Open, now)
    }

    /// Who has signed in may do everything, within what the credential narrows it to: authorization is turned off.
    pub fn signed_in(now: Now) -> Self {
        Self::of(Rule::SignedIn, now)
    }

    fn of(rule: Rule, now: Now) -> Self {
        Self { rule, known: Cache::new(SUBJECTS), everything: Arc::new(Grants::everything()), now }
    }

    /// What the subject may do now; nothing where that can't be worked out.
    pub async fn grants(&self, subject: &Subject) -> Option<Arc<Grants>> {
        let Bounds { namespaces, .. } = subject.bounds();
        let within = |grants: Arc<Grants>| match namespaces {
            Some(only) => Arc::new(grants.narrowed(&Namespaces::only(only.iter().cloned()))),
            None => grants,
        };
        let coordinator = match &self.rule {
            Rule::Open => return Some(self.everything.clone()),
            Rule::SignedIn if subject.is_anonymous() => return Some(Arc::default()),
            Rule::SignedIn => return Some(within(self.everything.clone())),
            Rule::Asked(coordinator) => coordinator,
        };
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
        // A panic of it is a no as well.
        let asked = AssertUnwindSafe(coordinator.grants(subject)).catch_unwind().await;
        let grants = match asked {
            Ok(Ok(grants)) => grants,
            Err(_) => {
                tracing::error!(
                    subject = subject.name().map(|name| &**name),
                    "the coordinator panicked: nothing is permitted"
                );
                return None;
            }
            Ok(Err(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, subject = subject.name().map(|name| &**name), "nothing is permitted");
                return None;
            }
        };
        let grants = within(grants);
        self.known.insert(who, grants.clone());
        Some(grants)
    }

    /// Told when grants may be different from before; none where they never are.
    pub fn changes(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        match &self.rule {
            Rule::Asked(coordinator) => Some(coordinator.version()),
            Rule::Open | Rule::SignedIn => None,
        }
    }
}
