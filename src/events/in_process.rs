//! Subscribers in this process: each is told what this node has committed, on a thread of its own.
//!
//! A thread, so that one that blocks or computes holds up nobody else, and a queue that is bounded, so that one that
//! does not keep up costs no memory. Reading the log is not its thread's: a connection that a blocked thread drives
//! would be missed by others.

mod complaints;
mod thread;

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use self::thread::Thread;
use super::{EventSubscriber, Heard, Listener, Local};
use crate::{
    data::log::{EventLog, OwnEvents, OwnEventsEnd},
    metrics::{
        Metrics,
        subscribers::{BySubscriber, Fate, Name},
    },
    model::{
        event::{Event, Recorded},
        event_pattern::{EventPattern, EventPatterns, NoPattern},
    },
};

/// Before a table that can't be read is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// How often the lag is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Somebody to tell, and what of.
#[derive(Clone)]
pub(super) struct InProcess {
    pub(super) subscriber: Arc<dyn EventSubscriber>,
    pub(super) name: Arc<str>,
    pub(super) patterns: EventPatterns,
    /// Only events of these; of all where it is empty.
    pub(super) namespaces: Vec<String>,
}

/// One that is being told.
pub(super) struct Running {
    name: Arc<str>,
    end: OwnEventsEnd,
    feeding: JoinHandle<()>,
}

impl InProcess {
    /// An application's; its patterns are checked.
    pub(super) fn new(subscriber: Arc<dyn EventSubscriber>) -> Result<Self, (String, NoPattern)> {
        let patterns = subscriber.subscribe_to();
        let parse = |text: &String| text.parse::<EventPattern>().map_err(|error| (text.clone(), error));
        let patterns = patterns.as_slice().iter().map(parse).collect::<Result<_, _>>()?;
        let name = subscriber.name().into();
        Ok(Self { subscriber, name, patterns: EventPatterns::new(patterns), namespaces: Vec::new() })
    }

    /// Begins to tell it.
    pub(super) fn start(self, log: &EventLog, local: &Local, metrics: &Metrics) -> std::io::Result<Running> {
        let own = log.own();
        let passing = self.patterns.name_passing().then(|| local.listen());
        let (end, name) = (own.end(), self.name.clone());
        // One batch is being told, one waits; what is more stays in the queue, which is bounded.
        let (batches, taken) = mpsc::channel(1);
        let done = Thread::start(self, taken, metrics.clone())?;
        let feed = Feed { own, batches, name: name.clone(), metrics: metrics.clone() };
        let feeding = tokio::spawn(async move {
            tokio::select! {
                () = feed.run() => {}
                () = feed.pass_on(passing) => {}
            }
            drop(feed);
            // Gone when the last batch was told.
            let _ = done.await;
        });
        Ok(Running { name, end, feeding })
    }

    fn wants(&self, recorded: &Recorded) -> bool {
        let namespace = &*recorded.event.task.namespace;
        self.patterns.admit(&recorded.event.name)
            && (self.namespaces.is_empty() || self.namespaces.iter().any(|own| own == namespace))
    }
}

impl Running {
    /// Nothing more will be committed: what waits is told, for so long.
    pub(super) async fn stop(mut self, patience: Duration) {
        self.end.end();
        if timeout(patience, &mut self.feeding).await.is_err() {
            let waiting = self.end.waiting();
            tracing::warn!(subscriber = &*self.name, waiting, "a subscriber did not get to its last events");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end.end();
        self.feeding.abort();
    }
}

/// Hands batches to the thread as fast as it takes them.
struct Feed {
    own: OwnEvents,
    batches: mpsc::Sender<Arc<Vec<Recorded>>>,
    name: Arc<str>,
    metrics: Metrics,
}

impl Feed {
    async fn run(&self) {
        let mut look = tokio::time::interval(LOOK);
        let feed = async {
            loop {
                match self.own.next_batch().await {
                    Ok(None) => return,
                    Ok(Some(batch)) => {
                        if self.batches.send(batch).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        self.complain(&error);
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        };
        tokio::pin!(feed);
        loop {
            tokio::select! {
                () = &mut feed => return self.look(),
                _ = look.tick() => self.look(),
            }
        }
    }

    /// What is told in this process alone, as long as anybody is left to tell it. Ends never.
    async fn pass_on(&self, passing: Option<Listener>) {
        if let Some(mut passing) = passing {
            while let Some(heard) = passing.next().await {
                match heard {
                    Heard::Event(event) => {
                        let told = Recorded { position: 0, event: Event::clone(&event) };
                        let _ = self.batches.send(Arc::new(vec![told])).await;
                    }
                    Heard::Missed(missed) => {
                        self.metrics.subscribers().count(&self.name, Fate::Dropped, missed)
                    }
                }
            }
        }
        std::future::pending().await
    }

    fn complain(&self, error: &(dyn std::error::Error + 'static)) {
        tracing::warn!(subscriber = &*self.name, error, "the log can't be read for a subscriber");
    }

    fn look(&self) {
        let by = BySubscriber { subscriber: Name(self.name.clone()) };
        let waiting = i64::try_from(self.own.waiting()).unwrap_or(i64::MAX);
        self.metrics.subscribers().lag_events.get_or_create(&by).set(waiting);
        let lost = self.own.lost();
        if lost > 0 {
            self.metrics.subscribers().count(&self.name, Fate::Dropped, lost);
            tracing::error!(
                subscriber = &*self.name,
                lost,
                "a subscriber is so far behind that events were forgotten"
            );
        }
    }
}
