//! The loop: take from the log, send, note what came of it, write down where that is.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Post, Webhook,
    lines::{Failure, Job, Lines, Replayed},
    post::Refused,
};
use crate::{
    data::{
        Error,
        log::{self, EventFilter, Follower},
        subscribers::{self, GivenUp, Lease, Place},
    },
    events::WorkflowEvent,
    metrics::subscribers::{BySubscriber, Fate, Name},
    model::{id::TaskId, time::Timestamp},
};

/// How often the place is written while it moves.
const SAVE: Duration = Duration::from_millis(500);

/// What was taken from the log when the node stops may take so long to arrive.
const LAST: Duration = Duration::from_secs(2);

/// Events of a parked task that are sent in one go.
const REPLAY: u64 = 100;

/// Why it ended.
#[derive(Debug)]
pub(super) enum End {
    /// The node stops; everything is written.
    Stopped,
    /// Another node delivers.
    Lost,
    /// The database does not do what it should.
    Failed(Error),
}

pub(super) struct Delivery {
    webhook: Arc<Webhook>,
    post: Arc<Post>,
    lease: Lease,
    lines: Lines,
    tries: JoinSet<Tried>,
    renewed: Instant,
}

/// What came of a job.
enum Tried {
    Sent(WorkflowEvent, Result<(), Refused>),
    Replayed(Replayed, Vec<Fate>),
    /// The log could not be read.
    Unread(TaskId, i64, Error),
}

impl Delivery {
    /// The lease was asked for at `began`.
    pub(super) fn new(
        webhook: Arc<Webhook>,
        post: Arc<Post>,
        lease: Lease,
        place: Place,
        began: Instant,
    ) -> Self {
        let lines = Lines::new(webhook.settings.clone(), place, Instant::now());
        for fate in Fate::ALL {
            webhook.metrics.subscribers().count(&webhook.name, fate, 0);
        }
        Self { webhook, post, lease, lines, tries: JoinSet::new(), renewed: began }
    }

    /// Delivers until it is told to stop, or must. Dropping it ends what is on its way.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> End {
        let (read, mut log) = mpsc::channel(2);
        let reader = tokio::spawn(read_log(self.webhook.clone(), self.lines.position(), read));
        let end = self.deliver(&mut log, stop).await;
        reader.abort();
        self.forget_gauges();
        end
    }

    async fn deliver(
        &mut self,
        log: &mut mpsc::Receiver<Result<(Vec<WorkflowEvent>, i64), Error>>,
        stop: &CancellationToken,
    ) -> End {
        let mut look = interval(SAVE.min(self.lease.ttl / 4));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = Instant::now();
            while let Some(job) = self.lines.next(now) {
                self.start(job);
            }
            let due = self.lines.next_due(now).unwrap_or(now + self.lease.ttl);
            tokio::select! {
                () = stop.cancelled() => return self.sign_off().await,
                Some(tried) = self.tries.join_next(), if !self.tries.is_empty() => {
                    // A try does not panic; if it did, the place is not moved past it.
                    let Ok(tried) = tried else { return End::Failed(Error::Corrupt("a delivery panicked".into())) };
                    if let Some(error) = self.take(tried) {
                        return End::Failed(error);
                    }
                }
                read = log.recv(), if self.lines.has_room() => match read {
                    Some(Ok((events, read))) => self.lines.accept(events, read),
                    Some(Err(error)) => return End::Failed(error),
                    None => return End::Failed(Error::Stopped),
                },
                () = sleep_until(due), if self.tries.is_empty() || due > now => {}
                _ = look.tick() => {
                    if let Some(end) = self.save().await {
                        return end;
                    }
                }
            }
        }
    }

    fn start(&mut self, job: Job) {
        let post = self.post.clone();
        match job {
            Job::Send(event) => {
                self.tries.spawn(async move {
                    let answer = post.send(&event).await;
                    Tried::Sent(event, answer)
                });
            }
            Job::Replay(task, first, last) => {
                self.tries.spawn(replay(self.webhook.clone(), post, task, first, last));
            }
        }
    }

    /// Notes what came of a try; an error is the database's.
    fn take(&mut self, tried: Tried) -> Option<Error> {
        let now = Instant::now();
        match tried {
            Tried::Sent(event, Ok(())) => {
                self.count(Fate::Told);
                self.lines.delivered(&event);
            }
            Tried::Sent(event, Err(refused)) => {
                self.count(fate(&refused));
                let (why, failure) = (refused.why.clone(), refused.into());
                if self.lines.failed(&event, &failure, now) {
                    let (webhook, task_id) = (&*self.webhook.name, event.task_id());
                    tracing::warn!(subscriber = webhook, %task_id, event = event.name(), why, "deliveries of a task are parked");
                }
            }
            Tried::Replayed(replayed, fates) => {
                fates.into_iter().for_each(|fate| self.count(fate));
                if let Some(given_up) = self.lines.replayed(replayed, now) {
                    self.gave_up(&given_up);
                }
            }
            Tried::Unread(task, next, error) => {
                let replayed = Replayed { task, next, any: false, failed: None };
                self.lines.replayed(replayed, now);
                return Some(error);
            }
        }
        None
    }

    fn gave_up(&self, given_up: &GivenUp) {
        self.count(Fate::Dropped);
        let GivenUp { position, task, event, failures, error } = given_up;
        tracing::error!(
            subscriber = &*self.webhook.name, position, task_id = %task, event, failures, error,
            "a delivery was given up"
        );
    }

    /// Writes the place where it has moved, and renews the lease.
    async fn save(&mut self) -> Option<End> {
        self.show();
        let ttl = self.lease.ttl;
        if !self.lines.has_moved() && self.renewed.elapsed() < ttl / 3 {
            return None;
        }
        let began = Instant::now();
        let database = self.webhook.log.database();
        let saving = subscribers::save(database, &self.lease, self.lines.progress());
        match timeout(ttl / 3, saving).await {
            Ok(Ok(true)) => {
                self.renewed = began;
                self.lines.saved();
                None
            }
            Ok(Ok(false)) => Some(End::Lost),
            // Before anybody else may believe that nobody delivers.
            _ if self.renewed.elapsed() > ttl * 2 / 3 => Some(End::Lost),
            Ok(Err(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    subscriber = &*self.webhook.name,
                    error,
                    "where a webhook is could not be written"
                );
                None
            }
            Err(_) => None,
        }
    }

    /// What was taken from the log is delivered as far as that goes at once; the rest is sent by the next one.
    async fn sign_off(&mut self) -> End {
        let finish = async {
            loop {
                while let Some(job) = self.lines.next(Instant::now()) {
                    self.start(job);
                }
                match self.tries.join_next().await {
                    Some(Ok(tried)) => drop(self.take(tried)),
                    Some(Err(_)) | None => return,
                }
            }
        };
        let _ = timeout(LAST, finish).await;
        self.tries.abort_all();
        let database = self.webhook.log.database();
        let progress = self.lines.progress();
        let saved = match subscribers::save(database, &self.lease, progress).await {
            Ok(true) => subscribers::release(database, &self.lease).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        saved.map_or_else(End::Failed, |()| End::Stopped)
    }

    fn count(&self, fate: Fate) {
        self.webhook.metrics.subscribers().count(&self.webhook.name, fate, 1);
    }

    fn show(&self) {
        let own = self.webhook.metrics.subscribers();
        let by = BySubscriber { subscriber: Name(self.webhook.name.clone()) };
        let behind = (self.webhook.log.position() - self.lines.position()).max(0);
        own.lag_events.get_or_create(&by).set(behind);
        let age = self.lines.oldest().map_or(0.0, |oldest| now().since(oldest).as_secs_f64());
        own.lag_seconds.get_or_create(&by).set(age);
        own.parked_tasks.get_or_create(&by).set(i64::try_from(self.lines.parked()).unwrap_or(i64::MAX));
    }

    /// Another node's are right now.
    fn forget_gauges(&self) {
        let own = self.webhook.metrics.subscribers();
        let by = BySubscriber { subscriber: Name(self.webhook.name.clone()) };
        own.lag_events.remove(&by);
        own.lag_seconds.remove(&by);
        own.parked_tasks.remove(&by);
    }
}

/// Reads the log ahead, as far as there is room.
async fn read_log(
    webhook: Arc<Webhook>,
    position: i64,
    read: mpsc::Sender<Result<(Vec<WorkflowEvent>, i64), Error>>,
) {
    let mut follower = Follower::new(&webhook.log, EventFilter::default(), Some(position));
    let mut position = position;
    loop {
        let step = follower.advance(|recorded| webhook.wants(recorded)).await;
        let step = match step {
            Ok((_, reached)) if reached == position => continue,
            Ok((events, reached)) => {
                position = reached;
                Ok((events.into_iter().map(WorkflowEvent::from).collect(), reached))
            }
            Err(error) => Err(error),
        };
        let failed = step.is_err();
        if read.send(step).await.is_err() || failed {
            return;
        }
    }
}

/// Sends a parked task's events, in order, until one is not taken.
async fn replay(webhook: Arc<Webhook>, post: Arc<Post>, task: TaskId, first: i64, last: i64) -> Tried {
    let page = log::of_task_between(webhook.log.database(), task, first, last, REPLAY).await;
    let page = match page {
        Ok(page) => page,
        Err(error) => return Tried::Unread(task, first, error),
    };
    let full = page.len() as u64 == REPLAY;
    let end = page.last().filter(|_| full).map_or(last, |last| last.position);
    let mut fates = Vec::new();
    for recorded in page.into_iter().filter(|recorded| webhook.wants(recorded)) {
        let event = WorkflowEvent::from(recorded);
        if let Err(refused) = post.send(&event).await {
            let any = !fates.is_empty();
            fates.push(fate(&refused));
            let (next, failed) = (event.position(), Some((event, refused.into())));
            return Tried::Replayed(Replayed { task, next, any, failed }, fates);
        }
        fates.push(Fate::Told);
    }
    Tried::Replayed(Replayed { task, next: end + 1, any: !fates.is_empty(), failed: None }, fates)
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let Refused { why, retry_after, too_many, timed_out: _ } = refused;
        Self { why, retry_after, everything: too_many }
    }
}

fn fate(refused: &Refused) -> Fate {
    if refused.timed_out { Fate::TimedOut } else { Fate::Failed }
}

fn now() -> Timestamp {
    chrono::Utc::now().into()
}
