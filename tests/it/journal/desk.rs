//! A node's journal with nothing but a template, and tasks to write about.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tasker::{
    data::{
        Database, Error,
        journal::{Journal, Settings},
        load,
        log::{self, EventFilter, EventLog},
        node::{self, Identity},
    },
    metrics::Metrics,
    model::{
        change::{Change, NewStep, NewTask},
        event::{Event, EventName, EventTask, Recorded},
        id::{StepId, StepNo, TaskId},
        outcome::Outcome,
        status::Status,
        task::Task,
        template::Template,
        time::Timestamp,
    },
};

pub const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

pub struct Desk {
    pub database: Database,
    pub identity: Identity,
    pub journal: Journal,
    pub log: EventLog,
    template: Arc<Template>,
}

impl Desk {
    pub async fn open(database: &Database) -> Self {
        let lease = Duration::from_secs(600);
        let identity = node::register(database, "desk", lease).await.expect("registered");
        let log = EventLog::open(database).await.expect("opened");
        let settings = Settings { queue: 10_000, flush_rows: 1_000, patience: lease / 3 };
        let journal = Journal::start(database, identity, settings, log.clone(), Metrics::new());
        let journal = journal.await.expect("started");
        let follow = log.clone();
        tokio::spawn(async move { follow.keep_up().await });
        let document = json!({
            "name": "desk",
            "step_templates": [
                {"name": "a", "handler_class": "A"},
                {"name": "b", "handler_class": "B", "depends_on_step": "a"},
            ],
        });
        let template = Template::from_document(&document, &|_| None).expect("a template").into();
        Self { database: database.clone(), identity, journal, log, template }
    }

    pub fn new_task(&self) -> NewTask {
        let id = TaskId::new();
        let about = EventTask { id, namespace: "default".into(), name: "desk".into() };
        let step = |(no, step): (u32, &tasker::model::template::StepTemplate)| NewStep {
            id: StepId::new(),
            no: StepNo(no),
            name: step.name.clone(),
            status: Status::Pending,
            retry_limit: 3,
            results: None,
            completed_at: None,
        };
        let created = Event {
            name: EventName::TaskCreated,
            occurred_at: NOW,
            task: about,
            step: None,
            from: None,
            to: Some(Status::Pending),
            actor: None,
            details: None,
        };
        NewTask {
            id,
            digest: self.template.digest.to_string(),
            namespace: "default".into(),
            name: "desk".into(),
            version: "0.1.0".into(),
            owned: true,
            wake_at: None,
            priority: 0,
            context: "{}".into(),
            reason: None,
            tags: Vec::new(),
            initiator: None,
            source_system: None,
            created_by: None,
            bypass_steps: Vec::new(),
            identity_hash: None,
            idempotency_key: None,
            request_hash: None,
            request_id: None,
            trace: None,
            requested_at: NOW,
            deadline_at: None,
            created_at: NOW,
            steps: (0..).zip(&self.template.steps).map(step).collect(),
            events: vec![created],
        }
    }

    /// A stored task, as its owner holds it.
    pub async fn task(&self) -> Task {
        let new = self.new_task();
        let rows = load::created(&new, Some(self.identity.id)).expect("readable");
        self.journal.create(vec![new], Vec::new()).await.expect("created");
        load::task(rows, self.template.clone()).expect("readable")
    }

    pub async fn create_one(&self) -> Result<TaskId, Error> {
        let new = self.new_task();
        let id = new.id;
        self.journal.create(vec![new], Vec::new()).await.map(|()| id)
    }

    pub async fn rows(&self, task: TaskId) -> load::Rows {
        load::rows(&self.database, &[task]).await.expect("readable").pop().expect("the task")
    }

    pub async fn events(&self) -> Vec<Recorded> {
        log::after(&self.database, &EventFilter::default(), 0, 1_000_000).await.expect("readable")
    }

    pub async fn number(&self, sql: &str) -> i64 {
        number(&self.database, sql).await
    }
}

/// The one number that `sql` answers with.
pub async fn number(database: &Database, sql: &str) -> i64 {
    let statement = Statement::from_string(database.upkeep.get_database_backend(), sql);
    let row = database.upkeep.query_one_raw(statement).await.expect(sql).expect(sql);
    row.try_get_by_index(0).expect(sql)
}

pub fn start(task: &mut Task, no: u32) -> Change {
    let mut edit = task.edit(NOW);
    edit.start(StepNo(no));
    edit.finish().expect("a change")
}

pub fn complete(task: &mut Task, no: u32) -> Change {
    let mut edit = task.edit(NOW);
    edit.settle(StepNo(no), Outcome::Completed { results: json!({"n": no}) }.into(), 0.0);
    edit.finish().expect("a change")
}
