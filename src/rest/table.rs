//! Every route. A parameter is the variable of the same name, with words joined by `_` in the place of capitals.

use super::{
    route::{Include, Parameter, Place, Route, Success, Verb, Written},
    selections::{
        EVENT, EVENT_INCLUDES, FIGURES, FIGURES_INCLUDES, HANDLER, HANDLER_CONTENTS, SHOWN_STEP_INCLUDES,
        SHOWN_TASK_INCLUDES, STEP, STEP_CONTENTS, STEP_INCLUDES, TASK, TASK_CONTENTS, TASK_INCLUDES,
    },
};

pub static ROUTES: &[Route] = &[
    Route {
        method: Verb::Get,
        path: "/api/v1/tasks",
        id: "listTasks",
        thing: "task",
        documents: &[
            Written {
                when: Some("offset"),
                text: "query listTasks($limit: Int! = 20, $offset: Int! = 0, $sortBy: TaskSort! = REQUESTED_AT,
                    $sortOrder: SortOrder! = DESC, $filter: TaskFilter) {
                  tasks(limit: $limit, offset: $offset, sortBy: $sortBy, sortOrder: $sortOrder, filter: $filter) { @ }
                }",
            },
            always(
                "query listTasks($limit: Int! = 20, $after: String, $sortBy: TaskSort! = REQUESTED_AT,
                    $sortOrder: SortOrder! = DESC, $filter: TaskFilter) {
                  page: taskConnection(first: $limit, after: $after, orderBy: {field: $sortBy, direction: $sortOrder},
                    filter: $filter) { tasks: nodes { @ } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
                }",
            ),
        ],
        selects: &[TASK],
        includes: TASK_INCLUDES,
        parameters: &[
            between(query("limit", "limit"), 1, 100),
            Parameter {
                about: Some(
                    "How many to leave out first, up to 10,000; the answer has no `pageInfo` then. To go further, give the \
                     `endCursor` of a page as `after`.",
                ),
                ..between(query("offset", "offset"), 0, 10_000)
            },
            query("after", "after"),
            query("sort_by", "sortBy"),
            query("sort_order", "sortOrder"),
            query("namespace", "filter.namespace"),
            query("name", "filter.name"),
            query("version", "filter.version"),
            query("statuses", "filter.statuses"),
            query("tags", "filter.tags"),
            query("initiator", "filter.initiator"),
            query("source_system", "filter.sourceSystem"),
            query("requested_after", "filter.requestedAfter"),
            query("requested_before", "filter.requestedBefore"),
            query("context_path", "filter.context.path"),
            query("context_equals", "filter.context.equals"),
        ],
        success: Success::Answered,
    },
    Route {
        method: Verb::Post,
        path: "/api/v1/tasks",
        id: "createTask",
        thing: "task",
        documents: &[always(
            "mutation createTask($input: CreateTaskInput!) { task: createTask(input: $input) { @ } }",
        )],
        selects: &[TASK, "alreadyExisted"],
        includes: TASK_INCLUDES,
        parameters: &[Parameter {
            name: "Idempotency-Key",
            place: Place::Header,
            to: "input.idempotencyKey",
            range: None,
            about: None,
        }],
        success: Success::Created,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/tasks/{task_id}",
        id: "getTask",
        thing: "task",
        documents: &[always("query getTask($taskId: ID!) { task(taskId: $taskId) { @ } }")],
        selects: &[TASK, TASK_CONTENTS],
        includes: SHOWN_TASK_INCLUDES,
        parameters: &[path("task_id", "taskId")],
        success: Success::Answered,
    },
    of_a_task(
        Verb::Patch,
        "/api/v1/tasks/{task_id}",
        "updateTask",
        &[always(
            "mutation updateTask($input: UpdateTaskInput!) { task: updateTask(input: $input) { @ } }",
        )],
        OF_A_TASK,
    ),
    of_a_task(
        Verb::Delete,
        "/api/v1/tasks/{task_id}",
        "deleteTask",
        &[always(
            "mutation deleteTask($input: DeleteTaskInput!) { task: deleteTask(input: $input) { @ } }",
        )],
        &[path("task_id", "input.taskId"), query("reason", "input.reason")],
    ),
    of_a_task(
        Verb::Post,
        "/api/v1/tasks/{task_id}/cancel",
        "cancelTask",
        &[always(
            "mutation cancelTask($input: CancelTaskInput!) { task: cancelTask(input: $input) { @ } }",
        )],
        OF_A_TASK,
    ),
    of_a_task(
        Verb::Post,
        "/api/v1/tasks/{task_id}/retry",
        "retryTask",
        &[always(
            "mutation retryTask($input: RetryTaskInput!) { task: retryTask(input: $input) { @ } }",
        )],
        OF_A_TASK,
    ),
    of_a_task(
        Verb::Post,
        "/api/v1/tasks/{task_id}/resolve",
        "resolveTask",
        &[always(
            "mutation resolveTask($input: ResolveTaskInput!) { task: resolveTask(input: $input) { @ } }",
        )],
        OF_A_TASK,
    ),
    Route {
        method: Verb::Get,
        path: "/api/v1/tasks/{task_id}/workflow_steps",
        id: "listWorkflowSteps",
        thing: "task",
        documents: &[always(
            "query listWorkflowSteps($taskId: ID!) { page: task(taskId: $taskId) { workflowSteps { @ } } }",
        )],
        selects: &[STEP],
        includes: STEP_INCLUDES,
        parameters: &[path("task_id", "taskId")],
        success: Success::Answered,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/tasks/{task_id}/workflow_steps/{step_id}",
        id: "getWorkflowStep",
        thing: "step",
        documents: &[always(
            "query getWorkflowStep($taskId: ID!, $stepId: ID!) {
              workflowStep: step(taskId: $taskId, stepId: $stepId) { @ }
            }",
        )],
        selects: &[STEP, STEP_CONTENTS],
        includes: SHOWN_STEP_INCLUDES,
        parameters: &[path("task_id", "taskId"), path("step_id", "stepId")],
        success: Success::Answered,
    },
    of_a_step(
        Verb::Patch,
        "/api/v1/tasks/{task_id}/workflow_steps/{step_id}",
        "updateWorkflowStep",
        &[always(
            "mutation updateWorkflowStep($input: UpdateStepInput!) { workflowStep: updateStep(input: $input) { @ } }",
        )],
    ),
    of_a_step(
        Verb::Post,
        "/api/v1/tasks/{task_id}/workflow_steps/{step_id}/cancel",
        "cancelWorkflowStep",
        &[always(
            "mutation cancelWorkflowStep($input: CancelStepInput!) { workflowStep: cancelStep(input: $input) { @ } }",
        )],
    ),
    of_a_step(
        Verb::Post,
        "/api/v1/tasks/{task_id}/workflow_steps/{step_id}/retry",
        "retryWorkflowStep",
        &[always(
            "mutation retryWorkflowStep($input: RetryStepInput!) { workflowStep: retryStep(input: $input) { @ } }",
        )],
    ),
    of_a_step(
        Verb::Post,
        "/api/v1/tasks/{task_id}/workflow_steps/{step_id}/resolve",
        "resolveWorkflowStep",
        &[always(
            "mutation resolveWorkflowStep($input: ResolveStepInput!) { workflowStep: resolveStep(input: $input) { @ } }",
        )],
    ),
    Route {
        method: Verb::Get,
        path: "/api/v1/tasks/{task_id}/diagram",
        id: "getTaskDiagram",
        thing: "task",
        documents: &[always(
            "query getTaskDiagram($taskId: ID!, $format: DiagramFormat! = MERMAID) {
              page: taskDiagram(taskId: $taskId, format: $format) { @ }
            }",
        )],
        selects: &["content"],
        includes: &[],
        parameters: &[
            path("task_id", "taskId"),
            Parameter {
                about: Some("How it is written; without it as `Accept` says, and as text for Mermaid where that leaves it open."),
                ..query("format", "format")
            },
        ],
        success: Success::Drawn,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/handlers",
        id: "listNamespaces",
        thing: "namespace",
        documents: &[always("query listNamespaces { namespaces { @ } }")],
        selects: &["name handlerCount versionCount"],
        includes: &[],
        parameters: &[],
        success: Success::Answered,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/handlers/{namespace}",
        id: "listHandlers",
        thing: "namespace",
        documents: &[always(
            "query listHandlers($namespace: String!, $limit: Int! = 20, $offset: Int! = 0) {
              handlers(namespace: $namespace, limit: $limit, offset: $offset) { @ }
            }",
        )],
        selects: &[HANDLER],
        includes: &[],
        parameters: &[
            path("namespace", "namespace"),
            between(query("limit", "limit"), 1, 100),
            between(query("offset", "offset"), 0, 10_000),
        ],
        success: Success::Answered,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/handlers/{namespace}/{name}",
        id: "getHandler",
        thing: "handler",
        documents: &[always(
            "query getHandler($namespace: String!, $name: String!, $version: String) {
              handler(namespace: $namespace, name: $name, version: $version) { @ }
            }",
        )],
        selects: &[HANDLER, HANDLER_CONTENTS],
        includes: &[],
        parameters: &[path("namespace", "namespace"), path("name", "name"), query("version", "version")],
        success: Success::Answered,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/events",
        id: "listEvents",
        thing: "event",
        documents: &[always(
            "query listEvents($filter: EventFilter, $limit: Int! = 20, $after: String) {
              page: events(filter: $filter, first: $limit, after: $after) {
                events: nodes { @ } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
              }
            }",
        )],
        selects: &[EVENT],
        includes: EVENT_INCLUDES,
        parameters: &[
            between(query("limit", "limit"), 1, 100),
            query("after", "after"),
            query("names", "filter.names"),
            query("task_id", "filter.taskId"),
            query("step_id", "filter.stepId"),
            query("namespace", "filter.namespace"),
            query("task_name", "filter.taskName"),
        ],
        success: Success::Answered,
    },
    Route {
        method: Verb::Get,
        path: "/api/v1/analytics",
        id: "getAnalytics",
        thing: "figure",
        documents: &[always(
            "query getAnalytics($window: AnalyticsWindow! = LAST_24_HOURS, $since: DateTime, $until: DateTime,
                $namespace: String, $name: String, $version: String, $limit: Int! = 10) {
              page: analytics(window: $window, since: $since, until: $until, namespace: $namespace, name: $name,
                version: $version, limit: $limit) { @ }
            }",
        )],
        selects: &[FIGURES],
        includes: FIGURES_INCLUDES,
        parameters: &[
            query("window", "window"),
            query("since", "since"),
            query("until", "until"),
            query("namespace", "namespace"),
            query("name", "name"),
            query("version", "version"),
            between(query("limit", "limit"), 1, 20),
        ],
        success: Success::Answered,
    },
];

const OF_A_TASK: &[Parameter] = &[path("task_id", "input.taskId")];

const OF_A_STEP: &[Parameter] = &[path("task_id", "input.taskId"), path("step_id", "input.stepId")];

/// What changes a task, and answers with it as it is then.
const fn of_a_task(
    method: Verb,
    path: &'static str,
    id: &'static str,
    documents: &'static [Written],
    parameters: &'static [Parameter],
) -> Route {
    let (selects, includes): (&[&str], &[Include]) = (&[TASK], TASK_INCLUDES);
    Route {
        method,
        path,
        id,
        thing: "task",
        documents,
        selects,
        includes,
        parameters,
        success: Success::Answered,
    }
}

/// What changes a step, and answers with it as it is then.
const fn of_a_step(
    method: Verb,
    path: &'static str,
    id: &'static str,
    documents: &'static [Written],
) -> Route {
    Route {
        method,
        path,
        id,
        thing: "step",
        documents,
        selects: &[STEP],
        includes: STEP_INCLUDES,
        parameters: OF_A_STEP,
        success: Success::Answered,
    }
}

const fn always(text: &'static str) -> Written {
    Written { when: None, text }
}

const fn path(name: &'static str, to: &'static str) -> Parameter {
    Parameter { name, place: Place::Path, to, range: None, about: None }
}

const fn query(name: &'static str, to: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, to, range: None, about: None }
}

const fn between(parameter: Parameter, least: i64, most: i64) -> Parameter {
    Parameter { range: Some((least, most)), ..parameter }
}
