//! Spans on their way out: counted, and a collector that does not take them is said once a minute.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};

use crate::metrics::{
    Metrics,
    labels::{ByFate, Fate},
};

/// How long nothing is said after a warning.
const QUIET: Duration = Duration::from_secs(60);

/// Counts what becomes of spans.
#[derive(Debug)]
pub(super) struct Counted {
    inner: Otlp,
    metrics: Metrics,
    said: Mutex<Option<Instant>>,
}

impl Counted {
    pub(super) const fn new(inner: Otlp, metrics: Metrics) -> Self {
        Self { inner, metrics, said: Mutex::new(None) }
    }

    fn warn(&self, error: &impl std::fmt::Display, spans: usize) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= QUIET) {
            *said = Some(Instant::now());
            tracing::warn!(%error, spans, "the collector does not take traces; check telemetry.otlp. Spans are dropped meanwhile, and this is not said again for a minute");
        }
    }
}

/// Counts spans that end; those that find no room in the queue of the one within are never exported.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) inner: BatchSpanProcessor,
    pub(super) metrics: Metrics,
}

impl SpanProcessor for Noted {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.metrics.trace_spans.get_or_create(&ByFate { outcome: Fate::Recorded }).inc();
        self.inner.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let done = self.inner.export(batch).await;
        let fate = match &done {
            Ok(()) => Fate::Exported,
            Err(error) => {
                self.warn(error, spans);
                Fate::Failed
            }
        };
        self.metrics.trace_spans.get_or_create(&ByFate { outcome: fate }).inc_by(spans as u64);
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
