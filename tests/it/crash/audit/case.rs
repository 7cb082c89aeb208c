//! One task with everything that is stored about it.

use std::{collections::HashMap, sync::Arc};

use sea_orm::EntityTrait;
use tasker::{
    data::{
        Database,
        entity::{named_task, step, task},
        load,
    },
    model::{
        event::Recorded,
        id::{StepId, TaskId},
        step::Step,
        task::Task,
        template::Template,
    },
};

/// One task with its part of the log.
pub struct Case {
    pub task: Task,
    /// Who runs it, by its row.
    pub owner: Option<i64>,
    pub events: Vec<Recorded>,
    /// The events about each step.
    by_step: HashMap<StepId, Vec<Recorded>>,
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

/// Each task with its own.
pub fn cases(
    templates: &HashMap<String, Arc<Template>>,
    rows: Vec<task::Model>,
    steps: Vec<step::Model>,
    events: &[Recorded],
) -> Vec<Case> {
    let mut by_task: HashMap<TaskId, (Vec<step::Model>, Vec<Recorded>)> = HashMap::new();
    for row in steps {
        by_task.entry(TaskId(row.task_id)).or_default().0.push(row);
    }
    for recorded in events {
        by_task.entry(recorded.event.task.id).or_default().1.push(recorded.clone());
    }
    let case = |row: task::Model| {
        let (mut steps, events) = by_task.remove(&TaskId(row.id)).unwrap_or_default();
        steps.sort_by_key(|step| step.no);
        let template = templates.get(&row.digest).expect("its template is stored").clone();
        let owner = row.owner;
        Case::of(load::task((row, steps), template).expect("a task that can be read"), owner, events)
    };
    let cases = rows.into_iter().map(case).collect();
    assert!(by_task.is_empty(), "steps or events of tasks that are not there: {:?}", by_task.keys());
    cases
}

/// Every template by its digest, as it is stored.
pub async fn templates(database: &Database) -> HashMap<String, Arc<Template>> {
    let rows = named_task::Entity::find().all(&database.reader).await.expect("readable");
    let read = |row: named_task::Model| {
        let template = Template::from_document(&row.document, &|_| None).expect("a template");
        (row.digest, template.into())
    };
    rows.into_iter().map(read).collect()
}
