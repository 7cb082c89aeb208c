//! The one way to the schema: parse → limits → variables → operation → admission → execution.
//!
//! A [`Prepared`] request is made only by [`Pipeline::prepare`] and is executed only by the same pipeline, so a
//! transport can neither skip a stage nor change their order.

pub mod admission;
mod lasting;
mod prepared;
mod run;
mod subscribers;
mod tally;
#[cfg(test)]
mod tests;
mod timely;
mod traced;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Request, Response, ServerError};
use futures_util::future::Either;
use futures_util::stream::{self, BoxStream, StreamExt};

pub use admission::{Admission, Admitted, Asked, Open};
pub use prepared::Prepared;

use lasting::Lasting;
use subscribers::Subscribers;
use tally::Tally;
use timely::Timely;
use traced::{Operation, Traced};

use super::document::cache::Documents;
use super::document::{check_complexity, variables};
use super::error::{Code, normalize};
use super::outline::Outline;
use super::request_id::RequestId;
use super::settings::GraphqlSettings;
use crate::metrics::Metrics;
use crate::telemetry::Tracer;

/// What a long poll may take beyond the time limit: the longest it may be asked to wait.
const LONG_POLL: Duration = Duration::from_secs(60);

/// Everything between a transport and the schema.
#[derive(Clone)]
pub struct Pipeline<E> {
    schema: E,
    documents: Documents,
    outline: Arc<Outline>,
    admission: Arc<dyn Admission>,
    long_polls: Arc<HashSet<&'static str>>,
    subscribers: Subscribers,
    tally: Tally,
    traced: Traced,
    timeout: Duration,
}

impl<E: Executor> Pipeline<E> {
    /// A pipeline that admits every operation within its limits.
    pub fn new(schema: E, outline: Outline, settings: &GraphqlSettings) -> Self {
        Self {
            schema,
            documents: Documents::new(settings.limits.clone(), settings.document_cache),
            outline: Arc::new(outline),
            admission: Arc::new(Open),
            long_polls: Arc::default(),
            subscribers: Subscribers::new(settings.subscriptions_per_subject),
            tally: Tally::default(),
            traced: Traced::default(),
            timeout: settings.timeout,
        }
    }

    /// Decides about operations with this.
    pub fn with_admission(self, admission: impl Admission) -> Self {
        let admission = Timely { inner: Arc::new(admission), within: self.timeout };
        Self { admission: Arc::new(admission), ..self }
    }

    /// Counts here.
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        let subscribers = self.subscribers.counted(metrics.clone());
        Self { subscribers, tally: Tally::of(metrics), ..self }
    }

    /// Traces operations by this.
    pub fn with_tracer(self, tracer: Tracer) -> Self {
        Self { traced: Traced::by(tracer), ..self }
    }

    /// Root fields that may wait for work before they answer.
    pub fn with_long_polls(self, fields: impl IntoIterator<Item = &'static str>) -> Self {
        Self { long_polls: Arc::new(fields.into_iter().collect()), ..self }
    }

    /// What is known about the schema.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    /// Everything that can be said about a request without asking who made it.
    pub fn prepare(&self, request: Request) -> Result<Prepared, ServerError> {
        self.sound(request).inspect_err(|error| self.refused(error))
    }

    /// Notes a refusal that no operation came of.
    pub fn refused(&self, error: &ServerError) {
        self.tally.refused(error);
    }

    fn sound(&self, mut request: Request) -> Result<Prepared, ServerError> {
        if RequestId::of(&request.data).is_none() {
            request.data.insert(RequestId::new());
        }
        request.operation_name = request.operation_name.filter(|name| !name.is_empty());
        let document = self.documents.get(&request.query)?;
        let prepared = Prepared::new(request, document)?;
        self.check(&prepared)?;
        Ok(prepared)
    }

    /// Runs a query or a mutation.
    pub async fn execute(&self, mut prepared: Prepared) -> Response {
        let (kind, began) = (prepared.kind(), Instant::now());
        let span = self.traced.begin(&mut prepared);
        let answer = span.around(self.answer(prepared, &span)).await;
        span.end(&answer);
        self.tally.answered(kind, &answer, began);
        answer
    }

    async fn answer(&self, prepared: Prepared, span: &Operation) -> Response {
        let request_id = prepared.request_id();
        if prepared.kind() == OperationType::Subscription {
            let message = "A subscription needs a stream: use a WebSocket, or Accept: text/event-stream";
            return Response::from_errors(vec![Code::BadUserInput.refuse(message)]);
        }
        let rules = self.rules(&prepared);
        match self.admit(prepared, &Data::default()).await {
            Ok(Way::Answered(answer)) => normalize(*answer, &request_id),
            Ok(Way::Runs(running)) => {
                let schema = self.schema.clone();
                let Running { request, lasting } = *running;
                let work = async move { schema.execute(request).await };
                let answer = run::spawned(span.around(work), rules, request_id.clone());
                let answer = if rules.waits { lasting.once(answer).await } else { answer.await };
                normalize(answer, &request_id)
            }
            Err(errors) => normalize(Response::from_errors(errors), &request_id),
        }
    }

    /// Whether the operation would be let through, of which nothing runs. A refusal is noted like any other.
    pub async fn admits(&self, prepared: Prepared) -> Result<(), Response> {
        let request_id = prepared.request_id();
        let refused = |errors| normalize(Response::from_errors(errors), &request_id);
        self.admit(prepared, &Data::default()).await.map(drop).map_err(refused)
    }

    /// Runs any operation: a subscription answers as often as it likes, the others once.
    pub fn stream(&self, mut prepared: Prepared, session: Arc<Data>) -> BoxStream<'static, Response> {
        let pipeline = self.clone();
        let request_id = prepared.request_id();
        let kind = prepared.kind();
        let span = self.traced.begin(&mut prepared);
        let rules = self.rules(&prepared);
        let began = Instant::now();
        let (tally, traced) = (self.tally.clone(), span.clone());
        let only = move |answer| {
            traced.end(&answer);
            tally.answered(kind, &answer, began);
            Either::Left(stream::once(std::future::ready(answer)))
        };
        let started = async move {
            let from = admission::address_of(prepared.data(), &session);
            let refused = |errors| only(normalize(Response::from_errors(errors), &request_id));
            let admitted = span.around(pipeline.admit(prepared, &session)).await;
            let Running { request, lasting } = match admitted {
                Ok(Way::Runs(running)) => *running,
                Ok(Way::Answered(answer)) => return only(normalize(*answer, &request_id)),
                Err(errors) => return refused(errors),
            };
            let place = match kind {
                OperationType::Subscription => match pipeline.subscribers.enter(&lasting.subject, from) {
                    Ok(place) => Some(place),
                    Err(error) => return refused(vec![error]),
                },
                OperationType::Query | OperationType::Mutation => None,
            };
            let answers = pipeline.schema.execute_stream(request, Some(session));
            Either::Right(match kind {
                OperationType::Subscription => {
                    pipeline.tally.begun();
                    let id = request_id.clone();
                    let lasting = lasting.over(run::guarded(answers, request_id));
                    let answers = lasting.map(move |answer| {
                        let _counted = &place;
                        normalize(answer, &id)
                    });
                    answers.boxed()
                }
                OperationType::Query | OperationType::Mutation => {
                    let answer = run::once(answers, rules, request_id, &span);
                    lasting
                        .while_waits(rules.waits, answer)
                        .inspect(move |answer| {
                            span.end(answer);
                            pipeline.tally.answered(kind, answer, began);
                        })
                        .boxed()
                }
            })
        };
        stream::once(started).flatten().boxed()
    }

    /// **The only place where an operation is let through to the schema.**
    async fn admit(&self, prepared: Prepared, session: &Data) -> Result<Way, Vec<ServerError>> {
        let (document, mut request) = prepared.into_parts();
        let subject = admission::caller_of(&request.data, session);
        let operation = document.operation(request.operation_name.as_deref()).map_err(|error| vec![error])?;
        let request_id = RequestId::of(&request.data).cloned().unwrap_or_default();
        let variables = &request.variables;
        let way = admission::way_of(&request.data);
        let asked = Asked { operation, variables, subject: &subject, request_id: &request_id, way };
        let decision = match self.admission.admit(asked).await? {
            Admitted::Runs(decision) => decision,
            Admitted::Answered(answer) => return Ok(Way::Answered(answer)),
        };
        request.data.insert(decision.clone());
        request.set_parsed_query(document.parsed().clone());
        let lasting = Lasting {
            admission: self.admission.clone(),
            operation: request.operation_name.clone(),
            variables: request.variables.clone(),
            document,
            subject,
            request_id,
            decision,
        };
        Ok(Way::Runs(Box::new(Running { request, lasting })))
    }

    fn check(&self, prepared: &Prepared) -> Result<(), ServerError> {
        let operation = prepared.operation()?;
        variables::check(operation, prepared.variables())?;
        check_complexity(operation, prepared.variables(), &self.outline, self.documents.limits())
    }

    fn rules(&self, prepared: &Prepared) -> run::Rules {
        let waits = prepared.roots().iter().filter(|name| self.long_polls.contains(name.as_str())).count();
        run::Rules {
            within: self.timeout + LONG_POLL * u32::try_from(waits).unwrap_or(1),
            // Who waits for work and leaves wants none.
            finish: prepared.kind() == OperationType::Mutation && waits < prepared.roots().len(),
            waits: waits > 0,
        }
    }
}

/// What becomes of an operation that is not refused.
enum Way {
    Runs(Box<Running>),
    Answered(Box<Response>),
}

/// What runs, and what it rests on.
struct Running {
    request: Request,
    lasting: Lasting,
}

/// So that the library's own services, used by an application, pass the same stages.
impl<E: Executor> Executor for Pipeline<E> {
    async fn execute(&self, request: Request) -> Response {
        match self.prepare(request) {
            Ok(prepared) => Self::execute(self, prepared).await,
            Err(error) => Response::from_errors(vec![error]),
        }
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        match self.prepare(request) {
            Ok(prepared) => self.stream(prepared, session.unwrap_or_default()),
            Err(error) => stream::once(async { Response::from_errors(vec![error]) }).boxed(),
        }
    }
}
