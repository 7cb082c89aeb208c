//! Streams made of the event log.

use std::collections::HashSet;

use async_graphql::Result;
use futures_util::{Stream, stream};

use super::{
    batch::Batch,
    event::WorkflowEvent,
    refusal::{refused, unread},
    task::Task,
    worker::StepsAvailable,
};
use crate::{
    data::{
        self,
        entity::{step, task as row},
        log::{self, EventFilter, Follower},
        tasks::{self, Contents},
    },
    graphql::Code,
    model::{
        event::{EventName, Recorded},
        id::TaskId,
        scope::Scope,
    },
    orchestration::{Engine, Error},
};

/// Refuses a position that the log has not come to, or after which something is gone that `filter` admits.
pub async fn known(engine: &Engine, filter: &EventFilter, after: Option<i64>) -> Result<()> {
    let Some(after) = after else { return Ok(()) };
    if after > log::position(engine.database()).await.map_err(unread)? {
        let message = "this cursor is not in the log, which was restored or replaced; start without it";
        return Err(Code::CursorExpired.error(message));
    }
    if after < log::floor(engine.database(), filter).await.map_err(unread)? {
        return Err(unread(data::Error::Expired));
    }
    Ok(())
}

/// Events that `filter` admits, after a position or from now on. An error is the last of them.
pub fn events(
    engine: &Engine,
    filter: EventFilter,
    after: Option<i64>,
) -> impl Stream<Item = Result<WorkflowEvent>> + use<> {
    let follower = Follower::new(engine.log(), filter, after);
    stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        Some(match follower.next().await {
            Ok(recorded) => (Ok(WorkflowEvent(recorded)), Some(follower)),
            Err(error) => (Err(unread(error)), None),
        })
    })
}

/// A task now and after each of its changes, until it is settled or gone.
pub async fn task(
    engine: &Engine,
    task: TaskId,
    contents: Contents,
    scope: Scope,
) -> Result<impl Stream<Item = Result<Task>> + use<>> {
    // Before the first look, so that no change falls between the two.
    let filter = EventFilter { task: Some(task), ..EventFilter::default() };
    let follower = Follower::new(engine.log(), filter, None);
    let mut watch = Watch { engine: engine.clone(), task, contents, follower, scope, seen: None };
    let Some(first) = watch.look().await.map_err(unread)? else {
        return Err(refused(Error::UnknownTask(task)));
    };
    Ok(stream::unfold((Some(watch), Some(first)), |(watch, first)| async move {
        let mut watch = watch?;
        let next = match first {
            Some(first) => Ok(Some(first)),
            None => watch.changed().await,
        };
        match next.transpose()? {
            Ok(task) => {
                let settled = task.place().is_ok_and(|status| status.is_terminal());
                Some((Ok(task), ((!settled).then_some(watch), None)))
            }
            Err(error) => Some((Err(unread(error)), (None, None))),
        }
    }))
}

/// Handler classes of these for which there is something to claim: now, and whenever there is more.
pub async fn available(
    engine: &Engine,
    classes: Vec<String>,
    scope: Scope,
) -> Result<impl Stream<Item = Result<StepsAvailable>> + use<>> {
    // Before the first look, so that nothing falls between the two.
    let names = Some(vec![EventName::StepAwaitingWorker.as_str().to_owned()]);
    let filter = EventFilter { names, scope: Some(scope.clone()), ..EventFilter::default() };
    let follower = Follower::new(engine.log(), filter, None);
    let first = engine.waiting_classes(&classes, &scope).await.map_err(refused)?;
    Ok(stream::unfold((Some((follower, classes)), Some(first)), |(state, first)| async move {
        let (mut follower, classes) = state?;
        if let Some(handler_classes) = first.filter(|first| !first.is_empty()) {
            return Some((Ok(StepsAvailable { handler_classes }), (Some((follower, classes)), None)));
        }
        loop {
            let batch = match follower.next_batch().await {
                Ok(batch) => batch,
                Err(error) => return Some((Err(unread(error)), (None, None))),
            };
            let named: HashSet<&str> = batch.iter().filter_map(handler_class).collect();
            let new: Vec<String> =
                classes.iter().filter(|class| named.contains(class.as_str())).cloned().collect();
            if !new.is_empty() {
                return Some((
                    Ok(StepsAvailable { handler_classes: new }),
                    (Some((follower, classes)), None),
                ));
            }
        }
    }))
}

fn handler_class(recorded: &Recorded) -> Option<&str> {
    recorded.event.details.as_ref()?.get("handler_class")?.as_str()
}

/// Someone who looks at a task.
struct Watch {
    engine: Engine,
    task: TaskId,
    contents: Contents,
    follower: Follower,
    scope: Scope,
    seen: Option<(row::Model, Vec<step::Model>)>,
}

impl Watch {
    /// The task when it is not as it was; `None` when it is gone.
    async fn changed(&mut self) -> Result<Option<Task>, data::Error> {
        loop {
            self.follower.next_batch().await?;
            let before = self.seen.take();
            let now = self.look().await?;
            if now.is_none() || self.seen != before {
                return Ok(now);
            }
        }
    }

    /// The task as it is.
    async fn look(&mut self) -> Result<Option<Task>, data::Error> {
        let database = self.engine.database();
        let found = tasks::find(database, self.task.0, self.contents).await?;
        let covered = |row: &row::Model| self.scope.covers(&row.namespace, row.created_by.as_deref());
        let Some(row) = found.filter(covered) else { return Ok(None) };
        let mut steps = tasks::steps(database, [row.id], self.contents).await?;
        let steps = steps.remove(&row.id).unwrap_or_default();
        self.seen = Some((row.clone(), steps.clone()));
        let id = row.id;
        Ok(Some(Task::only(Batch::new(&self.engine, vec![row], self.contents).with_steps(id, steps))))
    }
}
