//! Removing a finished task with everything it has.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Caller, Engine, Error, value};
use crate::{
    data::{self, annotations, entity::step, load, log},
    model::{
        event::{Event, EventName, EventTask},
        id::TaskId,
        task::Refusal,
    },
};

/// How many steps go in each status: what the figures must forget.
fn by_status(steps: &[step::Model]) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    steps.iter().for_each(|step| *counts.entry(&*step.status).or_default() += 1);
    counts
}

impl Engine {
    /// Removes a settled task with its steps, events and payloads; only `task.deleted` stays, without contents
    /// but with who did it and why.
    pub async fn delete_task(
        &self,
        caller: impl Into<Caller>,
        task: TaskId,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let caller = caller.into();
        if let Some(reason) = &reason {
            value::checked_text("reason", reason, 2_000).map_err(Error::BadInput)?;
        }
        // A settled run may not have left its register yet; nobody else holds a settled task.
        for _ in 0..50 {
            let rows = load::rows(self.database(), &[task]).await?;
            let Some((row, steps)) = rows.into_iter().next() else { return Err(Error::UnknownTask(task)) };
            let status = load::status(&row.status)?;
            if !status.is_terminal() {
                return Err(Error::Refused { verb: "delete_task", refusal: Refusal::Task(status) });
            }
            self.count_before_it_goes(task).await?;
            let now = self.clock().now();
            let record = caller.record(now).map(|record| record.within(&row.namespace).about(task));
            let event = Event {
                name: EventName::TaskDeleted,
                occurred_at: now,
                task: EventTask { id: task, namespace: row.namespace.into(), name: row.name.into() },
                step: None,
                from: Some(status),
                to: None,
                actor: caller.subject.name().cloned(),
                details: Some(match &reason {
                    Some(reason) => json!({ "reason": reason, "steps": by_status(&steps) }),
                    None => json!({ "steps": by_status(&steps) }),
                }),
            };
            match self.journal().delete(task, event, record).await {
                Err(data::Error::Guard) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                done => {
                    done?;
                    return Ok(annotations::forget(self.database(), task).await?);
                }
            }
        }
        Err(Error::Overloaded)
    }

    /// What the figures have not read of a task is read first: afterwards it is gone.
    async fn count_before_it_goes(&self, task: TaskId) -> Result<(), Error> {
        match log::last_of_task(self.database(), task).await? {
            Some(last) => Ok(self.catch_up_figures_to(last).await?),
            None => Ok(()),
        }
    }
}
