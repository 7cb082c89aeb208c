//! Events of this process alone: what is worth knowing while it happens, and not worth a row of the log.
//!
//! Who is slow loses the oldest, and is told how many: nobody waits for a listener.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::broadcast;

use crate::model::event::Event;

/// Events that a listener may be behind.
const BACKLOG: usize = 1_024;

/// Where they are told. Cheap to clone, and free of cost while nobody listens.
#[derive(Debug, Clone)]
pub struct Local {
    told: broadcast::Sender<Arc<Event>>,
    listeners: Arc<AtomicUsize>,
}

/// Somebody who listens, from the moment it began to.
#[derive(Debug)]
pub struct Listener {
    told: broadcast::Receiver<Arc<Event>>,
    listeners: Arc<AtomicUsize>,
}

/// What a listener is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// This happened.
    Event(Arc<Event>),
    /// So many events came before the listener asked for them, and are gone.
    Missed(u64),
}

impl Default for Local {
    fn default() -> Self {
        Self { told: broadcast::Sender::new(BACKLOG), listeners: Arc::default() }
    }
}

impl Local {
    /// Whether anybody listens. What it takes to make an event is not spent otherwise.
    pub fn is_heard(&self) -> bool {
        self.listeners.load(Ordering::Acquire) > 0
    }

    /// Tells what `make` makes, if anybody listens.
    pub fn tell(&self, make: impl FnOnce() -> Event) {
        if self.is_heard() {
            let event = make();
            debug_assert!(!event.name.is_durable(), "{} belongs in the log", event.name.as_str());
            let _ = self.told.send(Arc::new(event));
        }
    }

    /// Listens from now on, until it is dropped.
    pub fn listen(&self) -> Listener {
        let told = self.told.subscribe();
        self.listeners.fetch_add(1, Ordering::AcqRel);
        Listener { told, listeners: self.listeners.clone() }
    }
}

impl Listener {
    /// The next one; nothing when there is nobody left to tell any.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.told.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Heard::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        event::{EventName, EventTask},
        id::TaskId,
        time::Timestamp,
    };

    fn event(no: i64) -> Event {
        Event {
            name: EventName::TaskFinalized,
            occurred_at: Timestamp(no),
            task: EventTask { id: TaskId::new(), namespace: "default".into(), name: "a".into() },
            step: None,
            from: None,
            to: None,
            actor: None,
            details: None,
        }
    }

    #[tokio::test]
    async fn nothing_is_made_while_nobody_listens() {
        let local = Local::default();
        local.tell(|| unreachable!("nobody listens"));
        let mut listener = local.listen();
        local.tell(|| event(1));
        assert!(matches!(listener.next().await, Some(Heard::Event(told)) if told.occurred_at.0 == 1));
        drop(listener);
        local.tell(|| unreachable!("nobody listens any more"));
    }

    #[tokio::test]
    async fn who_is_slow_is_told_what_it_missed_and_holds_nobody_up() {
        let local = Local::default();
        let mut listener = local.listen();
        (0..3_000).for_each(|no| local.tell(|| event(no)));
        let Some(Heard::Missed(missed)) = listener.next().await else { panic!("some are gone") };
        assert_eq!(missed, 3_000 - 1_024);
        let next = listener.next().await;
        assert!(matches!(next, Some(Heard::Event(told)) if told.occurred_at.0 == 3_000 - 1_024));
        drop(local);
        let mut rest = 0;
        while listener.next().await.is_some() {
            rest += 1;
        }
        assert_eq!(rest, 1_023);
    }
}
