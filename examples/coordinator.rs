//! Who may do what, decided by an application: everybody sees and steers the tasks they created, and during office
//! hours everybody sees all. `cargo run --example coordinator -- serve --config examples/greeter`, with
//! `authorization.enabled` and an authenticator in the settings.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tasker::{
    auth::{AuthorizationCoordinator, CoordinatorError, Grant, Grants, Namespaces, Permission, Subject},
    model::time::Timestamp,
    prelude::*,
};
use tokio::sync::watch;

/// In UTC: from 8:00 until 18:00.
const OPENS: Duration = Duration::from_secs(8 * 3_600);
const CLOSES: Duration = Duration::from_secs(18 * 3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

struct OfficeHours {
    /// Never changes: what depends on the time is seen to by `valid_until`.
    version: watch::Sender<u64>,
    now: fn() -> Timestamp,
}

impl OfficeHours {
    fn new(now: fn() -> Timestamp) -> Self {
        Self { version: watch::Sender::new(1), now }
    }
}

#[tasker::async_trait]
impl AuthorizationCoordinator for OfficeHours {
    async fn grants(&self, subject: &Subject) -> Result<Arc<Grants>, CoordinatorError> {
        let mut grants = Grants::of_version(*self.version.borrow());
        if subject.is_anonymous() {
            return Ok(Arc::new(grants));
        }
        grants.permit(Permission::TaskCreate, Grant::within(Namespaces::ALL));
        for permission in
            [Permission::TaskIndex, Permission::TaskShow, Permission::TaskCancel, Permission::TaskRetry]
        {
            grants.permit(permission, Grant::own(Namespaces::ALL));
        }
        let (is_open, until) = office((self.now)());
        if is_open {
            for permission in [Permission::TaskIndex, Permission::WorkflowStepIndex] {
                grants.permit(permission, Grant::within(Namespaces::ALL));
            }
        }
        Ok(Arc::new(grants.until(until)))
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

/// Whether it is open, and when that changes.
fn office(now: Timestamp) -> (bool, Timestamp) {
    let time = now.since(Timestamp(0)).as_micros() % DAY.as_micros();
    let after = |moment: Duration| {
        let rest = moment.as_micros().saturating_sub(time);
        now.plus(Duration::from_micros(u64::try_from(rest).unwrap_or(u64::MAX)))
    };
    if time < OPENS.as_micros() {
        (false, after(OPENS))
    } else if time < CLOSES.as_micros() {
        (true, after(CLOSES))
    } else {
        (false, after(DAY + OPENS))
    }
}

fn system_time() -> Timestamp {
    Timestamp(0).plus(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

struct Greet;

#[tasker::async_trait]
impl StepHandler for Greet {
    async fn process(&self, task: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
        Ok(json!({ "greeting": format!("Hello, {}!", task.context()["name"]) }))
    }
}

fn main() -> std::process::ExitCode {
    Tasker::builder().step_handler("Greet", Greet).authorization(OfficeHours::new(system_time)).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: Timestamp = Timestamp(0);
    const NOON: Timestamp = Timestamp(12 * 3_600 * 1_000_000);

    async fn grants(subject: Subject, now: fn() -> Timestamp) -> Arc<Grants> {
        OfficeHours::new(now).grants(&subject).await.expect("grants")
    }

    #[tokio::test]
    async fn at_night_one_sees_ones_own_tasks_until_it_opens() {
        let night = grants(Subject::named("ada"), || NIGHT).await;
        let index = night.of(Permission::TaskIndex);
        assert_eq!((index.covers("shop", true), index.covers("shop", false)), (true, false));
        assert_eq!(night.valid_until(), Some(NIGHT.plus(OPENS)));
    }

    #[tokio::test]
    async fn during_office_hours_one_sees_all_and_steers_ones_own() {
        let noon = grants(Subject::named("ada"), || NOON).await;
        assert!(noon.of(Permission::TaskIndex).covers("shop", false));
        assert!(!noon.of(Permission::TaskCancel).covers("shop", false));
        assert_eq!(noon.valid_until(), Some(NIGHT.plus(CLOSES)));
        assert_eq!(office(NIGHT.plus(CLOSES)), (false, NIGHT.plus(DAY + OPENS)));
    }

    #[tokio::test]
    async fn nobody_in_particular_may_do_nothing() {
        let grants = grants(Subject::anonymous(), || NOON).await;
        assert!(Permission::ALL.iter().all(|permission| !grants.any(*permission)));
    }
}
