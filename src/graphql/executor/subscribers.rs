//! How many subscriptions each caller has open, over all its connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::ServerError;

use crate::{
    auth::{Address, Subject},
    graphql::Code,
    metrics::Metrics,
};

/// The callers who have any open. Who has none is not remembered.
#[derive(Clone)]
pub(super) struct Subscribers {
    most: usize,
    open: Arc<Mutex<HashMap<Who, usize>>>,
    metrics: Metrics,
}

/// Whom subscriptions are counted for: somebody by name, wherever they are; nobody in particular by where they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Named(Arc<str>),
    At(Option<Address>),
}

/// One subscription, for as long as it lives.
pub(super) struct Place {
    of: Subscribers,
    who: Who,
}

impl Subscribers {
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default(), metrics: Metrics::new() }
    }

    /// The same, counted here.
    pub(super) fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Counts one more, unless there are too many.
    pub(super) fn enter(&self, subject: &Subject, from: Option<Address>) -> Result<Place, ServerError> {
        let who = subject.name().map_or(Who::At(from), |name| Who::Named(name.clone()));
        let mut open = self.lock();
        let count = open.get(&who).copied().unwrap_or_default();
        if count >= self.most {
            let message = format!("You have {count} subscriptions open, and may have no more.");
            return Err(Code::LimitExceeded.refuse(message));
        }
        open.insert(who.clone(), count + 1);
        self.metrics.subscriptions.inc();
        Ok(Place { of: self.clone(), who })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Who, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.metrics.subscriptions.dec();
        let mut open = self.of.lock();
        match open.get_mut(&self.who) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.who)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn each_caller_has_so_many_and_one_that_ends_makes_room() {
        let subscribers = Subscribers::new(2);
        let (ada, bob, nobody) = (Subject::named("ada"), Subject::named("bob"), Subject::anonymous());
        let here = Some(Address::from(IpAddr::from([192, 0, 2, 1])));
        let first = subscribers.enter(&ada, here).expect("there is room");
        let _second = subscribers.enter(&ada, None).expect("there is room");
        let refused = subscribers.enter(&ada, here).err().expect("there is none");
        assert_eq!(Code::of(&refused), Some(Code::LimitExceeded));
        let _others = [
            subscribers.enter(&bob, here),
            subscribers.enter(&nobody, here),
            subscribers.enter(&nobody, None),
        ]
        .map(|entered| entered.expect("there is room"));
        assert_eq!(subscribers.metrics.subscriptions.get(), 5);
        drop(first);
        assert!(subscribers.enter(&ada, here).is_ok());
    }

    #[test]
    fn who_has_none_open_is_forgotten() {
        let subscribers = Subscribers::new(2);
        for no in 0..100 {
            drop(subscribers.enter(&Subject::named(no.to_string()), None));
        }
        assert!(subscribers.lock().is_empty());
        assert_eq!(subscribers.metrics.subscriptions.get(), 0);
    }
}
