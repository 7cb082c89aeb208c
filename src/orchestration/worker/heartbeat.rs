//! Heartbeats: leases last on, and a worker hears which of its attempts nobody wants any more.

use std::{collections::HashSet, time::Duration};

use super::Kept;
use crate::{
    auth::Subject,
    data::remote,
    model::{
        id::StepId,
        lease::{Lease, LeaseToken},
        status::Status,
        task::{Command, Refusal},
        time::Timestamp,
    },
    orchestration::{Engine, Error, Wish, runs::Done},
};

/// What became of a lease.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    /// It lasts on.
    pub valid: bool,
    /// The step was cancelled: stop.
    pub cancelled: bool,
    /// When it runs out without another heartbeat; none where it is not valid.
    pub expires_at: Option<Timestamp>,
    /// When the attempt has failed whatever the worker says; none where it is not valid.
    pub deadline_at: Option<Timestamp>,
    step: Option<StepId>,
}

impl Heartbeat {
    fn of(lease: &Lease, step: Option<StepId>) -> Self {
        let (expires_at, deadline_at) = (Some(lease.expires_at), Some(lease.deadline_at));
        Self { valid: true, cancelled: false, expires_at, deadline_at, step }
    }

    fn over(status: Option<Status>) -> Self {
        Self { cancelled: status == Some(Status::Cancelled), ..Self::default() }
    }
}

impl Engine {
    /// Keeps these leases, and answers for each in its place. With `wait` it answers when one of them is over, or when
    /// that time is.
    pub async fn heartbeat_steps(
        &self,
        subject: &Subject,
        tokens: &[Option<LeaseToken>],
        lasts: Duration,
        wait: Duration,
    ) -> Result<Vec<Heartbeat>, Error> {
        self.hear_news();
        let until = self.clock().now().plus(wait);
        let watch = self.workers().polls.watch(tokens.iter().flatten().map(|token| token.task));
        let mut beats = self.keep_all(subject, tokens, lasts).await?;
        while beats.iter().all(|beat| beat.valid) && self.clock().now() < until {
            let heard = tokio::select! {
                heard = watch.heard() => heard,
                () = self.clock().sleep_until(until) => break,
                () = self.stopping().cancelled() => break,
            };
            let concerns =
                |step: Option<StepId>| heard.is_empty() || step.is_none_or(|step| heard.contains(&step));
            if beats.iter().any(|beat| concerns(beat.step)) {
                beats = self.keep_all(subject, tokens, lasts).await?;
            }
        }
        Ok(beats)
    }

    async fn keep_all(
        &self,
        subject: &Subject,
        tokens: &[Option<LeaseToken>],
        lasts: Duration,
    ) -> Result<Vec<Heartbeat>, Error> {
        let holder = subject.name().cloned();
        let wishes = tokens.iter().flatten().map(|&token| {
            let command = Command::KeepLease { token, holder: holder.clone(), lasts };
            (token.task, Wish::of(command, subject))
        });
        let done = self.carry_out_all(wishes.collect()).await;
        let mut beats = vec![Heartbeat::default(); tokens.len()];
        let mut elsewhere = HashSet::new();
        let known = tokens.iter().enumerate().filter(|(_, token)| token.is_some());
        for ((place, _), done) in known.zip(done) {
            beats[place] = match done {
                Ok(Done::Kept(Kept { step, lease })) => Heartbeat::of(&lease, Some(step)),
                Ok(Done::Carried | Done::Leased(_)) => {
                    elsewhere.insert(place);
                    Heartbeat::default()
                }
                Err(Error::Refused { refusal: Refusal::Lease(status), .. }) => Heartbeat::over(status),
                Err(Error::Refused { .. } | Error::UnknownTask(_) | Error::UnknownStep(_)) => {
                    Heartbeat::default()
                }
                Err(error) => return Err(error),
            };
        }
        // What another node keeps is read.
        let asked = || elsewhere.iter().filter_map(|&place| tokens[place].map(|token| (place, token)));
        let held = remote::leases(self.database(), asked().map(|(_, token)| token.task.0)).await?;
        for (place, token) in asked() {
            let lease = held.get(&token.task.0).into_iter().flatten().find(|lease| lease.token == token);
            beats[place] = lease.map_or_else(Heartbeat::default, |lease| Heartbeat::of(lease, None));
        }
        Ok(beats)
    }
}
