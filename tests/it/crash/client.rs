//! Asks a service over HTTP, as its users do.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tasker::model::id::TaskId;

use super::home::PATIENCE;

/// Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
}

const CREATE: &str = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }";
const CREATE_MANY: &str = "mutation ($input: CreateTasksInput!) { createTasks(input: $input) { taskId } }";

impl Client {
    pub fn new(address: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        Self { http, address: address.to_owned() }
    }

    pub fn post(&self, query: &str, variables: Value) -> RequestBuilder {
        let body = json!({ "query": query, "variables": variables });
        self.http.post(format!("{}/graphql", self.address)).json(&body)
    }

    pub async fn get(&self, path: &str) -> Result<Response, reqwest::Error> {
        self.http.get(format!("{}{path}", self.address)).send().await
    }

    /// The whole answer; none when there is no service any more, or it was cut off before it could answer.
    pub async fn ask(&self, query: &str, variables: Value) -> Option<Value> {
        self.post(query, variables).send().await.ok()?.json().await.ok()
    }

    /// The data of an answer without errors.
    pub async fn run(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.ask(query, variables).await.expect("an answer");
        assert_eq!(answer["errors"], Value::Null, "{query}");
        answer["data"].take()
    }

    /// Creates a task; none when that was not acknowledged.
    pub async fn try_create(&self, name: &str, context: Value) -> Option<TaskId> {
        let input = json!({ "input": { "name": name, "context": context } });
        id(&self.ask(CREATE, input).await?["data"]["createTask"])
    }

    pub async fn create(&self, name: &str) -> TaskId {
        let data = self.run(CREATE, json!({ "input": { "name": name } })).await;
        id(&data["createTask"]).expect("an id")
    }

    /// Creates `count` tasks in one request, tagged so that they can be found; none when that was not acknowledged.
    pub async fn try_create_many(&self, name: &str, count: usize, tag: &str) -> Option<Vec<TaskId>> {
        let tasks: Vec<Value> = (0..count).map(|_| json!({ "name": name, "tags": [tag] })).collect();
        let answer = self.ask(CREATE_MANY, json!({ "input": { "tasks": tasks } })).await?;
        answer["data"]["createTasks"].as_array()?.iter().map(id).collect()
    }

    /// Until the node is ready for work.
    pub async fn until_ready(&self) {
        let ready = async {
            while !self.get("/health/ready").await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("it becomes ready");
    }
}

fn id(task: &Value) -> Option<TaskId> {
    TaskId::parse(task["taskId"].as_str()?)
}
