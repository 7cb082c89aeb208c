//! What happened lately: how much, how fast, and where it went wrong.

mod figures;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use self::figures::{StepFigures, TaskFigures, seconds};
use super::{
    authorize::authorize,
    caller::{Needs, scope},
    given,
    refusal::unread,
    scalar::DateTime,
};
use crate::{
    auth::Permission,
    model::{analytics, time::Timestamp},
    orchestration::{
        Engine,
        analytics::{Analysis, Analyst, Question},
    },
};

/// How far back is looked.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalyticsWindow {
    /// An hour.
    LastHour,
    /// Four hours.
    #[graphql(name = "LAST_4_HOURS")]
    Last4Hours,
    /// A day.
    #[graphql(name = "LAST_24_HOURS")]
    Last24Hours,
    /// A week.
    #[graphql(name = "LAST_7_DAYS")]
    Last7Days,
}

impl AnalyticsWindow {
    const fn seconds(self) -> i64 {
        match self {
            Self::LastHour => 3_600,
            Self::Last4Hours => 4 * 3_600,
            Self::Last24Hours => 24 * 3_600,
            Self::Last7Days => 7 * 24 * 3_600,
        }
    }
}

/// Queries of figures.
#[derive(Default)]
pub struct AnalyticsQueries;

#[Object]
impl AnalyticsQueries {
    /// What happened in the namespaces that the caller may look into: throughput, errors, durations, retries. The
    /// figures are a few seconds old, and stay when tasks are removed. Counts, means and maxima are exact; p50, p95 and
    /// p99 are within 1 % of the exact value.
    #[graphql(guard = "Needs(Permission::AnalyticsIndex)", directive = authorize::apply(Permission::AnalyticsIndex))]
    #[allow(clippy::too_many_arguments)]
    async fn analytics(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How far back, up to now. Not together with `since`.",
            default_with = "AnalyticsWindow::Last24Hours"
        )]
        window: AnalyticsWindow,
        #[graphql(
            desc = "From this moment on, instead of `window`. It is rounded down to five minutes; to an hour where it is \
                    longer ago than two days."
        )]
        since: Option<DateTime>,
        #[graphql(
            desc = "Before this moment, with `since`; now without it. Rounded up as `since` is rounded down."
        )]
        until: Option<DateTime>,
        #[graphql(desc = "Only of this namespace.")] namespace: Option<String>,
        #[graphql(desc = "Only of templates with this name.")] name: Option<String>,
        #[graphql(desc = "Only of this version.")] version: Option<String>,
        #[graphql(desc = "Entries of each list, from 1 to 20; the series has them all.", default = 10)]
        limit: i32,
    ) -> Result<Analytics> {
        let limit = given::within("limit", limit, 1, 20)?;
        let now = ctx.data::<Engine>()?.clock().now();
        let from = match since {
            Some(since) => since.0,
            None if until.is_some() => return Err(given::bad("until goes with since")),
            None => Timestamp(now.0 - window.seconds() * 1_000_000),
        };
        if until.is_some_and(|until| until.0 <= from) || from > now {
            return Err(given::bad("since must be before until, and not in the future"));
        }
        if now.0 - from.0 > LONGEST {
            return Err(given::bad("since is more than 400 days ago; figures are not kept longer"));
        }
        let question = Question {
            since: from,
            until: until.map(|until| until.0),
            scope: scope(ctx)?,
            namespace: given::text("namespace", namespace)?,
            name: given::text("name", name)?,
            version: given::text("version", version)?,
            limit: usize::try_from(limit).unwrap_or(1),
        };
        let analysis = ctx.data::<Analyst>()?.answer(&question).await.map_err(unread)?;
        Ok(Analytics::of(&analysis))
    }
}

/// 401 days, so that 400 of them can be asked for.
const LONGEST: i64 = 401 * 86_400 * 1_000_000;

/// What happened between two moments.
#[derive(SimpleObject)]
pub struct Analytics {
    /// From this moment on.
    since: DateTime,
    /// Before this moment.
    until: DateTime,
    /// When it was worked out; the same answer is given for a few seconds.
    generated_at: DateTime,
    /// Events that are not in it yet: none, or those of the last seconds.
    events_behind: i32,
    /// All tasks together.
    tasks: TaskFigures,
    /// All steps together.
    steps: StepFigures,
    /// Stretch by stretch, oldest first: of five minutes for up to four hours, of an hour otherwise. None is left out.
    series: Vec<AnalyticsPoint>,
    /// By namespace, the busiest first.
    namespaces: Vec<NamespaceFigures>,
    /// By template and version, the busiest first.
    templates: Vec<TemplateFigures>,
    /// By step, those first that took the most time altogether.
    step_templates: Vec<StepTemplateFigures>,
    /// The tasks that took longest, of those that are complete and still there.
    slowest_tasks: Vec<SlowTask>,
    /// The steps whose last attempt took longest, of those that are complete and still there.
    slowest_steps: Vec<SlowStep>,
    /// Where attempts fail, the most retries first.
    retry_hot_spots: Vec<StepTemplateFigures>,
}

/// A stretch of time.
#[derive(SimpleObject)]
pub struct AnalyticsPoint {
    /// When it begins.
    at: DateTime,
    /// How many seconds it is long.
    seconds: i32,
    /// Tasks in it.
    tasks: TaskFigures,
    /// Steps in it.
    steps: StepFigures,
}

/// A namespace.
#[derive(SimpleObject)]
pub struct NamespaceFigures {
    /// Its name.
    namespace: String,
    /// Its tasks.
    tasks: TaskFigures,
    /// Their steps.
    steps: StepFigures,
}

/// A template.
#[derive(SimpleObject)]
pub struct TemplateFigures {
    /// Its namespace.
    namespace: String,
    /// Its name.
    name: String,
    /// Its version; null where its tasks were deleted before it was looked at.
    version: Option<String>,
    /// Its tasks.
    tasks: TaskFigures,
    /// Their steps.
    steps: StepFigures,
}

/// A step of a template.
#[derive(SimpleObject)]
pub struct StepTemplateFigures {
    /// The template's namespace.
    namespace: String,
    /// The template's name.
    name: String,
    /// The template's version; null where its tasks were deleted before it was looked at.
    version: Option<String>,
    /// The step's name.
    step_name: String,
    /// The steps.
    steps: StepFigures,
}

/// A task that took long.
#[derive(SimpleObject)]
pub struct SlowTask {
    /// Its id.
    task_id: ID,
    /// Its namespace.
    namespace: String,
    /// Its template.
    name: String,
    /// The version of that.
    version: Option<String>,
    /// Seconds from its first start to its end.
    duration: f64,
}

/// A step that took long.
#[derive(SimpleObject)]
pub struct SlowStep {
    /// Its task.
    task_id: ID,
    /// Its id.
    workflow_step_id: Option<ID>,
    /// Its task's namespace.
    namespace: String,
    /// Its task's template.
    name: String,
    /// The version of that.
    version: Option<String>,
    /// Its name.
    step_name: String,
    /// Seconds that its last attempt took.
    duration: f64,
}

impl Analytics {
    fn of(analysis: &Analysis) -> Self {
        let Analysis { since, until, stretch, at, behind, report } = analysis;
        let window = until.since(*since);
        let tasks = |cell: &analytics::Cell| TaskFigures::of(cell, window);
        let steps = |cell: &analytics::Cell| StepFigures::of(cell, window);
        let stretched = stretch.duration();
        let of_step = |(of, name, cell): &(analytics::Template, std::sync::Arc<str>, analytics::Cell)| {
            StepTemplateFigures {
                namespace: of.namespace.to_string(),
                name: of.name.to_string(),
                version: version(of),
                step_name: name.to_string(),
                steps: steps(cell),
            }
        };
        Self {
            since: DateTime(*since),
            until: DateTime(*until),
            generated_at: DateTime(*at),
            events_behind: i32::try_from(*behind).unwrap_or(i32::MAX),
            tasks: tasks(&report.tasks),
            steps: steps(&report.steps),
            series: report
                .series
                .iter()
                .map(|(at, tasks, steps)| AnalyticsPoint {
                    at: DateTime(*at),
                    seconds: i32::try_from(stretched.as_secs()).unwrap_or(i32::MAX),
                    tasks: TaskFigures::of(tasks, stretched),
                    steps: StepFigures::of(steps, stretched),
                })
                .collect(),
            namespaces: report
                .namespaces
                .iter()
                .map(|(name, of_tasks, of_steps)| NamespaceFigures {
                    namespace: name.to_string(),
                    tasks: tasks(of_tasks),
                    steps: steps(of_steps),
                })
                .collect(),
            templates: report
                .templates
                .iter()
                .map(|(of, of_tasks, of_steps)| TemplateFigures {
                    namespace: of.namespace.to_string(),
                    name: of.name.to_string(),
                    version: version(of),
                    tasks: tasks(of_tasks),
                    steps: steps(of_steps),
                })
                .collect(),
            step_templates: report.steps_of.iter().map(of_step).collect(),
            slowest_tasks: report
                .slowest_tasks
                .iter()
                .map(|(of, slow)| SlowTask {
                    task_id: slow.task.into(),
                    namespace: of.namespace.to_string(),
                    name: of.name.to_string(),
                    version: version(of),
                    duration: seconds(slow.micros),
                })
                .collect(),
            slowest_steps: report
                .slowest_steps
                .iter()
                .map(|(of, name, slow)| SlowStep {
                    task_id: slow.task.into(),
                    workflow_step_id: slow.step.map(Into::into),
                    namespace: of.namespace.to_string(),
                    name: of.name.to_string(),
                    version: version(of),
                    step_name: name.to_string(),
                    duration: seconds(slow.micros),
                })
                .collect(),
            retry_hot_spots: report.hot_spots.iter().map(of_step).collect(),
        }
    }
}

fn version(of: &analytics::Template) -> Option<String> {
    (!of.version.is_empty()).then(|| of.version.to_string())
}
