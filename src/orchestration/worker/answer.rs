//! Answers: each is taken once, and the same one once more gets the first answer again.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    auth::Subject,
    data::remote,
    model::{
        lease::LeaseToken,
        outcome::Outcome,
        task::{Command, Refusal, WorkerAnswer, WorkerOutcome},
    },
    orchestration::{Engine, Error, Wish, handler::StepError, value},
};

/// Custom events that one answer may publish.
const MAX_EVENTS: usize = 1_000;

/// What a worker says of its attempt.
#[derive(Debug, Clone)]
pub struct WorkerSays {
    /// Its lease; none where what it showed is none.
    pub token: Option<LeaseToken>,
    /// What it leaves, or why it failed.
    pub ended: Result<Value, StepError>,
    /// Declared custom events, in order.
    pub events: Vec<(String, Value)>,
}

impl WorkerSays {
    /// What the journal can take of it.
    fn checked(self, max_bytes: usize) -> Result<WorkerAnswer, Error> {
        let bad = Error::BadInput;
        if self.events.len() > MAX_EVENTS {
            let given = self.events.len();
            return Err(bad(format!(
                "there are {given} events, and an attempt publishes at most {MAX_EVENTS}"
            )));
        }
        let mut room = max_bytes;
        let mut events: Vec<(Arc<str>, Value)> = Vec::with_capacity(self.events.len());
        for (name, payload) in self.events {
            let what = format!("the payload of {name:?}, with those before it,");
            room -= value::checked(&what, &payload, room).map_err(bad)?.len();
            events.push((name.into(), payload));
        }
        let storable = |results: &Value| value::checked("results", results, max_bytes).map(drop).map_err(bad);
        let outcome = match self.ended {
            Ok(results) => {
                storable(&results)?;
                WorkerOutcome::Completed { results }
            }
            Err(error) => match error.into_outcome() {
                Outcome::Failed { failure, retry_after, results } => {
                    results.as_ref().map_or(Ok(()), storable)?;
                    WorkerOutcome::Failed { failure, retry_after, results }
                }
                Outcome::Completed { .. } | Outcome::Asleep { .. } | Outcome::Released(_) => {
                    return Err(bad("a failure is what was expected".into()));
                }
            },
        };
        Ok(WorkerAnswer { outcome, events })
    }
}

impl Engine {
    /// Takes these answers, each by itself: what comes after a step is durable when this answers. They share commits.
    pub async fn answer_steps(&self, subject: &Subject, says: Vec<WorkerSays>) -> Vec<Result<(), Error>> {
        let mut results: Vec<Option<Result<(), Error>>> = Vec::with_capacity(says.len());
        let (mut wishes, mut told) = (Vec::new(), Vec::new());
        for (place, one) in says.into_iter().enumerate() {
            let Some(token) = one.token else {
                results.push(Some(Err(lost())));
                continue;
            };
            let names: Vec<String> = one.events.iter().map(|(name, _)| name.clone()).collect();
            match one.checked(self.settings().max_results_bytes) {
                Ok(answer) => {
                    told.push((place, token, answer.digest(), names));
                    let holder = subject.name().cloned();
                    let command = Command::AnswerStep { token, holder, answer: Box::new(answer) };
                    wishes.push((token.task, Wish::of(command, subject)));
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        for ((place, token, digest, names), done) in told.into_iter().zip(self.carry_out_all(wishes).await) {
            let done = match done.map(drop) {
                Err(Error::Refused { refusal: Refusal::Undeclared(at), .. }) => {
                    Err(undeclared(names.get(at)))
                }
                Err(error @ (Error::Refused { .. } | Error::UnknownTask(_) | Error::UnknownStep(_))) => {
                    self.answered_before(subject, &token, &digest, error).await
                }
                done => done,
            };
            results[place] = Some(done);
        }
        results.into_iter().map(|done| done.unwrap_or_else(|| Err(lost()))).collect()
    }

    /// The answer came once more: its way back was lost, and the first one counts.
    async fn answered_before(
        &self,
        subject: &Subject,
        token: &LeaseToken,
        digest: &str,
        refused: Error,
    ) -> Result<(), Error> {
        let holder = subject.name().map(|name| &**name);
        match remote::has_answered(self.database(), token, holder, digest).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(match refused {
                Error::Refused { refusal: Refusal::Lease(status), verb } => {
                    Error::Refused { refusal: Refusal::Lease(status), verb }
                }
                _ => lost(),
            }),
            Err(error) => Err(error.into()),
        }
    }
}

/// The lease is none, or none any more.
pub(super) fn lost() -> Error {
    Error::Refused { verb: "answer_step", refusal: Refusal::Lease(None) }
}

fn undeclared(name: Option<&String>) -> Error {
    let name = name.map(String::as_str).unwrap_or_default();
    Error::BadInput(format!(
        "event {name:?} is not declared: name it in the custom_events of the template or of the step; nothing of the answer was taken"
    ))
}
