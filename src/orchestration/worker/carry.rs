//! Many wishes at once, each for its own task: those that nobody runs are taken up together.

use std::collections::{BTreeMap, btree_map::Entry};

use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::{
    data::journal::Claim,
    model::id::TaskId,
    orchestration::{
        Engine, Error, Wish,
        runs::{Done, Message},
    },
};

type Answer = oneshot::Receiver<Result<Done, Error>>;

impl Engine {
    /// Carries out all of these, and answers for each in its place. They share commits.
    pub(super) async fn carry_out_all(&self, wishes: Vec<(TaskId, Wish)>) -> Vec<Result<Done, Error>> {
        let answers = self.deliver_all(&wishes).await;
        let carried = wishes.into_iter().zip(answers).map(async |((task, wish), answer)| {
            match answer {
                Some(answer) => match answer.await {
                    Ok(answer) => answer,
                    // The run ended first.
                    Err(_) => self.carry_out(task, &wish).await,
                },
                None => self.carry_out(task, &wish).await,
            }
        });
        join_all(carried).await
    }

    /// To the runs of their tasks, as far as these are here or can be. None where another way must be found.
    async fn deliver_all(&self, wishes: &[(TaskId, Wish)]) -> Vec<Option<Answer>> {
        let mut answers = Vec::with_capacity(wishes.len());
        let mut first: BTreeMap<TaskId, Message> = BTreeMap::new();
        for (task, wish) in wishes {
            let (reply, answer) = oneshot::channel();
            let message = Message { wish: wish.clone(), reply };
            let sent = match self.runs().inbox(*task) {
                Some(inbox) => inbox.send(message).await.is_ok(),
                None if wishes.len() > 1 => match first.entry(*task) {
                    Entry::Vacant(place) => {
                        place.insert(message);
                        true
                    }
                    Entry::Occupied(_) => false,
                },
                None => false,
            };
            answers.push(sent.then_some(answer));
        }
        if !first.is_empty() && !self.signals().draining.is_cancelled() {
            let engine = self.clone();
            // To the end, whoever waits: what is claimed must be run.
            let taken = self.work().spawn(async move { engine.take_up_all(first).await });
            if let Ok(Err(error)) = taken.await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "tasks could not be taken up together"
                );
            }
        }
        answers
    }

    /// Makes this node the owner of those that nobody runs, each with what its run is to hear first. The others'
    /// messages are dropped.
    async fn take_up_all(&self, first: BTreeMap<TaskId, Message>) -> Result<(), Error> {
        let unrecovered = self.runs().unrecovered().await;
        let tasks = first.keys().copied().collect();
        self.take(Claim::These(tasks), first, &unrecovered).await?;
        Ok(())
    }
}
