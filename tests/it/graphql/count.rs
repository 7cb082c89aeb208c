//! How many SQL statements a request costs: the driver reports each one inside the span of the request it is for.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Mutex, Once, PoisonError},
};

use serde_json::{Value, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::{client::send, setup::Service};

static COUNTS: Mutex<Option<HashMap<String, Vec<Statement>>>> = Mutex::new(None);

/// A statement, as the driver reports it.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its first words.
    pub summary: String,
    /// All of it.
    pub text: String,
}

/// The statements that answering `query` takes, by their first words, sorted: fields side by side ask in any order.
pub async fn statements(service: &Service, query: &str, variables: Value) -> Vec<String> {
    listen();
    let request_id = uuid::Uuid::now_v7().to_string();
    let body = json!({ "query": query, "variables": variables }).to_string();
    let answer = send(service.post().header("x-request-id", &request_id).body(body)).await;
    assert!(answer.json().get("errors").is_none(), "{query}: {}", answer.text);
    let made = made_for(&request_id);
    // A connection that is opened for it is kept for others.
    let made = made.into_iter().map(|statement| statement.summary);
    let mut made: Vec<String> = made.filter(|statement| !statement.starts_with("PRAGMA")).collect();
    made.sort_unstable();
    made
}

/// From now on statements are counted.
pub fn listen() {
    // A span of another thread is known by the spans around it, so all of them are.
    let wanted = filter_fn(|about| about.is_span() || about.target() == "sqlx::query");
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| tracing_subscriber::registry().with(Statements.with_filter(wanted)).init());
}

/// The statements that were made for the request with this id, once.
pub fn made_for(request_id: &str) -> Vec<Statement> {
    counts(|counts| counts.remove(request_id)).unwrap_or_default()
}

fn counts<T>(change: impl FnOnce(&mut HashMap<String, Vec<Statement>>) -> T) -> T {
    let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    change(counts.get_or_insert_default())
}

struct Statements;

/// The id of the request that a span is for.
struct RequestId(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Statements {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let (Some(request_id), Some(span)) = (text(attributes, "request_id"), context.span(id)) {
            span.extensions_mut().insert(RequestId(request_id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(scope) = context.event_scope(event) else { return };
        let request_id =
            scope.into_iter().find_map(|span| Some(span.extensions().get::<RequestId>()?.0.clone()));
        if let Some(request_id) = request_id {
            let (mut summary, mut whole) = (Text("summary", None), Text("db.statement", None));
            event.record(&mut summary);
            event.record(&mut whole);
            let summary = summary.1.unwrap_or_default();
            // A short one is only summed up.
            let text = whole.1.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| summary.clone());
            counts(|counts| counts.entry(request_id).or_default().push(Statement { summary, text }));
        }
    }
}

/// The value of the field with this name.
struct Text(&'static str, Option<String>);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.0 {
            self.1 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == self.0 {
            self.1 = Some(format!("{value:?}"));
        }
    }
}

fn text(attributes: &Attributes<'_>, name: &'static str) -> Option<String> {
    let mut text = Text(name, None);
    attributes.record(&mut text);
    text.1
}
