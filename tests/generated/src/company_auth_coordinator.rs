//! Who may do what, decided by the application.

use std::sync::Arc;

use tasker::{
    auth::{AuthorizationCoordinator, CoordinatorError, Grant, Grants, Namespaces, Permission},
    prelude::*,
};
use tokio::sync::watch;

/// What everybody may do who has signed in: start tasks, and see and steer those that they started.
const OWN: [Permission; 5] = [
    Permission::TaskIndex,
    Permission::TaskShow,
    Permission::TaskCancel,
    Permission::TaskRetry,
    Permission::WorkflowStepIndex,
];

/// What the role `operator` may do with the tasks of all.
const OPERATORS: [Permission; 6] = [
    Permission::TaskIndex,
    Permission::TaskShow,
    Permission::TaskCancel,
    Permission::TaskRetry,
    Permission::WorkflowStepIndex,
    Permission::WorkflowStepShow,
];

/// Grants by role and by who created a task. Nothing else is granted.
pub struct CompanyAuthCoordinator {
    /// Raised by [`Self::changed`]: open subscriptions are decided again then.
    version: watch::Sender<u64>,
}

impl Default for CompanyAuthCoordinator {
    fn default() -> Self {
        Self {
            version: watch::Sender::new(1),
        }
    }
}

impl CompanyAuthCoordinator {
    /// Grants may be different from now on.
    pub fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }
}

#[tasker::async_trait]
impl AuthorizationCoordinator for CompanyAuthCoordinator {
    async fn grants(&self, subject: &Subject) -> Result<Arc<Grants>, CoordinatorError> {
        let mut grants = Grants::of_version(*self.version.borrow());
        if subject.is_anonymous() {
            return Ok(Arc::new(grants));
        }
        grants.permit(Permission::TaskCreate, Grant::within(Namespaces::ALL));
        for permission in OWN {
            grants.permit(permission, Grant::own(Namespaces::ALL));
        }
        if subject.roles().iter().any(|role| &**role == "operator") {
            for permission in OPERATORS {
                grants.permit(permission, Grant::within(Namespaces::ALL));
            }
        }
        Ok(Arc::new(grants))
    }

    fn knows_role(&self, role: &str) -> bool {
        role == "operator"
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn grants(subject: Subject) -> Arc<Grants> {
        CompanyAuthCoordinator::default()
            .grants(&subject)
            .await
            .expect("grants")
    }

    #[tokio::test]
    async fn one_sees_and_steers_what_one_started() {
        let ada = grants(Subject::named("ada")).await;
        let cancel = ada.of(Permission::TaskCancel);
        assert!(cancel.covers("default", true));
        assert!(!cancel.covers("default", false));
        assert!(!ada.any(Permission::TaskDestroy));
    }

    #[tokio::test]
    async fn an_operator_steers_the_tasks_of_all() {
        let operator = grants(Subject::named("ada").with_roles(["operator"])).await;
        assert!(operator.of(Permission::TaskCancel).covers("default", false));
    }

    #[tokio::test]
    async fn nobody_in_particular_may_do_nothing() {
        let nobody = grants(Subject::anonymous()).await;
        assert!(
            Permission::ALL
                .iter()
                .all(|&permission| !nobody.any(permission))
        );
    }

    #[tokio::test]
    async fn a_change_is_a_new_version() {
        let coordinator = CompanyAuthCoordinator::default();
        let seen = coordinator.version();
        coordinator.changed();
        assert!(seen.has_changed().expect("it is there"));
    }
}
