//! What answers hold: the fields that need nothing more than the thing itself, and what `include` adds to them.

use super::route::Include;

/// A task. What it was given to work on needs more than to know of it.
pub const TASK: &str = "taskId name namespace version fullName status complete reason tags initiator sourceSystem \
    createdBy bypassSteps priority idempotencyKey requestedAt startedAt completedAt createdAt updatedAt executionStatus \
    recommendedAction healthStatus completionPercentage totalSteps completedSteps failedSteps node";

/// What needs `tasker.task:show`, as the route of one task does.
pub const TASK_CONTENTS: &str = "context identityHash";

/// A step. What it got and left needs more.
macro_rules! step {
    () => {
        "workflowStepId taskId name handlerClass dependentSystem status retryable retryLimit attempts inProcess processed worker \
         processedAt lastAttemptedAt nextAttemptAt backoffRequestSeconds skippable dependsOn parentStepIds childStepIds \
         isRootStep isLeafStep startedAt createdAt updatedAt \
         readiness { ready dependenciesSatisfied retryEligible nextAttemptAt blockingReason }"
    };
}

macro_rules! event {
    () => {
        "cursor id name category occurredAt namespace taskId taskName stepId stepName attempt fromStatus toStatus actor"
    };
}

macro_rules! template {
    () => {
        "name namespace version fullName description schema concurrent \
         stepTemplates { name handlerClass description dependsOn retryable retryLimit skippable dependentSystem }"
    };
}

pub const STEP: &str = step!();

/// What needs `tasker.workflow_step:show`, as the route of one step does.
pub const STEP_CONTENTS: &str = "inputs results error { kind message code retryable }";

pub const EVENT: &str = event!();

/// What tasks can be shown with.
pub const TASK_INCLUDES: &[Include] = &[
    Include { name: "context", text: "context" },
    Include { name: "steps", text: concat!("workflowSteps { ", step!(), " }") },
    Include { name: "events", text: concat!("events { ", event!(), " }") },
    Include {
        name: "annotations",
        text: "taskAnnotations { taskAnnotationId taskId annotationType annotation createdBy createdAt }",
    },
    Include { name: "template", text: concat!("namedTask { ", template!(), " }") },
    Include {
        name: "analysis",
        text: "dependencyAnalysis { blockers { step { workflowStepId name } reason suggestedAction until blockedSteps } \
               blockerCount remainingPath { length steps { workflowStepId name } } \
               slowestPath { length seconds steps { workflowStepId name } } \
               readySteps runningSteps waitingSteps blockedSteps maxDepth parallelBranches \
               levels { level totalSteps ready running waiting blocked failed done cancelled } }",
    },
];

/// The same, where the context is there anyway.
pub const SHOWN_TASK_INCLUDES: &[Include] = TASK_INCLUDES.split_at(1).1;

/// What steps can be shown with.
pub const STEP_INCLUDES: &[Include] = &[
    Include { name: "inputs", text: "inputs" },
    Include { name: "results", text: "results" },
    Include { name: "error", text: "error { kind message code retryable }" },
    Include { name: "events", text: concat!("events { ", event!(), " }") },
];

/// The same, where its contents are there anyway.
pub const SHOWN_STEP_INCLUDES: &[Include] = STEP_INCLUDES.split_at(3).1;

pub const EVENT_INCLUDES: &[Include] = &[Include { name: "payload", text: "payload" }];

/// A task template as it is registered.
pub const HANDLER: &str = "name namespace version fullName description versions latestVersion stepCount available \
    missingHandlers";

/// What needs `tasker.handler:show`, as the route of one does.
pub const HANDLER_CONTENTS: &str = concat!(
    "template { ",
    template!(),
    " } dependencyGraph { nodes { name handlerClass level dependsOn dependents } edges { from to } \
     levels roots leaves criticalPath executionOrder maxDepth parallelBranches }"
);

macro_rules! durations {
    () => {
        "durations { count mean p50 p95 p99 max } errorKinds { kind count }"
    };
}

macro_rules! of_tasks {
    () => {
        concat!(
            "tasks { created finished complete cancelled resolvedManually failed perHour completionRate errorRate ",
            durations!(),
            " }"
        )
    };
}

macro_rules! of_steps {
    () => {
        concat!(
            "steps { finished complete cancelled resolvedManually failed perHour completionRate errorRate attempts \
             failedAttempts retries attemptsPerSuccess ",
            durations!(),
            " }"
        )
    };
}

/// What everything adds up to.
pub const FIGURES: &str = concat!("since until generatedAt eventsBehind ", of_tasks!(), " ", of_steps!());

/// The same, taken apart.
pub const FIGURES_INCLUDES: &[Include] = &[
    Include { name: "series", text: concat!("series { at seconds ", of_tasks!(), " ", of_steps!(), " }") },
    Include {
        name: "namespaces",
        text: concat!("namespaces { namespace ", of_tasks!(), " ", of_steps!(), " }"),
    },
    Include {
        name: "templates",
        text: concat!("templates { namespace name version ", of_tasks!(), " ", of_steps!(), " }"),
    },
    Include {
        name: "steps",
        text: concat!("stepTemplates { namespace name version stepName ", of_steps!(), " }"),
    },
    Include {
        name: "slowest",
        text: "slowestTasks { taskId namespace name version duration } \
               slowestSteps { taskId workflowStepId namespace name version stepName duration }",
    },
    Include {
        name: "retries",
        text: concat!("retryHotSpots { namespace name version stepName ", of_steps!(), " }"),
    },
];
