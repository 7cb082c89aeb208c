//! Counts operations: what kind they were, how they were answered, how long it took.

use std::time::Instant;

use async_graphql::{Response, ServerError, parser::types::OperationType};

use crate::{
    graphql::Code,
    metrics::{Metrics, labels},
};

/// Counts into the metrics.
#[derive(Clone, Default)]
pub(super) struct Tally(Metrics);

impl Tally {
    pub(super) fn of(metrics: Metrics) -> Self {
        Self(metrics)
    }

    /// An operation that began then and was answered with this.
    pub(super) fn answered(&self, kind: OperationType, answer: &Response, began: Instant) {
        self.count(of(kind), answer.errors.first());
        if kind != OperationType::Subscription {
            self.0.graphql_request_seconds.observe(began.elapsed().as_secs_f64());
        }
    }

    /// A subscription that runs.
    pub(super) fn begun(&self) {
        self.count(labels::Kind::Subscription, None);
    }

    /// Something that was refused before anybody knew what it was.
    pub(super) fn refused(&self, error: &ServerError) {
        self.count(labels::Kind::Unknown, Some(error));
    }

    fn count(&self, kind: labels::Kind, error: Option<&ServerError>) {
        let code = match error {
            None => labels::Code::Ok,
            Some(error) => Code::of(error)
                .and_then(|code| labels::Code::parse(code.as_str()))
                .unwrap_or(labels::Code::Internal),
        };
        self.0.graphql_requests.get_or_create(&labels::ByRequest { kind, code }).inc();
    }
}

const fn of(kind: OperationType) -> labels::Kind {
    match kind {
        OperationType::Query => labels::Kind::Query,
        OperationType::Mutation => labels::Kind::Mutation,
        OperationType::Subscription => labels::Kind::Subscription,
    }
}
