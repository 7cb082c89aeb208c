//! An event as subscribers see it.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{
    event::{Event, EventName, Recorded},
    id::{StepId, TaskId},
    status::Status,
    time::Timestamp,
};

/// Something that happened, with everything there is to say about it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WorkflowEvent(Arc<Told>);

#[derive(Debug)]
struct Told {
    recorded: Recorded,
    id: Uuid,
    payload: Value,
}

/// A value of the payload is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("`{key}` of {event} can't be read as it was asked for: {source}")]
pub struct NotReadable {
    /// The key.
    pub key: String,
    /// The event's name.
    pub event: String,
    /// In which way.
    pub source: serde_json::Error,
}

/// What went wrong, where an event tells of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError {
    /// `retryable`, `permanent`, `timeout`, `panic`, …: the step's `error.kind`.
    pub kind: String,
    /// What the handler said.
    pub message: String,
    /// What it gave as a code.
    pub code: Option<String>,
    /// Of what sort it is, for a tag or a colour.
    pub category: ErrorCategory,
}

/// A word for the sort of an error, guessed from its kind, code and message: for tags, not for decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words say it")]
pub enum ErrorCategory {
    Timeout,
    Network,
    NotFound,
    Auth,
    RateLimit,
    ClientError,
    ServerError,
    Crash,
    Other,
}

impl From<Recorded> for WorkflowEvent {
    fn from(recorded: Recorded) -> Self {
        let payload = recorded.event.payload();
        // What has no place in the log has no identifier either, until it is told.
        let id = if recorded.event.name.is_durable() { recorded.id() } else { Uuid::now_v7() };
        Self(Arc::new(Told { recorded, id, payload }))
    }
}

impl WorkflowEvent {
    /// What happened, such as `task.created` or `order.fulfilled`.
    pub fn name(&self) -> &str {
        self.event().name.as_str()
    }

    /// The same, to be matched on.
    pub fn event_name(&self) -> &EventName {
        &self.event().name
    }

    /// `task` or `step` for Tasker's own events, `custom` for those of handlers.
    pub fn category(&self) -> &str {
        self.event().name.category()
    }

    /// A UUIDv7 that never changes.
    pub fn id(&self) -> Uuid {
        self.0.id
    }

    /// Its place in the log: dense, in the order of the commits. 0 for what is told in one process alone.
    pub fn position(&self) -> i64 {
        self.0.recorded.position
    }

    /// The same place as the API names it; of no use where it is 0. Given as `after`, a subscription continues right behind this event.
    pub fn cursor(&self) -> String {
        self.0.recorded.cursor()
    }

    /// When, by the clock of the node that saw it.
    pub fn occurred_at(&self) -> Timestamp {
        self.event().occurred_at
    }

    /// The namespace of the task.
    pub fn namespace(&self) -> &str {
        &self.event().task.namespace
    }

    /// The task it happened to.
    pub fn task_id(&self) -> TaskId {
        self.event().task.id
    }

    /// The name of the task's template.
    pub fn task_name(&self) -> &str {
        &self.event().task.name
    }

    /// The step it happened to; none where it is about the whole task.
    pub fn step_id(&self) -> Option<StepId> {
        self.event().step.as_ref().map(|step| step.id)
    }

    /// The name of that step.
    pub fn step_name(&self) -> Option<&str> {
        self.event().step.as_ref().map(|step| &*step.name)
    }

    /// The number of the step's attempt; 0 before the first.
    pub fn attempt(&self) -> Option<u32> {
        self.event().step.as_ref().map(|step| step.attempt)
    }

    /// The status before, where it changed.
    pub fn from_status(&self) -> Option<Status> {
        self.event().from
    }

    /// The status after, where it changed.
    pub fn to_status(&self) -> Option<Status> {
        self.event().to
    }

    /// Who asked for it; none where Tasker acted by itself.
    pub fn actor(&self) -> Option<&str> {
        self.event().actor.as_deref()
    }

    /// Everything there is to say, with keys like `task_id`, `step_name` and `error_message`.
    pub fn payload(&self) -> &Value {
        &self.0.payload
    }

    /// `key` of the payload; `default` where the key is absent, and only there. What is there and is no `T` is an
    /// error: for what may be null, ask for an `Option`.
    ///
    /// ```text
    /// let seconds = event.get("execution_duration", 0.0)?;
    /// let code: Option<String> = event.get("error_code", None)?;
    /// ```
    pub fn get<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T, NotReadable> {
        let Some(value) = self.payload().get(key) else { return Ok(default) };
        T::deserialize(value).map_err(|source| NotReadable {
            key: key.to_owned(),
            event: self.name().to_owned(),
            source,
        })
    }

    /// How long the task or the attempt took, where the event tells.
    pub fn duration(&self) -> Option<Duration> {
        let seconds = self.payload().get("execution_duration")?.as_f64()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// What went wrong, where the event tells of a failure.
    pub fn error(&self) -> Option<EventError> {
        let text = |key: &str| self.payload().get(key).and_then(Value::as_str);
        let message = text("error_message")?;
        let (kind, code) = (text("exception_class").unwrap_or("unknown"), text("error_code"));
        Some(EventError {
            kind: kind.to_owned(),
            message: message.to_owned(),
            code: code.map(str::to_owned),
            category: ErrorCategory::of(kind, code, message),
        })
    }

    /// The event as GraphQL's `WorkflowEvent`: the same fields, names and values. What a webhook's body is.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn event(&self) -> &Event {
        &self.0.recorded.event
    }
}

/// GraphQL's `WorkflowEvent`, field by field.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AsJson<'a> {
    cursor: String,
    id: Uuid,
    name: &'a str,
    category: &'a str,
    occurred_at: String,
    namespace: &'a str,
    task_id: TaskId,
    task_name: &'a str,
    step_id: Option<StepId>,
    step_name: Option<&'a str>,
    attempt: Option<u32>,
    from_status: Option<String>,
    to_status: Option<String>,
    actor: Option<&'a str>,
    payload: &'a Value,
}

impl Serialize for WorkflowEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = |status: Status| status.as_str().to_ascii_uppercase();
        let fields = AsJson {
            cursor: self.cursor(),
            id: self.id(),
            name: self.name(),
            category: self.category(),
            occurred_at: self.occurred_at().to_rfc3339(),
            namespace: self.namespace(),
            task_id: self.task_id(),
            task_name: self.task_name(),
            step_id: self.step_id(),
            step_name: self.step_name(),
            attempt: self.attempt(),
            from_status: self.from_status().map(word),
            to_status: self.to_status().map(word),
            actor: self.actor(),
            payload: self.payload(),
        };
        fields.serialize(serializer)
    }
}

impl ErrorCategory {
    /// In lower-case words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::NotFound => "not_found",
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
            Self::Crash => "crash",
            Self::Other => "other",
        }
    }

    fn of(kind: &str, code: Option<&str>, message: &str) -> Self {
        match kind {
            "timeout" => return Self::Timeout,
            "panic" | "lost" | "node_lost" => return Self::Crash,
            _ => {}
        }
        let code = code.unwrap_or_default();
        let number = code.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
        match number {
            Some(401 | 403) => return Self::Auth,
            Some(404 | 410) => return Self::NotFound,
            Some(408 | 504) => return Self::Timeout,
            Some(429) => return Self::RateLimit,
            Some(400..=499) => return Self::ClientError,
            Some(500..=599) => return Self::ServerError,
            _ => {}
        }
        let text: Cow<'_, str> = format!("{code} {message}").to_ascii_lowercase().into();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["timeout", "timed out"]) {
            Self::Timeout
        } else if says(&["rate limit", "ratelimit", "too many requests"]) {
            Self::RateLimit
        } else if says(&["connection", "network", "dns", "unreachable"]) {
            Self::Network
        } else if says(&["not found", "notfound", "missing"]) {
            Self::NotFound
        } else if says(&["unauthorized", "forbidden", "denied"]) {
            Self::Auth
        } else if says(&["bad request", "invalid"]) {
            Self::ClientError
        } else if says(&["server error", "internal error"]) {
            Self::ServerError
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for ErrorCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::event::{EventStep, EventTask};

    fn failed(details: Value) -> WorkflowEvent {
        let task = EventTask { id: TaskId::new(), namespace: "default".into(), name: "order".into() };
        let step = EventStep { id: StepId::new(), name: "pay".into(), attempt: 2 };
        let event = Event {
            name: EventName::StepFailed,
            occurred_at: Timestamp(1_800_000_000_000_000),
            task,
            step: Some(step),
            from: Some(Status::InProgress),
            to: Some(Status::Pending),
            actor: None,
            details: Some(details),
        };
        Recorded { position: 7, event }.into()
    }

    #[test]
    fn a_default_stands_in_for_an_absent_key_and_for_nothing_else() {
        let event = failed(json!({"error_message": "no", "error_code": null, "execution_duration": 1.5}));
        assert_eq!(event.get("error_message", String::new()).unwrap(), "no");
        assert_eq!(event.get("missing", 5).unwrap(), 5);
        assert_eq!(event.get::<Option<String>>("error_code", Some("x".into())).unwrap(), None);
        let wrong = event.get("execution_duration", String::new()).unwrap_err().to_string();
        assert!(wrong.contains("`execution_duration` of step.failed"), "{wrong}");
    }

    #[test]
    fn an_event_tells_of_its_duration_and_its_error() {
        let event = failed(json!({
            "error_message": "HTTP 503 from bank", "exception_class": "retryable", "error_code": "HTTP_503",
            "execution_duration": 0.25
        }));
        assert_eq!(event.duration(), Some(Duration::from_millis(250)));
        let error = event.error().expect("an error");
        assert_eq!((error.kind.as_str(), error.category), ("retryable", ErrorCategory::ServerError));
        assert_eq!(failed(json!({})).error(), None);
    }

    #[test]
    fn an_error_has_a_category_by_kind_then_code_then_words() {
        for (kind, code, message, expected) in [
            ("timeout", None, "", "timeout"),
            ("panic", None, "connection", "crash"),
            ("permanent", Some("HTTP_404"), "", "not_found"),
            ("retryable", Some("429"), "", "rate_limit"),
            ("permanent", Some("HTTP_422"), "", "client_error"),
            ("retryable", None, "connection refused", "network"),
            ("permanent", Some("card_declined"), "the card was denied", "auth"),
            ("permanent", None, "no", "other"),
        ] {
            assert_eq!(
                ErrorCategory::of(kind, code, message).as_str(),
                expected,
                "{kind} {code:?} {message}"
            );
        }
    }

    #[test]
    fn as_json_it_has_the_fields_of_the_api() {
        let json = failed(json!({"a": 1})).to_json();
        assert_eq!(json["toStatus"], "PENDING");
        assert_eq!(json["attempt"], 2);
        assert_eq!(json["payload"]["a"], 1);
        assert_eq!(json["occurredAt"], "2027-01-15T08:00:00.000000Z");
    }
}
