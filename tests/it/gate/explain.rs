//! What is explained beforehand is what the gate says.

use std::sync::Arc;

use async_graphql::Variables;
use serde_json::{Value, json};
use tasker::{
    auth::{Subject, Warden},
    config::Introspection,
    data::tasks,
    graphql::{
        document::Limits,
        gate::{Explainer, Question, Requirements},
        introspection::Views,
        outline::Outline,
        schema,
    },
    orchestration::Clock,
};

use super::service::Service;
use crate::place::Place;

on_both_databases![explain_says_what_the_gate_says];

/// By the schema of this program.
pub fn explainer(limits: Limits) -> Explainer {
    let sdl = schema::sdl();
    Explainer::new(
        Requirements::from_sdl(&sdl).expect("guarded"),
        Outline::from_sdl(&sdl).expect("readable"),
        limits,
        (Introspection::Permitted, Views::from_sdl(&sdl).expect("readable")),
    )
}

const DOCUMENTS: [&str; 24] = [
    "{ tasks { taskId } }",
    "{ tasks { context } }",
    "{ a: tasks { taskId } b: events { nodes { payload } } }",
    "{ tasks(filter: {context: {path: \"a\", equals: 1}}) { taskId } }",
    "{ ...F } fragment F on Query { tasks { ...T } } fragment T on Task { workflowSteps { results } }",
    "{ tasks { nothing } }",
    "{ nothing }",
    "{ viewer { subject } }",
    "{ viewer { subject } tasks { taskId } }",
    "{ auditLog { nodes { count } } }",
    "{ apiTokens { name } }",
    "{ __schema { queryType { name } } }",
    "{ __schema { queryType { name } } tasks { taskId } }",
    "{ __typename }",
    "{ __typename ",
    "mutation { issueApiToken(input: {name: \"a\", roles: [\"viewer\"]}) { name } }",
    "mutation { issueApiToken(input: {name: \"a\", roles: [\"admin\"]}) { name } }",
    "query A { tasks { taskId } } query B { tasks { taskId } }",
    "mutation { createTask(input: {name: \"order\", namespace: \"shop\", dryRun: true}) { name } }",
    "mutation { createTask(input: {name: \"order\", namespace: \"bank\", dryRun: true}) { name } }",
    "mutation { createTasks(input: {tasks: [{name: \"order\", namespace: \"shop\", dryRun: true},
        {name: \"order\", namespace: \"bank\", dryRun: true}]}) { name } }",
    "mutation ($shop: ID!) { deleteTask(input: {taskId: $shop}) { taskId } }",
    "mutation ($bank: ID!) { deleteTask(input: {taskId: $bank}) { taskId } }",
    "mutation ($shop: ID!, $bank: ID!) { a: cancelTask(input: {taskId: $shop}) { context }
        b: cancelTask(input: {taskId: $bank}) { taskId } }",
];

async fn explain_says_what_the_gate_says(place: Place) {
    let service = Service::start(place).await;
    let admin = service.token("admin").await;
    let tasks = json!({
        "shop": service.paused(&admin, "shop").await,
        "bank": service.create(&admin, "bank").await,
    });
    let explainer = explainer(Limits::default());
    let policy = service.app.policy().expect("a policy decides").clone();
    let warden = Warden::new(policy, Arc::new(|| Clock::System.now()));
    for role in ["viewer", "operator", "teller", "shutout", "shop_auditor", "nobody_knows_it", ""] {
        let token = if role.is_empty() { String::new() } else { service.token(role).await };
        let subject = match role {
            "" => Subject::anonymous(),
            role => Subject::named(role).with_roles([role]),
        };
        for document in DOCUMENTS {
            let declared =
                ["shop", "bank"].into_iter().filter(|name| document.contains(&format!("${name}:")));
            let variables: Value = declared
                .map(|name| (name.to_owned(), tasks[name].clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let given = Variables::from_json(variables.clone());
            let question = Question {
                document,
                operation: None,
                variables: &given,
                subject: &subject,
                warden: &warden,
                places: None,
            };
            let about = explainer.tasks(&question);
            let places = tasks::places(service.app.engine().database(), &about).await.expect("readable");
            let said = explainer.explain(&Question { places: Some(&places), ..question }).await;
            let answer = service.ask_with(&token, document, variables).await;
            let explained = said.refusal.as_ref().map_or("", |refusal| &refusal.code);
            let context = format!("{role}: {document}: {} {said:?}", answer.body);
            match said.permitted {
                true => assert!(!["FORBIDDEN", "UNAUTHENTICATED"].contains(&answer.code()), "{context}"),
                false => assert_eq!(answer.code(), explained, "{context}"),
            }
            let missing = said.refusal.map(|refusal| refusal.missing_permissions).unwrap_or_default();
            assert_eq!(answer.missing(), missing, "{context}");
        }
    }
}
