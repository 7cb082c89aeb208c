//! Waiting for what comes next, and taking it in: everything that is there at once becomes one change.

use serde_json::Value;
use tokio::{task::JoinError, time::Instant};

use super::{Reply, Run, attempt::Ended, carry_out, leaving::time_out};
use crate::{
    data,
    model::{
        outcome::{Answer, Outcome},
        task::Command,
        time::Timestamp,
    },
    orchestration::{Error, runs::Message},
};

/// What ended the wait.
pub(super) enum Woken {
    /// An attempt ended.
    Ended(Result<Ended, JoinError>),
    /// Somebody wants something.
    Wish(Message),
    /// A moment has come, the node stops, it is the suspect's turn, or there is what was wished first.
    Look,
}

impl Run {
    pub(super) async fn wait(&mut self) -> Woken {
        if !self.first.is_empty() {
            return Woken::Look;
        }
        let now = self.now();
        let lingers = self.lingers_until().filter(|until| *until > now);
        let next = self.task.next_wake(now).into_iter().chain(lingers).chain(self.next_limit(now)).min();
        let patience = self.patience(now);
        let turn = self.wants_turn(now);
        let engine = self.engine.clone();
        let signals = engine.signals();
        let draining = signals.draining.is_cancelled();
        let _waiting = signals.waiting.one();
        tokio::select! {
            biased;
            Some(message) = self.inbox.recv() => Woken::Wish(message),
            Some(ended) = self.running.join_next() => Woken::Ended(ended),
            permit = engine.suspects().clone().acquire_owned(), if turn => {
                self.permit = permit.ok();
                Woken::Look
            }
            () = engine.clock().sleep_until(next.unwrap_or(Timestamp::NEVER)), if next.is_some() => Woken::Look,
            () = tokio::time::sleep_until(patience.unwrap_or_else(Instant::now)), if patience.is_some() => Woken::Look,
            () = signals.draining.cancelled(), if !draining => Woken::Look,
            () = signals.release.cancelled() => Woken::Look,
        }
    }

    /// Everything that has come by now, as one durable change; then the answers.
    pub(super) async fn take_in(&mut self, woken: Woken) -> Result<(), data::Error> {
        let now = self.now();
        let awake = self.task.awake(now);
        let mut ended = Vec::new();
        let mut wishes = std::mem::take(&mut self.first);
        match woken {
            Woken::Ended(first) => ended.push(first),
            Woken::Wish(first) => wishes.push(first),
            Woken::Look => {}
        }
        while let Some(next) = self.running.try_join_next() {
            ended.push(next);
        }
        while let Ok(next) = self.inbox.try_recv() {
            wishes.push(next);
        }
        let mut replies: Vec<Reply> = Vec::new();
        let overdue = self.task.is_overdue(now);
        let (trace, stuck) = (self.trace.clone(), self.abandon());
        let (engine, max_lost) = (self.engine.clone(), self.engine.settings().max_lost_leases);
        let mut edit = self.task.edit(now);
        if overdue {
            edit.expire();
        }
        for &no in &awake {
            edit.wake(no);
        }
        // An attempt catches every panic; only one that the process aborts on its way out has no answer.
        for ended in ended.into_iter().flatten() {
            if edit.task().step(ended.no).attempts == ended.attempt {
                let answer: Answer = ended.answer;
                edit.settle(ended.no, answer, rand::random_range(-1.0..=1.0));
            }
        }
        let mut unheld = Vec::new();
        for no in stuck {
            time_out(&mut edit, no, rand::random_range(-1.0..=1.0));
        }
        for message in wishes {
            let answered = match (&trace, &message.wish.command) {
                (Some(_), Command::AnswerStep { token, answer, .. }) => {
                    Some((token.no, Answer::from((**answer).clone()).outcome))
                }
                _ => None,
            };
            edit = carry_out(&engine, edit, message, &mut replies);
            let taken = replies.last().is_some_and(|(_, done)| done.is_ok());
            unheld.extend(answered.filter(|_| taken));
        }
        // What was heard of in time counts, although it is looked at only now.
        unheld.extend(edit.expire_leases(max_lost, rand::random_range(-1.0..=1.0)));
        let change = edit.finish();
        let done = self.commit(change).await;
        if done.is_ok() && self.trace.is_some() {
            let slept = awake.into_iter().map(|no| (no, Outcome::Completed { results: Value::Null }));
            for (no, outcome) in slept.chain(unheld) {
                self.engine.trace_unheld(self.trace.as_ref(), &self.task, no, &outcome);
            }
        }
        for (reply, answer) in replies {
            let answer = match (&done, answer) {
                (Ok(()), answer) => answer,
                (Err(data::Error::Fenced | data::Error::Stopped), _) => Err(Error::Stopping),
                (Err(error), _) => Err(Error::Data(data::Error::Refused(error.to_string()))),
            };
            let _ = reply.send(answer);
        }
        done
    }

    /// A suspect task has something to start and must wait for its turn.
    fn wants_turn(&self, now: Timestamp) -> bool {
        self.task.is_suspect()
            && self.permit.is_none()
            && self.running.is_empty()
            && !self.task.startable(now).is_empty()
    }
}
