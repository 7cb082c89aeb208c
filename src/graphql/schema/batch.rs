//! Tasks that were read together. What one of them is asked for is read for all of them at once.
//!
//! A list of a hundred tasks costs one statement for the steps of all, one for their events, one for their notes, one for their nodes,
//! however many of their fields want them and however deep in the document they stand. Nothing outlives the field
//! that made the batch, so nothing in it is ever stale.

mod asked;
mod run;

use std::{collections::HashMap, sync::Arc};

use async_graphql::Result;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use self::{asked::asked, run::Run};
use super::{diagram::Budget, refusal};
use crate::{
    data::{
        self, annotations,
        entity::{annotation, step, task},
        log, node, remote,
        tasks::{self, Contents},
    },
    model::{event::Recorded, lease::Lease, time::Timestamp},
    orchestration::Engine,
};

/// Events that a task or a step shows; the others are asked for by themselves.
const EVENTS: u64 = 100;

/// What was read once for the whole batch, or why it could not be.
type Shared<T> = OnceCell<Result<HashMap<Uuid, T>, Arc<data::Error>>>;

/// Tasks that were read together.
pub struct Batch {
    engine: Engine,
    tasks: Vec<task::Model>,
    contents: Contents,
    /// The moment for which everything derived holds.
    now: Timestamp,
    /// Steps that are not to be read.
    known: HashMap<Uuid, Vec<step::Model>>,
    runs: Shared<Arc<Run>>,
    task_events: Shared<Vec<Recorded>>,
    step_events: Shared<Vec<Recorded>>,
    annotations: Shared<Vec<annotation::Model>>,
    leases: Shared<Vec<Lease>>,
    nodes: OnceCell<Result<HashMap<i64, String>, Arc<data::Error>>>,
    budget: Budget,
}

impl Batch {
    /// These tasks, of which `contents` were read.
    pub fn new(engine: &Engine, tasks: Vec<task::Model>, contents: Contents) -> Self {
        Self {
            now: engine.clock().now(),
            engine: engine.clone(),
            tasks,
            contents,
            known: HashMap::new(),
            runs: OnceCell::new(),
            task_events: OnceCell::new(),
            step_events: OnceCell::new(),
            annotations: OnceCell::new(),
            leases: OnceCell::new(),
            nodes: OnceCell::new(),
            budget: Budget::default(),
        }
    }

    /// Adds the steps of one of the tasks, which need not be read any more.
    pub fn with_steps(mut self, task: Uuid, steps: Vec<step::Model>) -> Self {
        self.known.insert(task, steps);
        self
    }

    /// The rows.
    pub fn tasks(&self) -> &[task::Model] {
        &self.tasks
    }

    /// The row of the task at `index`.
    pub fn task(&self, index: usize) -> &task::Model {
        &self.tasks[index]
    }

    /// What was read.
    pub const fn contents(&self) -> Contents {
        self.contents
    }

    /// The moment for which everything derived holds.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What may be drawn of these tasks.
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The steps of `task`, with its template.
    pub async fn run(&self, task: &task::Model) -> Result<Arc<Run>> {
        let runs = shared(&self.runs, self.read_runs()).await?;
        let missing = || data::Error::Corrupt(format!("task {} has no steps", task.id));
        runs.get(&task.id).cloned().ok_or_else(|| refusal::unread(missing()))
    }

    /// The first events of `task`.
    pub async fn task_events(&self, task: Uuid) -> Result<Vec<Recorded>> {
        let read = async { log::of_tasks(self.engine.database(), &self.ids(), EVENTS).await };
        Ok(shared(&self.task_events, read).await?.get(&task).cloned().unwrap_or_default())
    }

    /// The first events of `step`.
    pub async fn step_events(&self, step: Uuid) -> Result<Vec<Recorded>> {
        let read = async { log::of_steps(self.engine.database(), &self.ids(), EVENTS).await };
        Ok(shared(&self.step_events, read).await?.get(&step).cloned().unwrap_or_default())
    }

    /// The notes about `task`.
    pub async fn annotations(&self, task: Uuid) -> Result<Vec<annotation::Model>> {
        let read = async { annotations::of_tasks(self.engine.database(), &self.ids()).await };
        Ok(shared(&self.annotations, read).await?.get(&task).cloned().unwrap_or_default())
    }

    /// What workers hold of `task`.
    pub async fn leases(&self, task: Uuid) -> Result<Vec<Lease>> {
        let read = async { remote::leases(self.engine.database(), self.ids()).await };
        Ok(shared(&self.leases, read).await?.get(&task).cloned().unwrap_or_default())
    }

    /// What the node is called that runs the task at `index`.
    pub async fn node(&self, owner: i64) -> Result<Option<String>> {
        let owners = || self.tasks.iter().filter_map(|task| task.owner);
        let read = async { node::names(self.engine.database(), owners()).await };
        Ok(shared(&self.nodes, read).await?.get(&owner).cloned())
    }

    async fn read_runs(&self) -> Result<HashMap<Uuid, Arc<Run>>, data::Error> {
        let unknown: Vec<Uuid> = self.ids().into_iter().filter(|id| !self.known.contains_key(id)).collect();
        let mut steps = if unknown.is_empty() {
            HashMap::new()
        } else {
            tasks::steps(self.engine.database(), unknown, self.contents).await?
        };
        let mut runs = HashMap::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let own = steps.remove(&task.id).or_else(|| self.known.get(&task.id).cloned());
            let template = self.engine.pinned_template(&task.digest).await?;
            // A task that was deleted meanwhile has no steps; nobody else is to suffer for it.
            if let Some(own) = own {
                runs.insert(task.id, Arc::new(Run::new(task, own, template)?));
            }
        }
        Ok(runs)
    }

    fn ids(&self) -> Vec<Uuid> {
        self.tasks.iter().map(|task| task.id).collect()
    }
}

/// Reads it the first time; afterwards the answer stands, be it an error.
async fn shared<T>(
    cell: &OnceCell<Result<T, Arc<data::Error>>>,
    read: impl Future<Output = Result<T, data::Error>>,
) -> Result<&T> {
    let read = cell.get_or_init(|| async { read.await.map_err(Arc::new) }).await;
    read.as_ref().map_err(|error| refusal::unread(&**error))
}
