//! Wishes about tasks: each reaches the run of its task, wherever that is.

use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{Caller, Engine, Error, run::Start, runs::Message, value};
use crate::{
    data::{self, journal::Claim, load},
    metrics::labels::{Answer, ByCommand, Verb},
    model::{
        audit::Act,
        id::TaskId,
        task::{Command, Refusal},
    },
};

/// Until a task that is between two runs is looked at again.
const AGAIN: Duration = Duration::from_millis(5);

/// A command with who wants it and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// What is to be done.
    pub command: Command,
    /// Why; recorded with it.
    pub reason: Option<String>,
    /// Who; recorded with it.
    pub actor: Option<Arc<str>>,
    /// What the audit log says of it.
    pub act: Option<Arc<Act>>,
}

impl Engine {
    /// Carries out `command`; durable when it answers. Nothing changes where it is refused.
    pub async fn command(
        &self,
        caller: impl Into<Caller>,
        task: TaskId,
        command: Command,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let verb = command.verb();
        self.check(&command, reason.as_deref())?;
        let Caller { subject, act } = caller.into();
        let wish = Wish { command, reason, actor: subject.name().cloned(), act };
        let done = match tokio::time::timeout(self.settings().command_wait, self.deliver(task, &wish)).await {
            Ok(done) => done,
            Err(_) => Err(Error::Overloaded),
        };
        self.count(verb, &done);
        done
    }

    /// To the run of the task; a task at rest is taken up for it.
    async fn deliver(&self, task: TaskId, wish: &Wish) -> Result<(), Error> {
        loop {
            let (reply, answer) = oneshot::channel();
            let message = Message { wish: wish.clone(), reply };
            match self.runs().inbox(task) {
                Some(inbox) => drop(inbox.send(message).await),
                None if self.signals().draining.is_cancelled() => return Err(Error::Stopping),
                None => self.take_up(task, message).await?,
            }
            if let Ok(answer) = answer.await {
                return answer;
            }
            // The run ended first: it parked, or it is done.
            tokio::task::yield_now().await;
        }
    }

    /// Makes this node the owner of a task that nobody runs, and `message` the first that its run hears. Who asked
    /// may stop waiting; what is claimed is run all the same.
    async fn take_up(&self, task: TaskId, message: Message) -> Result<(), Error> {
        let engine = self.clone();
        let taken = self.work().spawn(async move { engine.claim_one(task, message).await });
        taken.await.unwrap_or(Err(Error::Stopping))
    }

    async fn claim_one(&self, task: TaskId, message: Message) -> Result<(), Error> {
        let unrecovered = Some(self.runs().unrecovered().await);
        // Without an answer it may have been claimed.
        let unsure = |_: &data::Error| self.wakes().doubt();
        let claimed = self.journal().claim(Claim::One(task)).await.inspect_err(unsure)?;
        let rows = load::rows(self.database(), &[task]).await.inspect_err(unsure)?;
        let Some(rows) = rows.into_iter().next() else { return Err(Error::UnknownTask(task)) };
        if !claimed.is_empty() {
            let room = self.capacity().squeeze();
            return Ok(self.run_rows(rows, Start { room, first: Some(message), unrecovered }).await?);
        }
        if rows.0.owner.is_some() && !self.owns(&rows) {
            return Err(Error::Elsewhere(task));
        }
        // Ours, and its run is about to begin or has just ended: asked again, unless there is none.
        self.wakes().doubt();
        tokio::time::sleep(AGAIN).await;
        Ok(())
    }

    fn check(&self, command: &Command, reason: Option<&str>) -> Result<(), Error> {
        let bad = Error::BadInput;
        if let Some(reason) = reason {
            value::checked_text("reason", reason, 2_000).map_err(bad)?;
        }
        match command {
            Command::UpdateTask { reason, tags } => {
                if let Some(reason) = reason {
                    value::checked_text("reason", reason, 2_000).map_err(bad)?;
                }
                super::create::check_tags(tags.as_deref().unwrap_or_default())
            }
            Command::ResolveStep { results: Some(results), .. } => {
                value::checked("results", results, self.settings().max_results_bytes).map(drop).map_err(bad)
            }
            Command::UpdateStep { retry_limit, inputs, .. } => {
                if retry_limit.is_some_and(|limit| limit == 0 || limit > 1_000_000) {
                    return Err(bad("retryLimit must be from 1 to 1,000,000".into()));
                }
                let check = |inputs| value::checked("inputs", inputs, self.settings().max_context_bytes);
                inputs.as_ref().map(check).transpose().map(drop).map_err(bad)
            }
            Command::RetryTask { additional_attempts } | Command::RetryStep { additional_attempts, .. } => {
                if additional_attempts.is_some_and(|more| more == 0 || more > 1_000_000) {
                    return Err(bad("additionalAttempts must be from 1 to 1,000,000".into()));
                }
                Ok(())
            }
            Command::CancelTask
            | Command::ResolveTask
            | Command::CancelStep { .. }
            | Command::ResolveStep { results: None, .. } => Ok(()),
        }
    }

    fn count(&self, verb: &str, done: &Result<(), Error>) {
        let outcome = match done {
            Ok(()) => Answer::Done,
            Err(Error::Refused { .. } | Error::Elsewhere(_)) => Answer::Conflict,
            Err(Error::UnknownTask(_) | Error::UnknownStep(_)) => Answer::NotFound,
            Err(_) => Answer::Failed,
        };
        if let Some(verb) = Verb::parse(verb) {
            self.metrics().commands.get_or_create(&ByCommand { verb, outcome }).inc();
        }
    }
}

/// What a refusal of the model's means to the caller.
pub(super) fn refused(task: TaskId, verb: &'static str, refusal: Refusal) -> Error {
    match refusal {
        Refusal::UnknownStep => Error::UnknownStep(task),
        Refusal::Task(_) | Refusal::Step(_) => Error::Refused { verb, refusal },
    }
}
