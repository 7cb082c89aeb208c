//! Pictures of tasks.

use async_graphql::{Context, ID, Object, Result};

use super::{
    authorize::authorize,
    caller::Needs,
    diagram::{DiagramFormat, TaskDiagram},
    task_filter::TaskFilter,
    task_queries::{find, list},
};
use crate::{auth::Permission, data::tasks::Order};

/// Queries of diagrams.
#[derive(Default)]
pub struct DiagramQueries;

#[Object]
impl DiagramQueries {
    /// A picture of one task as it is; null when there is none with this id.
    #[graphql(guard = "Needs(Permission::TaskDiagramShow)", directive = authorize::apply(Permission::TaskDiagramShow))]
    async fn task_diagram(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task.")] task_id: ID,
        #[graphql(desc = "How it is written.", default_with = "DiagramFormat::Mermaid")]
        format: DiagramFormat,
    ) -> Option<Result<TaskDiagram>> {
        let found = find(ctx, &task_id).await.transpose()?;
        Some(found.map(|task| TaskDiagram::new(task, format)))
    }

    /// Pictures of tasks, those requested last first.
    #[graphql(guard = "Needs(Permission::TaskDiagramIndex)", directive = authorize::apply(Permission::TaskDiagramIndex))]
    async fn task_diagrams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] limit: i32,
        #[graphql(desc = "How many to leave out first, up to 10,000.", default = 0)] offset: i32,
        #[graphql(desc = "Of which tasks; of all without it.")] filter: Option<TaskFilter>,
        #[graphql(desc = "How they are written.", default_with = "DiagramFormat::Mermaid")]
        format: DiagramFormat,
    ) -> Result<Vec<TaskDiagram>> {
        let filter = filter.unwrap_or_default().read()?;
        let tasks = list(ctx, filter, Order::NEWEST, offset, limit).await?;
        Ok(tasks.into_iter().map(|task| TaskDiagram::new(task, format)).collect())
    }
}
