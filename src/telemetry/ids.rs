//! Which identifiers the next span gets. The library asks for them while it makes the span, on the same thread: what
//! is to have a certain one is made within [`given`].

use std::cell::Cell;

use opentelemetry::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

thread_local! {
    static GIVEN: Cell<Given> = const { Cell::new(Given { trace: None, span: None }) };
}

/// Identifiers that follow from something. The others are random.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given {
    /// Of a trace that begins.
    pub trace: Option<TraceId>,
    /// Of the span.
    pub span: Option<SpanId>,
}

/// Makes a span that has these.
pub(super) fn given<T>(ids: Given, make: impl FnOnce() -> T) -> T {
    let before = GIVEN.replace(ids);
    let made = make();
    GIVEN.set(before);
    made
}

/// Those that are given, else random ones.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        GIVEN.get().trace.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        GIVEN.get().span.unwrap_or_else(|| self.0.new_span_id())
    }
}
