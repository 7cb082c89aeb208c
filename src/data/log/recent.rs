//! What was published last and not read by everybody yet, bounded in events.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use crate::model::event::Recorded;

/// Events that are kept for followers who are behind.
const KEPT: usize = 10_000;

/// What the slowest follower may still read from memory: a stalled one must not hold more.
#[derive(Default)]
pub(super) struct Recent {
    batches: VecDeque<Arc<Vec<Recorded>>>,
    events: usize,
}

impl Recent {
    /// Keeps `batch`, which somebody reads from memory for as long as it is kept.
    pub(super) fn keep(&mut self, batch: Arc<Vec<Recorded>>) -> Weak<Vec<Recorded>> {
        self.events += batch.len();
        self.batches.push_back(batch.clone());
        while self.events > KEPT {
            self.forget();
        }
        Arc::downgrade(&batch)
    }

    /// Only the last `unread` batches are waited for.
    pub(super) fn trim(&mut self, unread: usize) {
        while self.batches.len() > unread {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.events -= self.batches.pop_front().map_or(0, |batch| batch.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        event::{Event, EventName, EventTask},
        id::TaskId,
        time::Timestamp,
    };

    fn events(count: i64) -> Vec<Recorded> {
        let task = EventTask { id: TaskId::new(), namespace: "default".into(), name: "a".into() };
        let event = Event {
            name: EventName::TaskCreated,
            occurred_at: Timestamp(0),
            task,
            step: None,
            from: None,
            to: None,
            actor: None,
            details: None,
        };
        (1..=count).map(|position| Recorded { position, event: event.clone() }).collect()
    }

    #[test]
    fn a_stalled_follower_holds_events_and_not_batches() {
        let mut recent = Recent::default();
        let batches: Vec<_> = (0..25).map(|_| recent.keep(Arc::new(events(1_000)))).collect();
        let held = batches.iter().filter_map(Weak::upgrade).map(|batch| batch.len()).sum::<usize>();
        assert_eq!(held, KEPT);
        assert!(batches[24].upgrade().is_some(), "the newest are held");
        recent.trim(1);
        assert_eq!(batches.iter().filter_map(Weak::upgrade).count(), 1, "the rest was read by everybody");
    }

    #[test]
    fn what_is_too_much_by_itself_is_read_from_the_table() {
        assert!(Recent::default().keep(Arc::new(events(10_001))).upgrade().is_none());
    }
}
