//! A subscriber's own thread: its events, one at a time, whatever each does to it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{InProcess, complaints::Complaints};
use crate::{
    events::{WorkflowEvent, subscriber},
    metrics::{Metrics, subscribers::Fate},
    model::event::Recorded,
};

pub(super) struct Thread {
    own: InProcess,
    metrics: Metrics,
    complaints: Complaints,
}

impl Thread {
    /// Starts it; what is answered comes when it has ended.
    pub(super) fn start(
        own: InProcess,
        mut batches: mpsc::Receiver<Arc<Vec<Recorded>>>,
        metrics: Metrics,
    ) -> std::io::Result<oneshot::Receiver<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ended, done) = oneshot::channel();
        let complaints = Complaints::of(own.name.clone());
        for fate in Fate::ALL {
            metrics.subscribers().count(&own.name, fate, 0);
        }
        let mut thread = Self { own, metrics, complaints };
        let work = move || {
            runtime.block_on(async {
                while let Some(batch) = batches.recv().await {
                    for recorded in batch.iter() {
                        if thread.own.wants(recorded) {
                            thread.tell(recorded.clone().into()).await;
                        }
                    }
                }
            });
            let _ = ended.send(());
        };
        std::thread::Builder::new().name("subscriber".into()).spawn(work)?;
        Ok(done)
    }

    async fn tell(&mut self, event: WorkflowEvent) {
        let subscriber = &*self.own.subscriber;
        let told = AssertUnwindSafe(async {
            if subscriber.wants(&event) {
                subscriber::tell(subscriber, &event).await.map(Some)
            } else {
                Ok(None)
            }
        });
        let limit = std::panic::catch_unwind(AssertUnwindSafe(|| subscriber.timeout())).unwrap_or_default();
        let fate = match timeout(limit, told.catch_unwind()).await {
            Ok(Ok(Ok(Some(())))) => Fate::Told,
            Ok(Ok(Ok(None))) => return,
            Ok(Ok(Err(error))) => {
                self.complaints.about(&event, &error.to_string());
                Fate::Failed
            }
            Ok(Err(panic)) => {
                self.complaints.about(&event, &format!("panicked: {}", words(&*panic)));
                Fate::Panicked
            }
            Err(_) => {
                self.complaints.about(&event, &format!("took longer than {limit:?}"));
                Fate::TimedOut
            }
        };
        self.metrics.subscribers().count(&self.own.name, fate, 1);
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}
