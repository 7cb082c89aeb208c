//! The service with two namespaces, a policy, and a few people.

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tasker::{
    app::{App, Builder, Tasker, connections},
    auth::{Subject, Wanted},
    config::{Config, Overrides, Variables},
    orchestration::{Clock, api_tokens},
};
use tempfile::TempDir;

use crate::place::Place;

/// Real time after which a test that waits has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

const TEMPLATES: [(&str, &str); 3] = [
    (
        "shop.yaml",
        "name: order\nnamespace_name: shop\ncustom_events: [{ name: order.seen }]\nstep_templates: [{ name: a, handler_class: tasker.noop }]\n",
    ),
    (
        "paused.yaml",
        "name: paused\nnamespace_name: shop\nstep_templates: [{ name: a, handler_class: nobody.has_it }]\n",
    ),
    (
        "bank.yaml",
        "name: order\nnamespace_name: bank\ncustom_events: [{ name: order.seen, description: Looked at }, { name: bank.audited }]\nstep_templates: [{ name: a, handler_class: tasker.noop }]\n",
    ),
];

/// `viewer` sees that tasks of `shop` are there; `operator` steers them; `maker` sees only what is its own.
pub const POLICY: &str = "
p, role:viewer, shop, tasker.task, index, allow
p, role:viewer, shop, tasker.workflow_step, index, allow
p, role:viewer, shop, tasker.event, index, allow
p, role:viewer, shop, tasker.event, subscribe, allow
g, role:operator, role:viewer, shop
p, role:operator, shop, tasker.task, show, allow
p, role:operator, shop, tasker.task, cancel, allow
p, role:operator, shop, tasker.task, create, allow
p, role:operator, shop, tasker.task, destroy, allow
p, role:operator, shop, tasker.workflow_step, retry, allow
p, role:operator, bank, tasker.task, show, allow
p, role:drawer, shop, tasker.handler, *, allow
p, role:drawer, shop, tasker.task_diagram, *, allow
p, role:teller, bank, tasker.task, *, allow
p, role:shutout, *, tasker.task, *, allow
p, role:shutout, bank, tasker.task, *, deny
p, role:shop_auditor, shop, tasker.audit, index, allow
p, role:analyst, shop, tasker.analytics, index, allow
p, role:worker, *, tasker.workflow_step, claim, allow
p, role:worker, *, tasker.workflow_step, complete, allow
p, role:admin, *, *, *, allow
p, role:admin, *, tasker.api_token, *, allow
p, role:admin, *, tasker.policy, *, allow
";

pub struct Service {
    pub address: SocketAddr,
    pub app: App,
    http: reqwest::Client,
    folder: TempDir,
    // Dropped last.
    _place: Place,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }

    pub fn missing(&self) -> Vec<&str> {
        let listed = self.body["errors"][0]["extensions"]["missingPermissions"].as_array();
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    pub fn data(&self, field: &str) -> &Value {
        assert!(self.body["errors"].is_null(), "{}", self.body);
        &self.body["data"][field]
    }
}

impl Service {
    pub async fn start(place: Place) -> Self {
        Self::with(place, json!({})).await
    }

    /// With more sections of settings.
    pub async fn with(place: Place, more: Value) -> Self {
        Self::built(place, more, Tasker::builder()).await
    }

    /// With what an application brings.
    pub async fn built(place: Place, more: Value, builder: Builder) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().expect("a folder");
        let (tasks, policies) = (folder.path().join("tasks"), folder.path().join("authorization"));
        fs::create_dir(&tasks).and_then(|()| fs::create_dir(&policies)).expect("folders");
        for (name, text) in TEMPLATES {
            fs::write(tasks.join(name), text).expect("a file");
        }
        fs::write(policies.join("policy.csv"), POLICY).expect("a file");
        // JSON is YAML.
        let mut settings = json!({
            "authentication": { "enabled": true, "authenticators": [{ "type": "api_token" }] },
            "authorization": { "enabled": true },
        });
        for (section, said) in more.as_object().expect("sections") {
            settings[section] = said.clone();
        }
        fs::write(folder.path().join("tasker.yaml"), settings.to_string()).expect("a file");
        let overrides = Overrides { database_url: place.url.parse().ok(), ..Overrides::default() };
        let variables: Variables = [("TASKER__ORCHESTRATION__LEASE_TTL", "60s")].into_iter().collect();
        let config = Config::load(folder.path(), &overrides, &variables).expect("it is sound");
        let server = config.server.clone();
        let app = builder.open(config, variables).await.expect("the service starts");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = app.router(address).expect("a schema that can be guarded");
        let (metrics, stop) = (app.engine().metrics().clone(), app.engine().stopping().clone());
        tokio::spawn(async move { connections::serve(listener, router, &server, metrics, stop).await });
        Self { address, app, http: reqwest::Client::new(), folder, _place: place }
    }

    pub fn policy_file(&self) -> PathBuf {
        self.folder.path().join("authorization/policy.csv")
    }

    /// A token of somebody with this role, who is called like it.
    pub async fn token(&self, role: &str) -> String {
        let wanted = Wanted { name: role.into(), roles: vec![role.into()], ..Wanted::default() };
        self.issue(wanted).await
    }

    pub async fn issue(&self, wanted: Wanted) -> String {
        let database = self.app.engine().database();
        let issued = api_tokens::issue(database, &Subject::anonymous(), wanted, Clock::System.now()).await;
        issued.expect("a token").0.reveal().to_owned()
    }

    pub async fn ask(&self, token: &str, query: &str) -> Answer {
        self.ask_with(token, query, json!({})).await
    }

    pub async fn ask_with(&self, token: &str, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let mut request = self.http.post(format!("http://{}/graphql", self.address)).json(&body);
        if !token.is_empty() {
            request = request.header("X-API-Token", token);
        }
        let answer =
            tokio::time::timeout(PATIENCE, request.send()).await.expect("in time").expect("an answer");
        let status = answer.status().as_u16();
        Answer { status, body: answer.json().await.expect("JSON") }
    }

    /// What `GET` of a path is answered with: its status and its text.
    pub async fn get(&self, token: &str, path: &str) -> (u16, String) {
        let mut request = self.http.get(format!("http://{}{path}", self.address));
        if !token.is_empty() {
            request = request.header("X-API-Token", token);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// A new task of `namespace`, created by whoever has the token.
    pub async fn create(&self, token: &str, namespace: &str) -> String {
        let text = "mutation ($n: String) { createTask(input: {name: \"order\", namespace: $n}) { taskId } }";
        let answer = self.ask_with(token, text, json!({ "n": namespace })).await;
        answer.data("createTask")["taskId"].as_str().expect("an id").to_owned()
    }

    /// A new task of `namespace` that waits for somebody.
    pub async fn paused(&self, token: &str, namespace: &str) -> String {
        let text =
            "mutation ($n: String) { createTask(input: {name: \"paused\", namespace: $n}) { taskId } }";
        let answer = self.ask_with(token, text, json!({ "n": namespace })).await;
        answer.data("createTask")["taskId"].as_str().expect("an id").to_owned()
    }

    /// Waits until the task is settled, and says how.
    pub async fn settled(&self, token: &str, task: &str) -> String {
        let look = async {
            loop {
                let text = "query ($id: ID!) { task(taskId: $id) { status complete } }";
                let answer = self.ask_with(token, text, json!({ "id": task })).await;
                let seen = answer.data("task");
                if seen["complete"] == true {
                    return seen["status"].as_str().expect("a status").to_owned();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("in time")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The lease's thread ends with it.
        self.app.engine().stopping().cancel();
    }
}
