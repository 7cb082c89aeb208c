//! A span of ours: a piece of work with a beginning, an end, and where it belongs.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue, Value,
    trace::{Status, TraceContextExt},
};

pub use opentelemetry::trace::SpanKind;

use crate::model::{time::Timestamp, trace::TraceContext};

/// What a span begins with.
#[derive(Debug, Clone)]
pub struct Beginning<'a> {
    /// What kind of work; few different ones.
    pub name: Cow<'static, str>,
    /// On which side of a call.
    pub kind: SpanKind,
    /// What it is a part of; a trace begins without it.
    pub parent: Option<&'a TraceContext>,
    /// Where the span itself is, when that is known already. Of a trace that begins, the whole place counts.
    pub own: Option<&'a TraceContext>,
    /// When.
    pub at: Timestamp,
}

impl<'a> Beginning<'a> {
    /// Work of our own.
    pub fn new(name: impl Into<Cow<'static, str>>, parent: Option<&'a TraceContext>, at: Timestamp) -> Self {
        Self { name: name.into(), kind: SpanKind::Internal, parent, own: None, at }
    }
}

/// A span that has begun. When the last of its clones is dropped without an end, it ends there.
#[derive(Debug, Clone)]
pub struct Span {
    pub(super) context: Context,
    pub(super) place: TraceContext,
}

impl Span {
    /// Where it belongs: what is a part of it says so by this.
    pub const fn place(&self) -> &TraceContext {
        &self.place
    }

    /// The library's own form, for code that is to run within the span.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Whether anybody will see it: what is costly to say need not be said otherwise.
    pub const fn is_recorded(&self) -> bool {
        self.place.is_sampled()
    }

    /// Says something about it.
    pub fn say(&self, key: &'static str, value: impl Into<Value>) {
        if self.is_recorded() {
            self.context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Calls it something else.
    pub fn rename(&self, name: impl Into<Cow<'static, str>>) {
        if self.is_recorded() {
            self.context.span().update_name(name);
        }
    }

    /// It failed: what kind of failure, and in which words.
    pub fn fail(&self, kind: &'static str, message: impl Into<Cow<'static, str>>) {
        self.say("error.type", kind);
        if self.is_recorded() {
            self.context.span().set_status(Status::error(message));
        }
    }

    /// It is over. What is said later counts for nothing.
    pub fn end(&self, at: Timestamp) {
        self.context.span().end_with_timestamp(moment(at));
    }
}

/// The library's instants.
pub(super) fn moment(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or(0))
}
