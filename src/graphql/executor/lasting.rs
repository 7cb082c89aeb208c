//! A subscription lasts no longer than what permits it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_graphql::{Response, ServerError, Variables};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::{sync::watch, time::Instant};

use super::admission::{Admission, Admitted, Asked};
use crate::{
    auth::Subject,
    graphql::{Code, RequestId, document::Document, gate::Decision},
    model::time::Timestamp,
};

/// What a running subscription rests on.
pub(super) struct Lasting {
    pub(super) admission: Arc<dyn Admission>,
    pub(super) document: Arc<Document>,
    pub(super) operation: Option<String>,
    pub(super) variables: Variables,
    pub(super) subject: Subject,
    pub(super) request_id: RequestId,
    pub(super) decision: Arc<Decision>,
}

impl Lasting {
    /// The answers, until the credential expires or is withdrawn, or the same would be decided no more. That is said, as the last
    /// answer, before anything that happened since.
    pub(super) fn over(self, answers: BoxStream<'static, Response>) -> BoxStream<'static, Response> {
        let changes = self.admission.changes();
        let end = self.subject.expires_at().map(instant);
        let ended = self.subject.ended();
        stream::unfold(Some((self, answers, changes, end, ended)), |open| async move {
            let (lasting, mut answers, mut changes, end, mut ended) = open?;
            loop {
                tokio::select! {
                    biased;
                    () = at(end) => return Some((refused(vec![expired()]), None)),
                    () = &mut ended => return Some((refused(vec![withdrawn()]), None)),
                    () = changed(&mut changes) => {
                        if let Err(errors) = lasting.again().await {
                            return Some((refused(errors), None));
                        }
                    }
                    answer = answers.next() => {
                        return answer.map(|answer| (answer, Some((lasting, answers, changes, end, ended))));
                    }
                }
            }
        })
        .boxed()
    }

    /// The one answer of an operation that waits for work, under the same conditions.
    pub(super) async fn once(self, answer: impl Future<Output = Response> + Send + 'static) -> Response {
        self.over(stream::once(answer).boxed()).next().await.unwrap_or_default()
    }

    /// The same, if it waits.
    pub(super) fn while_waits(
        self,
        waits: bool,
        answers: BoxStream<'static, Response>,
    ) -> BoxStream<'static, Response> {
        if waits { self.over(answers).take(1).boxed() } else { answers }
    }

    async fn again(&self) -> Result<(), Vec<ServerError>> {
        let operation = self.document.operation(self.operation.as_deref()).map_err(|error| vec![error])?;
        let Self { variables, subject, request_id, .. } = self;
        let asked = Asked { operation, variables, subject, request_id, way: None };
        match self.admission.admit(asked).await? {
            Admitted::Runs(decision) if decision.allows_the_same(&self.decision) => Ok(()),
            Admitted::Runs(_) | Admitted::Answered(_) => {
                let message = "What you may do has changed: ask again, a subscription after its last cursor.";
                Err(vec![Code::Forbidden.refuse(message)])
            }
        }
    }
}

fn refused(errors: Vec<ServerError>) -> Response {
    Response::from_errors(errors)
}

fn expired() -> ServerError {
    Code::Unauthenticated.refuse("Your credential has expired: sign in again.")
}

fn withdrawn() -> ServerError {
    Code::Unauthenticated.refuse("Your credential is good no more: sign in again.")
}

async fn at(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

async fn changed(changes: &mut Option<watch::Receiver<u64>>) {
    if let Some(receiver) = changes
        && receiver.changed().await.is_ok()
    {
        return;
    }
    // Nobody is left who could change anything.
    *changes = None;
    std::future::pending().await
}

/// A moment on the wall as one on the runtime's clock.
fn instant(moment: Timestamp) -> Instant {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let moment = Duration::from_micros(moment.0.try_into().unwrap_or(0));
    Instant::now() + moment.saturating_sub(wall).min(Duration::from_secs(86_400 * 365))
}
