//! Removing a finished task with everything it has.

use serde_json::json;

use super::{Caller, Engine, Error, value};
use crate::{
    data::{self, load},
    model::{
        event::{Event, EventName, EventTask},
        id::TaskId,
        task::Refusal,
    },
};

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
            let Some((row, _)) = rows.into_iter().next() else { return Err(Error::UnknownTask(task)) };
            let status = load::status(&row.status)?;
            if !status.is_terminal() {
                return Err(Error::Refused { verb: "delete_task", refusal: Refusal::Task(status) });
            }
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
                details: reason.as_ref().map(|reason| json!({ "reason": reason })),
            };
            match self.journal().delete(task, event, record).await {
                Err(data::Error::Guard) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                done => return Ok(done?),
            }
        }
        Err(Error::Overloaded)
    }
}
