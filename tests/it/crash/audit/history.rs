//! Everything that is stored, read in one go.

use std::{collections::HashMap, time::Duration};

use sea_orm::EntityTrait;
use tasker::{
    data::{
        Database,
        entity::{step, task},
        log,
    },
    model::{
        event::Recorded,
        id::{StepId, TaskId},
        step::Step,
    },
};

use super::case::{Case, cases, templates};
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

    /// A server may still work on the last flush of a node that was killed: read again if the log has moved.
    pub async fn of(database: &Database, ledger: Ledger) -> Self {
        loop {
            let before = log::position(database).await.expect("readable");
            let rows = task::Entity::find().all(&database.reader).await.expect("readable");
            let steps = step::Entity::find().all(&database.reader).await.expect("readable");
            let all = log::EventFilter::default();
            let events = log::after(database, &all, 0, 10_000_000).await.expect("readable");
            let position = log::position(database).await.expect("readable");
            if position == before {
                let cases = cases(&templates(database).await, rows, steps, &events);
                return Self { cases, events, position, ledger };
            }
        }
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
