//! The log as a table: pages by position.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::reach;
use crate::{
    data::{
        Database, Error,
        entity::event::{Column, Entity, Model},
    },
    model::{
        event::{Event, EventName, EventStep, EventTask, Recorded},
        id::{StepId, TaskId},
        scope::Scope,
        status::Status,
        time::Timestamp,
    },
};

/// Which events; everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// One of these names.
    pub names: Option<Vec<String>>,
    /// About this task.
    pub task: Option<TaskId>,
    /// About this step.
    pub step: Option<StepId>,
    /// In this namespace.
    pub namespace: Option<String>,
    /// Of this template.
    pub task_name: Option<String>,
    /// About tasks that the caller may reach; none means all.
    pub scope: Option<Scope>,
}

impl EventFilter {
    /// Whether `recorded` is wanted: the same question as `condition`, for events in memory. Who created its
    /// task is not known here: `reach` asks.
    pub fn admits(&self, recorded: &Recorded) -> bool {
        let event = &recorded.event;
        self.names.as_ref().is_none_or(|names| names.iter().any(|name| name == event.name.as_str()))
            && self.task.is_none_or(|task| task == event.task.id)
            && self.step.is_none_or(|step| event.step.as_ref().is_some_and(|own| own.id == step))
            && self.namespace.as_deref().is_none_or(|namespace| namespace == &*event.task.namespace)
            && self.task_name.as_deref().is_none_or(|name| name == &*event.task.name)
            && self.scope.as_ref().is_none_or(|scope| reach::may_cover(scope, &event.task.namespace))
    }

    fn condition(&self) -> Condition {
        Condition::all()
            .add_option(self.names.as_ref().map(|names| Column::Name.is_in(names)))
            .add_option(self.task.map(|task| Column::TaskId.eq(task.0)))
            .add_option(self.step.map(|step| Column::StepId.eq(step.0)))
            .add_option(self.namespace.as_ref().map(|namespace| Column::Namespace.eq(namespace)))
            .add_option(self.task_name.as_ref().map(|name| Column::TaskName.eq(name)))
            .add_option(self.scope.as_ref().map(reach::condition))
    }
}

/// Up to `limit` events after `position`, oldest first.
pub async fn after(
    database: &Database,
    filter: &EventFilter,
    position: i64,
    limit: u64,
) -> Result<Vec<Recorded>, Error> {
    let found = Entity::find()
        .filter(filter.condition().add(Column::Position.gt(position)))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(&database.reader)
        .await?;
    found.into_iter().map(recorded).collect()
}

/// Up to `limit` events before `position`, newest first.
pub async fn before(
    database: &Database,
    filter: &EventFilter,
    position: i64,
    limit: u64,
) -> Result<Vec<Recorded>, Error> {
    let found = Entity::find()
        .filter(filter.condition().add(Column::Position.lt(position)))
        .order_by_desc(Column::Position)
        .limit(limit)
        .all(&database.reader)
        .await?;
    found.into_iter().map(recorded).collect()
}

/// Up to `limit` events of one task from position `first` to `last`, oldest first.
pub async fn of_task_between(
    database: &Database,
    task: TaskId,
    first: i64,
    last: i64,
    limit: u64,
) -> Result<Vec<Recorded>, Error> {
    let found = Entity::find()
        .filter(Column::TaskId.eq(task.0))
        .filter(Column::Position.between(first, last))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(&database.reader)
        .await?;
    found.into_iter().map(recorded).collect()
}

/// All events of these tasks, oldest first, at most `limit` in all.
pub async fn of_task(database: &Database, tasks: &[TaskId], limit: u64) -> Result<Vec<Recorded>, Error> {
    let found = Entity::find()
        .filter(Column::TaskId.is_in(tasks.iter().map(|task| task.0)))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(&database.reader)
        .await?;
    found.into_iter().map(recorded).collect()
}

/// Up to `limit` events from position `first` to `last`, oldest first.
pub(super) async fn between(
    database: &Database,
    first: i64,
    last: i64,
    limit: u64,
) -> Result<Vec<Recorded>, Error> {
    let found = Entity::find()
        .filter(Column::Position.between(first, last))
        .order_by_asc(Column::Position)
        .limit(limit)
        .all(&database.reader)
        .await?;
    found.into_iter().map(recorded).collect()
}

/// Where these events, committed a moment ago, are; oldest first.
pub(super) async fn placed(database: &Database, events: &[Event]) -> Result<Vec<Recorded>, Error> {
    let same = |a: &Event, b: &Event| {
        let step = |event: &Event| event.step.as_ref().map(|step| (step.id, step.attempt));
        (&a.name, a.occurred_at, a.task.id, step(a)) == (&b.name, b.occurred_at, b.task.id, step(b))
    };
    let mut tasks: Vec<uuid::Uuid> = events.iter().map(|event| event.task.id.0).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let mut placed = Vec::with_capacity(events.len());
    for tasks in tasks.chunks(TOGETHER) {
        let found = Entity::find()
            .filter(Column::TaskId.is_in(tasks.iter().copied()))
            .order_by_asc(Column::Position)
            .all(&database.reader)
            .await?;
        for row in found {
            let recorded = recorded(row)?;
            if events.iter().any(|event| same(event, &recorded.event)) {
                placed.push(recorded);
            }
        }
    }
    placed.sort_unstable_by_key(|recorded| recorded.position);
    Ok(placed)
}

/// Values in one statement: fewer than either database takes.
const TOGETHER: usize = 1_000;

/// The position of the last event of this task; none where it has none.
pub async fn last_of_task(database: &Database, task: TaskId) -> Result<Option<i64>, Error> {
    let last = Entity::find()
        .select_only()
        .column(Column::Position)
        .filter(Column::TaskId.eq(task.0))
        .order_by_desc(Column::Position)
        .limit(1);
    Ok(last.into_tuple().one(&database.reader).await?)
}

/// The newest position that is committed.
pub async fn position(database: &Database) -> Result<i64, Error> {
    let statement = Statement::from_string(
        database.reader.get_database_backend(),
        "SELECT position FROM tasker_log WHERE id = 1",
    );
    let row = database.reader.query_one_raw(statement).await?;
    Ok(row.ok_or_else(|| Error::Corrupt("tasker_log is empty".into()))?.try_get_by_index(0)?)
}

pub(super) fn recorded(row: Model) -> Result<Recorded, Error> {
    let step = match (row.step_id, row.step_name) {
        (Some(id), Some(name)) => Some(EventStep {
            id: StepId(id),
            name: name.into(),
            attempt: row.attempt.and_then(|attempt| attempt.try_into().ok()).unwrap_or(0),
        }),
        _ => None,
    };
    let status = |word: Option<String>| {
        word.map(|word| Status::parse(&word).ok_or_else(|| Error::Corrupt(format!("event status {word}"))))
            .transpose()
    };
    Ok(Recorded {
        position: row.position,
        event: Event {
            name: EventName::parse(&row.name),
            occurred_at: Timestamp(row.occurred_at),
            task: EventTask {
                id: TaskId(row.task_id),
                namespace: row.namespace.into(),
                name: row.task_name.into(),
            },
            step,
            from: status(row.from_status)?,
            to: status(row.to_status)?,
            actor: row.actor.map(Into::into),
            details: row.details,
        },
    })
}
