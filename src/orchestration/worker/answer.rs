//! Answers: each is taken once, and the same one once more gets the first answer again.

use std::sync::Arc;

use serde_json::Value;

use super::known::Known;
use crate::{
    auth::Subject,
    data::entity::remote_attempt,
    model::{
        lease::{ANSWERED, LeaseToken},
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
            value::checked_text("the name of an event", &name, 200).map_err(bad)?;
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
                Outcome::Completed { .. }
                | Outcome::Asleep { .. }
                | Outcome::CircuitOpen { .. }
                | Outcome::Released(_) => {
                    return Err(bad("a failure is what was expected".into()));
                }
            },
        };
        Ok(WorkerAnswer { outcome, events })
    }
}

/// An answer that is looked after, by its place among those that came together.
struct Heard {
    place: usize,
    token: LeaseToken,
    digest: Arc<str>,
    /// Of its events.
    names: Vec<String>,
    answer: WorkerAnswer,
}

impl Heard {
    /// It was taken before: its way back was lost, and the first one counts.
    fn was_taken(&self, row: &remote_attempt::Model) -> bool {
        row.state == ANSWERED && row.answer.as_deref() == Some(&*self.digest)
    }
}

impl Engine {
    /// Takes these answers, each by itself: what comes after a step is durable when this answers. They share commits.
    pub async fn answer_steps(
        &self,
        subject: &Subject,
        says: Vec<WorkerSays>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let mut results: Vec<Option<Result<(), Error>>> = Vec::with_capacity(says.len());
        let mut heard = Vec::new();
        for (place, one) in says.into_iter().enumerate() {
            let names = one.events.iter().map(|(name, _)| name.clone()).collect();
            results.push(match (one.token, one.checked(self.settings().max_results_bytes)) {
                (None, _) => Some(Err(lost())),
                (Some(_), Err(error)) => Some(Err(error)),
                (Some(token), Ok(answer)) => {
                    heard.push(Heard { place, token, digest: answer.digest(), names, answer });
                    None
                }
            });
        }
        let known = self.known_leases(subject, heard.iter().map(|one| one.token)).await?;
        let (mut wishes, mut told) = (Vec::new(), Vec::new());
        for one in heard {
            match known.get(&one.token) {
                Known::Own(row) if one.was_taken(row) => results[one.place] = Some(Ok(())),
                Known::Own(row) if row.state == ANSWERED => results[one.place] = Some(Err(lost())),
                Known::Nobodys => results[one.place] = Some(Err(lost())),
                Known::Own(_) | Known::Here => {
                    let (holder, at) = (subject.name().cloned(), self.clock().now());
                    let answer = Box::new(one.answer.clone());
                    let command = Command::AnswerStep { token: one.token, holder, answer, at };
                    wishes.push((one.token.task, Wish::of(command, subject)));
                    told.push(one);
                }
            }
        }
        let done = self.carry_out_all(wishes).await;
        let refused = told.iter().zip(&done).filter(|(_, done)| is_refused(done)).map(|(one, _)| one.token);
        let rows = self.own_rows(subject, refused).await?;
        for (one, done) in told.into_iter().zip(done) {
            let done = match done.map(drop) {
                Err(Error::Refused { refusal: Refusal::Undeclared(at), .. }) => {
                    Err(undeclared(one.names.get(at)))
                }
                done if is_refused(&done) => match (rows.get(&one.token), done) {
                    (Some(row), _) if one.was_taken(row) => Ok(()),
                    // What became of an attempt is told to who had it.
                    (Some(_), Err(error @ Error::Refused { refusal: Refusal::Lease(_), .. })) => Err(error),
                    (Some(_) | None, _) => Err(lost()),
                },
                done => done,
            };
            results[one.place] = Some(done);
        }
        Ok(results.into_iter().map(|done| done.unwrap_or_else(|| Err(lost()))).collect())
    }
}

fn is_refused<T>(done: &Result<T, Error>) -> bool {
    matches!(done, Err(Error::Refused { .. } | Error::UnknownTask(_) | Error::UnknownStep(_)))
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
