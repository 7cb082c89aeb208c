//! The picture for programs: nodes and edges, with the words that the API uses.

use serde::Serialize;

use super::{Picture, Status, StepNo, Wait, label};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Graph<'a> {
    namespace: &'a str,
    name: &'a str,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Node<'a> {
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<String>,
    #[serde(flatten)]
    seen: Option<Place>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    workflow_step_id: String,
    status: Status,
    attempts: u32,
    retry_limit: u32,
    /// The kind of the error that a step in error, or one that is tried again, ended with.
    error: Option<&'static str>,
    waits_for: Option<&'static str>,
    until: Option<String>,
}

#[derive(Serialize)]
struct Edge {
    from: String,
    to: String,
}

pub(super) fn write(picture: &Picture) -> String {
    let template = &picture.template;
    let graph = Graph {
        namespace: &template.namespace,
        name: &template.name,
        version: template.version.to_string(),
        task_id: picture.run.as_ref().map(|run| run.task.to_string()),
        status: picture.run.as_ref().map(|run| run.status),
        nodes: picture.dag().places().map(|no| node(picture, no)).collect(),
        edges: picture.edges().map(|(from, to)| Edge { from: id(from), to: id(to) }).collect(),
    };
    serde_json::to_string(&graph).unwrap_or_else(|_| unreachable!("texts and numbers are JSON"))
}

fn id(no: StepNo) -> String {
    format!("s{}", no.0)
}

fn node(picture: &Picture, no: StepNo) -> Node<'_> {
    let seen = picture.seen(no);
    let place = seen.map(|seen| {
        let (waits_for, until) = match seen.wait {
            None => (None, None),
            Some(Wait::Worker) => (Some("worker"), None),
            Some(Wait::Retry(at)) => (Some("retry"), Some(at)),
            Some(Wait::Start(at)) => (Some("start"), Some(at)),
            Some(Wait::Asleep(at)) => (Some("wake"), Some(at)),
        };
        Place {
            workflow_step_id: seen.id.to_string(),
            status: seen.status,
            attempts: seen.attempts,
            retry_limit: seen.retry_limit,
            error: seen.error.map(|kind| kind.as_str()),
            waits_for,
            until: until.map(|at| at.to_rfc3339()),
        }
    });
    let handler = seen.is_none().then(|| label::handler(picture, no));
    Node { id: id(no), name: picture.name(no), handler, seen: place }
}
