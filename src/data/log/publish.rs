//! Tells followers in this process what was committed, here or by another node, in the log's order.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Notify, broadcast};

use super::{
    own::Listeners,
    query::{self, EventFilter},
    recent::Recent,
};
use crate::{
    data::{Database, Error},
    model::event::{Event, Recorded},
};

/// Batches that a follower may be behind before it must read the table.
const BACKLOG: usize = 1_024;

/// Events read from the table at once.
const PAGE: u64 = 1_000;

/// The log as this process knows it. Cheap to clone.
#[derive(Clone)]
pub struct EventLog {
    shared: Arc<Shared>,
}

struct Shared {
    database: Database,
    told: Mutex<Told>,
    batches: broadcast::Sender<Weak<Vec<Recorded>>>,
    behind: Notify,
    own: Listeners,
}

/// What followers were told.
struct Told {
    /// The last position.
    position: i64,
    recent: Recent,
}

impl EventLog {
    /// Begins at the log's end.
    pub async fn open(database: &Database) -> Result<Self, Error> {
        let told = Told { position: query::position(database).await?, recent: Recent::default() };
        let (batches, _) = broadcast::channel(BACKLOG);
        let shared = Shared {
            database: database.clone(),
            told: Mutex::new(told),
            batches,
            behind: Notify::new(),
            own: Listeners::new(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The last position that this process knows of.
    pub fn position(&self) -> i64 {
        self.told().position
    }

    /// Commits that the slowest follower has not read yet.
    pub fn lag(&self) -> usize {
        self.shared.batches.len()
    }

    /// The table behind it.
    pub fn database(&self) -> &Database {
        &self.shared.database
    }

    /// The journal has committed `events` from position `first` on.
    pub(in crate::data) fn committed(&self, first: i64, events: Vec<Event>) {
        let Ok(count) = i64::try_from(events.len()) else { return };
        if count == 0 {
            return;
        }
        let heard = self.shared.own.are_there() || self.shared.batches.receiver_count() > 0;
        let batch = || (first..).zip(events).map(|(position, event)| Recorded { position, event });
        let batch: Option<Arc<Vec<Recorded>>> = heard.then(|| Arc::new(batch().collect()));
        self.shared.own.tell(first, first + count - 1, batch.as_ref());
        let mut told = self.told();
        if first != told.position + 1 {
            // Another node was in between: the table has the order.
            drop(told);
            return self.moved();
        }
        if batch.is_none() && self.shared.batches.receiver_count() > 0 {
            // Whoever has begun to listen meanwhile reads the table.
            drop(told);
            return self.moved();
        }
        told.position += count;
        if let Some(batch) = batch {
            self.tell(&mut told.recent, batch);
        }
    }

    /// The journal has committed `events`, and does not know where: its connection was lost.
    pub(in crate::data) fn committed_somewhere(&self, events: Vec<Event>) {
        if !events.is_empty() {
            self.shared.own.tell_unplaced(events);
        }
        self.moved();
    }

    pub(super) fn listeners(&self) -> &Listeners {
        &self.shared.own
    }

    fn tell(&self, recent: &mut Recent, batch: Arc<Vec<Recorded>>) {
        let batches = &self.shared.batches;
        recent.trim(batches.len());
        if batches.receiver_count() > 0 {
            let _ = batches.send(recent.keep(batch));
        }
    }

    /// Somebody has written, and the table says what.
    pub fn moved(&self) {
        self.shared.behind.notify_one();
    }

    /// Catches up with the table whenever it [`Self::moved`]; runs until it is dropped.
    pub async fn keep_up(&self) {
        loop {
            self.shared.behind.notified().await;
            if let Err(error) = self.catch_up().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the event log could not be read");
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                self.moved();
            }
        }
    }

    async fn catch_up(&self) -> Result<(), Error> {
        if self.shared.batches.receiver_count() == 0 {
            let position = query::position(&self.shared.database).await?;
            let mut told = self.told();
            // Whoever began to listen meanwhile begins before `position`, and is told what is in between.
            if self.shared.batches.receiver_count() == 0 {
                told.position = told.position.max(position);
                told.recent.trim(0);
                return Ok(());
            }
        }
        loop {
            let known = self.told().position;
            let mut page = query::after(&self.shared.database, &EventFilter::default(), known, PAGE).await?;
            let Some(last) = page.last().map(|recorded| recorded.position) else { return Ok(()) };
            let mut told = self.told();
            page.retain(|recorded| recorded.position > told.position);
            told.position = told.position.max(last);
            if !page.is_empty() {
                self.tell(&mut told.recent, Arc::new(page));
            }
        }
    }

    /// What comes from now on, and the position it follows on.
    pub(super) fn listen(&self) -> (i64, broadcast::Receiver<Weak<Vec<Recorded>>>) {
        let told = self.told();
        (told.position, self.shared.batches.subscribe())
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.shared.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
