//! The service as it is started, on a free port, with a configuration of its own.

use std::{fs, net::SocketAddr, time::Duration};

use axum::body::Bytes;
use futures_util::Stream;
use serde_json::{Value, json};
use tasker::{
    app::{App, Tasker, connections},
    auth::{Secret, Subject, Wanted},
    config::{Config, Overrides, Variables},
    data::{Database, entity::api_token::Model},
    model::time::Timestamp,
    orchestration::{Clock, api_tokens},
};
use tempfile::TempDir;

use crate::place::Place;

/// Real time after which a test that waits has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Service {
    pub address: SocketAddr,
    /// A way of one's own to the data, as the command line has it.
    pub database: Database,
    http: reqwest::Client,
    app: App,
    _folder: TempDir,
    // Dropped last.
    _place: Place,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub challenge: Option<String>,
    pub retry_after: Option<String>,
    pub text: String,
    /// The text, where it is JSON.
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }

    /// Refused as the contract says, whoever asks.
    pub fn is_refused(&self) -> bool {
        let refused = self.status == 401 && self.code() == "UNAUTHENTICATED";
        assert_eq!(refused, self.status == 401, "{}", self.body);
        assert!(!refused || self.challenge.is_some() && self.body.get("data").is_none(), "{}", self.body);
        refused
    }
}

impl Service {
    /// With these ways to sign in.
    pub async fn start(place: Place, authenticators: Value) -> Self {
        Self::with(place, authenticators, json!({}), json!({})).await
    }

    /// And with these settings of `server` and `graphql`.
    pub async fn with(place: Place, authenticators: Value, server: Value, graphql: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().expect("a folder");
        // JSON is YAML.
        let authentication = json!({ "enabled": true, "authenticators": authenticators });
        let settings = json!({ "authentication": authentication, "server": server, "graphql": graphql });
        fs::write(folder.path().join("tasker.yaml"), settings.to_string()).expect("a file");
        let overrides = Overrides { database_url: place.url.parse().ok(), ..Overrides::default() };
        let config = Config::load(folder.path(), &overrides, &Variables::default()).expect("it is sound");
        let server = config.server.clone();
        let app = Tasker::builder().open(config, Variables::default()).await.expect("the service starts");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = app.router(address).expect("a schema");
        let (metrics, stop) = (app.engine().metrics().clone(), app.engine().stopping().clone());
        tokio::spawn(async move { connections::serve(listener, router, &server, metrics, stop).await });
        let database = Database::open(&place.url, 1, PATIENCE).await.expect("the database opens");
        let http = reqwest::Client::new();
        Self { address, database, http, app, _folder: folder, _place: place }
    }

    /// Asks, showing these headers.
    pub async fn ask(&self, query: &str, variables: Value, shown: &[(&str, &str)]) -> Answer {
        self.ask_for("application/json", query, variables, shown).await
    }

    pub async fn ask_for(
        &self,
        media: &str,
        query: &str,
        variables: Value,
        shown: &[(&str, &str)],
    ) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let mut request =
            self.http.post(format!("http://{}/graphql", self.address)).header("Accept", media).json(&body);
        for (name, value) in shown {
            request = request.header(*name, *value);
        }
        let answer = tokio::time::timeout(PATIENCE, request.send()).await.expect("nobody waits for long");
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let (challenge, retry_after) = (header("www-authenticate"), header("retry-after"));
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status, challenge, retry_after, text, body }
    }

    /// The answer to an operation, as it comes.
    pub async fn stream(
        &self,
        query: &str,
        shown: &[(&str, &str)],
    ) -> impl Stream<Item = reqwest::Result<Bytes>> + use<> {
        let url = format!("http://{}/graphql", self.address);
        let mut request =
            self.http.post(url).header("Accept", "text/event-stream").json(&json!({ "query": query }));
        for (name, value) in shown {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer").bytes_stream()
    }

    /// What `GET` of a path is answered with: its status and its `Retry-After`.
    pub async fn get(&self, path: &str, shown: &[(&str, &str)]) -> (u16, String) {
        let mut request = self.http.get(format!("http://{}{path}", self.address));
        for (name, value) in shown {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        let again = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        (answer.status().as_u16(), again.unwrap_or_default())
    }

    /// Whether a request that shows these headers is let in.
    pub async fn lets_in(&self, shown: &[(&str, &str)]) -> bool {
        !self.ask("{ __typename }", json!({}), shown).await.is_refused()
    }

    pub async fn lets_in_bearer(&self, token: &str) -> bool {
        self.lets_in(&[("Authorization", &format!("Bearer {token}"))]).await
    }

    /// Waits until it does or does not let a token in.
    pub async fn until(&self, token: &str, good: bool) {
        let changed = async {
            while self.lets_in_bearer(token).await != good {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, changed).await.expect("it changes its mind");
    }

    /// Waits until so many are counted.
    pub async fn until_subscriptions(&self, count: i64) {
        let counted = async {
            while self.app.engine().metrics().subscriptions.get() != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, counted).await.expect("so many are open");
    }

    /// A token as the command line issues it.
    pub async fn issue(&self, role: &str) -> (Secret, Model) {
        self.issue_at(role, None, Clock::System.now()).await
    }

    pub async fn issue_at(
        &self,
        role: &str,
        expires_in: Option<Duration>,
        now: Timestamp,
    ) -> (Secret, Model) {
        let wanted = Wanted { name: "ada".into(), roles: vec![role.into()], expires_in, ..Wanted::default() };
        api_tokens::issue(&self.database, &Subject::anonymous(), wanted, now).await.expect("a token")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The lease's thread ends with it.
        self.app.engine().stopping().cancel();
    }
}
