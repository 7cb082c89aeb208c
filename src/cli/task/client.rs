//! GraphQL over HTTP, and its event streams.

use anyhow::{Context, bail};
use futures_util::StreamExt;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

/// How long a service may take to let us in; an answer may take four times as long, and a stream pings more often.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A service that can be asked.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(super) fn new(url: &str, token: Option<&str>) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.context("TASKER_TOKEN has characters that no token has")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let http = reqwest::Client::builder().user_agent("tasker-cli").default_headers(headers);
        let http = http.connect_timeout(PATIENCE).read_timeout(PATIENCE * 4).build()?;
        Ok(Self { http, url: format!("{}/graphql", url.trim_end_matches('/')) })
    }

    /// Runs a query or mutation; its errors become one.
    pub(super) async fn run(&self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let body = json!({ "query": query, "variables": variables });
        let request = self.http.post(&self.url).header("Accept", "application/json").json(&body);
        let answer = request.send().await.with_context(|| self.unreachable())?;
        let answer: Value =
            answer.json().await.with_context(|| format!("{} does not answer GraphQL", self.url))?;
        data(answer)
    }

    /// Calls `each` with what a subscription delivers, until it says that this is enough or the stream ends.
    pub(super) async fn subscribe(
        &self,
        query: &str,
        variables: Value,
        mut each: impl FnMut(Value) -> bool,
    ) -> anyhow::Result<()> {
        let body = json!({ "query": query, "variables": variables });
        let request = self.http.post(&self.url).header("Accept", "text/event-stream").json(&body);
        let answer = request.send().await.with_context(|| self.unreachable())?;
        let mut chunks = answer.bytes_stream();
        let mut pending = Vec::new();
        while let Some(chunk) = chunks.next().await {
            pending.extend_from_slice(&chunk.context("the stream broke off")?);
            while let Some(end) = pending.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = pending.drain(..end + 2).collect();
                let block = String::from_utf8_lossy(&block);
                if let Some(payload) = next(&block)
                    && !each(data(serde_json::from_str(payload)?)?)
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn unreachable(&self) -> String {
        format!(
            "{} can't be reached; start the service with `tasker serve`, or say where it is with --url",
            self.url
        )
    }
}

/// The data of a `next` event; other events and comments have none.
fn next(block: &str) -> Option<&str> {
    let is_next =
        block.lines().any(|line| line.strip_prefix("event:").is_some_and(|name| name.trim() == "next"));
    block.lines().find_map(|line| line.strip_prefix("data:")).map(str::trim).filter(|_| is_next)
}

fn data(mut answer: Value) -> anyhow::Result<Value> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let messages: Vec<String> = errors.map(message).collect();
    if !messages.is_empty() {
        bail!("{}", messages.join("\n"));
    }
    Ok(answer["data"].take())
}

/// An error with its code and, where a context broke its rules, every violation.
fn message(error: &Value) -> String {
    let code = error["extensions"]["code"].as_str().unwrap_or("ERROR");
    let mut text = format!("{code}: {}", error["message"].as_str().unwrap_or_default());
    for violation in error["extensions"]["violations"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "\n  {} {}",
            violation["pointer"],
            violation["message"].as_str().unwrap_or_default()
        ));
    }
    text
}
