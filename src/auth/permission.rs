//! What can be permitted: a resource and what is done with it.

use std::fmt;

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)*) => {
        /// One thing that a policy can permit, written `resource:action`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $variant,)*
        }

        impl Permission {
            /// Every permission there is.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As it is written in the schema, in a policy and in a refusal.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

permissions! {
    /// Lists of tasks.
    TaskIndex => "tasker.task:index",
    /// One task, and what any task was given to work on.
    TaskShow => "tasker.task:show",
    /// New tasks.
    TaskCreate => "tasker.task:create",
    /// Other words for people.
    TaskUpdate => "tasker.task:update",
    /// Ending a task undone.
    TaskCancel => "tasker.task:cancel",
    /// More attempts for what failed.
    TaskRetry => "tasker.task:retry",
    /// Declaring a task done.
    TaskResolve => "tasker.task:resolve",
    /// Removing a finished task.
    TaskDestroy => "tasker.task:destroy",
    /// That steps exist, and where they are.
    WorkflowStepIndex => "tasker.workflow_step:index",
    /// One step, and what any step got, left or failed with.
    WorkflowStepShow => "tasker.workflow_step:show",
    /// Another limit or other inputs.
    WorkflowStepUpdate => "tasker.workflow_step:update",
    /// Ending a step undone.
    WorkflowStepCancel => "tasker.workflow_step:cancel",
    /// More attempts for a step.
    WorkflowStepRetry => "tasker.workflow_step:retry",
    /// Declaring a step done.
    WorkflowStepResolve => "tasker.workflow_step:resolve",
    /// A worker's work: taking steps.
    WorkflowStepClaim => "tasker.workflow_step:claim",
    /// A worker's work: answering for them.
    WorkflowStepComplete => "tasker.workflow_step:complete",
    /// That something happened.
    EventIndex => "tasker.event:index",
    /// What an event carries.
    EventShow => "tasker.event:show",
    /// Hearing of what happens.
    EventSubscribe => "tasker.event:subscribe",
    /// Custom events from outside.
    EventPublish => "tasker.event:publish",
    /// The catalogue of events.
    EventDefinitionIndex => "tasker.event_definition:index",
    /// One entry of the catalogue.
    EventDefinitionShow => "tasker.event_definition:show",
    /// The task templates.
    HandlerIndex => "tasker.handler:index",
    /// One task template.
    HandlerShow => "tasker.handler:show",
    /// Drawings of several tasks.
    TaskDiagramIndex => "tasker.task_diagram:index",
    /// The drawing of one task.
    TaskDiagramShow => "tasker.task_diagram:show",
    /// What people noted about tasks.
    TaskAnnotationIndex => "tasker.task_annotation:index",
    /// Noting something about a task.
    TaskAnnotationCreate => "tasker.task_annotation:create",
    /// The kinds of notes.
    AnnotationTypeIndex => "tasker.annotation_type:index",
    /// How the service is.
    HealthStatusIndex => "tasker.health_status:index",
    /// What tasks add up to.
    AnalyticsIndex => "tasker.analytics:index",
    /// What the service counts.
    MetricsIndex => "tasker.metrics:index",
    /// The running nodes.
    NodeIndex => "tasker.node:index",
    /// Who did what.
    AuditIndex => "tasker.audit:index",
    /// The tokens there are, without their secrets.
    ApiTokenIndex => "tasker.api_token:index",
    /// New tokens.
    ApiTokenCreate => "tasker.api_token:create",
    /// Withdrawing tokens.
    ApiTokenDestroy => "tasker.api_token:destroy",
    /// Another policy.
    PolicyUpdate => "tasker.policy:update",
    /// The whole schema, whatever one may call.
    SchemaShow => "tasker.schema:show",
}

impl Permission {
    /// Reads `resource:action`; `None` for what nobody knows.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text)
    }

    /// Whether there is one of it for the whole service, in no namespace: held altogether, or not at all.
    pub fn is_of_the_service(self) -> bool {
        let resource = self.resource();
        [
            "tasker.api_token",
            "tasker.health_status",
            "tasker.metrics",
            "tasker.node",
            "tasker.policy",
            "tasker.schema",
        ]
        .contains(&resource)
    }

    /// What is before the colon: `tasker.task`.
    pub fn resource(self) -> &'static str {
        self.as_str().split_once(':').map_or(self.as_str(), |(resource, _)| resource)
    }

    /// What is behind it: `index`.
    pub fn action(self) -> &'static str {
        self.as_str().split_once(':').map_or("", |(_, action)| action)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_a_resource_and_an_action_and_reads_back() {
        for permission in Permission::ALL {
            let (resource, action) = permission.as_str().split_once(':').expect("a colon");
            assert!(resource.starts_with("tasker.") && !action.is_empty(), "{permission}");
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
        assert_eq!(Permission::parse("tasker.task:fly"), None);
    }
}
