//! One reader of the log, from a position on and then live.

use std::{collections::VecDeque, sync::Weak};

use tokio::sync::broadcast::{self, error::RecvError};

use super::{
    EventLog,
    floor::floor,
    query::{self, EventFilter},
    reach,
};
use crate::{data::Error, model::event::Recorded};

const PAGE: u64 = 500;

/// Hands out the events that its filter admits, each once, in order.
pub struct Follower {
    log: EventLog,
    filter: EventFilter,
    /// Everything up to here has been handed out or is in `ready`.
    position: i64,
    /// Memory begins after this; before it the table is read.
    live_from: i64,
    live: broadcast::Receiver<Weak<Vec<Recorded>>>,
    ready: VecDeque<Recorded>,
}

impl Follower {
    /// From now on, or everything after `position` first.
    pub fn new(log: &EventLog, filter: EventFilter, position: Option<i64>) -> Self {
        let (now, live) = log.listen();
        Self {
            log: log.clone(),
            filter,
            position: position.unwrap_or(now),
            live_from: now,
            live,
            ready: VecDeque::new(),
        }
    }

    /// The next event; waits for it.
    pub async fn next(&mut self) -> Result<Recorded, Error> {
        loop {
            if let Some(recorded) = self.ready.pop_front() {
                return Ok(recorded);
            }
            if self.position < self.live_from {
                self.read_table().await?;
            } else {
                self.read_memory().await?;
            }
        }
    }

    /// One step on: the events that it saw and that are `wanted`, none perhaps, and the position up to which it has
    /// seen everything.
    pub async fn advance(
        &mut self,
        wanted: impl Fn(&Recorded) -> bool,
    ) -> Result<(Vec<Recorded>, i64), Error> {
        if self.ready.is_empty() {
            if self.position < self.live_from {
                self.read_table().await?;
            } else {
                self.read_memory().await?;
            }
        }
        self.ready.retain(wanted);
        Ok((self.ready.drain(..).collect(), self.position))
    }

    /// The events that are there already or come with the next commit.
    pub async fn next_batch(&mut self) -> Result<Vec<Recorded>, Error> {
        let first = self.next().await?;
        Ok(std::iter::once(first).chain(self.ready.drain(..)).collect())
    }

    async fn read_table(&mut self) -> Result<(), Error> {
        let page = query::after(self.log.database(), &self.filter, self.position, PAGE).await?;
        // Looked at after the page was read: what was gone by then had raised the floor.
        if floor(self.log.database(), &self.filter).await? > self.position {
            return Err(Error::Expired);
        }
        let full = page.len() as u64 == PAGE;
        // A page that is not full has seen everything up to `live_from`, admitted or not.
        self.position = match page.last() {
            Some(last) if full => last.position,
            Some(last) => last.position.max(self.live_from),
            None => self.live_from,
        };
        self.ready.extend(page);
        Ok(())
    }

    async fn read_memory(&mut self) -> Result<(), Error> {
        match self.live.recv().await.map(|batch| batch.upgrade()) {
            Ok(Some(batch)) => {
                let new = batch.iter().filter(|recorded| recorded.position > self.position);
                let mut new: Vec<Recorded> = new.filter(|one| self.filter.admits(one)).cloned().collect();
                if let Some(scope) = &self.filter.scope {
                    new = reach::covered(self.log.database(), scope, new).await?;
                }
                self.ready.extend(new);
                self.position = batch.last().map_or(self.position, |last| last.position.max(self.position));
                Ok(())
            }
            Ok(None) | Err(RecvError::Lagged(_)) => {
                let (now, live) = self.log.listen();
                self.live = live;
                self.live_from = now;
                Ok(())
            }
            Err(RecvError::Closed) => Err(Error::Stopped),
        }
    }
}
