//! The run of one task: its owner holds it in memory, asks the model what is ready, starts the handlers, and
//! waits for an outcome, a wish or a moment. What follows is written before anything depends on it.

mod attempt;
mod leaving;
mod start;
mod wait;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::{
    attempt::Ended,
    leaving::{Leaving, Working},
    wait::Woken,
};
use super::{
    Engine, Error,
    capacity::Room,
    command::refused,
    handler::Board,
    runs::{Done, Message, Registered, Unrecovered},
    traced::interrupted,
    worker::{Claimed, Kept},
};
use crate::{
    data,
    model::{
        change::Change,
        id::StepNo,
        outcome::{Outcome, ReleaseReason},
        status::Status,
        task::{Command, Edit, Task},
        time::Timestamp,
        trace::TraceContext,
    },
};

/// How long a handler that was told to stop may go on.
const FAREWELL: Duration = Duration::from_secs(30);

/// A task in memory, with what is at work for it.
pub(super) struct Run {
    engine: Engine,
    task: Task,
    board: Arc<Board>,
    running: JoinSet<Ended>,
    /// What runs here, by step.
    working: HashMap<StepNo, Working>,
    /// Handlers that were told to stop.
    leaving: Vec<Leaving>,
    inbox: mpsc::Receiver<Message>,
    /// Held by a suspect task while one of its steps runs.
    permit: Option<OwnedSemaphorePermit>,
    /// Wishes that are heard before the inbox.
    first: Vec<Message>,
    /// Until what was interrupted is given back.
    unrecovered: Option<Unrecovered>,
    fence: CancellationToken,
    /// The task's span; none while there are no traces.
    trace: Option<TraceContext>,
    /// When it left the rest in `error` that its span ended with.
    resumed: Option<Timestamp>,
    /// The task's row names this node as its owner.
    held: bool,
    room: Room,
    place: Registered,
}

/// What a run begins with.
pub(super) struct Start {
    pub(super) room: Room,
    /// Wishes it was taken up for, or that waited for whoever would take it up.
    pub(super) first: Vec<Message>,
    /// Where the task may have been interrupted.
    pub(super) unrecovered: Option<Unrecovered>,
}

impl Start {
    pub(super) const fn new(room: Room) -> Self {
        Self { room, first: Vec::new(), unrecovered: None }
    }
}

/// Why a run is over.
enum Over {
    /// It has let go of its task: at rest, parked or given back.
    Left,
    /// It may not write any more, or the row is not what it holds.
    Lost(data::Error),
}

type Reply = (oneshot::Sender<Result<Done, Error>>, Result<Done, Error>);

impl Engine {
    /// Runs an owned task until it rests, parks, or the node stops.
    pub(super) fn start_run(&self, task: Task, start: Start) {
        let Start { room, first, unrecovered } = start;
        let Some((place, inbox)) = self.runs().register(task.id()) else { return };
        let trace = self.tracer().task(task.id(), task.trace.as_ref());
        let trace_id = trace.as_ref().or(task.trace.as_ref()).map(TraceContext::trace_id);
        let span = tracing::info_span!("task", task = %task.id(), name = %task.about.name, request_id = task.request_id.as_deref(), trace_id);
        let run = Run {
            engine: self.clone(),
            board: Board::of(&task),
            running: JoinSet::new(),
            working: HashMap::new(),
            leaving: Vec::new(),
            permit: None,
            first,
            unrecovered,
            fence: self.fence(),
            trace,
            resumed: None,
            held: true,
            room,
            place,
            inbox,
            task,
        };
        self.count_tasks();
        let id = run.task.id();
        let engine = self.clone();
        let live = AssertUnwindSafe(run.live().instrument(span)).catch_unwind();
        self.work().spawn(async move {
            if live.await.is_err() {
                tracing::error!(task = %id, "the run of a task panicked; the task is tried again in five minutes");
                engine.put_aside(id).await;
            }
        });
    }

    fn count_tasks(&self) {
        self.metrics().tasks_in_memory.set(i64::try_from(self.tasks_in_memory()).unwrap_or(i64::MAX));
    }
}

impl Run {
    async fn live(mut self) {
        let fence = self.fence.clone();
        let over = match fence.run_until_cancelled(self.until_over()).await {
            Some(over) => over,
            None => Over::Lost(data::Error::Fenced),
        };
        let working: Vec<StepNo> = self.working.keys().copied().collect();
        working.into_iter().for_each(|no| self.let_leave(no));
        match over {
            Over::Left => self.see_off().await,
            Over::Lost(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the run is given up");
                self.give_up(error).await;
            }
        }
    }

    /// The task has left. Handlers of cancelled steps have been told; they may end in their own time, though not
    /// for ever, and nobody listens to their answers. Until then they take up room.
    async fn see_off(self) {
        let Self { engine, mut running, leaving, fence, room, place, inbox, first, .. } = self;
        drop((first, inbox, place));
        let waiting = engine.signals().waiting.one();
        let patience = engine.clock().now().plus(FAREWELL);
        let ended = async { while running.join_next().await.is_some() {} };
        let left = tokio::select! {
            biased;
            () = ended => 0,
            () = engine.signals().release.cancelled() => 0,
            () = fence.cancelled() => 0,
            () = engine.clock().sleep_until(patience) => leaving.len(),
        };
        leaving.iter().take(left).for_each(|leaving| leaving.end(&engine));
        drop((waiting, running, room));
        engine.count_tasks();
        engine.wakes().room();
    }

    async fn until_over(&mut self) -> Over {
        match self.lives().await {
            Ok(()) => Over::Left,
            Err(error) => Over::Lost(error),
        }
    }

    async fn lives(&mut self) -> Result<(), data::Error> {
        self.recover().await?;
        self.unrecovered = None;
        // Nobody who wants it cancelled wants a handler to be called first. What a worker asks for comes to be by the
        // start.
        if self.held && self.first.iter().any(|message| !message.wish.command.is_of_worker()) {
            self.take_in(Woken::Look).await?;
        }
        loop {
            self.start_ready().await?;
            if self.running.is_empty() {
                // A suspect that only sleeps or waits for a worker keeps nobody else from running.
                self.permit = None;
            }
            let now = self.now();
            if !self.held || self.leaves(now).await? {
                return Ok(());
            }
            let woken = self.wait().await;
            self.take_in(woken).await?;
        }
    }

    /// What was running when the task was last owned is given back, or stopped for good; what waited for a worker
    /// and is known to this program runs here.
    async fn recover(&mut self) -> Result<(), data::Error> {
        let limit = self.engine.settings().max_recoveries;
        let now = self.now();
        let known = self.engine.known_here(&self.task);
        let interrupted = self.trace.as_ref().map_or_else(Vec::new, |_| interrupted(&self.task));
        let mut edit = self.task.edit(now);
        edit.recover(limit);
        known.into_iter().for_each(|no| edit.withdraw(no));
        let change = edit.finish();
        self.commit(change).await?;
        for no in interrupted {
            let outcome = Outcome::Released(ReleaseReason::NodeLost);
            self.engine.trace_unheld(self.trace.as_ref(), &self.task, no, &outcome);
        }
        Ok(())
    }

    /// Its row says so, and nobody owns it any more.
    fn is_at_rest(&self) -> bool {
        self.task.status.rests()
    }

    /// Lets go of a task with nothing to do for a while, and of any task when the node stops.
    async fn leaves(&mut self, now: Timestamp) -> Result<bool, data::Error> {
        // It may have been taken up for a wish.
        if !self.first.is_empty() || !self.inbox.is_empty() {
            return Ok(false);
        }
        if self.is_at_rest() {
            return self.puts_back(now).await;
        }
        let signals = self.engine.signals();
        let stopping = signals.draining.is_cancelled();
        if !self.running.is_empty() && !signals.release.is_cancelled() {
            return Ok(false);
        }
        let next = self.task.next_wake(now);
        let idle = self.task.startable(now).is_empty() && self.task.awake(now).is_empty();
        if !(stopping || idle && self.is_long(next, now)) {
            return Ok(false);
        }
        // Wishes that came meanwhile find the task in the database.
        self.inbox.close();
        let mut edit = self.task.edit(now);
        edit.shut_down();
        // Looked at again: what was just given back may start at once.
        let task = edit.task();
        let idle = task.startable(now).is_empty() && task.awake(now).is_empty();
        let wake_at = match (idle, task.next_wake(now)) {
            (false, _) => None,
            (true, Some(at)) => Some(at),
            (true, None) => Some(Timestamp::NEVER),
        };
        edit.park(wake_at);
        let change = edit.finish();
        self.commit(change).await?;
        self.engine.tell_parked(&self.task, wake_at);
        self.engine.wakes().note(wake_at);
        self.engine.wakes().ring();
        Ok(true)
    }

    /// A task at rest was taken up for a wish. When that is answered and changed nothing, it is nobody's again.
    async fn puts_back(&mut self, now: Timestamp) -> Result<bool, data::Error> {
        self.inbox.close();
        let mut edit = self.task.edit(now);
        edit.park(None);
        let change = edit.finish();
        self.commit(change).await?;
        Ok(true)
    }

    /// Longer than is worth the memory; less when memory is tight. What a worker may ask for, or keep, in a moment is
    /// nearer in memory.
    fn is_long(&self, next: Option<Timestamp>, now: Timestamp) -> bool {
        next.is_none_or(|at| at.since(now) > self.worth())
            && self.lingers_until().is_none_or(|until| until <= now)
    }

    /// Until when it stays for the sake of workers.
    fn lingers_until(&self) -> Option<Timestamp> {
        let capacity = self.engine.capacity();
        let crowded = capacity.is_tight() && self.engine.wakes().has_backlog() || capacity.free() == 0;
        let lingers = !crowded && self.running.is_empty() && self.engine.attends(&self.task);
        lingers.then(|| self.task.updated_at.plus(self.engine.settings().park_after))
    }

    fn worth(&self) -> Duration {
        if self.engine.capacity().is_tight() && self.engine.wakes().has_backlog() {
            Duration::from_secs(1)
        } else {
            self.engine.settings().park_after
        }
    }

    /// Writes a change and waits until it is durable.
    async fn commit(&mut self, change: Option<Change>) -> Result<(), data::Error> {
        let Some(change) = change else { return Ok(()) };
        let (from, now) = (change.from, self.now());
        let settled = change.row.as_ref().filter(|row| row.status != change.from).map(|row| row.status);
        let steps: Vec<StepNo> = change.steps.iter().map(|row| row.no).collect();
        let released = change.row.as_ref().is_some_and(|row| row.released);
        let retries = self.engine.retries(&change);
        let span = self.engine.trace_commit(self.trace.as_ref());
        self.engine.journal().commit(change).await?;
        if let Some(span) = span {
            span.end(self.now());
        }
        self.engine.tell_backoffs(retries);
        self.held = !released;
        if from == Status::Error && settled.is_some() {
            self.resumed = Some(now);
        }
        for no in steps {
            self.board.show(&self.task, no);
            if self.task.step(no).status != Status::InProgress {
                self.let_leave(no);
            }
        }
        if settled.is_some() && self.is_at_rest() {
            self.engine.trace_rest(self.trace.as_ref(), &self.task, self.resumed);
            self.engine.tell_finalized(&self.task);
        }
        Ok(())
    }

    /// The row is not what this run holds, or its values were refused: once more from the row, if it is ours.
    async fn give_up(self, error: data::Error) {
        let (engine, id) = (self.engine.clone(), self.task.id());
        let refused = matches!(error, data::Error::Refused(_)).then(|| error.to_string());
        let fenced = matches!(error, data::Error::Fenced | data::Error::Stopped);
        drop(self);
        if !fenced {
            engine.reload(id, refused).await;
        }
    }

    fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }
}

/// Carries out one wish within `edit`.
fn carry_out<'t>(engine: &Engine, edit: Edit<'t>, message: Message, replies: &mut Vec<Reply>) -> Edit<'t> {
    let Message { wish, reply } = message;
    if matches!(wish.command, Command::LeaseStep { .. }) && reply.is_closed() {
        // Nobody would know of the lease.
        return edit;
    }
    let verb = wish.command.verb();
    let mut edit = edit.by(wish.actor);
    let task = edit.task().id();
    let leaves: Option<(StepNo, bool)> = match &wish.command {
        Command::LeaseStep { token, .. } => Some((token.no, true)),
        Command::KeepLease { token, .. } => Some((token.no, false)),
        Command::AnswerStep { .. }
        | Command::CancelTask
        | Command::RetryTask { .. }
        | Command::ResolveTask
        | Command::UpdateTask { .. }
        | Command::CancelStep { .. }
        | Command::RetryStep { .. }
        | Command::ResolveStep { .. }
        | Command::UpdateStep { .. } => None,
    };
    let spread = rand::random_range(-1.0..=1.0);
    let done = edit.command(wish.command, wish.reason.as_deref(), spread);
    let done = done.map_err(|refusal| refused(task, verb, refusal)).map(|()| {
        let leased = |no| Claimed::of(engine, edit.task(), no).map(|leased| Done::Leased(Box::new(leased)));
        let left = match leaves {
            Some((no, true)) => leased(no),
            Some((no, false)) => Kept::of(edit.task(), no).map(Done::Kept),
            None => None,
        };
        left.unwrap_or(Done::Carried)
    });
    if done.is_ok() {
        wish.act.into_iter().for_each(|act| edit.record(Arc::unwrap_or_clone(act)));
        wish.left.into_iter().for_each(|command| edit.settles(command));
    }
    replies.push((reply, done));
    edit.by(None)
}
