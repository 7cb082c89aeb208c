//! A service on a port and a database of its own, whose handlers do what a test says, and a client of it.

use std::{fs, net::SocketAddr};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tasker::{
    app::{self, App, Tasker, connections},
    config::{Config, Overrides, Variables},
    orchestration::Engine,
};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};

use super::{
    client::{Answer, GRAPHQL, client, id, send},
    templates::TEMPLATES,
};
use crate::{
    app::{PATIENCE, read, run_until_idle},
    place::Place,
    script::{Answer as Script, Scripted, Scripts},
};

pub struct Service {
    pub address: SocketAddr,
    pub engine: Engine,
    scripts: Scripts,
    app: Option<App>,
    server: JoinHandle<()>,
    // Dropped last.
    _config: TempDir,
    place: Option<Place>,
}

impl Service {
    pub async fn start(place: Place) -> Self {
        Self::with(place, "").await
    }

    /// With these settings, as `tasker.yaml` has them.
    pub async fn with(place: Place, settings: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let (file, tasks) = (folder.path().join("tasker.yaml"), folder.path().join("tasks"));
        fs::write(file, settings).expect("written");
        fs::create_dir(&tasks).expect("a folder");
        for (no, text) in TEMPLATES.split("\n---\n").enumerate() {
            fs::write(tasks.join(format!("{no}.yaml")), text).expect("written");
        }
        let overrides = Overrides {
            listen: Some("127.0.0.1:0".into()),
            database_url: Some(place.url.clone().into()),
            insecure: false,
            ..Overrides::default()
        };
        // A machine that is busy with other tests must not cost a node its lease.
        let variables: Variables = [("TASKER__ORCHESTRATION__LEASE_TTL", "60s")].into_iter().collect();
        let config = Config::load(folder.path(), &overrides, &variables).expect("the settings are fine");

        let scripts = Scripts::default();
        let mut builder = Tasker::builder();
        let steps: Vec<String> = read(TEMPLATES)
            .iter()
            .flat_map(|template| &template.steps)
            .map(|step| step.handler_class.clone())
            .collect();
        for class in steps.into_iter().filter(|class| !class.contains('.')) {
            builder = builder.step_handler(class.clone(), Scripted { class, scripts: scripts.clone() });
        }
        let listener = app::listen(&config).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let settings = config.server.clone();
        let app = builder.open(config, variables).await.expect("the service starts");
        let engine = app.engine().clone();
        let router = app.router(address).expect("the schema is sound");
        let (stop, metrics) = (engine.stopping().clone(), engine.metrics().clone());
        let server = tokio::spawn(async move {
            connections::serve(listener, router, &settings, metrics, stop).await;
        });
        Self { address, engine, scripts, app: Some(app), server, _config: folder, place: Some(place) }
    }

    /// What the handler of `class` does, one answer an attempt; afterwards it answers `{}`.
    pub fn script(&self, class: &str, answers: impl IntoIterator<Item = Script>) {
        self.scripts.answers(class, answers);
    }

    /// Hanging handlers answer.
    pub async fn let_go(&self) {
        self.scripts.let_go();
        self.idle().await;
    }

    /// Nothing more will happen by itself.
    pub async fn idle(&self) {
        run_until_idle(&self.engine, &self.scripts).await;
    }

    /// As the program stops: the engine first, then its connections. What it has stored is there for the next one.
    pub async fn stop(mut self) -> Place {
        self.app.take().expect("it runs").stop().await;
        timeout(PATIENCE, &mut self.server).await.expect("the server ends").expect("without a panic");
        self.place.take().expect("a place")
    }

    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// A POST without a body.
    pub fn post(&self) -> RequestBuilder {
        client().post(self.url()).header("content-type", "application/json").header("accept", GRAPHQL)
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        send(self.post().body(json!({ "query": query, "variables": variables }).to_string())).await
    }

    /// The `data` of an answer without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        let mut json = answer.json();
        assert!(json.get("errors").is_none(), "{query}: {}", answer.text);
        json["data"].take()
    }

    /// The only error of an answer.
    pub async fn error(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask(query, variables).await;
        let mut json = answer.json();
        assert_eq!(json["errors"].as_array().map(Vec::len), Some(1), "{query}: {}", answer.text);
        json["errors"][0].take()
    }

    /// The one root field of a mutation whose input is called `input`, with this selection.
    pub async fn mutate(&self, field: &str, input: Value, selection: &str) -> Value {
        self.data(&mutation(field, selection), json!({ "input": input })).await[field].take()
    }

    /// The error of such a mutation.
    pub async fn refused(&self, field: &str, input: Value) -> Value {
        self.error(&mutation(field, "{ __typename }"), json!({ "input": input })).await
    }

    /// Creates a task: its id.
    pub async fn create(&self, name: &str, context: Value) -> String {
        let input = json!({ "name": name, "context": context });
        id(&self.mutate("createTask", input, "{ taskId }").await["taskId"])
    }

    /// Creates a task and waits until nothing more happens.
    pub async fn run(&self, name: &str, context: Value) -> String {
        let task = self.create(name, context).await;
        self.idle().await;
        task
    }

    /// The task with this selection.
    pub async fn task(&self, task: &str, selection: &str) -> Value {
        let query = format!("query ($task: ID!) {{ task(taskId: $task) {selection} }}");
        self.data(&query, json!({ "task": task })).await["task"].take()
    }

    pub async fn step_id(&self, task: &str, name: &str) -> String {
        let task = self.task(task, "{ workflowSteps { name workflowStepId } }").await;
        let steps = task["workflowSteps"].as_array().expect("steps");
        let step = steps.iter().find(|step| step["name"] == name).expect("the step");
        id(&step["workflowStepId"])
    }

    /// `step status` of each step, in order, and the task's status.
    pub async fn statuses(&self, task: &str) -> String {
        let task = self.task(task, "{ status workflowSteps { name status } }").await;
        let word = |value: &Value| value.as_str().expect("a text").to_owned();
        let steps = task["workflowSteps"].as_array().expect("steps").iter();
        let steps = steps.map(|step| format!("{} {}", word(&step["name"]), word(&step["status"])));
        steps.chain([format!("task {}", word(&task["status"]))]).collect::<Vec<_>>().join(", ")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The lease's thread ends with it.
        self.engine.stopping().cancel();
        self.server.abort();
    }
}

fn mutation(field: &str, selection: &str) -> String {
    let (first, rest) = field.split_at(1);
    format!(
        "mutation ($input: {}{rest}Input!) {{ {field}(input: $input) {selection} }}",
        first.to_uppercase()
    )
}
