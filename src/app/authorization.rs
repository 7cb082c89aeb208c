//! Who decides what may be done, and how a changed policy comes in while the service runs.

use std::{fs, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::Error;
use crate::{
    auth::{AuthorizationCoordinator, PolicyCoordinator, PolicyFiles},
    config::Config,
};

/// How often files are looked at in development.
const LOOK: Duration = Duration::from_secs(1);

/// What the service decides by.
pub(super) enum Authorization {
    /// Nothing is refused.
    Off,
    /// The policy file.
    Policy(Arc<PolicyCoordinator>),
    /// What the application brought.
    Custom(Arc<dyn AuthorizationCoordinator>),
}

impl Authorization {
    /// As the settings say. A policy that can't be used is an error: nothing is permitted for want of one.
    pub fn open(config: &Config, custom: Option<Arc<dyn AuthorizationCoordinator>>) -> Result<Self, Error> {
        match custom {
            _ if !config.authorization.enabled => {
                if custom.is_some() {
                    tracing::warn!(
                        "authorization.enabled is false: the application's coordinator is not asked"
                    );
                }
                Ok(Self::Off)
            }
            Some(coordinator) => Ok(Self::Custom(coordinator)),
            None => {
                let (policy, model) = config.policy_files();
                let coordinator =
                    PolicyCoordinator::open(PolicyFiles { policy, model }).map_err(Error::Policy)?;
                Ok(Self::Policy(Arc::new(coordinator)))
            }
        }
    }

    /// Who is asked; nobody where authorization is off.
    pub fn coordinator(&self) -> Option<Arc<dyn AuthorizationCoordinator>> {
        match self {
            Self::Off => None,
            Self::Policy(policy) => Some(policy.clone()),
            Self::Custom(coordinator) => Some(coordinator.clone()),
        }
    }

    /// The policy, where it is what decides.
    pub fn policy(&self) -> Option<&Arc<PolicyCoordinator>> {
        match self {
            Self::Policy(policy) => Some(policy),
            Self::Off | Self::Custom(_) => None,
        }
    }

    /// Loads the policy again on SIGHUP, and on a change of its files where they are watched, until `stop`.
    pub fn keep_up(&self, stop: CancellationToken, watched: bool) {
        if let Self::Policy(policy) = self {
            let policy = policy.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = reload_when_told(&policy) => {}
                    () = reload_on_change(&policy), if watched => {}
                }
            });
        }
    }
}

/// What became of it is in the log.
async fn reload(policy: &Arc<PolicyCoordinator>) {
    let policy = policy.clone();
    let _ = tokio::task::spawn_blocking(move || policy.reload()).await;
}

async fn reload_when_told(policy: &Arc<PolicyCoordinator>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut told) = signal(SignalKind::hangup()) {
            while told.recv().await.is_some() {
                reload(policy).await;
            }
        }
    }
    std::future::pending().await
}

async fn reload_on_change(policy: &Arc<PolicyCoordinator>) {
    let mut seen = stamps(policy.files());
    loop {
        tokio::time::sleep(LOOK).await;
        let now = stamps(policy.files());
        if now != seen {
            seen = now;
            reload(policy).await;
        }
    }
}

/// Changes when a file is written, replaced or removed.
fn stamps(files: &PolicyFiles) -> [Option<(u64, Option<std::time::SystemTime>)>; 2] {
    [&files.policy, &files.model].map(|path| {
        let found = fs::metadata(path).ok()?;
        Some((found.len(), found.modified().ok()))
    })
}
