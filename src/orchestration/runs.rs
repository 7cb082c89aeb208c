//! The tasks this node runs, and the way to each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedRwLockReadGuard, RwLock, mpsc, oneshot};

use super::{
    Error,
    command::Wish,
    worker::{Claimed, Kept},
};
use crate::model::id::TaskId;

/// A wish on its way to the run of its task.
pub(super) struct Message {
    pub(super) wish: Wish,
    /// Dropped unanswered when the run ends first: ask again.
    pub(super) reply: oneshot::Sender<Result<Done, Error>>,
}

/// What a wish that was carried out leaves for who had it.
pub(super) enum Done {
    /// Nothing but its effect.
    Carried,
    /// A worker's attempt.
    Leased(Box<Claimed>),
    /// A worker's lease that lasts on.
    Kept(Kept),
}

/// Where the inboxes of running tasks are. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Runs {
    inboxes: Arc<Mutex<HashMap<TaskId, mpsc::Sender<Message>>>>,
    unrecovered: Arc<RwLock<()>>,
}

/// Held from before a task is claimed until its recovery is durable. Shared by what is claimed together.
pub(super) type Unrecovered = Arc<OwnedRwLockReadGuard<()>>;

/// A place in the register; given up when it is dropped.
pub(super) struct Registered {
    runs: Runs,
    task: TaskId,
}

impl Runs {
    /// A new run's place and its inbox; none when the task runs already.
    pub(super) fn register(&self, task: TaskId) -> Option<(Registered, mpsc::Receiver<Message>)> {
        let mut inboxes = self.lock();
        if inboxes.contains_key(&task) {
            return None;
        }
        let (sender, inbox) = mpsc::channel(16);
        inboxes.insert(task, sender);
        Some((Registered { runs: self.clone(), task }, inbox))
    }

    /// The inbox of a running task.
    pub(super) fn inbox(&self, task: TaskId) -> Option<mpsc::Sender<Message>> {
        self.lock().get(&task).cloned()
    }

    /// To be taken before tasks are claimed, and once for all of them: who waits in [`Self::all_recovered`] comes first.
    pub(super) async fn unrecovered(&self) -> Unrecovered {
        Arc::new(self.unrecovered.clone().read_owned().await)
    }

    /// What was interrupted in any task of this node is given back, durably: whoever kills the node now is alone to blame.
    pub(super) async fn all_recovered(&self) {
        drop(self.unrecovered.write().await);
    }

    /// No task runs here.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TaskId, mpsc::Sender<Message>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.runs.lock().remove(&self.task);
    }
}
