//! The service as it is started, on a free port, with a configuration of its own.

use std::{fs, net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tasker::{
    app::{App, Tasker},
    auth::{Secret, Subject, Wanted},
    config::{Config, Overrides, Variables},
    data::{Database, entity::api_token::Model},
    model::time::Timestamp,
    orchestration::{Clock, api_tokens},
};
use tempfile::TempDir;

use crate::place::Place;

/// Real time after which a test that waits has failed.
const PATIENCE: Duration = Duration::from_secs(60);

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
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().expect("a folder");
        // JSON is YAML.
        let settings = json!({ "authentication": { "enabled": true, "authenticators": authenticators } });
        fs::write(folder.path().join("tasker.yaml"), settings.to_string()).expect("a file");
        let overrides = Overrides { database_url: place.url.parse().ok(), ..Overrides::default() };
        let config = Config::load(folder.path(), &overrides, &Variables::default()).expect("it is sound");
        let app = Tasker::builder().open(config, Variables::default()).await.expect("the service starts");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = app.router(address).expect("a schema");
        let served = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, served).await });
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
        let challenge = answer.headers().get("www-authenticate");
        let challenge = challenge.map(|value| value.to_str().expect("text").to_owned());
        let body = serde_json::from_str(&answer.text().await.expect("a body")).unwrap_or_default();
        Answer { status, challenge, body }
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
