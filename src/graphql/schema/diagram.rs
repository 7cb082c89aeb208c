//! Diagrams: what they are written as, who draws them, and how many at once.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use async_graphql::{Context, Enum, ID, Object, Result};
use moka::sync::Cache;
use tokio::sync::Semaphore;

use super::{given, task::Task};
use crate::{
    graphql::Code,
    model::{
        diagram::{self, Layout, Picture, TooLarge},
        template::{Digest, Template},
    },
};

/// Steps that the diagrams of one list may have together; a single diagram is drawn whatever it has.
const STEPS_TOGETHER: usize = 20_000;
/// Boxes and lines of layouts that are kept.
const PARTS_KEPT: u64 = 400_000;
/// Steps of a text that is written at once, without leaving the thread.
const SHORT: usize = 500;

/// What a diagram is written as.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "diagram::Format")]
pub enum DiagramFormat {
    /// A flowchart for Mermaid. Mermaid's own limits, 500 arrows unless it is told otherwise, are whoever shows it to set.
    Mermaid,
    /// Nodes and edges: JSON, as text.
    Json,
    /// A drawing: one SVG, with nothing outside of itself and no script, for light and dark pages.
    Svg,
}

/// A picture of a task as it is: its steps, what runs after what, and where each is.
pub struct TaskDiagram {
    task: Task,
    format: DiagramFormat,
}

impl TaskDiagram {
    /// Of this task.
    pub const fn new(task: Task, format: DiagramFormat) -> Self {
        Self { task, format }
    }
}

/// A picture of a task as it is: its steps, what runs after what, and where each is. Of an error it has the kind, and
/// not what it says.
#[Object]
impl TaskDiagram {
    /// The task.
    async fn task_id(&self) -> ID {
        self.task.row().id.into()
    }

    /// What it is written as.
    async fn format(&self) -> DiagramFormat {
        self.format
    }

    /// The diagram. All that one answer draws of a list may have 20,000 steps together.
    async fn content(&self, ctx: &Context<'_>) -> Result<String> {
        let (run, batch) = (self.task.run().await?, self.task.batch());
        batch.budget().take(run.template.steps.len())?;
        let picture = run.picture(batch.now()).map_err(too_large)?;
        ctx.data::<Drawings>()?.draw(&run.template, picture, self.format.into()).await
    }
}

/// A picture of a task template.
pub struct TemplateDiagram {
    template: Arc<Template>,
    format: DiagramFormat,
    budget: Arc<Budget>,
}

impl TemplateDiagram {
    /// Of this template, one of those that share a budget.
    pub const fn new(template: Arc<Template>, format: DiagramFormat, budget: Arc<Budget>) -> Self {
        Self { template, format, budget }
    }
}

/// A picture of a task template: its steps, what runs them, and what runs after what.
#[Object]
impl TemplateDiagram {
    /// `namespace/name@version`.
    async fn full_name(&self) -> String {
        self.template.full_name()
    }

    /// What it is written as.
    async fn format(&self) -> DiagramFormat {
        self.format
    }

    /// The diagram. All that one answer draws of a list may have 20,000 steps together.
    async fn content(&self, ctx: &Context<'_>) -> Result<String> {
        self.budget.take(self.template.steps.len())?;
        let picture = Picture::of_template(self.template.clone()).map_err(too_large)?;
        ctx.data::<Drawings>()?.draw(&self.template, picture, self.format.into()).await
    }
}

/// What may still be drawn of a list.
pub struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(STEPS_TOGETHER))
    }
}

impl Budget {
    /// For one diagram with so many steps.
    pub fn take(&self, steps: usize) -> Result<()> {
        let left = |left: usize| match left {
            STEPS_TOGETHER => Some(left.saturating_sub(steps)),
            less => less.checked_sub(steps),
        };
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        taken.map(drop).map_err(|_| {
            given::bad(format!(
                "the diagrams of this list have more than {STEPS_TOGETHER} steps together; ask for fewer at once"
            ))
        })
    }
}

/// Draws on threads of its own, so many at once as there are processors, and keeps where things are: all tasks of a
/// template have the same layout.
pub struct Drawings {
    layouts: Cache<Digest, Arc<Layout>>,
    turns: Arc<Semaphore>,
}

impl Default for Drawings {
    fn default() -> Self {
        let weight = |_: &Digest, layout: &Arc<Layout>| u32::try_from(layout.parts()).unwrap_or(u32::MAX);
        Self {
            layouts: Cache::builder().max_capacity(PARTS_KEPT).weigher(weight).build(),
            turns: Arc::new(Semaphore::new(thread::available_parallelism().map_or(1, NonZero::get))),
        }
    }
}

impl Drawings {
    async fn draw(
        &self,
        template: &Arc<Template>,
        picture: Picture,
        format: diagram::Format,
    ) -> Result<String> {
        let is_text = format != diagram::Format::Svg;
        if is_text && template.steps.len() <= SHORT {
            return Ok(picture.write(format, None));
        }
        let gone = || Code::Internal.error("a diagram could not be drawn");
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| gone())?;
        let (layouts, template) = (self.layouts.clone(), template.clone());
        let draw = move || {
            // Given back when it is drawn, also where nobody waits for it any more.
            let _turn = turn;
            if is_text {
                return picture.write(format, None);
            }
            let layout = layouts.get_with(template.digest.clone(), || Arc::new(Layout::of(&template)));
            picture.write(format, Some(&layout))
        };
        tokio::task::spawn_blocking(draw).await.map_err(|_| gone())
    }
}

/// The answer for a workflow that no diagram holds.
pub fn too_large(error: TooLarge) -> async_graphql::Error {
    given::bad(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_draws_only_so_much_and_a_single_one_whatever_it_is() {
        let list = Budget::default();
        assert!(list.take(STEPS_TOGETHER / 2).is_ok() && list.take(STEPS_TOGETHER / 2).is_ok());
        let error = list.take(1).expect_err("used up");
        assert_eq!(
            error.message,
            "the diagrams of this list have more than 20000 steps together; ask for fewer at once"
        );
        let single = Budget::default();
        assert!(single.take(STEPS_TOGETHER + 1).is_ok());
        assert!(single.take(1).is_err());
    }
}
