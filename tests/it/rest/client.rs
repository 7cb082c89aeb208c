//! A caller of the REST API.

use std::ops::Deref;

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::{gate::service::Service, place::Place};

pub const UNKNOWN: &str = "0197f1a0-0000-7000-8000-000000000000";

/// A service with two namespaces and a few people, asked by REST.
pub struct Api {
    pub service: Service,
    pub admin: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of its error; empty where it has none.
    pub fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.text).unwrap_or_default();
        json["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    /// Without what is of this request alone.
    pub fn lasting(&self) -> String {
        let mut json = self.json();
        if let Some(error) = json["error"].as_object_mut() {
            let id = error.remove("requestId");
            assert_eq!(id, Some(json!(self.header("x-request-id"))), "an error names its request");
        }
        format!("{} {json}", self.status)
    }
}

impl Api {
    pub async fn start(place: Place) -> Self {
        Self::with(place, json!({})).await
    }

    /// With more sections of settings.
    pub async fn with(place: Place, more: Value) -> Self {
        let service = Service::with(place, more).await;
        let admin = service.token("admin").await;
        Self { service, admin, http: reqwest::Client::builder().no_proxy().build().expect("a client") }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().expect("a method");
        self.http.request(method, format!("http://{}{path}", self.service.address))
    }

    pub async fn hear(&self, request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.expect("a text") }
    }

    /// By whoever has the token. A body is sent where one is given.
    pub async fn call(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.request(method, path);
        if !token.is_empty() {
            request = request.header("X-API-Token", token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.hear(request).await
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, "GET", path, None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, "POST", path, Some(&body)).await
    }

    /// The only step of a task.
    pub async fn step(&self, task: &str) -> String {
        let steps = self.get(&self.admin, &format!("/api/v1/tasks/{task}/workflow_steps")).await.json();
        steps["workflowSteps"][0]["workflowStepId"].as_str().expect("an id").to_owned()
    }
}

impl Deref for Api {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}
