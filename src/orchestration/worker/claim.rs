//! Claiming: what waits is leased to the worker that asks, or to the one that waits for it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{Claimed, turns::Key};
use crate::{
    auth::Subject,
    data::{
        load,
        remote::{self, Open},
        tasks,
    },
    model::{id::TaskId, lease::LeaseToken, scope::Scope, task::Command},
    orchestration::{Engine, Error, Wish, runs::Done},
};

/// Refused offers are looked for again so often: somebody else was quicker.
const ROUNDS: usize = 5;

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
        let poll = self.workers().polls.wait(&request.classes);
        self.metrics().workers_waiting.inc();
        let _waiting = Uncounted(self);
        loop {
            poll.looks();
            if self.stopping().is_cancelled() {
                return Ok(Vec::new());
            }
            let claimed = self.claim_now(subject, request).await?;
            if !claimed.is_empty() {
                self.metrics().worker_claims.inc_by(claimed.len() as u64);
                if claimed.len() == request.limit {
                    // There may be more, and whoever was told of it was told once.
                    request.classes.iter().for_each(|class| self.workers().polls.tell_one(class));
                }
                return Ok(claimed);
            }
            if self.clock().now() >= until {
                return Ok(claimed);
            }
            tokio::select! {
                () = poll.told() => {}
                () = self.clock().sleep_until(until) => {}
                () = self.stopping().cancelled() => {}
            }
        }
    }

    async fn claim_now(&self, subject: &Subject, request: &ClaimRequest) -> Result<Vec<Claimed>, Error> {
        let mut claimed = Vec::new();
        let mut on_their_way = OnTheirWay { engine: self, keys: Vec::new() };
        for _ in 0..ROUNDS {
            let chosen = self.choose(request, request.limit - claimed.len(), &mut on_their_way).await?;
            if chosen.is_empty() {
                break;
            }
            let all = chosen.len();
            let leased = self.lease_all(subject, request, chosen).await;
            let enough = leased.as_ref().is_ok_and(|leased| leased.len() == all);
            match leased {
                Ok(leased) => claimed.extend(leased),
                // What is leased already is not to be lost for what is not.
                Err(_) if !claimed.is_empty() => break,
                Err(error) => return Err(error),
            }
            if enough || claimed.len() >= request.limit {
                break;
            }
        }
        Ok(claimed)
    }

    /// What this worker gets, which nobody else on this node is given meanwhile.
    async fn choose(
        &self,
        request: &ClaimRequest,
        limit: usize,
        on_their_way: &mut OnTheirWay<'_>,
    ) -> Result<Vec<Open>, Error> {
        let mut turns = self.workers().turns.lock().await;
        let database = self.database();
        let mut wanted = remote::waiting(database, &request.classes).await?;
        wanted.retain(|(_, template)| {
            request.may_want(template.split_once('/').map_or("", |(namespace, _)| namespace))
        });
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let most = limit + turns.on_its_way();
        let lists = remote::open(database, &wanted, most as u64).await?;
        let mut lists: Vec<(String, Vec<Open>)> =
            wanted.into_iter().map(|(_, template)| template).zip(lists).collect();
        self.keep_own(&request.scope, &mut lists).await?;
        let chosen = turns.choose(lists, limit);
        on_their_way.keys.extend(chosen.iter().map(|open| (open.task, open.no)));
        Ok(chosen)
    }

    /// Leaves out what is in reach only if the caller created it, and was created by somebody else.
    async fn keep_own(&self, scope: &Scope, lists: &mut [(String, Vec<Open>)]) -> Result<(), Error> {
        for (template, list) in lists {
            let namespace = template.split_once('/').map_or("", |(namespace, _)| namespace);
            if scope.namespaces.contains(namespace) {
                continue;
            }
            let ids: Vec<TaskId> = list.iter().map(|open| open.task).collect();
            let places = tasks::places(self.database(), &ids).await?;
            list.retain(|open| {
                places.get(&open.task).is_some_and(|(at, creator)| scope.covers(at, creator.as_deref()))
            });
        }
        Ok(())
    }

    async fn lease_all(
        &self,
        subject: &Subject,
        request: &ClaimRequest,
        chosen: Vec<Open>,
    ) -> Result<Vec<Claimed>, Error> {
        let tokens: Vec<LeaseToken> =
            chosen.iter().map(|open| LeaseToken::new(open.task, open.no, open.attempt)).collect();
        let wishes = tokens.iter().map(|&token| {
            let command = Command::LeaseStep {
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
                Err(error) => failed = Some(error),
            }
        }
        claimed.extend(self.read_leased(&elsewhere).await?);
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
        let mut waiting: Vec<String> = found
            .into_iter()
            .filter(|(_, template)| {
                let namespace = template.split_once('/').map_or("", |(namespace, _)| namespace);
                scope.namespaces.contains(namespace) || scope.own.contains(namespace)
            })
            .map(|(class, _)| class)
            .collect();
        waiting.dedup();
        Ok(waiting)
    }
}

/// Counted among those who wait until it is dropped.
struct Uncounted<'e>(&'e Engine);

impl Drop for Uncounted<'_> {
    fn drop(&mut self) {
        self.0.metrics().workers_waiting.dec();
    }
}
