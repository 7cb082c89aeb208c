//! What the figures say, worked out once for all who ask the same within a few seconds.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

use super::Engine;
use crate::{
    data::{
        Error, log,
        rollup::{self, CellFilter},
        tasks,
    },
    model::{
        analytics::{Report, SLOWEST, Size},
        id::TaskId,
        namespaces::Namespaces,
        scope::Scope,
        time::Timestamp,
    },
};

/// An answer is given again for so long.
const FRESH: Duration = Duration::from_secs(3);

/// Different questions that are remembered.
const QUESTIONS: u64 = 100;

/// Questions that are worked out at once: each may hold the figures of a long window.
const AT_ONCE: usize = 2;

/// Figures in small stretches are kept for two days; a window that begins well within is made of them at its ends.
const RECENT: Duration = Duration::from_secs(47 * 3_600);

/// A series in small stretches is no longer than that.
const FINE: Duration = Duration::from_secs(4 * 3_600 + 300);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// From this moment on.
    pub since: Timestamp,
    /// Before this moment; none for now.
    pub until: Option<Timestamp>,
    /// Of what the caller may see. What it may see only because it created it is not in the figures.
    pub scope: Scope,
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Of this template.
    pub name: Option<String>,
    /// In this version.
    pub version: Option<String>,
    /// Entries of each list.
    pub limit: usize,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// From this moment on: where a stretch begins.
    pub since: Timestamp,
    /// Before this moment.
    pub until: Timestamp,
    /// How long the stretches of the series are.
    pub stretch: Size,
    /// When it was worked out.
    pub at: Timestamp,
    /// Events that are not in it yet.
    pub behind: i64,
    /// The figures.
    pub report: Report,
}

type Answer = Arc<Mutex<Option<(Instant, Arc<Analysis>)>>>;

/// Answers, and remembers what it answered. Cheap to clone.
#[derive(Clone)]
pub struct Analyst {
    engine: Engine,
    answers: Cache<String, Answer>,
    at_work: Arc<Semaphore>,
}

impl Analyst {
    /// Of what this engine's database has.
    pub fn new(engine: Engine) -> Self {
        let answers = Cache::builder().max_capacity(QUESTIONS).time_to_live(FRESH).build();
        Self { engine, answers, at_work: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whoever asks first works it out, the others wait for that; who goes away lets the next one do it. Windows that
    /// begin and end in the same stretches are the same question.
    pub async fn answer(&self, question: &Question) -> Result<Arc<Analysis>, Error> {
        let Question { scope, namespace, name, version, limit, .. } = question;
        let small = Size::FiveMinutes;
        let window = (small.floor(question.since), question.until.map(|until| small.floor(until)));
        let key = format!("{window:?} {scope:?} {namespace:?} {name:?} {version:?} {limit}");
        let answer = self.answers.get_with(key, Answer::default);
        let mut last = answer.lock().await;
        if let Some((at, analysis)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(analysis.clone());
        }
        let _at_work = self.at_work.acquire().await;
        let analysis = Arc::new(self.work_out(question).await?);
        *last = Some((Instant::now(), analysis.clone()));
        Ok(analysis)
    }

    async fn work_out(&self, question: &Question) -> Result<Analysis, Error> {
        let database = self.engine.database();
        let now = self.engine.clock().now();
        // What happened at this very moment is in it.
        let end = now.plus(Duration::from_micros(1));
        let recent = now.since(question.since) <= RECENT;
        let ends = if recent { Size::FiveMinutes } else { Size::Hour };
        let since = ends.floor(question.since);
        let ceiling =
            |until| if ends.floor(until) == until { until } else { ends.floor(until).plus(ends.duration()) };
        let until = question.until.map_or(end, |until| ceiling(until).min(end));
        let stretch = if recent && until.since(since) <= FINE { Size::FiveMinutes } else { Size::Hour };
        let filter = CellFilter {
            namespaces: question.scope.namespaces.clone(),
            namespace: question.namespace.clone(),
            name: question.name.clone(),
            version: question.version.clone(),
        };
        let mut cells = Vec::new();
        for (size, window) in windows(ends, since, until) {
            cells.extend(rollup::between(database, size, window, &filter).await?);
        }
        let mut report = Report::of(&cells, stretch, (since, until), question.limit.max(SLOWEST));
        self.only_those_there_are(&mut report).await?;
        shorten(&mut report, question.limit);
        let behind = (log::position(database).await? - rollup::position(database).await?).max(0);
        Ok(Analysis { since, until: until.min(now), stretch, at: now, behind, report })
    }

    /// A task that was deleted since is not among the slowest.
    async fn only_those_there_are(&self, report: &mut Report) -> Result<(), Error> {
        let tasks = report.slowest_tasks.iter().map(|(_, slow)| slow.task);
        let ids: Vec<TaskId> =
            tasks.chain(report.slowest_steps.iter().map(|(.., slow)| slow.task)).map(TaskId).collect();
        if !ids.is_empty() {
            let there = tasks::places(self.engine.database(), &ids).await?;
            report.slowest_tasks.retain(|(_, slow)| there.contains_key(&TaskId(slow.task)));
            report.slowest_steps.retain(|(.., slow)| there.contains_key(&TaskId(slow.task)));
        }
        Ok(())
    }
}

impl Question {
    /// About everything since then.
    pub fn since(since: Timestamp) -> Self {
        let scope = Scope { namespaces: Namespaces::ALL, ..Scope::all() };
        Self { since, until: None, scope, namespace: None, name: None, version: None, limit: 10 }
    }
}

fn shorten(report: &mut Report, limit: usize) {
    report.namespaces.truncate(limit);
    report.templates.truncate(limit);
    report.steps_of.truncate(limit);
    report.slowest_tasks.truncate(limit);
    report.slowest_steps.truncate(limit);
    report.hot_spots.truncate(limit);
}

/// Whole hours as such, what is before and after them in small stretches: few rows, however long the window is.
fn windows(ends: Size, since: Timestamp, until: Timestamp) -> Vec<(Size, (Timestamp, Timestamp))> {
    let hour = Size::Hour;
    if ends == hour {
        return vec![(hour, (since, until))];
    }
    let floor = hour.floor(since);
    let first = if floor == since { since } else { floor.plus(hour.duration()) };
    let last = hour.floor(until);
    if first >= last {
        return vec![(ends, (since, until))];
    }
    vec![(ends, (since, first)), (hour, (first, last)), (ends, (last, until))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_covered_once() {
        let at = |minutes: i64| Timestamp(minutes * 60_000_000);
        for (since, until) in [(0, 60), (5, 55), (5, 65), (5, 1_500), (60, 1_500), (55, 61), (60, 120)] {
            let parts = windows(Size::FiveMinutes, at(since), at(until));
            assert_eq!((parts[0].1.0, parts[parts.len() - 1].1.1), (at(since), at(until)));
            assert!(parts.windows(2).all(|pair| pair[0].1.1 == pair[1].1.0), "{parts:?}");
            let hours = parts.iter().filter(|(size, _)| *size == Size::Hour);
            hours.for_each(|(_, (from, to))| {
                assert_eq!((Size::Hour.floor(*from), Size::Hour.floor(*to)), (*from, *to));
            });
        }
    }
}
