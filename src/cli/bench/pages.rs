//! Pages of tasks as callers get them: GraphQL over HTTP, all over a long history.

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    Latencies,
    commit::in_millis,
    history::{HISTORY, Pages},
    service::Service,
};

/// Pages of each order and direction.
const EACH: i64 = 25;

const ORDERS: [&str; 7] =
    ["REQUESTED_AT", "CREATED_AT", "UPDATED_AT", "COMPLETED_AT", "NAME", "STATUS", "PRIORITY"];

/// `taskConnection` behind cursors all over the history, with what a page shows of itself; and `tasks`, as far as its
/// offset goes.
pub(super) async fn ask(service: &Service) -> anyhow::Result<Vec<Pages>> {
    let (mut all, mut first, mut far) = (Vec::new(), Vec::new(), Vec::new());
    for field in ORDERS {
        let mut millis = Vec::new();
        for direction in ["ASC", "DESC"] {
            for no in 0..EACH {
                let after = cursor(service, field, direction, no).await?;
                let order = json!({ "field": field, "direction": direction });
                let variables = json!({ "after": after, "orderBy": order });
                millis.push(timed(service, CONNECTION, variables).await?);
            }
            for offset in [0, 20, 100, 10_000] {
                let variables = json!({ "offset": offset, "sortBy": field, "sortOrder": direction });
                let which = if offset == 10_000 { &mut far } else { &mut first };
                which.push(timed(service, TASKS, variables).await?);
            }
        }
        all.push(Pages::of(format!("taskConnection by {field}"), millis));
    }
    all.push(Pages::of("tasks, all orders, offset up to 100".into(), first));
    all.push(Pages::of("tasks, all orders, offset 10,000".into(), far));
    Ok(all)
}

const CONNECTION: &str = "query ($after: String, $orderBy: TaskOrder) {
    taskConnection(first: 20, after: $after, orderBy: $orderBy) {
        nodes { taskId name namespace version status reason requestedAt completedAt }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } }";

const TASKS: &str = "query ($offset: Int!, $sortBy: TaskSort!, $sortOrder: SortOrder!) {
    tasks(limit: 20, offset: $offset, sortBy: $sortBy, sortOrder: $sortOrder) {
        taskId name namespace version status reason requestedAt completedAt } }";

const CURSOR: &str = "query ($filter: TaskFilter, $orderBy: TaskOrder) {
    taskConnection(first: 1, filter: $filter, orderBy: $orderBy) { edges { cursor } } }";

/// A place in this order: that of some task of the moment and the template which `no` stands for. None is the start.
async fn cursor(service: &Service, field: &str, direction: &str, no: i64) -> anyhow::Result<Value> {
    let since = Utc::now() - TimeDelta::microseconds(HISTORY - HISTORY / EACH * no);
    let filter = json!({ "name": format!("template_{}", no % 10), "requestedAfter": since.to_rfc3339() });
    let order = json!({ "field": field, "direction": direction });
    let found = service.ask(CURSOR, json!({ "filter": filter, "orderBy": order })).await?;
    Ok(found["taskConnection"]["edges"][0]["cursor"].clone())
}

async fn timed(service: &Service, query: &str, variables: Value) -> anyhow::Result<f64> {
    let began = Instant::now();
    service.ask(query, variables).await?;
    Ok(in_millis(began.elapsed()))
}

impl Pages {
    fn of(what: String, millis: Vec<f64>) -> Self {
        Self { what, millis: Latencies::of(millis) }
    }
}
