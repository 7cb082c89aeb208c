//! Wishes about tasks: each reaches the run of its task, wherever that is.

mod left;

pub(super) use left::Left;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use super::{
    Caller, Engine, Error,
    runs::{Done, Message},
    value,
};
use crate::{
    auth::Subject,
    data::{journal::Claim, load},
    metrics::labels::{Answer, ByCommand, Verb},
    model::{
        audit::Act,
        id::{NodeId, TaskId},
        task::{Command, Refusal},
    },
};

/// Until a task that is between two runs is looked at again.
const AGAIN: Duration = Duration::from_millis(5);

/// A command with who wants it and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// What is to be done.
    pub command: Command,
    /// Why; recorded with it.
    pub reason: Option<String>,
    /// Who; recorded with it.
    pub actor: Option<Arc<str>>,
    /// What the audit log says of it.
    pub act: Option<Arc<Act>>,
    /// Its id, where it was left by another node.
    #[serde(skip)]
    pub left: Option<Uuid>,
}

impl Wish {
    /// By a worker: its transitions are what is recorded of it.
    pub(super) fn of(command: Command, subject: &Subject) -> Self {
        Self { command, reason: None, actor: subject.name().cloned(), act: None, left: None }
    }
}

/// Whether a wish has reached the run of its task.
enum Delivered {
    /// It has, and was carried out.
    Here(Done),
    /// This node runs it.
    Elsewhere(NodeId),
}

impl Engine {
    /// Carries out `command`; durable when it answers. Nothing changes where it is refused.
    ///
    /// What another node runs is done there. Where that takes longer than `command_wait` this answers all the same:
    /// the command is kept, and takes effect later.
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
        let wish = Wish { command, reason, actor: subject.name().cloned(), act, left: None };
        let done = self.carry_out(task, &wish).await.map(drop);
        self.count(verb, &done);
        done
    }

    /// Done within `command_wait`, or left for the node that runs the task.
    pub(super) async fn carry_out(&self, task: TaskId, wish: &Wish) -> Result<Done, Error> {
        let patience = Instant::now() + self.settings().command_wait;
        match timeout_at(patience, self.deliver(task, wish)).await {
            Ok(Ok(Delivered::Here(done))) => Ok(done),
            Ok(Ok(Delivered::Elsewhere(owner))) => {
                let left = self.leave(task, wish, owner).await?;
                match timeout_at(patience, self.answered(left, task, wish)).await {
                    Ok(answered) => answered.map(|()| Done::Carried),
                    // It asks again: the same answer twice is one.
                    Err(_) if wish.command.is_of_worker() => Err(Error::Overloaded),
                    Err(_) => Ok(Done::Carried),
                }
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::Overloaded),
        }
    }

    /// To the run of the task; a task at rest is taken up for it.
    async fn deliver(&self, task: TaskId, wish: &Wish) -> Result<Delivered, Error> {
        loop {
            let (reply, answer) = oneshot::channel();
            let message = Message { wish: wish.clone(), reply };
            match self.runs().inbox(task) {
                Some(inbox) => drop(inbox.send(message).await),
                None if self.signals().draining.is_cancelled() => return Err(Error::Stopping),
                None => {
                    if let Some(owner) = self.take_up(task, message).await? {
                        return Ok(Delivered::Elsewhere(owner));
                    }
                }
            }
            if let Ok(answer) = answer.await {
                return answer.map(Delivered::Here);
            }
            // The run ended first: it parked, or it is done.
            tokio::task::yield_now().await;
        }
    }

    /// Makes this node the owner of a task that nobody runs, and `message` the first that its run hears. Who asked
    /// may stop waiting; what is claimed is run all the same. Answers with another node that is the owner.
    async fn take_up(&self, task: TaskId, message: Message) -> Result<Option<NodeId>, Error> {
        let engine = self.clone();
        let taken = self.work().spawn(async move { engine.claim_one(task, message).await });
        taken.await.unwrap_or(Err(Error::Stopping))
    }

    async fn claim_one(&self, task: TaskId, message: Message) -> Result<Option<NodeId>, Error> {
        let unrecovered = self.runs().unrecovered().await;
        if self.take(Claim::One(task), BTreeMap::from([(task, message)]), &unrecovered).await? > 0 {
            return Ok(None);
        }
        drop(unrecovered);
        let rows = load::rows(self.database(), &[task]).await?;
        let Some(rows) = rows.into_iter().next() else { return Err(Error::UnknownTask(task)) };
        if let Some(owner) = rows.0.owner.filter(|_| !self.owns(&rows)) {
            return Ok(Some(NodeId(owner)));
        }
        // Ours, and its run is about to begin or has just ended: asked again, unless there is none.
        self.wakes().doubt();
        tokio::time::sleep(AGAIN).await;
        Ok(None)
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
            // Workers' are checked where they come in.
            Command::LeaseStep { .. }
            | Command::KeepLease { .. }
            | Command::AnswerStep { .. }
            | Command::CancelTask
            | Command::ResolveTask
            | Command::CancelStep { .. }
            | Command::ResolveStep { results: None, .. } => Ok(()),
        }
    }

    fn count(&self, verb: &str, done: &Result<(), Error>) {
        let outcome = match done {
            Ok(()) => Answer::Done,
            Err(Error::Refused { .. }) => Answer::Conflict,
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
        Refusal::Task(_) | Refusal::Step(_) | Refusal::Lease(_) | Refusal::Undeclared(_) => {
            Error::Refused { verb, refusal }
        }
    }
}
