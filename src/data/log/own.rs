//! What this node itself has committed, in order, for listeners that look at their own node only.
//!
//! Each listener has a queue. What it has not taken is held in memory up to a bound; beyond it the queue remembers
//! where the events are, and reads them from the table.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::Notify;

use super::{EventLog, query};
use crate::{
    data::Error,
    model::event::{Event, Recorded},
};

/// Events that a listener's queue holds in memory.
const HELD: usize = 10_000;

/// Stretches of the log that a queue remembers. Alone a node writes one; many nodes interleave theirs.
const STRETCHES: usize = 100_000;

/// Events read from the table at once.
const PAGE: u64 = 1_000;

/// Who is told, and what was there before anybody could listen.
pub(super) struct Listeners(Mutex<Told>);

struct Told {
    queues: Vec<Weak<Queue>>,
    /// Where the events are that were committed before [`EventLog::begun`]; none afterwards.
    beginning: Option<Waiting>,
}

/// A listener's own place in what its node commits.
pub struct OwnEvents {
    log: EventLog,
    queue: Arc<Queue>,
}

/// Ends a listener, from elsewhere.
#[derive(Clone)]
pub struct OwnEventsEnd(Arc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Default, Clone)]
struct Waiting {
    stretches: VecDeque<Stretch>,
    held: usize,
    /// Events, in memory or not.
    count: u64,
    /// Events that were too far behind to be remembered.
    lost: u64,
    ended: bool,
}

#[derive(Clone)]
enum Stretch {
    /// In memory.
    Held(Arc<Vec<Recorded>>),
    /// In the table, from the first position to the last.
    Stored(i64, i64),
    /// In the table, where they must be looked for: the connection was lost while they were committed.
    Sought(Arc<Vec<Event>>),
}

impl EventLog {
    /// Follows what this node commits: from its first commit on, if [`Self::begun`] was not said yet, else from now.
    pub fn own(&self) -> OwnEvents {
        let mut told = self.listeners().lock();
        let waiting = Mutex::new(told.beginning.clone().unwrap_or_default());
        let queue = Arc::new(Queue { waiting, more: Notify::new() });
        told.queues.push(Arc::downgrade(&queue));
        drop(told);
        OwnEvents { log: self.clone(), queue }
    }

    /// Everybody who wants to hear of this node from its beginning listens by now.
    pub fn begun(&self) {
        self.listeners().lock().beginning = None;
    }
}

impl Listeners {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Told { queues: Vec::new(), beginning: Some(Waiting::default()) }))
    }

    /// Whether anybody has to be told.
    pub(super) fn are_there(&self) -> bool {
        !self.lock().queues.is_empty()
    }

    /// Events were committed from `first` on. Nothing is copied, and nothing is waited for.
    pub(super) fn tell(&self, first: i64, last: i64, events: Option<&Arc<Vec<Recorded>>>) {
        let stretch = match events {
            Some(events) => Stretch::Held(events.clone()),
            None => Stretch::Stored(first, last),
        };
        let mut told = self.lock();
        if let Some(beginning) = &mut told.beginning {
            beginning.push(Stretch::Stored(first, last));
        }
        told.push(&stretch);
    }

    /// Events were committed, and where is in the table only.
    pub(super) fn tell_unplaced(&self, events: Vec<Event>) {
        let mut told = self.lock();
        let stretch = Stretch::Sought(Arc::new(events));
        if let Some(beginning) = &mut told.beginning {
            beginning.push(stretch.clone());
        }
        told.push(&stretch);
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn push(&mut self, stretch: &Stretch) {
        self.queues.retain(|queue| {
            let Some(queue) = queue.upgrade() else { return false };
            queue.lock().push(stretch.clone());
            queue.more.notify_one();
            true
        });
    }
}

impl OwnEvents {
    /// The next events, as many as there are at hand; waits for them. None when it was ended and has handed out all.
    /// What was read and could not be handed out, on an error or because nobody waits any more, comes again.
    pub async fn next_batch(&self) -> Result<Option<Arc<Vec<Recorded>>>, Error> {
        loop {
            let (next, ended) = {
                let waiting = self.queue.lock();
                (waiting.stretches.front().cloned(), waiting.ended)
            };
            let (events, next) = match next {
                None if ended => return Ok(None),
                None => {
                    self.queue.more.notified().await;
                    continue;
                }
                Some(Stretch::Held(events)) => (events, None),
                Some(Stretch::Stored(first, last)) => {
                    let page = query::between(self.log.database(), first, last, PAGE).await?;
                    let full = page.len() as u64 == PAGE;
                    // Deleted tasks leave gaps: a page that is not full has seen everything.
                    let reached = page.last().filter(|_| full).map_or(last, |end| end.position);
                    (Arc::new(page), Some(reached + 1))
                }
                Some(Stretch::Sought(events)) => {
                    (Arc::new(query::placed(self.log.database(), &events).await?), None)
                }
            };
            self.queue.lock().took(next);
            if !events.is_empty() {
                return Ok(Some(events));
            }
        }
    }

    /// Events that wait here.
    pub fn waiting(&self) -> u64 {
        self.queue.lock().count
    }

    /// Events that were forgotten since this was asked last: nobody took them for too long.
    pub fn lost(&self) -> u64 {
        std::mem::take(&mut self.queue.lock().lost)
    }

    /// How it is ended.
    pub fn end(&self) -> OwnEventsEnd {
        OwnEventsEnd(self.queue.clone())
    }
}

impl OwnEventsEnd {
    /// Nothing more comes; what is there is still handed out.
    pub fn end(&self) {
        self.0.lock().ended = true;
        self.0.more.notify_one();
    }

    /// Events that wait.
    pub fn waiting(&self) -> u64 {
        self.0.lock().count
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn push(&mut self, stretch: Stretch) {
        self.count += stretch.count();
        let stretch = match stretch {
            Stretch::Held(events) if self.held + events.len() > HELD => stored(&events),
            other => other,
        };
        match (self.stretches.back_mut(), stretch) {
            (Some(Stretch::Stored(_, end)), Stretch::Stored(first, last)) if *end + 1 == first => *end = last,
            (_, stretch) => {
                self.held += stretch.held();
                self.stretches.push_back(stretch);
            }
        }
        while self.stretches.len() > STRETCHES
            && let Some(oldest) = self.stretches.pop_front()
        {
            self.held -= oldest.held();
            self.count -= oldest.count();
            self.lost += oldest.count();
        }
    }

    /// The first stretch was read; of one in the table what comes before `next`. It may have grown meanwhile.
    fn took(&mut self, next: Option<i64>) {
        let Some(front) = self.stretches.pop_front() else { return };
        self.held -= front.held();
        self.count -= front.count();
        if let (Stretch::Stored(_, last), Some(next)) = (front, next)
            && next <= last
        {
            let rest = Stretch::Stored(next, last);
            self.count += rest.count();
            self.stretches.push_front(rest);
        }
    }
}

impl Stretch {
    fn count(&self) -> u64 {
        match self {
            Self::Held(events) => events.len() as u64,
            Self::Stored(first, last) => u64::try_from(last - first + 1).unwrap_or(0),
            Self::Sought(events) => events.len() as u64,
        }
    }

    fn held(&self) -> usize {
        match self {
            Self::Held(events) => events.len(),
            Self::Stored(..) => 0,
            Self::Sought(events) => events.len(),
        }
    }
}

fn stored(events: &[Recorded]) -> Stretch {
    match (events.first(), events.last()) {
        (Some(first), Some(last)) => Stretch::Stored(first.position, last.position),
        _ => Stretch::Stored(1, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored_at(waiting: &Waiting) -> Vec<(i64, i64)> {
        let place = |stretch: &Stretch| match stretch {
            Stretch::Stored(first, last) => (*first, *last),
            Stretch::Held(_) | Stretch::Sought(_) => panic!("in memory"),
        };
        waiting.stretches.iter().map(place).collect()
    }

    #[test]
    fn what_follows_on_each_other_is_one_stretch() {
        let mut waiting = Waiting::default();
        for (first, last) in [(1, 3), (4, 4), (9, 10), (11, 11)] {
            waiting.push(Stretch::Stored(first, last));
        }
        assert_eq!((stored_at(&waiting), waiting.count), (vec![(1, 4), (9, 11)], 7));
    }

    #[test]
    fn what_came_while_a_stretch_was_read_is_read_after_it() {
        let mut waiting = Waiting::default();
        waiting.push(Stretch::Stored(1, 2_000));
        waiting.push(Stretch::Stored(2_001, 2_500));
        waiting.took(Some(1_001));
        assert_eq!((stored_at(&waiting), waiting.count), (vec![(1_001, 2_500)], 1_500));
        waiting.took(Some(2_501));
        assert_eq!((stored_at(&waiting), waiting.count), (vec![], 0));
    }

    #[test]
    fn a_queue_that_nobody_empties_forgets_the_oldest_and_says_how_many() {
        let mut waiting = Waiting::default();
        for place in 0..STRETCHES as i64 + 5 {
            waiting.push(Stretch::Stored(place * 2, place * 2));
        }
        assert_eq!((waiting.stretches.len(), waiting.lost), (STRETCHES, 5));
    }
}
