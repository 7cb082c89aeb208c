//! `kill -9` while tasks are created in bulk.

use std::{collections::HashMap, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use tasker::model::id::TaskId;

use super::{audit, client::Client, home::Home, load, programs::Program, service::Service, shapes};
use crate::place::Place;

on_both_databases!(each_request_is_there_as_a_whole_or_not_at_all);

const LIVES: usize = 4;

/// Tasks in one request.
const BULK: usize = 40;

async fn each_request_is_there_as_a_whole_or_not_at_all(place: Place) {
    let noop = |name: &str, after: &[&str]| json!({ "name": name, "handler_class": "tasker.noop", "depends_on_steps": after });
    let template = shapes::template("bulk", &[noop("a", &[]), noop("b", &["a"])]);
    let home = Home::new(place, &[template]).set("ORCHESTRATION__LEASE_TTL", "2s");
    let mut dice = StdRng::seed_from_u64(load::seed());
    let mut acknowledged: Vec<Vec<TaskId>> = Vec::new();
    for life in 0..LIVES {
        let service = Service::start(&home, Program::Tasker).await;
        let clients = [format!("{life}a"), format!("{life}b")].map(|tag| create(service.client.clone(), tag));
        let clients = clients.map(tokio::spawn);
        tokio::time::sleep(Duration::from_millis(dice.random_range(20..500))).await;
        service.kill().await;
        for client in clients {
            acknowledged.extend(client.await.expect("a client"));
        }
    }
    let all: Vec<TaskId> = acknowledged.iter().flatten().copied().collect();
    let history = audit::always(&home, &all).await;
    let mut requests: HashMap<&[String], usize> = HashMap::new();
    for case in &history.cases {
        *requests.entry(&case.task.tags).or_default() += 1;
    }
    assert!(requests.values().all(|&tasks| tasks == BULK), "half of a request: {requests:?}");
    assert!(acknowledged.iter().all(|tasks| tasks.len() == BULK));
    let service = Service::start(&home, Program::Tasker).await;
    audit::at_rest(&home, &all).await;
    assert!(service.stop().await.success());
}

/// One request after the other, each under a tag of its own, until there is no answer.
async fn create(client: Client, tag: String) -> Vec<Vec<TaskId>> {
    let mut acknowledged = Vec::new();
    for no in 0..10 {
        match client.try_create_many("bulk", BULK, &format!("{tag}{no}")).await {
            Some(tasks) => acknowledged.push(tasks),
            None => break,
        }
    }
    acknowledged
}
