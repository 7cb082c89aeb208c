//! What is sent when: one line a task, so that its events arrive in order, and the tasks that are parked. Pure, but
//! for the moments it is told.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::health::Health;
use crate::{
    config::subscribers::WebhookSettings,
    data::subscribers::{self as stored, GivenUp, Place, Progress},
    events::WorkflowEvent,
    model::{id::TaskId, time::Timestamp},
};

/// Events taken from the log and neither delivered nor parked.
const WINDOW: usize = 1_000;

/// The state of one webhook while this node delivers for it.
pub(super) struct Lines {
    settings: WebhookSettings,
    /// Everything up to here was taken from the log.
    read: i64,
    /// What was taken and is neither delivered nor parked, with its moment.
    window: BTreeMap<i64, Timestamp>,
    lines: HashMap<TaskId, Line>,
    ready: VecDeque<TaskId>,
    parked: HashMap<TaskId, Parked>,
    /// When lines and parked tasks are looked at again. What it says of others is out of date.
    later: BinaryHeap<Reverse<(Instant, TaskId)>>,
    /// Tries on their way.
    busy: usize,
    pub(super) health: Health,
    progress: Progress,
    saved: i64,
}

struct Line {
    events: VecDeque<WorkflowEvent>,
    failures: u32,
    due: Due,
}

#[derive(Clone, Copy, PartialEq)]
enum Due {
    Ready,
    Busy,
    At(Instant),
}

struct Parked {
    /// The first event that is not delivered is here or behind it.
    position: i64,
    /// The last event of the task that was taken from the log.
    last: i64,
    failures: u32,
    since: Instant,
    due: Due,
    error: String,
}

/// Something to do now.
#[derive(Debug)]
pub(super) enum Job {
    /// Send this.
    Send(WorkflowEvent),
    /// Send what is in the log of this task, from the first position to the last, until one fails.
    Replay(TaskId, i64, i64),
}

/// A try that failed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) why: String,
    /// How long to wait, where the receiver said.
    pub(super) retry_after: Option<Duration>,
    /// Whether it meant everything, and not this delivery.
    pub(super) everything: bool,
}

/// How far a parked task's events were sent.
#[derive(Debug)]
pub(super) struct Replayed {
    pub(super) task: TaskId,
    /// The first position that is still to be sent, or where it failed.
    pub(super) next: i64,
    /// Whether anything was delivered.
    pub(super) any: bool,
    /// The event that failed.
    pub(super) failed: Option<(WorkflowEvent, Failure)>,
}

impl Lines {
    pub(super) fn new(settings: WebhookSettings, place: Place, now: Instant) -> Self {
        let mut lines = Self {
            settings,
            read: place.position,
            window: BTreeMap::new(),
            lines: HashMap::new(),
            ready: VecDeque::new(),
            parked: HashMap::new(),
            later: BinaryHeap::new(),
            busy: 0,
            health: Health::default(),
            progress: Progress::default(),
            saved: place.position,
        };
        for parked in place.parked {
            let due = now + parked.due_in;
            let own = Parked {
                position: parked.position,
                last: place.position,
                failures: parked.failures,
                since: now.checked_sub(parked.waited).unwrap_or(now),
                due: Due::At(due),
                error: parked.error,
            };
            lines.parked.insert(parked.task, own);
            lines.later.push(Reverse((due, parked.task)));
        }
        lines
    }

    /// Whether more may be taken from the log.
    pub(super) fn has_room(&self) -> bool {
        self.window.len() < WINDOW
    }

    /// The log was read up to `read`, and these events are wanted.
    pub(super) fn accept(&mut self, events: Vec<WorkflowEvent>, read: i64) {
        for event in events {
            let (task, position) = (event.task_id(), event.position());
            if let Some(parked) = self.parked.get_mut(&task) {
                // It stays where it is: in the log.
                parked.last = position;
                continue;
            }
            self.window.insert(position, event.occurred_at());
            let line = self.lines.entry(task).or_insert_with(|| {
                self.ready.push_back(task);
                Line { events: VecDeque::new(), failures: 0, due: Due::Ready }
            });
            line.events.push_back(event);
        }
        self.read = self.read.max(read);
    }

    /// What may be sent now; none while there are enough tries, or nothing is due.
    pub(super) fn next(&mut self, now: Instant) -> Option<Job> {
        if self.busy >= self.health.width(self.settings.concurrency, now) {
            return None;
        }
        self.wake(now);
        let task = self.ready.pop_front()?;
        let (due, job) = if let Some(line) = self.lines.get_mut(&task)
            && let Some(event) = line.events.front()
        {
            (&mut line.due, Job::Send(event.clone()))
        } else {
            let parked = self.parked.get_mut(&task)?;
            (&mut parked.due, Job::Replay(task, parked.position, self.read))
        };
        *due = Due::Busy;
        self.busy += 1;
        Some(job)
    }

    /// Puts what is due by now among what is ready.
    fn wake(&mut self, now: Instant) {
        while let Some(Reverse((due, task))) = self.later.peek().copied() {
            if due > now {
                return;
            }
            self.later.pop();
            let waiting = self.lines.get_mut(&task).map(|line| &mut line.due);
            let waiting = waiting.or_else(|| self.parked.get_mut(&task).map(|parked| &mut parked.due));
            if let Some(waiting) = waiting
                && *waiting == Due::At(due)
            {
                *waiting = Due::Ready;
                self.ready.push_back(task);
            }
        }
    }

    /// When to look again, if nothing else happens before.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        let waiting = match self.ready.is_empty() {
            true => self.later.peek().map(|Reverse((due, _))| *due),
            false => Some(now),
        };
        let paused = self.health.paused_until(now);
        waiting.map(|due| paused.map_or(due, |until| until.max(due)))
    }

    /// An event was delivered.
    pub(super) fn delivered(&mut self, event: &WorkflowEvent) {
        self.busy -= 1;
        self.health.succeeded();
        self.window.remove(&event.position());
        let task = event.task_id();
        let Some(line) = self.lines.get_mut(&task) else { return };
        line.events.pop_front();
        line.failures = 0;
        if line.events.is_empty() {
            self.lines.remove(&task);
        } else {
            line.due = Due::Ready;
            self.ready.push_back(task);
        }
    }

    /// A delivery failed: it is tried again, or its task is parked. Answers whether it was.
    pub(super) fn failed(&mut self, event: &WorkflowEvent, failure: &Failure, now: Instant) -> bool {
        self.busy -= 1;
        let task = event.task_id();
        self.note(task, failure, now);
        let Some(line) = self.lines.get_mut(&task) else { return false };
        line.failures += 1;
        if line.failures < self.settings.park_after {
            let own = doubled(self.settings.backoff, line.failures - 1, self.settings.max_backoff);
            let due = now + failure.retry_after.map_or(own, |told| told.max(own));
            line.due = Due::At(due);
            self.later.push(Reverse((due, task)));
            return false;
        }
        let Some(line) = self.lines.remove(&task) else { return false };
        for event in &line.events {
            self.window.remove(&event.position());
        }
        let last = line.events.back().map_or(event.position(), WorkflowEvent::position);
        let due = now + doubled(self.settings.parked_backoff, 0, self.settings.max_parked_backoff);
        let parked = Parked {
            position: event.position(),
            last,
            failures: line.failures,
            since: now,
            due: Due::At(due),
            error: failure.why.clone(),
        };
        self.parked.insert(task, parked);
        self.later.push(Reverse((due, task)));
        self.keep(task, now);
        true
    }

    /// A parked task's events were tried again. Answers with what was given up.
    pub(super) fn replayed(&mut self, replayed: Replayed, now: Instant) -> Option<GivenUp> {
        self.busy -= 1;
        let Replayed { task, next, any, failed } = replayed;
        if any {
            self.health.succeeded();
        }
        let mut given_up = None;
        let parked = self.parked.get_mut(&task)?;
        if any || next > parked.position {
            // Another event's turn, with tries of its own.
            (parked.failures, parked.since) = (0, now);
        }
        parked.position = next;
        match failed {
            None if parked.last < next => {
                self.parked.remove(&task);
                self.progress.parked.retain(|one| one.task != task);
                self.progress.freed.push(task);
                return None;
            }
            None => {
                parked.due = Due::Ready;
                self.ready.push_back(task);
            }
            Some((event, failure)) => {
                parked.failures += 1;
                parked.error.clone_from(&failure.why);
                let tries = parked.failures.saturating_sub(self.settings.park_after);
                let own = doubled(self.settings.parked_backoff, tries, self.settings.max_parked_backoff);
                let mut due = now + failure.retry_after.map_or(own, |told| told.max(own));
                if now.duration_since(parked.since) >= self.settings.give_up_after {
                    let failures = parked.failures;
                    given_up = Some(GivenUp {
                        position: event.position(),
                        task,
                        event: event.name().to_owned(),
                        failures,
                        error: failure.why.clone(),
                    });
                    parked.position = event.position() + 1;
                    (parked.failures, parked.since) = (0, now);
                    due = now;
                }
                parked.due = Due::At(due);
                self.later.push(Reverse((due, task)));
                self.note(task, &failure, now);
            }
        }
        self.progress.given_up.extend(given_up.clone());
        self.keep(task, now);
        given_up
    }

    /// What a failure says about the receiver.
    fn note(&mut self, task: TaskId, failure: &Failure, now: Instant) {
        let (least, most) = (self.settings.backoff, self.settings.max_backoff);
        if self.health.failed(task, least, most, now) {
            tracing::warn!(
                why = failure.why,
                "a webhook's receiver seems to be down; it is tried now and then"
            );
        }
        if failure.everything
            && let Some(told) = failure.retry_after
        {
            self.health.pause_until(now + told);
        }
    }

    /// A parked task's row is to be written.
    fn keep(&mut self, task: TaskId, now: Instant) {
        let Some(parked) = self.parked.get(&task) else { return };
        let due_in = match parked.due {
            Due::At(due) => due.saturating_duration_since(now),
            Due::Ready | Due::Busy => Duration::ZERO,
        };
        let row = stored::Parked {
            task,
            position: parked.position,
            failures: parked.failures,
            waited: now.duration_since(parked.since),
            due_in,
            error: parked.error.clone(),
        };
        self.progress.freed.retain(|one| *one != task);
        self.progress.parked.retain(|one| one.task != task);
        self.progress.parked.push(row);
    }

    /// Everything up to here is delivered, parked or given up.
    pub(super) fn position(&self) -> i64 {
        self.window.first_key_value().map_or(self.read, |(first, _)| first - 1)
    }

    /// The moment of the oldest event that waits.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.window.first_key_value().map(|(_, moment)| *moment)
    }

    pub(super) fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Whether there is anything to write.
    pub(super) fn has_moved(&self) -> bool {
        let Progress { position: _, parked, freed, given_up } = &self.progress;
        self.position() != self.saved || !(parked.is_empty() && freed.is_empty() && given_up.is_empty())
    }

    /// What is to be written now.
    pub(super) fn progress(&mut self) -> &Progress {
        self.progress.position = self.position();
        &self.progress
    }

    /// It was.
    pub(super) fn saved(&mut self) {
        self.saved = self.progress.position;
        self.progress = Progress::default();
    }
}

/// `least`, doubled so many times, at most `most`.
pub(super) fn doubled(least: Duration, times: u32, most: Duration) -> Duration {
    least.saturating_mul(2_u32.saturating_pow(times)).min(most)
}

#[cfg(test)]
mod tests;
