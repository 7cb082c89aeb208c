//! Notes about tasks: what they are, adding them, and finding tasks by them.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::{
    authorize::authorize,
    caller::{Needs, caller, may_change, scope},
    command, given,
    refusal::{refused, unread},
    scalar::{DateTime, Json},
    task::Task,
    task_filter::TaskFilter,
    task_queries::{list, order},
    words::{SortOrder, TaskSort},
};
use crate::{
    auth::Permission,
    data::{annotations, entity::annotation::Model},
    model::{annotation, time::Timestamp},
    orchestration::{Engine, Note},
};

/// A note about a task.
pub struct TaskAnnotation(pub Model);

/// A note about a task.
#[Object]
impl TaskAnnotation {
    /// A UUIDv7: sorted by the moment it was added.
    async fn task_annotation_id(&self) -> ID {
        self.0.id.into()
    }

    /// The task it is about.
    async fn task_id(&self) -> ID {
        self.0.task_id.into()
    }

    /// What kind of note it is.
    async fn annotation_type(&self) -> &str {
        &self.0.annotation_type
    }

    /// What it says: an object.
    async fn annotation(&self) -> Json {
        Json(self.0.annotation.clone())
    }

    /// Who added it: the subject that was signed in. Null where nobody had to sign in.
    async fn created_by(&self) -> Option<&str> {
        self.0.created_by.as_deref()
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime {
        DateTime(Timestamp(self.0.created_at))
    }
}

/// A kind of notes about tasks.
#[derive(SimpleObject, Debug, Clone)]
pub struct AnnotationType {
    /// Its name.
    name: String,
    /// What notes of this kind are; null where nobody has said so.
    description: Option<String>,
}

/// A note about a task.
#[derive(InputObject, Debug, Clone)]
pub struct AnnotateTaskInput {
    /// Which task.
    pub task_id: ID,
    /// What kind of note it is: a name of up to 64 characters. One that is new is there from then on.
    pub annotation_type: String,
    /// What it says: an object of up to 100 keys and 64 KiB.
    pub annotation: Json,
    /// What notes of this kind are, for `annotationTypes`; what is known is kept without it.
    pub type_description: Option<String>,
}

/// Queries of notes.
#[derive(Default)]
pub struct AnnotationQueries;

#[Object]
impl AnnotationQueries {
    /// Tasks with a note of this type that has this value under this key, those requested last first.
    #[graphql(
        guard = "Needs(Permission::TaskIndex).and(Needs(Permission::TaskAnnotationIndex))",
        directive = authorize::apply(Permission::TaskIndex),
        directive = authorize::apply(Permission::TaskAnnotationIndex)
    )]
    #[allow(clippy::too_many_arguments)]
    async fn tasks_by_annotation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The type of the note.")] annotation_type: String,
        #[graphql(desc = "A key of the note. What is inside its values is not looked into.")]
        annotation_key: String,
        #[graphql(
            desc = "What is there: a text as it is, a number or a truth value as JSON writes it, as in `5` or `true`."
        )]
        annotation_value: String,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] limit: i32,
        #[graphql(desc = "How many to leave out first, up to 10,000.", default = 0)] offset: i32,
        #[graphql(desc = "What to sort by.", default_with = "TaskSort::RequestedAt")] sort_by: TaskSort,
        #[graphql(desc = "Which end comes first.", default_with = "SortOrder::Descending")]
        sort_order: SortOrder,
        #[graphql(desc = "Which of them; all without it.")] filter: Option<TaskFilter>,
    ) -> Result<Vec<Task>> {
        let mut filter = filter.unwrap_or_default().read()?;
        filter.annotation = Some(annotation::digest(&annotation_type, &annotation_key, &annotation_value));
        list(ctx, filter, order(sort_by, sort_order), offset, limit).await
    }

    /// The kinds of notes there are, by their names: the first 1,000.
    #[graphql(guard = "Needs(Permission::AnnotationTypeIndex)", directive = authorize::apply(Permission::AnnotationTypeIndex))]
    async fn annotation_types(&self, ctx: &Context<'_>) -> Result<Vec<AnnotationType>> {
        let found = annotations::types(ctx.data::<Engine>()?.database(), &scope(ctx)?).await;
        let types = found.map_err(unread)?.into_iter();
        Ok(types.map(|(name, description)| AnnotationType { name, description }).collect())
    }
}

/// Mutations of notes.
#[derive(Default)]
pub struct AnnotationMutations;

#[Object]
impl AnnotationMutations {
    /// Adds a note to a task, whatever its status, and answers with the task. A task has up to 100.
    #[graphql(guard = "Needs(Permission::TaskAnnotationCreate)", directive = authorize::apply(Permission::TaskAnnotationCreate))]
    async fn annotate_task(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which task, and what about it.")] input: AnnotateTaskInput,
    ) -> Result<Task> {
        let task = given::task_id(&input.task_id)?;
        may_change(ctx, task)?;
        let AnnotateTaskInput { annotation_type, annotation, type_description, .. } = input;
        let note = Note { annotation_type, type_description, annotation: annotation.0 };
        let engine = ctx.data::<Engine>()?;
        engine.annotate_task(caller(ctx)?, task, note).await.map_err(refused)?;
        command::read(ctx, task).await
    }
}
