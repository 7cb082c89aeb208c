//! Claiming: what waits is leased to the worker that asks, or to the one that waits for it.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{
    Claimed,
    turns::{AHEAD, Key, Wants},
};
use crate::{
    auth::Subject,
    data::{
        self, load,
        remote::{self, Open, Waiting},
    },
    model::{id::TaskId, lease::LeaseToken, scope::Scope, task::Command},
    orchestration::{Engine, Error, Wish, runs::Done},
};

/// Refused offers are looked for again so often: somebody else was quicker.
const ROUNDS: usize = 5;

/// When it looks again after that.
const AGAIN: Duration = Duration::from_millis(10);

/// What a worker asks for.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// What it calls itself; for people.
    pub worker: Arc<str>,
    /// Handlers that it has.
    pub classes: Vec<String>,
    /// In these namespaces alone; none means wherever it may.
    pub namespaces: Option<Vec<String>>,
    /// Where it may.
    pub scope: Scope,
    /// At most so many attempts.
    pub limit: usize,
    /// How long a lease lasts without a heartbeat.
    pub lasts: Duration,
    /// How long to wait for something; zero: not at all.
    pub wait: Duration,
}

impl ClaimRequest {
    /// Something of this namespace may be what is asked for.
    fn may_want(&self, namespace: &str) -> bool {
        let named = self.namespaces.as_ref().is_none_or(|names| names.iter().any(|name| name == namespace));
        named && (self.scope.namespaces.contains(namespace) || self.scope.own.contains(namespace))
    }
}

/// Attempts that are on their way to a worker; no more when it is dropped.
struct OnTheirWay<'e> {
    engine: &'e Engine,
    keys: Vec<Key>,
}

impl Drop for OnTheirWay<'_> {
    fn drop(&mut self) {
        let (engine, keys) = (self.engine.clone(), std::mem::take(&mut self.keys));
        match engine.workers().turns.try_lock() {
            Ok(mut turns) => return turns.done(keys),
            Err(_) if keys.is_empty() => return,
            Err(_) => {}
        }
        let later = engine.clone();
        tokio::spawn(async move { later.workers().turns.lock().await.done(keys) });
    }
}

/// What came of one claim.
struct Got {
    claimed: Vec<Claimed>,
    /// Somebody else was quicker, again and again: there may be more.
    outrun: bool,
}

impl Engine {
    /// Leases what waits for one of these handlers, the most urgent first, by turns among templates. Where nothing waits
    /// it waits for it, and answers with nothing when the time is over or the node stops.
    pub async fn claim_steps(
        &self,
        subject: &Subject,
        request: &ClaimRequest,
    ) -> Result<Vec<Claimed>, Error> {
        self.hear_news();
        let until = self.clock().now().plus(request.wait);
        let wants = request.clone();
        let poll = self.workers().polls.wait(&request.classes, move |namespace| wants.may_want(namespace));
        let _waiting = Waits::begin(self);
        loop {
            if self.stopping().is_cancelled() {
                return Ok(Vec::new());
            }
            let look = poll.looks();
            let Got { claimed, outrun } = self.claim_now(subject, request).await?;
            look.done();
            if !claimed.is_empty() {
                self.metrics().worker_claims.inc_by(claimed.len() as u64);
                if claimed.len() == request.limit {
                    // There may be more, and whoever was told of it was told once.
                    request.classes.iter().for_each(|class| self.workers().polls.tell_one(class, None));
                }
                return Ok(claimed);
            }
            if self.clock().now() >= until {
                return Ok(claimed);
            }
            tokio::select! {
                () = poll.told() => {}
                () = tokio::time::sleep(AGAIN), if outrun => {}
                () = self.clock().sleep_until(until) => {}
                () = self.stopping().cancelled() => {}
            }
        }
    }

    async fn claim_now(&self, subject: &Subject, request: &ClaimRequest) -> Result<Got, Error> {
        let mut claimed = Vec::new();
        let mut on_their_way = OnTheirWay { engine: self, keys: Vec::new() };
        for _ in 0..ROUNDS {
            let chosen = self.choose(request, request.limit - claimed.len(), &mut on_their_way).await?;
            if chosen.is_empty() {
                return Ok(Got { claimed, outrun: false });
            }
            let all = chosen.len();
            match self.lease_all(subject, request, chosen).await {
                Ok(leased) => {
                    let enough = leased.len() == all;
                    claimed.extend(leased);
                    if enough || claimed.len() >= request.limit {
                        return Ok(Got { claimed, outrun: false });
                    }
                }
                // What is leased already is not to be lost for what is not.
                Err(_) if !claimed.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Got { outrun: claimed.is_empty(), claimed })
    }

    /// What this worker gets, which nobody else on this node is given meanwhile.
    async fn choose(
        &self,
        request: &ClaimRequest,
        limit: usize,
        on_their_way: &mut OnTheirWay<'_>,
    ) -> Result<Vec<Open>, Error> {
        let wants = Wants {
            classes: request.classes.clone(),
            namespaces: request.namespaces.clone(),
            scope: request.scope.clone(),
        };
        let mut turns = self.workers().turns.lock().await;
        let mut chosen = turns.take_ahead(&wants, limit);
        on_their_way.keys.extend(chosen.iter().map(|open| (open.task, open.no)));
        if chosen.len() == limit {
            return Ok(chosen);
        }
        let database = self.database();
        let waiting = remote::waiting(database, &request.classes).await?;
        let wanted: Vec<(Waiting, Option<Arc<str>>)> = waiting
            .into_iter()
            .filter(|waiting| request.may_want(waiting.namespace()))
            .map(|waiting| {
                let all = request.scope.namespaces.contains(waiting.namespace());
                // Elsewhere only what the caller created.
                (waiting, (!all).then(|| request.scope.creator.clone().unwrap_or_default()))
            })
            .collect();
        if wanted.is_empty() {
            return Ok(chosen);
        }
        let most = limit + turns.on_its_way() + AHEAD;
        let lists = remote::open(database, &wanted, most as u64).await?.into_iter().map(VecDeque::from);
        let lists = wanted.into_iter().map(|(waiting, _)| waiting.template).zip(lists).collect();
        let more = turns.take_now(wants, lists, limit - chosen.len());
        on_their_way.keys.extend(more.iter().map(|open| (open.task, open.no)));
        chosen.extend(more);
        Ok(chosen)
    }

    async fn lease_all(
        &self,
        subject: &Subject,
        request: &ClaimRequest,
        chosen: Vec<Open>,
    ) -> Result<Vec<Claimed>, Error> {
        let tokens: Vec<LeaseToken> =
            chosen.iter().map(|open| LeaseToken::new(open.task, open.no, open.attempt)).collect();
        // By then this has been given up.
        let not_after = self.clock().now().plus(self.settings().command_wait * 4 / 5);
        let wishes = tokens.iter().map(|&token| {
            let command = Command::LeaseStep {
                not_after,
                token,
                worker: request.worker.clone(),
                holder: subject.name().cloned(),
                lasts: request.lasts,
            };
            (token.task, Wish::of(command, subject))
        });
        let mut claimed = Vec::new();
        let (mut elsewhere, mut failed) = (Vec::new(), None);
        for (token, done) in tokens.iter().zip(self.carry_out_all(wishes.collect()).await) {
            match done {
                Ok(Done::Leased(leased)) => claimed.push(*leased),
                Ok(Done::Carried | Done::Kept(_)) => elsewhere.push(*token),
                // It was quicker: another worker, or whoever cancelled it.
                Err(Error::Refused { .. } | Error::UnknownTask(_) | Error::UnknownStep(_)) => {}
                // One task that can't be read or written holds up no other.
                Err(Error::Data(
                    error @ (data::Error::Corrupt(_) | data::Error::Refused(_) | data::Error::Guard),
                )) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(task = %token.task, error, "a step can't be given to a worker");
                }
                Err(error) => failed = Some(error),
            }
        }
        match self.read_leased(&elsewhere).await {
            Ok(leased) => claimed.extend(leased),
            Err(error) => failed = Some(error),
        }
        match failed {
            Some(error) if claimed.is_empty() => Err(error),
            Some(_) | None => Ok(claimed),
        }
    }

    /// What other nodes have leased under these tokens.
    async fn read_leased(&self, tokens: &[LeaseToken]) -> Result<Vec<Claimed>, Error> {
        let mut claimed = Vec::new();
        if tokens.is_empty() {
            return Ok(claimed);
        }
        let ids: HashSet<TaskId> = tokens.iter().map(|token| token.task).collect();
        for rows in load::rows(self.database(), &ids.into_iter().collect::<Vec<_>>()).await? {
            let template = self.pinned_template(&rows.0.digest).await?;
            let task = load::task(rows, template)?;
            let own = tokens.iter().filter(|token| token.task == task.id());
            let leased = own.filter_map(|token| {
                Claimed::of(self, &task, token.no).filter(|claimed| claimed.lease.token == *token)
            });
            claimed.extend(leased);
        }
        Ok(claimed)
    }

    /// Classes of these for which something waits that is within reach.
    pub async fn waiting_classes(&self, classes: &[String], scope: &Scope) -> Result<Vec<String>, Error> {
        let found = remote::waiting(self.database(), classes).await?;
        let within = |namespace: &str| scope.namespaces.contains(namespace) || scope.own.contains(namespace);
        let mut waiting: Vec<String> = found
            .into_iter()
            .filter(|waiting| within(waiting.namespace()))
            .map(|waiting| waiting.class)
            .collect();
        waiting.dedup();
        Ok(waiting)
    }
}

/// Counted among those who wait until it is dropped.
struct Waits<'e>(&'e Engine);

impl<'e> Waits<'e> {
    fn begin(engine: &'e Engine) -> Self {
        engine.metrics().workers_waiting.inc();
        Self(engine)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.metrics().workers_waiting.dec();
    }
}
