//! A span for each query and mutation; what it causes becomes a part of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use futures_util::future::Either;
use opentelemetry::trace::FutureExt as _;

use super::Prepared;
use crate::graphql::Code;
use crate::model::trace::TraceContext;
use crate::orchestration::Clock;
use crate::telemetry::{Beginning, Span, Tracer};

/// Different names that spans get. The names of operations are the callers'; whoever comes later has a span without.
const NAMES: usize = 500;

/// The longest of them.
const NAME: usize = 64;

/// Makes the spans.
#[derive(Clone, Default)]
pub(super) struct Traced {
    tracer: Tracer,
    names: Arc<Mutex<HashSet<String>>>,
}

/// The span of one operation, where there is one. A subscription lasts too long to have one.
#[derive(Clone)]
pub(super) struct Operation(Option<Span>);

impl Traced {
    pub(super) fn by(tracer: Tracer) -> Self {
        Self { tracer, names: Arc::default() }
    }

    /// An operation begins. Its resolvers find its place among their data.
    pub(super) fn begin(&self, prepared: &mut Prepared) -> Operation {
        if !self.tracer.is_on() || prepared.kind() == OperationType::Subscription {
            return Operation(None);
        }
        let parent = prepared.data().get(&std::any::TypeId::of::<TraceContext>());
        let parent = parent.and_then(|parent| parent.downcast_ref::<TraceContext>());
        let kind = prepared.kind().to_string();
        let Some(span) = self.tracer.begin(Beginning::new(kind.clone(), parent, Clock::System.now())) else {
            return Operation(None);
        };
        if span.is_recorded() {
            if let Some(name) = self.name(prepared) {
                span.rename(format!("{kind} {name}"));
                span.say("graphql.operation.name", name);
            }
            span.say("graphql.operation.type", kind);
            span.say("tasker.request_id", prepared.request_id().to_string());
        }
        prepared.insert(span.place().clone());
        Operation(Some(span))
    }

    /// The operation's name, or its first field's; one of those that there is room for.
    fn name(&self, prepared: &Prepared) -> Option<String> {
        let own = prepared.operation().ok().and_then(|operation| operation.name.map(ToString::to_string));
        let name = own.or_else(|| prepared.roots().first().map(ToString::to_string))?;
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.contains(&name);
        if !known && (names.len() >= NAMES || name.len() > NAME) {
            return None;
        }
        if !known {
            names.insert(name.clone());
        }
        Some(name)
    }
}

impl Operation {
    /// Does a part of its work: the statements of it are children of the span.
    pub(super) fn around<W: Future>(&self, work: W) -> impl Future<Output = W::Output> + use<W> {
        match self.0.as_ref().filter(|span| span.is_recorded()) {
            Some(span) => Either::Left(work.with_context(span.context().clone())),
            None => Either::Right(work),
        }
    }

    /// It was answered with this.
    pub(super) fn end(&self, answer: &Response) {
        let Some(span) = &self.0 else { return };
        if let Some(error) = answer.errors.first() {
            let code = Code::of(error).unwrap_or(Code::Internal);
            span.fail(code.as_str(), error.message.clone());
        }
        span.end(Clock::System.now());
    }
}
