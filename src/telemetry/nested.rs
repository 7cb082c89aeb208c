//! Spans that an application makes with `tracing` while one of ours is at work become its children.
//!
//! Our own are not made this way: a task has one span for its whole life, of which no `tracing` span knows.

use opentelemetry::{
    Context as Otel,
    trace::{SpanBuilder, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span as SdkSpan};
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// The layer for them, for an application that has a subscriber of its own.
pub struct Nested<S> {
    inner: OpenTelemetryLayer<S, Ambient>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Nested<S> {
    /// It knows the one who makes our spans by what is at work.
    pub fn new() -> Self {
        let nobody = SdkTracerProvider::builder().with_sampler(opentelemetry_sdk::trace::Sampler::AlwaysOff);
        let ambient = Ambient { nobody: nobody.build().tracer("tasker") };
        Self { inner: OpenTelemetryLayer::new(ambient).with_location(false).with_threads(false) }
    }
}

/// Whether a span is an application's own, made within one of ours.
fn is_theirs(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = target == "tasker" || target.starts_with("tasker::");
    !ours && Otel::current().get::<SdkTracer>().is_some()
}

/// The one that made the span around.
struct Ambient {
    /// Where there is none.
    nobody: SdkTracer,
}

impl Tracer for Ambient {
    type Span = SdkSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Otel) -> SdkSpan {
        parent.get::<SdkTracer>().unwrap_or(&self.nobody).build_with_context(builder, parent)
    }
}

/// What has no span in the library's eyes it passes over.
impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Nested<S> {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if is_theirs(attributes.metadata()) {
            self.inner.on_new_span(attributes, id, context);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.inner.on_record(id, values, context);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        self.inner.on_follows_from(id, follows, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.inner.on_event(event, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.inner.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.inner.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.inner.on_close(id, context);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Default for Nested<S> {
    fn default() -> Self {
        Self::new()
    }
}
