//! A client of Server-Sent Events.

use reqwest::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{client::client, setup::Service};
use crate::app::PATIENCE;

/// One stream.
pub struct Events {
    response: Response,
    read: Vec<u8>,
}

/// One event of it.
#[derive(Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: String,
}

impl Events {
    /// Starts the operation; a client that comes back says which event it saw last.
    pub async fn of(service: &Service, query: &str, variables: Value, last: Option<&str>) -> Self {
        let request = client().post(service.url()).header("content-type", "application/json");
        let mut request = request.header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let body = json!({ "query": query, "variables": variables }).to_string();
        let response = request.body(body).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, read: Vec::new() }
    }

    /// The next event; `None` where the stream ends. Comments that keep the line open are none.
    pub async fn next(&mut self) -> Option<Event> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.read.drain(..end + 2).collect();
                if let Some(event) = event(std::str::from_utf8(&block).expect("UTF-8")) {
                    return Some(event);
                }
                continue;
            }
            let chunk = timeout_at(deadline, self.response.chunk()).await.expect("the stream says nothing");
            self.read.extend_from_slice(&chunk.expect("the stream is whole")?);
        }
    }

    /// The `data` of the next answer, and the event's id.
    pub async fn data(&mut self) -> (Value, Option<String>) {
        let event = self.next().await.expect("an event");
        assert_eq!(event.name, "next");
        let mut answer: Value = serde_json::from_str(&event.data).expect("JSON");
        assert!(answer.get("errors").is_none(), "{answer}");
        (answer["data"].take(), event.id)
    }
}

/// Of a comment there is no event.
fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let value = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.trim_start().to_owned())
    };
    Some(Event { name: field("event")?, id: field("id"), data: field("data").unwrap_or_default() })
}
