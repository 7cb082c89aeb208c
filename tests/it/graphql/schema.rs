//! `schema.graphql`: what the program prints, and what its fields say they need.

use std::{collections::BTreeMap, process::Command};

use async_graphql::{
    Positioned, Value,
    parser::{
        parse_query, parse_schema,
        types::{ConstDirective, Selection, SelectionSet, TypeKind, TypeSystemDefinition},
    },
};

const SCHEMA: &str = include_str!("../../../schema.graphql");

/// What is agreed upon for each field, in the order of the design.
const AGREED: &[(&str, &str)] = &[
    ("Query.tasks", "tasker.task:index"),
    ("Query.tasksByStatus", "tasker.task:index"),
    ("Query.tasksByAnnotation", "tasker.task:index"),
    ("Query.tasksByAnnotation", "tasker.task_annotation:index"),
    ("Query.taskConnection", "tasker.task:index"),
    ("Query.task", "tasker.task:show"),
    ("Query.step", "tasker.workflow_step:show"),
    ("Query.annotationTypes", "tasker.annotation_type:index"),
    ("Query.taskDiagram", "tasker.task_diagram:show"),
    ("Query.taskDiagrams", "tasker.task_diagram:index"),
    ("Query.namespaces", "tasker.handler:index"),
    ("Query.handlers", "tasker.handler:index"),
    ("Query.handler", "tasker.handler:show"),
    ("Query.events", "tasker.event:index"),
    ("Query.eventCursor", "tasker.event:index"),
    ("Query.eventCatalog", "tasker.event_definition:index"),
    ("Query.eventInfo", "tasker.event_definition:show"),
    ("Mutation.createTask", "tasker.task:create"),
    ("Mutation.createTasks", "tasker.task:create"),
    ("Mutation.updateTask", "tasker.task:update"),
    ("Mutation.cancelTask", "tasker.task:cancel"),
    ("Mutation.retryTask", "tasker.task:retry"),
    ("Mutation.resolveTask", "tasker.task:resolve"),
    ("Mutation.deleteTask", "tasker.task:destroy"),
    ("Mutation.annotateTask", "tasker.task_annotation:create"),
    ("Mutation.updateStep", "tasker.workflow_step:update"),
    ("Mutation.cancelStep", "tasker.workflow_step:cancel"),
    ("Mutation.retryStep", "tasker.workflow_step:retry"),
    ("Mutation.resolveStep", "tasker.workflow_step:resolve"),
    ("Mutation.claimSteps", "tasker.workflow_step:claim"),
    ("Mutation.heartbeatSteps", "tasker.workflow_step:claim"),
    ("Mutation.completeStep", "tasker.workflow_step:complete"),
    ("Mutation.completeSteps", "tasker.workflow_step:complete"),
    ("Mutation.failStep", "tasker.workflow_step:complete"),
    ("Subscription.stepsAvailable", "tasker.workflow_step:claim"),
    ("Mutation.publishEvent", "tasker.event:publish"),
    ("Query.apiTokens", "tasker.api_token:index"),
    ("Mutation.issueApiToken", "tasker.api_token:create"),
    ("Mutation.revokeApiToken", "tasker.api_token:destroy"),
    ("Mutation.reloadPolicy", "tasker.policy:update"),
    ("Query.auditLog", "tasker.audit:index"),
    ("Query.healthStatus", "tasker.health_status:index"),
    ("Query.analytics", "tasker.analytics:index"),
    ("Query.nodes", "tasker.node:index"),
    ("Query.viewer", "(signed in)"),
    ("Subscription.workflowEvents", "tasker.event:subscribe"),
    ("Subscription.taskUpdated", "tasker.task:show"),
    ("Task.workflowSteps", "tasker.workflow_step:index"),
    ("Task.taskAnnotations", "tasker.task_annotation:index"),
    ("Task.events", "tasker.event:index"),
    ("Task.namedTask", "tasker.handler:show"),
    ("Task.diagram", "tasker.task_diagram:show"),
    ("Task.dependencyAnalysis", "tasker.workflow_step:index"),
    ("Blocker.step", "tasker.workflow_step:index"),
    ("DependencyPath.steps", "tasker.workflow_step:index"),
    ("Handler.template", "tasker.handler:show"),
    ("Handler.dependencyGraph", "tasker.handler:show"),
    ("Handler.diagram", "tasker.handler:show"),
    ("Task.context", "tasker.task:show"),
    ("Task.identityHash", "tasker.task:show"),
    ("TaskFilter.context", "tasker.task:show"),
    ("WorkflowStep.parents", "tasker.workflow_step:index"),
    ("WorkflowStep.children", "tasker.workflow_step:index"),
    ("WorkflowStep.task", "tasker.task:show"),
    ("WorkflowStep.events", "tasker.event:index"),
    ("WorkflowStep.inputs", "tasker.workflow_step:show"),
    ("WorkflowStep.results", "tasker.workflow_step:show"),
    ("WorkflowStep.error", "tasker.workflow_step:show"),
    ("WorkflowEvent.payload", "tasker.event:show"),
];

#[test]
fn it_is_what_the_program_prints() {
    let printed = Command::new(env!("CARGO_BIN_EXE_tasker")).arg("schema").output().expect("it runs");
    assert!(printed.status.success());
    assert!(printed.stdout == SCHEMA.as_bytes(), "schema.graphql is not what `tasker schema` prints");
}

#[test]
fn each_field_needs_what_is_agreed_and_no_other_field_needs_anything() {
    let needed: BTreeMap<String, Vec<String>> =
        fields().into_iter().filter(|(_, permissions)| !permissions.is_empty()).collect();
    let mut agreed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (field, permission) in AGREED {
        agreed.entry((*field).into()).or_default().push((*permission).into());
    }
    assert_eq!(needed, agreed);
}

#[test]
fn every_root_field_needs_something() {
    let roots = ["Query.", "Mutation.", "Subscription."];
    let free: Vec<String> = fields()
        .into_iter()
        .filter(|(field, permissions)| {
            roots.iter().any(|root| field.starts_with(root)) && permissions.is_empty()
        })
        .map(|(field, _)| field)
        .collect();
    assert!(free.is_empty(), "{free:?}");
}

/// So that `fields` shows a new field in every state.
#[test]
fn the_document_of_every_field_has_every_field() {
    let document = parse_query(include_str!("documents/task.graphql")).expect("a document");
    let operation = document.operations.iter().next().expect("an operation").1;
    let task = below(&operation.node.selection_set.node, "task");
    for (owner, set) in [("Task", task), ("WorkflowStep", below(task, "workflowSteps"))] {
        let missing: Vec<String> = fields()
            .into_keys()
            .filter_map(|field| field.strip_prefix(&format!("{owner}.")).map(str::to_owned))
            .filter(|name| !has(set, name))
            .collect();
        assert!(missing.is_empty(), "{owner} has more: {missing:?}");
    }
}

fn has(set: &SelectionSet, name: &str) -> bool {
    set.items.iter().any(|item| matches!(&item.node, Selection::Field(field) if field.node.name.node == name))
}

fn below<'a>(set: &'a SelectionSet, name: &str) -> &'a SelectionSet {
    let found = set.items.iter().find_map(|item| match &item.node {
        Selection::Field(field) if field.node.name.node == name => Some(&field.node.selection_set.node),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{name} is selected"))
}

/// Every field and input field with the permissions it names.
fn fields() -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for definition in parse_schema(SCHEMA).expect("a schema").definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let owner = definition.node.name.node;
        match definition.node.kind {
            TypeKind::Object(object) => {
                for field in object.fields {
                    all.insert(
                        format!("{owner}.{}", field.node.name.node),
                        permissions(&field.node.directives),
                    );
                }
            }
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    all.insert(
                        format!("{owner}.{}", field.node.name.node),
                        permissions(&field.node.directives),
                    );
                }
            }
            _ => {}
        }
    }
    all
}

fn permissions(directives: &[Positioned<ConstDirective>]) -> Vec<String> {
    let named = directives.iter().filter(|directive| directive.node.name.node == "authorize");
    named
        .map(|directive| {
            let argument = |name| directive.node.get_argument(name).map(|value| &value.node);
            match (argument("permission"), argument("authenticated")) {
                (Some(Value::String(name)), None) => name.clone(),
                (None, Some(Value::Boolean(true))) => "(signed in)".to_owned(),
                other => panic!("@authorize without a permission: {other:?}"),
            }
        })
        .collect()
}
