//! Makes spans, or does not: off, every question is one look at an empty option.

use std::{fmt, sync::Arc, time::Duration};

use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{
        SpanBuilder, SpanContext, SpanKind, TraceContextExt, TraceState, Tracer as _, TracerProvider as _,
    },
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, Sampler as Sdk, SamplingDecision, SdkTracer,
        SdkTracerProvider, ShouldSample,
    },
};

use super::{
    collector::Collector,
    export::{Counted, Noted},
    ids::{Given, Ids, given},
    span::{Beginning, Span, moment},
};
use crate::{
    config::{Otlp, Sampler},
    metrics::Metrics,
    model::{id::TaskId, trace::TraceContext},
};

/// Spans that may wait to be sent. More are dropped.
const QUEUE: usize = 16_384;

/// Spans in one request to the collector.
const BATCH: usize = 2_048;

/// How long a span waits for company.
const DELAY: Duration = Duration::from_secs(2);

/// Traces can't be sent as the settings say.
#[derive(Debug, thiserror::Error)]
#[error("traces can't be sent to {endpoint}: {why}; check telemetry.otlp")]
pub struct NoTraces {
    endpoint: String,
    why: String,
}

/// Makes spans. Cheap to clone; the default makes none.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Active>>);

struct Active {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    sampler: Sdk,
}

impl Tracer {
    /// Makes no spans.
    pub const fn off() -> Self {
        Self(None)
    }

    /// As the settings say; called within the runtime that is to send the spans.
    pub fn open(settings: &Otlp, node: &str, metrics: Metrics) -> Result<Self, NoTraces> {
        if !settings.enabled {
            return Ok(Self::off());
        }
        let refused = |why: String| NoTraces { endpoint: settings.endpoint.clone(), why };
        let collector = Collector::new(settings.timeout).map_err(|error| refused(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", settings.endpoint.trim_end_matches('/')))
            .with_timeout(settings.timeout)
            .with_headers(settings.headers.0.clone().into_iter().collect())
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(Counted::new(exporter, metrics.clone()));
        let processor = Noted { inner: processor.with_batch_config(batches).build(), metrics };
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", node.to_owned()))
            .build();
        let sampler = sampler(settings);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(sampler.clone())
            .with_id_generator(Ids::default())
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("tasker");
        Ok(Self(Some(Arc::new(Active { provider, tracer, sampler }))))
    }

    /// Whether spans are made.
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Begins a span; none while there are none.
    pub fn begin(&self, beginning: Beginning<'_>) -> Option<Span> {
        let active = self.0.as_deref()?;
        let Beginning { name, kind, parent, own, at } = beginning;
        // The tracer travels with the context, for spans that an application makes within this one.
        let around = Context::new().with_value(active.tracer.clone());
        let around = match parent {
            Some(parent) => around.with_remote_span_context(context(parent)),
            None => around,
        };
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_start_time(moment(at));
        let ids = Given {
            trace: own.map(|own| TraceId::from_bytes(own.trace())),
            span: own.map(|own| SpanId::from_bytes(own.span())),
        };
        let span = given(ids, || active.tracer.build_with_context(builder, &around));
        let context = around.with_span(span);
        let place = place(context.span().span_context());
        Some(Span { context, place })
    }

    /// The span of a task, which is made when the task rests: its place is known from the beginning. None while there
    /// are no spans.
    pub fn task(&self, task: TaskId, asked: Option<&TraceContext>) -> Option<TraceContext> {
        let active = self.0.as_deref()?;
        let parent = match asked {
            Some(asked) => asked.clone(),
            None => {
                let trace = TraceContext::trace_of(task);
                let id = TraceId::from_bytes(trace);
                let said = active.sampler.should_sample(None, id, "task", &SpanKind::Internal, &[], &[]);
                TraceContext::new(trace, [0; 8], said.decision == SamplingDecision::RecordAndSample)
            }
        };
        Some(parent.of_task(task))
    }

    /// Sends what waits and ends. What the collector does not take in time is lost.
    pub async fn close(self, within: Duration) {
        let Some(active) = self.0 else { return };
        // It blocks until the exporter's own thread, which sends on this runtime, is done.
        let closing = tokio::task::spawn_blocking(move || active.provider.shutdown_with_timeout(within));
        if !matches!(closing.await, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent to the collector in time");
        }
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Tracer(on)" } else { "Tracer(off)" })
    }
}

fn sampler(settings: &Otlp) -> Sdk {
    let ratio = || Sdk::TraceIdRatioBased(settings.sampling_ratio);
    let parent_or = |otherwise| Sdk::ParentBased(Box::new(otherwise));
    match settings.sampler {
        Sampler::All => Sdk::AlwaysOn,
        Sampler::None => Sdk::AlwaysOff,
        Sampler::Ratio => ratio(),
        Sampler::ParentOrAll => parent_or(Sdk::AlwaysOn),
        Sampler::ParentOrNone => parent_or(Sdk::AlwaysOff),
        Sampler::ParentOrRatio => parent_or(ratio()),
    }
}

/// The library's form of a place.
fn context(place: &TraceContext) -> SpanContext {
    let flags = if place.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let state = place.state().and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default();
    SpanContext::new(TraceId::from_bytes(place.trace()), SpanId::from_bytes(place.span()), flags, true, state)
}

/// Our form of it.
fn place(context: &SpanContext) -> TraceContext {
    let (trace, span) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
    let state = context.trace_state().header();
    TraceContext::new(trace, span, context.is_sampled()).with_state(Some(&state))
}
