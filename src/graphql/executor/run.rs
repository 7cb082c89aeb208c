//! Execution with a time limit, in which a panic of a resolver is an answer and not a broken connection.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_graphql::Response;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::traced::Operation;
use crate::graphql::RequestId;
use crate::graphql::error::{Code, normalize};

/// How long an operation may run, and what becomes of it when its caller leaves.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The time limit.
    pub within: Duration,
    /// A mutation is finished for a caller who left; a query is given up.
    pub finish: bool,
    /// It waits for work, for no longer than what permits that.
    pub waits: bool,
}

/// Runs the work as a task of its own, and answers for it if it can't.
pub async fn spawned(
    work: impl Future<Output = Response> + Send + 'static,
    rules: Rules,
    request_id: RequestId,
) -> Response {
    let task = tokio::spawn(tokio::time::timeout(rules.within, work).in_current_span());
    let _guard = (!rules.finish).then(|| AbortOnDrop(task.abort_handle()));
    match task.await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            let limit = humantime::format_duration(rules.within);
            let more = [("requestId", request_id.as_str().into())];
            let error =
                Code::Timeout.refuse_with(format!("The operation took longer than {limit}"), None, more);
            tracing::warn!(%request_id, %limit, "an operation was given up");
            Response::from_errors(vec![error])
        }
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => panicked(&*panic),
            Err(_) => Response::from_errors(vec![Code::Internal.refuse("the runtime is shutting down")]),
        },
    }
}

/// A query or a mutation over a stream: one answer, under the same rules as elsewhere.
pub fn once(
    mut answers: BoxStream<'static, Response>,
    rules: Rules,
    request_id: RequestId,
    span: &Operation,
) -> BoxStream<'static, Response> {
    let work = span.around(async move { answers.next().await.unwrap_or_default() });
    let answer = async move { normalize(spawned(work, rules, request_id.clone()).await, &request_id) };
    stream::once(answer).boxed()
}

/// A subscription: no time limit, and a panic is its last answer.
pub fn guarded(answers: BoxStream<'static, Response>, request_id: RequestId) -> BoxStream<'static, Response> {
    let caught = AssertUnwindSafe(answers).catch_unwind();
    caught.map(move |answer| normalize(answer.unwrap_or_else(|panic| panicked(&*panic)), &request_id)).boxed()
}

/// The answer for a resolver that panicked. Its text is made opaque, and logged, with every other fault.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text =
        panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref().cloned());
    let text = text.unwrap_or_else(|| "no text".to_owned());
    Response::from_errors(vec![Code::Internal.refuse(format!("panic: {text}"))])
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
