//! Everything that is stored, read in one go.

use std::{collections::HashMap, time::Duration};

use sea_orm::EntityTrait;
use tasker::{
    data::{
        Database,
        entity::{named_task, step, task},
        load, log,
    },
    model::{
        event::Recorded,
        id::{StepId, TaskId},
        step::Step,
        task::Task,
        template::Template,
    },
};

use crate::crash::{
    home::{Home, PATIENCE},
    ledger::Ledger,
};

/// What the database and the ledger say.
pub struct History {
    pub cases: Vec<Case>,
    /// The whole log, in its order.
    pub events: Vec<Recorded>,
    /// What the log's counter says.
    pub position: i64,
    pub ledger: Ledger,
}

/// One task with its part of the log.
pub struct Case {
    pub task: Task,
    /// Who runs it, by its row.
    pub owner: Option<i64>,
    pub events: Vec<Recorded>,
    /// The events about each step.
    by_step: HashMap<StepId, Vec<Recorded>>,
}

impl History {
    /// For a database that nobody writes to, or whose writers only go on from what is read here.
    pub async fn read(home: &Home) -> Self {
        let database = home.database().await;
        // First what was done, then what is stored: each call that is known here was made before the rows were read.
        let ledger = home.ledger();
        let history = Self::of(&database, ledger).await;
        database.close().await;
        history
    }

    async fn of(database: &Database, ledger: Ledger) -> Self {
        let templates = templates(database).await;
        let rows = task::Entity::find().all(&database.reader).await.expect("readable");
        let mut steps: HashMap<_, Vec<step::Model>> = HashMap::new();
        for row in step::Entity::find().all(&database.reader).await.expect("readable") {
            steps.entry(row.task_id).or_default().push(row);
        }
        let position = log::position(database).await.expect("readable");
        let all = log::EventFilter::default();
        let events = log::after(database, &all, 0, 10_000_000).await.expect("readable");
        let mut by_task: HashMap<TaskId, Vec<Recorded>> = HashMap::new();
        for recorded in &events {
            by_task.entry(recorded.event.task.id).or_default().push(recorded.clone());
        }
        let cases = rows.into_iter().map(|row| {
            let (id, owner) = (TaskId(row.id), row.owner);
            let mut own = steps.remove(&row.id).unwrap_or_default();
            own.sort_by_key(|step| step.no);
            let template = templates.get(&row.digest).expect("its template is stored").clone();
            let task = load::task((row, own), template).expect("a task that can be read");
            Case::of(task, owner, by_task.remove(&id).unwrap_or_default())
        });
        let cases = cases.collect();
        assert!(by_task.is_empty(), "events of tasks that are not there: {:?}", by_task.keys());
        assert!(steps.is_empty(), "steps of tasks that are not there: {:?}", steps.keys());
        Self { cases, events, position, ledger }
    }

    /// Until no task has anything left to do by itself, and nobody owns one.
    pub async fn until_at_rest(home: &Home) {
        let database = home.database().await;
        let mut open = Vec::new();
        let rests = async {
            loop {
                let rows = task::Entity::find().all(&database.reader).await.expect("readable");
                let moves = |row: &task::Model| {
                    row.owner.is_some() || row.status == "pending" || row.status == "in_progress"
                };
                open = rows.into_iter().filter(moves).collect();
                if open.is_empty() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, rests).await;
        assert!(ended.is_ok(), "{} tasks do not come to rest, such as {:?}", open.len(), open.first());
        database.close().await;
    }

    pub fn case(&self, task: TaskId) -> &Case {
        self.cases.iter().find(|case| case.task.id() == task).expect("the task is there")
    }

    /// The task of that name.
    pub fn only(&self, name: &str) -> TaskId {
        let mut found = self.cases.iter().filter(|case| &*case.task.about.name == name);
        let first = found.next().expect("it was created before anything ran for it");
        assert!(found.next().is_none(), "there is more than one {name}");
        first.task.id()
    }

    /// Every step by its id, with its task.
    pub fn steps(&self) -> HashMap<StepId, (&Case, &Step)> {
        self.cases
            .iter()
            .flat_map(|case| case.task.steps.iter().map(move |step| (step.id, (case, step))))
            .collect()
    }
}

impl Case {
    fn of(task: Task, owner: Option<i64>, events: Vec<Recorded>) -> Self {
        let mut by_step: HashMap<StepId, Vec<Recorded>> = HashMap::new();
        for recorded in &events {
            if let Some(step) = &recorded.event.step {
                by_step.entry(step.id).or_default().push(recorded.clone());
            }
        }
        Self { task, owner, events, by_step }
    }

    /// The events about `step`, in their order.
    pub fn events_about(&self, step: &Step) -> &[Recorded] {
        self.by_step.get(&step.id).map_or(&[], Vec::as_slice)
    }

    /// Its step of that name.
    pub fn step(&self, name: &str) -> &Step {
        self.task.step(self.task.template.step_no(name).expect("the step"))
    }

    /// The names of the events about its step `name`.
    pub fn events_of(&self, name: &str) -> Vec<&str> {
        self.events_about(self.step(name)).iter().map(|recorded| recorded.event.name.as_str()).collect()
    }
}

async fn templates(database: &Database) -> HashMap<String, std::sync::Arc<Template>> {
    let rows = named_task::Entity::find().all(&database.reader).await.expect("readable");
    let read = |row: named_task::Model| {
        let template = Template::from_document(&row.document, &|_| None).expect("a template");
        (row.digest, template.into())
    };
    rows.into_iter().map(read).collect()
}
