//! Where the attacks happen: a service with a task in `shop` and one in `bank` that wait.

use reqwest::{
    Client, RequestBuilder,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use tasker::app::Builder;
use tokio::sync::Mutex;

use super::{
    request::Request,
    rows::{Reader, Rows},
    value::NOBODYS_ID,
};
use crate::{
    gate::service::{PATIENCE, Service},
    graphql::count,
    place::Place,
};

/// The media type of answers whose status says whether the operation ran.
pub const GRAPHQL: HeaderValue = HeaderValue::from_static("application/graphql-response+json");

pub struct Ground {
    pub service: Service,
    /// A task that waits for an hour before its first step, in `shop`.
    pub shop: String,
    /// The same in `bank`.
    pub bank: String,
    pub admin: String,
    http: Client,
    reader: Mutex<Reader>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    /// As it came.
    pub text: String,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }

    pub fn missing(&self) -> Vec<&str> {
        let listed = self.body["errors"][0]["extensions"]["missingPermissions"].as_array();
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    pub fn data(&self) -> &Value {
        assert!(self.body["errors"].is_null(), "{}", self.text);
        &self.body["data"]
    }
}

impl Ground {
    pub async fn new(place: Place) -> Self {
        Self::with(place, json!({})).await
    }

    /// With more settings.
    pub async fn with(place: Place, settings: Value) -> Self {
        let url = place.url.clone();
        Self::on(Service::with(place, settings).await, &url).await
    }

    /// With what an application brings.
    pub async fn built(place: Place, builder: Builder) -> Self {
        let url = place.url.clone();
        Self::on(Service::built(place, json!({}), builder).await, &url).await
    }

    async fn on(service: Service, url: &str) -> Self {
        count::listen();
        let admin = service.token("admin").await;
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let reader = Mutex::new(Reader::open(url).await);
        let mut ground = Self { service, shop: String::new(), bank: String::new(), admin, http, reader };
        ground.shop = ground.waiting("shop").await;
        ground.bank = ground.waiting("bank").await;
        ground
    }

    /// A new task that does nothing for an hour.
    pub async fn waiting(&self, namespace: &str) -> String {
        let text = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId } }";
        let context = json!({ "ssn": format!("secret of {namespace}") });
        let input =
            json!({ "name": "order", "namespace": namespace, "delaySeconds": 3600, "context": context });
        let answer = self.ask_with(&self.admin, text, json!({ "input": input })).await;
        answer.data()["createTask"]["taskId"].as_str().expect("an id").to_owned()
    }

    pub async fn token(&self, role: &str) -> String {
        self.service.token(role).await
    }

    /// A POST without a body, by whoever has this token.
    pub fn post(&self, token: &str) -> RequestBuilder {
        let request = self.http.post(format!("http://{}/graphql", self.service.address));
        if token.is_empty() { request } else { request.header("X-API-Token", token) }
    }

    /// Sends it, and reads what is said.
    pub async fn hear(request: RequestBuilder) -> Answer {
        let (http, request) = request.build_split();
        let mut request = request.expect("a request");
        request.headers_mut().entry("accept").or_insert(GRAPHQL);
        let answer = http.execute(request).await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a text");
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    pub async fn ask(&self, token: &str, query: &str) -> Answer {
        self.ask_with(token, query, json!({})).await
    }

    pub async fn ask_with(&self, token: &str, query: &str, variables: Value) -> Answer {
        Self::hear(self.post(token).json(&json!({ "query": query, "variables": variables }))).await
    }

    pub async fn send(&self, token: &str, request: &Request) -> Answer {
        Self::hear(self.post(token).json(&request.body())).await
    }

    /// The only event of a stream that says no more: what is refused, or is no subscription.
    pub async fn stream(&self, token: &str, request: &Request) -> Answer {
        let request = self.post(token).json(&request.body()).header("accept", "text/event-stream");
        let mut answer = Self::hear(request).await;
        let data = answer.text.lines().find_map(|line| line.strip_prefix("data: ")).expect("an event");
        answer.body = serde_json::from_str(data).expect("JSON");
        answer
    }

    /// Everything that is stored.
    pub async fn rows(&self) -> Rows {
        self.reader.lock().await.all().await
    }

    /// The status of a task, as an admin sees it.
    pub async fn status(&self, task: &str) -> String {
        let text = "query ($id: ID!) { task(taskId: $id) { status } }";
        let answer = self.ask_with(&self.admin, text, json!({ "id": task })).await;
        answer.data()["task"]["status"].as_str().unwrap_or("gone").to_owned()
    }

    /// What required arguments can be about: a new task, its step, a token that nobody has.
    pub async fn about(&self) -> Value {
        let task = self.waiting("shop").await;
        let text = "query ($id: ID!) { task(taskId: $id) { workflowSteps { workflowStepId } } }";
        let answer = self.ask_with(&self.admin, text, json!({ "id": task })).await;
        let step = answer.data()["task"]["workflowSteps"][0]["workflowStepId"].clone();
        json!({ "taskId": task, "stepId": step, "tokenId": NOBODYS_ID, "name": "order", "namespace": "shop",
            "roles": ["viewer"], "workerId": "w", "handlerClasses": ["Nobody"],
            "leaseToken": "none", "leaseTokens": ["none"], "message": "no",
            "annotationType": "review", "annotationKey": "by", "annotationValue": "ada",
            "annotation": {} })
    }

    /// Changes the policy, to the one that is there and these lines.
    pub fn also(&self, lines: &str) {
        let policy = format!("{}\n{lines}\n", crate::gate::service::POLICY);
        std::fs::write(self.service.policy_file(), policy).expect("a file");
        self.service.app.policy().expect("a policy decides").reload().expect("it is sound");
    }
}
