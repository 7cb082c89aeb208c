//! Commands for tasks that another node runs: left in the database, carried out by the owner, once.
//!
//! Whoever takes the task over when the owner dies carries them out before anything else; so does any node that finds
//! one for a task that nobody runs.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{MutexGuard, Notify, oneshot},
    time::sleep,
};
use uuid::Uuid;

use super::{Delivered, Engine, Error, Wish, refused};
use crate::{
    data::{
        self, Kind,
        commands::{self, Fate},
        entity::command::Model,
        journal::Claim,
    },
    model::{
        id::{NodeId, TaskId},
        task::Refusal,
        time::Timestamp,
    },
    orchestration::runs::Message,
};

/// Commands that are taken in hand at once.
const BATCH: u64 = 500;

/// How often an answer is looked for although nobody said that it is there.
const LOOK: Duration = Duration::from_secs(1);

/// Answers that nobody has read by then belong to callers who are gone, in microseconds.
const UNREAD: i64 = 600_000_000;

/// What this node knows of commands that were left.
#[derive(Default)]
pub(in crate::orchestration) struct Left {
    looking: Notify,
    answers: Notify,
    in_hand: Mutex<HashSet<Uuid>>,
    still: tokio::sync::Mutex<()>,
}

/// Why a command was refused, on its way back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    UnknownTask,
    Refused(Refusal),
    Failed(String),
}

impl Left {
    /// There may be commands for this node, or answers.
    pub(in crate::orchestration) fn look(&self) {
        self.looking.notify_one();
        self.answers.notify_waiters();
    }

    /// While this is held nobody looks for commands: held from before tasks are claimed until what was left about them
    /// is in hand, or they would be about a task of this node that has no run yet.
    pub(in crate::orchestration) async fn still(&self) -> MutexGuard<'_, ()> {
        self.still.lock().await
    }

    /// Those that nobody on this node has taken in hand yet; the caller has.
    fn take(&self, found: Vec<Model>) -> Vec<Model> {
        let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        found.into_iter().filter(|one| in_hand.insert(one.id)).collect()
    }

    fn put_down(&self, command: Uuid) {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&command);
    }
}

impl Engine {
    /// Leaves a command for `owner`, durably.
    pub(super) async fn leave(&self, task: TaskId, wish: &Wish, owner: NodeId) -> Result<Uuid, Error> {
        let text = serde_json::to_value(wish).map_err(|error| Error::BadInput(error.to_string()))?;
        let (database, own) = (self.database(), self.identity().id);
        let left = commands::leave(database, task, text, own, self.clock().now()).await?;
        self.ring(owner).await;
        Ok(left)
    }

    /// What became of a command that was left. Waits for it.
    pub(super) async fn answered(&self, left: Uuid, task: TaskId, wish: &Wish) -> Result<(), Error> {
        loop {
            let told = self.left().answers.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            match commands::fate(self.database(), left).await? {
                Fate::Done => return Ok(()),
                Fate::Refused(answer) => {
                    commands::forget(self.database(), left).await?;
                    return Err(read(answer, task, wish));
                }
                Fate::Waiting => {}
            }
            tokio::select! {
                () = told => {}
                // Its owner may be gone by now, and the task nobody's.
                () = sleep(LOOK) => self.left().looking.notify_one(),
            }
        }
    }

    /// Carries out what others leave for this node, until it stops.
    pub(in crate::orchestration) fn keep_carrying(&self) {
        let engine = self.clone();
        self.keep("commands of other nodes are no longer carried out", async move {
            loop {
                engine.left().looking.notified().await;
                if let Err(error) = engine.carry_waiting().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "commands of other nodes could not be looked for");
                }
            }
        });
    }

    async fn carry_waiting(&self) -> Result<(), data::Error> {
        if self.is_fenced() {
            return Ok(());
        }
        let free = commands::about_free(self.database(), BATCH).await?;
        let (more, found) = {
            let _still = self.left().still().await;
            let found = commands::waiting(self.database(), self.identity().id, BATCH).await?;
            (found.len() as u64 == BATCH, self.left().take(found))
        };
        if free.is_empty() && found.is_empty() {
            let long_ago = Timestamp(self.clock().now().0.saturating_sub(UNREAD));
            return commands::remove_answered(self.database(), long_ago).await;
        }
        if !free.is_empty() {
            let engine = self.clone();
            self.work().spawn(async move { engine.take_up_for_what_was_left(free).await });
        }
        let mut by_task: BTreeMap<Uuid, Vec<Model>> = BTreeMap::new();
        for command in found {
            by_task.entry(command.task_id).or_default().push(command);
        }
        for commands in by_task.into_values() {
            let engine = self.clone();
            self.work().spawn(async move {
                // One after the other, as they were left.
                for command in commands {
                    let id = command.id;
                    engine.carry(command).await;
                    engine.left().put_down(id);
                }
                if more {
                    // There is room for those that did not fit.
                    engine.left().looking.notify_one();
                }
            });
        }
        Ok(())
    }

    /// Room or not: who wants a task cancelled does not wait until there is room to run it.
    async fn take_up_for_what_was_left(&self, tasks: Vec<TaskId>) {
        let unrecovered = self.runs().unrecovered().await;
        if let Err(error) = self.take(Claim::These(tasks), BTreeMap::new(), &unrecovered).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "tasks could not be taken up for what others left about them");
        }
    }

    /// What was left about tasks that this node has just claimed, for their runs to hear first. A command that is in
    /// hand already comes to the run by its inbox.
    pub(in crate::orchestration) async fn left_about(
        &self,
        claimed: &[TaskId],
    ) -> Result<HashMap<TaskId, Vec<Message>>, data::Error> {
        let mut first: HashMap<TaskId, Vec<Message>> = HashMap::new();
        if self.database().kind() == Kind::Sqlite {
            return Ok(first);
        }
        for command in self.left().take(commands::of_tasks(self.database(), claimed, BATCH).await?) {
            let (id, task, left_by) = (command.id, TaskId(command.task_id), NodeId(command.left_by));
            let (reply, answer) = oneshot::channel();
            let read =
                read_wish(&command).map(|wish| first.entry(task).or_default().push(Message { wish, reply }));
            let engine = self.clone();
            self.work().spawn(async move {
                // Unanswered when the run ends first: it is looked for again.
                let done = match read {
                    Ok(()) => answer.await.unwrap_or(Err(Error::Stopping)),
                    Err(error) => Err(error),
                };
                engine.conclude(id, left_by, done.map(drop)).await;
                engine.left().put_down(id);
                engine.left().looking.notify_one();
            });
        }
        Ok(first)
    }

    /// Carries out one command. What can't be now stays for whoever owns the task next.
    async fn carry(&self, command: Model) {
        let (id, task, left_by) = (command.id, TaskId(command.task_id), NodeId(command.left_by));
        // Since it was read it may have been carried out.
        if !matches!(commands::fate(self.database(), id).await, Ok(Fate::Waiting)) {
            return;
        }
        let done = match read_wish(&command) {
            Ok(wish) => self.deliver(task, &wish).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(Delivered::Here(_)) => self.conclude(id, left_by, Ok(())).await,
            Ok(Delivered::Elsewhere(owner)) => self.ring(owner).await,
            Err(error) => self.conclude(id, left_by, Err(error)).await,
        }
    }

    /// Tells the node that left a command what became of it. What this node can't do now stays.
    async fn conclude(&self, id: Uuid, left_by: NodeId, done: Result<(), Error>) {
        let answer = match done {
            Ok(()) => None,
            Err(Error::Stopping | Error::Overloaded) => return,
            Err(error) => Some(answer(error)),
        };
        if let Some(answer) = answer
            && let Err(error) = commands::answer(self.database(), id, answer).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, command = %id, "a refusal could not be told to who asked");
        }
        self.ring(left_by).await;
    }

    /// Tells `node` to look. Where that fails it looks by itself, a little later.
    async fn ring(&self, node: NodeId) {
        if node == self.identity().id {
            return self.left().look();
        }
        if let Err(error) = commands::ring(self.database(), node).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, node = node.0, "another node could not be told of a command");
        }
    }
}

fn read_wish(command: &Model) -> Result<Wish, Error> {
    let wish: Wish = serde_json::from_value(command.wish.clone())
        .map_err(|error| Error::BadInput(format!("the node that runs the task can't read it: {error}")))?;
    Ok(Wish { left: Some(command.id), ..wish })
}

fn answer(error: Error) -> serde_json::Value {
    let answer = match error {
        Error::UnknownTask(_) => Answer::UnknownTask,
        Error::UnknownStep(_) => Answer::Refused(Refusal::UnknownStep),
        Error::Refused { refusal, .. } => Answer::Refused(refusal),
        other => Answer::Failed(other.to_string()),
    };
    serde_json::json!(answer)
}

fn read(text: serde_json::Value, task: TaskId, wish: &Wish) -> Error {
    match serde_json::from_value(text) {
        Ok(Answer::UnknownTask) => Error::UnknownTask(task),
        Ok(Answer::Refused(refusal)) => refused(task, wish.command.verb(), refusal),
        Ok(Answer::Failed(why)) => Error::Data(data::Error::Refused(why)),
        Err(error) => Error::Data(data::Error::Corrupt(format!("the answer to a command: {error}"))),
    }
}
