//! One task at a time: from the request to the durable end.

use std::time::Instant;

use serde_json::json;

use super::{Latencies, commit::in_millis, shape::Shape};
use crate::{
    auth::Subject,
    data::log::{EventFilter, Follower},
    model::id::TaskId,
    orchestration::{Engine, TaskRequest},
};

pub(super) async fn measure(engine: &Engine, shape: Shape, tasks: usize) -> anyhow::Result<Latencies> {
    let filter = EventFilter { names: Some(vec!["task.completed".into()]), ..EventFilter::default() };
    let mut ends = Follower::new(engine.log(), filter, None);
    let mut millis = Vec::with_capacity(tasks);
    for n in 0..tasks + 10 {
        let mut request = TaskRequest::new(shape.name(), json!({ "n": n }));
        request.namespace = Some("bench".into());
        let began = Instant::now();
        let created = engine.create_task(&Subject::anonymous(), request).await?;
        while ends.next().await?.event.task.id != TaskId(created.task.id) {}
        if n >= 10 {
            millis.push(in_millis(began.elapsed()));
        }
    }
    Ok(Latencies::of(millis))
}
