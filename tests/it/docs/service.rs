//! GraphQL and `curl` lines in the guide are sent to a service: the one that `cargo run` starts, with its sample workflow.

use std::{path::Path, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use tasker::{
    app::{self, App, Tasker, connections},
    config::{Config, Overrides, Variables},
    samples,
};
use tokio::{task::JoinHandle, time::timeout};

use super::curl::Curl;
use crate::{app::PATIENCE, graphql::client::client, place::Place};

/// Commands may come too late for the task that they are about; everything else is a mistake of the guide.
const TOO_LATE: &str = "CONFLICT";

/// Sends documents, with variables that mean something.
pub struct Documents {
    /// `http://host:port`.
    address: String,
    variables: Map<String, Value>,
    app: Option<App>,
    server: JoinHandle<()>,
    _place: Place,
}

impl Documents {
    /// With one order that was processed.
    pub async fn start() -> Self {
        let place = Place::sqlite();
        let overrides = Overrides {
            listen: Some("127.0.0.1:0".into()),
            database_url: Some(place.url.clone().into()),
            ..Overrides::default()
        };
        let variables: Variables = [("TASKER__ORCHESTRATION__LEASE_TTL", "60s")].into_iter().collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let config = Config::load(&folder, &overrides, &variables).expect("the settings are fine");
        let listener = app::listen(&config).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let settings = config.server.clone();
        let app = samples::handlers(Tasker::builder()).open(config, variables).await.expect("it starts");
        let router = app.router(address).expect("the schema is sound");
        let (stop, metrics) = (app.engine().stopping().clone(), app.engine().metrics().clone());
        let server = tokio::spawn(async move {
            connections::serve(listener, router, &settings, metrics, stop).await;
        });
        let address = format!("http://{address}");
        let mut this = Self { address, variables: Map::new(), app: Some(app), server, _place: place };
        this.process_an_order().await;
        this
    }

    pub async fn stop(mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
        let _ = self.server.await;
    }

    /// Sends a document; an answer with an error is one, and so is none.
    pub async fn run(&self, document: &str) -> Result<Value, String> {
        let declared = |name: &String| document.contains(&format!("${name}"));
        let variables: Map<String, Value> = self
            .variables
            .iter()
            .filter(|(name, _)| declared(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let follows = document.trim_start().starts_with("subscription");
        let accept = if follows { "text/event-stream" } else { "application/json" };
        let url = format!("{}/graphql", self.address);
        let request = client().post(url).header("content-type", "application/json").header("accept", accept);
        let body = json!({ "query": document, "variables": variables }).to_string();
        let mut response = request.body(body).send().await.map_err(|error| error.to_string())?;
        let mut text = String::new();
        while let Some(chunk) =
            timeout(PATIENCE, response.chunk()).await.map_err(|_| "no answer comes")?.unwrap_or_default()
        {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if follows && text.contains("data:") && text.ends_with("\n\n") {
                break;
            }
        }
        let first = text.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or(&text);
        let answer: Value = serde_json::from_str(first.trim()).map_err(|_| format!("answered {text}"))?;
        let code = &answer["errors"][0]["extensions"]["code"];
        if answer.get("errors").is_none() || code == TOO_LATE && document.trim_start().starts_with("mutation")
        {
            Ok(answer)
        } else {
            Err(format!("answered {answer}"))
        }
    }

    /// Sends what `curl` would; an answer that is no success is a mistake. `$TASK_ID` and `$STEP_ID` are the order's.
    pub async fn run_curls(&self, curls: &[Curl]) -> Result<(), String> {
        for curl in curls {
            if curl.path == "/graphql" {
                let body = curl.body.as_deref().ok_or("nothing is sent to /graphql")?;
                let body: Value =
                    serde_json::from_str(body).map_err(|error| format!("the body is no JSON: {error}"))?;
                self.run(body["query"].as_str().ok_or("the body has no query")?).await?;
            } else {
                self.request(curl).await?;
            }
        }
        Ok(())
    }

    /// What is at this path, which answers.
    pub async fn page(&self, path: &str) -> Result<String, String> {
        self.request(&Curl { method: "GET".into(), path: path.into(), ..Curl::default() }).await
    }

    async fn request(&self, curl: &Curl) -> Result<String, String> {
        let put = |text: &str| {
            let text = text.replace("$TASK_ID", self.variables["taskId"].as_str().unwrap_or_default());
            text.replace("$STEP_ID", self.variables["stepId"].as_str().unwrap_or_default())
        };
        let method = Method::from_bytes(curl.method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = client().request(method.clone(), format!("{}{}", self.address, put(&curl.path)));
        for (name, value) in &curl.headers {
            request = request.header(name, put(value));
        }
        if let Some(body) = &curl.body {
            request = request.body(put(body));
        }
        let response = request.send().await.map_err(|error| error.to_string())?;
        let status = response.status();
        let text =
            timeout(PATIENCE, response.text()).await.map_err(|_| "no answer comes")?.unwrap_or_default();
        let too_late = method == Method::POST && status == StatusCode::CONFLICT;
        if status.is_success() || too_late { Ok(text) } else { Err(format!("answered {status}: {text}")) }
    }

    async fn process_an_order(&mut self) {
        let cursor = self.run("{ eventCursor }").await.expect("a cursor");
        let create = r#"mutation { createTask(input: { name: "order_process", context: { order_id: 1, customer_id: 2 } }) { taskId workflowSteps { workflowStepId } } }"#;
        let created = self.run(create).await.expect("a task");
        let task = &created["data"]["createTask"];
        let mut put = |name: &str, value: &Value| self.variables.insert(name.to_owned(), value.clone());
        put("after", &cursor["data"]["eventCursor"]);
        put("taskId", &task["taskId"]);
        put("stepId", &task["workflowSteps"][0]["workflowStepId"]);
        let done = "query($taskId: ID!) { task(taskId: $taskId) { status } }";
        let finished = async {
            while self.run(done).await.expect("an answer")["data"]["task"]["status"] != "COMPLETE" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, finished).await.expect("the order is processed");
    }
}
