//! Somebody who receives deliveries: a real server that answers as a test wants.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

/// What one request brought.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
    /// Whether it was taken.
    pub taken: bool,
}

/// What is answered to a delivery: its number, counted from one, and its body.
pub type Answering = Arc<dyn Fn(usize, &Value) -> Answer + Send + Sync>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    Take,
    Refuse(u16),
    RefuseFor(u16, &'static str),
    Redirect,
    /// No answer, ever.
    Hang,
    /// The delivery is taken, and the connection is cut before the answer.
    TakeAndReset,
}

#[derive(Clone)]
struct Shared {
    received: Arc<Mutex<Vec<Received>>>,
    answering: Arc<Mutex<Answering>>,
}

pub struct Receiver {
    pub url: String,
    shared: Shared,
    server: JoinHandle<()>,
}

impl Receiver {
    pub async fn start(answering: impl Fn(usize, &Value) -> Answer + Send + Sync + 'static) -> Self {
        let answering: Answering = Arc::new(answering);
        let shared = Shared { received: Arc::default(), answering: Arc::new(Mutex::new(answering)) };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let url = format!("http://{}/in", listener.local_addr().expect("an address"));
        let router = Router::new().route("/in", post(receive)).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, shared, server }
    }

    /// Takes everything.
    pub async fn patient() -> Self {
        Self::start(|_, _| Answer::Take).await
    }

    pub fn answer(&self, answering: impl Fn(usize, &Value) -> Answer + Send + Sync + 'static) {
        *lock(&self.shared.answering) = Arc::new(answering);
    }

    /// Every request, in the order in which they came.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|one| one.taken).collect()
    }

    /// The deliveries that were taken, each once, by task: their positions in the order in which they were first taken.
    pub fn by_task(&self) -> HashMap<String, Vec<String>> {
        let mut seen = std::collections::HashSet::new();
        let mut by_task: HashMap<String, Vec<String>> = HashMap::new();
        for one in self.taken() {
            let text = |key: &str| one.body[key].as_str().expect(key).to_owned();
            if seen.insert(text("id")) {
                by_task.entry(text("taskId")).or_default().push(text("id"));
            }
        }
        by_task
    }

    /// Exactly these were taken, and each task's in this order.
    pub fn has_taken(&self, expected: &HashMap<String, Vec<String>>) {
        let taken = self.by_task();
        for (task, ids) in expected {
            assert_eq!(taken.get(task), Some(ids), "the deliveries of task {task}");
        }
        assert_eq!(taken.len(), expected.len(), "tasks");
    }

    /// How many different deliveries were taken.
    pub fn count(&self) -> usize {
        let received = lock(&self.shared.received);
        let taken = received.iter().filter(|one| one.taken);
        let ids: std::collections::HashSet<&str> = taken.filter_map(|one| one.body["id"].as_str()).collect();
        ids.len()
    }

    /// Waits until so many different deliveries were taken.
    pub async fn until(&self, count: usize, patience: Duration) {
        let wait = async {
            while self.count() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(patience, wait).await.is_err() {
            panic!("{} of {count} deliveries were taken, of {} tries", self.count(), self.received().len());
        }
    }

    /// Waits until there were so many tries, taken or not.
    pub async fn until_tried(&self, count: usize, patience: Duration) {
        let wait = async {
            while lock(&self.shared.received).len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(patience, wait).await.is_err() {
            panic!("there were {} of {count} tries", self.received().len());
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, text: String) -> Response {
    let body: Value = serde_json::from_str(&text).expect("the body is JSON");
    let answering = lock(&shared.answering).clone();
    let answer = {
        let mut received = lock(&shared.received);
        let answer = answering(received.len() + 1, &body);
        let taken = matches!(answer, Answer::Take | Answer::TakeAndReset);
        received.push(Received { headers, text, body, taken });
        answer
    };
    let status = |code: u16| StatusCode::from_u16(code).expect("a status");
    match answer {
        Answer::Take => StatusCode::NO_CONTENT.into_response(),
        Answer::Refuse(code) => (status(code), Uuid::now_v7().to_string()).into_response(),
        Answer::RefuseFor(code, after) => (status(code), [("retry-after", after)]).into_response(),
        Answer::Redirect => (StatusCode::FOUND, [("location", "/in")]).into_response(),
        Answer::Hang => std::future::pending().await,
        // The server cuts the connection of a handler that panics, without a word.
        Answer::TakeAndReset => std::panic::resume_unwind(Box::new("cut")),
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
