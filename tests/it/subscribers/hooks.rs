//! A node with webhooks: a journal that writes events, and the deliveries of them.

use std::{sync::Arc, time::Duration};

use tasker::{
    config::{
        Variables,
        subscribers::{self, SubscriberSettings},
    },
    data::{Database, log::EventLog},
    events::{Around, EventSubscriber, Local, Running, Subscribers},
    metrics::Metrics,
    model::event::EventName,
};

/// After which something that should have happened has not.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How long a silent holder keeps a webhook, in these tests.
pub const LEASE: Duration = Duration::from_secs(3);

/// A webhook `hook` with quick tries, and what else is set.
pub fn hook(url: &str, more: &str) -> String {
    format!(
        "subscribers:\n- name: hook\n  type: webhook\n  url: {url}\n  allow_private_networks: true\n  backoff: 5ms\n  \
         max_backoff: 20ms\n  parked_backoff: 100ms\n  max_parked_backoff: 400ms\n{more}"
    )
}

pub fn declared(text: &str) -> Vec<SubscriberSettings> {
    let known: Vec<String> = EventName::SYSTEM.iter().map(|name| (*name).to_owned()).collect();
    let (declared, problems) = subscribers::read("subscribers.yaml", text, &Variables::default(), &known);
    assert_eq!(problems, []);
    declared
}

pub fn around(log: &EventLog, metrics: &Metrics) -> Around {
    Around {
        local: Local::default(),
        log: log.clone(),
        metrics: metrics.clone(),
        node: "test".into(),
        lease: LEASE,
        events: EventName::SYSTEM.iter().map(|name| (*name).to_owned()).collect(),
        templates: vec![("default".into(), "desk".into())],
    }
}

/// Delivers what the file says, from now on: the webhook is known before this answers.
pub async fn deliver(log: &EventLog, text: &str) -> (Running, Metrics) {
    tasker::data::subscribers::register(log.database(), "hook").await.expect("registered");
    let metrics = Metrics::new();
    let subscribers = Subscribers::collect([], declared(text)).expect("sound");
    (subscribers.start(around(log, &metrics)).expect("started"), metrics)
}

/// Tells these subscribers, and those of the file.
pub fn tell(log: &EventLog, own: Vec<Arc<dyn EventSubscriber>>, text: &str) -> (Running, Metrics) {
    let metrics = Metrics::new();
    let subscribers = Subscribers::collect(own, declared(text)).expect("sound");
    (subscribers.start(around(log, &metrics)).expect("started"), metrics)
}

/// Where `hook` is, as an operator sees it.
pub async fn standing(database: &Database) -> tasker::data::subscribers::Standing {
    let list = tasker::data::subscribers::list(database).await.expect("readable");
    list.into_iter().find(|one| one.name == "hook").expect("known")
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        panic!("it never came to this: {what}");
    }
}
