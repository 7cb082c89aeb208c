//! Keeps what was worked out: grants are asked for once per subject, policy version and their own end.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use moka::sync::Cache;
use tokio::time::timeout;

use super::{AuthorizationCoordinator, Bounds, CoordinatorError, Grants, Namespaces, Subject};
use crate::{metrics::Metrics, model::time::Timestamp};

/// Subjects whose grants are kept.
const SUBJECTS: u64 = 10_000;

/// How long a coordinator may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What time it is.
type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Answers what a subject may do. Cheap to clone.
#[derive(Clone)]
pub struct Warden {
    rule: Rule,
    known: Cache<Who, Arc<Grants>>,
    everything: Arc<Grants>,
    now: Now,
    metrics: Metrics,
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

    /// The same, which counts here what went wrong.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
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
        let (known, everything) = (Cache::new(SUBJECTS), Arc::new(Grants::everything()));
        Self { rule, known, everything, now, metrics: Metrics::new() }
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
        let grants = match asked(&**coordinator, subject).await {
            Ok(grants) => grants,
            Err(error) => {
                self.metrics.authz_errors.inc();
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, subject = subject.name().map(|name| &**name), "nothing is permitted");
                return None;
            }
        };
        let grants = within(grants);
        self.known.insert(who, grants.clone());
        Some(grants)
    }

    /// Whether a role of this name means something.
    pub fn knows_role(&self, role: &str) -> bool {
        match &self.rule {
            Rule::Open | Rule::SignedIn => true,
            Rule::Asked(coordinator) => coordinator.knows_role(role),
        }
    }

    /// Nobody signs in, and nothing is refused.
    pub const fn is_open(&self) -> bool {
        matches!(self.rule, Rule::Open)
    }

    /// Told when grants may be different from before; none where they never are.
    pub fn changes(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        match &self.rule {
            Rule::Asked(coordinator) => Some(coordinator.version()),
            Rule::Open | Rule::SignedIn => None,
        }
    }
}

/// Its answer. A panic is none, and neither is one that does not come: nothing is permitted by it.
async fn asked(
    coordinator: &dyn AuthorizationCoordinator,
    subject: &Subject,
) -> Result<Arc<Grants>, CoordinatorError> {
    let answer = AssertUnwindSafe(coordinator.grants(subject)).catch_unwind();
    match timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(CoordinatorError("it panicked".into())),
        Err(_) => Err(CoordinatorError("it did not answer in time".into())),
    }
}
