//! Workers that wait for something to claim, and those that wait to hear what became of what they have.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::model::id::{StepId, TaskId};

/// A class that was asked for this long ago will be asked for again.
const RECENT: Duration = Duration::from_secs(60);

/// Classes whose last question is remembered.
const CLASSES: usize = 10_000;

/// Who waits. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Polls(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    next: u64,
    polls: BTreeMap<u64, Waiting>,
    by_class: HashMap<Arc<str>, VecDeque<u64>>,
    asked: HashMap<Arc<str>, Instant>,
    watches: HashMap<TaskId, Vec<Arc<Watched>>>,
}

struct Waiting {
    bell: Arc<Notify>,
    classes: Arc<[Arc<str>]>,
    /// Told that there is something, and has not looked yet.
    told: bool,
}

/// The place of one that waits; given up when it is dropped, and what it was told then goes to the next.
pub(super) struct Poll {
    polls: Polls,
    id: u64,
    bell: Arc<Notify>,
}

/// What is heard about the steps of a task.
struct Watched {
    bell: Arc<Notify>,
    heard: Mutex<HashSet<StepId>>,
}

/// Somebody who wants to hear what becomes of steps.
pub(super) struct Watch {
    polls: Polls,
    tasks: Vec<TaskId>,
    watched: Arc<Watched>,
}

impl Polls {
    /// Waits from now on for something of these classes.
    pub(super) fn wait(&self, classes: &[String]) -> Poll {
        let classes: Arc<[Arc<str>]> = classes.iter().map(|class| class.as_str().into()).collect();
        let bell = Arc::new(Notify::new());
        let mut inner = self.lock();
        let id = inner.next;
        inner.next += 1;
        inner.asked(&classes);
        for class in classes.iter() {
            inner.by_class.entry(class.clone()).or_default().push_back(id);
        }
        inner.polls.insert(id, Waiting { bell: bell.clone(), classes, told: false });
        drop(inner);
        Poll { polls: self.clone(), id, bell }
    }

    /// One that waits for this class is told, the one that has waited longest.
    pub(super) fn tell_one(&self, class: &str) {
        self.lock().tell_one(class);
    }

    /// Everybody is told to look.
    pub(super) fn tell_all(&self) {
        let mut inner = self.lock();
        for poll in inner.polls.values_mut() {
            poll.told = true;
            poll.bell.notify_one();
        }
        for watched in inner.watches.values().flatten() {
            watched.bell.notify_one();
        }
    }

    /// Whether somebody here waits for the class, or did a moment ago.
    pub(super) fn asks_for(&self, class: &str) -> bool {
        let inner = self.lock();
        inner.by_class.contains_key(class) || inner.asked.get(class).is_some_and(|at| at.elapsed() < RECENT)
    }

    /// Hears from now on what becomes of steps of these tasks.
    pub(super) fn watch(&self, tasks: impl IntoIterator<Item = TaskId>) -> Watch {
        let tasks: HashSet<TaskId> = tasks.into_iter().collect();
        let watched = Arc::new(Watched { bell: Arc::new(Notify::new()), heard: Mutex::default() });
        let mut inner = self.lock();
        for task in &tasks {
            inner.watches.entry(*task).or_default().push(watched.clone());
        }
        drop(inner);
        Watch { polls: self.clone(), tasks: tasks.into_iter().collect(), watched }
    }

    /// Something became of the step.
    pub(super) fn tell_of(&self, task: TaskId, step: StepId) {
        let inner = self.lock();
        for watched in inner.watches.get(&task).into_iter().flatten() {
            watched.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(step);
            watched.bell.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn asked(&mut self, classes: &[Arc<str>]) {
        if self.asked.len() + classes.len() > CLASSES {
            self.asked.retain(|_, at| at.elapsed() < RECENT);
        }
        if self.asked.len() + classes.len() <= CLASSES {
            let now = Instant::now();
            self.asked.extend(classes.iter().map(|class| (class.clone(), now)));
        }
    }

    fn tell_one(&mut self, class: &str) {
        let waiting = self.by_class.get(class).into_iter().flatten();
        let next = waiting.copied().find(|id| self.polls.get(id).is_some_and(|poll| !poll.told));
        if let Some(poll) = next.and_then(|id| self.polls.get_mut(&id)) {
            poll.told = true;
            poll.bell.notify_one();
        }
    }

    fn leave(&mut self, id: u64) {
        let Some(gone) = self.polls.remove(&id) else { return };
        for class in gone.classes.iter() {
            if let Some(waiting) = self.by_class.get_mut(class) {
                waiting.retain(|other| *other != id);
                if waiting.is_empty() {
                    self.by_class.remove(class);
                }
            }
        }
        if gone.told {
            gone.classes.iter().for_each(|class| self.tell_one(class));
        }
    }
}

impl Poll {
    /// It looks now: what it was told is taken in.
    pub(super) fn looks(&self) {
        if let Some(poll) = self.polls.lock().polls.get_mut(&self.id) {
            poll.told = false;
        }
    }

    /// Completed when there may be something.
    pub(super) async fn told(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.polls.lock().leave(self.id);
    }
}

impl Watch {
    /// The steps that something became of, or none where that is not known.
    pub(super) async fn heard(&self) -> HashSet<StepId> {
        self.watched.bell.notified().await;
        std::mem::take(&mut *self.watched.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut inner = self.polls.lock();
        for task in &self.tasks {
            if let Some(watches) = inner.watches.get_mut(task) {
                watches.retain(|watched| !Arc::ptr_eq(watched, &self.watched));
                if watches.is_empty() {
                    inner.watches.remove(task);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn told(poll: &Poll) -> bool {
        poll.told().now_or_never().is_some()
    }

    #[test]
    fn one_step_wakes_the_one_that_has_waited_longest() {
        let polls = Polls::default();
        let (first, second) = (polls.wait(&["A".into()]), polls.wait(&["A".into(), "B".into()]));
        polls.tell_one("A");
        assert!(told(&first) && !told(&second));
        polls.tell_one("A");
        assert!(!told(&first) && told(&second), "the first has not looked yet");
        polls.tell_one("C");
        first.looks();
        polls.tell_one("A");
        assert!(told(&first));
    }

    #[test]
    fn who_leaves_without_having_looked_passes_on_what_it_was_told() {
        let polls = Polls::default();
        let (first, second) = (polls.wait(&["A".into()]), polls.wait(&["A".into()]));
        polls.tell_one("A");
        drop(first);
        assert!(told(&second));
        second.looks();
        drop(second);
        assert!(polls.lock().polls.is_empty() && polls.lock().by_class.is_empty());
        assert!(polls.asks_for("A") && !polls.asks_for("B"), "the class was asked for a moment ago");
    }

    #[test]
    fn who_watches_hears_of_its_own_tasks() {
        let polls = Polls::default();
        let (task, step) = (TaskId::new(), StepId::new());
        let watch = polls.watch([task]);
        polls.tell_of(TaskId::new(), StepId::new());
        assert!(watch.heard().now_or_never().is_none());
        polls.tell_of(task, step);
        assert_eq!(watch.heard().now_or_never(), Some(HashSet::from([step])));
        drop(watch);
        assert!(polls.lock().watches.is_empty());
    }
}
