//! Cells, added up the ways people ask for them.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use super::{Cell, Key, Size, Slow};
use crate::model::time::Timestamp;

/// What happened between two moments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// All tasks together.
    pub tasks: Cell,
    /// All steps together.
    pub steps: Cell,
    /// Stretch by stretch: its beginning, tasks, steps.
    pub series: Vec<(Timestamp, Cell, Cell)>,
    /// By namespace: its tasks and steps.
    pub namespaces: Vec<(Arc<str>, Cell, Cell)>,
    /// By template, those with the most tasks first: its tasks and steps.
    pub templates: Vec<(Template, Cell, Cell)>,
    /// By step, those that took the most time altogether first.
    pub steps_of: Vec<(Template, Arc<str>, Cell)>,
    /// Tasks that took longest, the slowest first.
    pub slowest_tasks: Vec<(Template, Slow)>,
    /// Steps that took longest, with their names.
    pub slowest_steps: Vec<(Template, Arc<str>, Slow)>,
    /// Steps with failed attempts, those with the most retries first.
    pub hot_spots: Vec<(Template, Arc<str>, Cell)>,
}

/// A template as figures know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its version; empty where that is not known.
    pub version: Arc<str>,
}

impl Report {
    /// Of these cells; `step` long are the stretches of the series, which has none left out. Lists have up to `limit`.
    pub fn of(
        cells: &[(Key, Cell)],
        step: Size,
        (since, until): (Timestamp, Timestamp),
        limit: usize,
    ) -> Self {
        let mut report = Self::default();
        let mut series = BTreeMap::new();
        let mut at = step.floor(since);
        while at < until {
            series.insert(at, <(Cell, Cell)>::default());
            at = at.plus(step.duration());
        }
        let mut namespaces: BTreeMap<Arc<str>, (Cell, Cell)> = BTreeMap::new();
        let mut templates: BTreeMap<Template, (Cell, Cell)> = BTreeMap::new();
        let mut steps: BTreeMap<(Template, Arc<str>), Cell> = BTreeMap::new();
        for (key, cell) in cells {
            let template = Template {
                namespace: key.namespace.clone(),
                name: key.name.clone(),
                version: key.version.clone(),
            };
            let is_task = key.step.is_empty();
            let whole = if is_task { &mut report.tasks } else { &mut report.steps };
            whole.merge(cell);
            let of = |pair: &mut (Cell, Cell)| if is_task { pair.0.merge(cell) } else { pair.1.merge(cell) };
            of(series.entry(step.floor(key.at)).or_default());
            of(namespaces.entry(key.namespace.clone()).or_default());
            of(templates.entry(template.clone()).or_default());
            if !is_task {
                steps.entry((template, key.step.clone())).or_default().merge(cell);
            }
        }
        report.series = series.into_iter().map(|(at, (tasks, steps))| (at, tasks, steps)).collect();
        report.namespaces = most(flat(namespaces), limit, |(_, tasks, _)| tasks.created + tasks.finished());
        report.slowest_tasks = slowest(templates.iter().map(|(of, (tasks, _))| (of.clone(), tasks)), limit);
        report.templates = most(flat(templates), limit, |(_, tasks, _)| tasks.created + tasks.finished());
        let slow = slowest(steps.iter().map(|(of, cell)| (of.clone(), cell)), limit);
        report.slowest_steps = slow.into_iter().map(|((of, name), slow)| (of, name, slow)).collect();
        let steps: Vec<_> = steps.into_iter().map(|((of, name), cell)| (of, name, cell)).collect();
        let failed = steps.iter().filter(|(.., cell)| cell.failures > 0).cloned().collect();
        report.hot_spots = most(failed, limit, |(.., cell)| (cell.retries, cell.failures));
        report.steps_of = most(steps, limit, |(.., cell)| cell.durations.total());
        report
    }
}

fn flat<K>(groups: BTreeMap<K, (Cell, Cell)>) -> Vec<(K, Cell, Cell)> {
    groups.into_iter().map(|(key, (tasks, steps))| (key, tasks, steps)).collect()
}

/// Those with the highest rank; of equals the first stays first.
fn most<T, R: Ord>(mut all: Vec<T>, limit: usize, rank: impl Fn(&T) -> R) -> Vec<T> {
    all.sort_by_key(|one| Reverse(rank(one)));
    all.truncate(limit);
    all
}

fn slowest<'a, K: Clone>(groups: impl Iterator<Item = (K, &'a Cell)>, limit: usize) -> Vec<(K, Slow)> {
    let all = groups.flat_map(|(key, cell)| cell.slowest.iter().map(move |slow| (key.clone(), *slow)));
    most(all.collect(), limit, |(_, slow)| *slow)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    fn cell(at: i64, namespace: &str, step: &str, millis: &[u64]) -> (Key, Cell) {
        let mut cell = Cell { complete: millis.len() as u64, ..Cell::default() };
        for &millis in millis {
            let task = Uuid::from_u128(millis.into());
            cell.took(Slow { micros: millis * 1_000, task, step: None });
        }
        let key = Key {
            size: Size::FiveMinutes,
            at: Timestamp(at * 300_000_000),
            namespace: namespace.into(),
            name: "order".into(),
            version: "1.0.0".into(),
            step: step.into(),
        };
        (key, cell)
    }

    #[test]
    fn everything_adds_up_to_the_same_whole() {
        let mut failed = cell(3, "a", "pay", &[5]);
        failed.1.failed("timeout");
        failed.1.retries = 1;
        let cells = [
            cell(0, "a", "", &[100, 300]),
            cell(2, "b", "", &[200]),
            cell(2, "b", "ship", &[7, 8, 9]),
            failed,
        ];
        let until = Timestamp(4 * 300_000_000);
        let report = Report::of(&cells, Size::FiveMinutes, (Timestamp(0), until), 2);
        assert_eq!((report.tasks.complete, report.steps.complete), (3, 4));
        let series: Vec<_> =
            report.series.iter().map(|(_, tasks, steps)| (tasks.complete, steps.complete)).collect();
        assert_eq!(series, [(2, 0), (0, 0), (1, 3), (0, 1)], "nothing is left out where nothing happened");
        let names: Vec<_> = report
            .namespaces
            .iter()
            .map(|(name, tasks, steps)| (&**name, tasks.complete, steps.complete))
            .collect();
        assert_eq!(names, [("a", 2, 1), ("b", 1, 3)]);
        let slowest: Vec<_> = report.slowest_tasks.iter().map(|(_, slow)| slow.micros / 1_000).collect();
        assert_eq!(slowest, [300, 200], "no more than were asked for");
        assert_eq!((&*report.hot_spots[0].1, report.hot_spots.len()), ("pay", 1));
        assert_eq!(&*report.steps_of[0].1, "ship", "it took the most time");
        assert_eq!(report.tasks.durations.longest(), Some(Duration::from_millis(300)));
    }
}
