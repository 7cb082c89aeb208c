//! `kill -9` of a service that delivers: what was committed and not delivered is delivered by the next one.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tasker::data::log::{self, EventFilter};

use super::{
    audit,
    home::Home,
    load::{self, Load},
    programs::Program,
    service::Service,
    shapes,
};
use crate::{
    place::Place,
    subscribers::{
        deliveries::by_task,
        hooks::{PATIENCE, hook},
        receiver::{Answer, Receiver},
    },
};

on_both_databases!(every_committed_event_is_delivered_whoever_dies);

const LIVES: usize = 3;

async fn every_committed_event_is_delivered_whoever_dies(place: Place) {
    let templates = shapes::mixed();
    let home = Home::new(place, &templates)
        .set("ORCHESTRATION__LEASE_TTL", "2s")
        .set("ORCHESTRATION__MAX_RECOVERIES", "100");
    let receiver = Receiver::start(|number, _| match number % 9 {
        0 => Answer::Refuse(500),
        _ => Answer::Take,
    })
    .await;
    home.write("subscribers.yaml", &hook(&receiver.url, ""));
    let seed = load::seed();
    let mut dice = StdRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    for life in 0..LIVES {
        let service = Service::start(&home, Program::Drill).await;
        let load = Load::start(&service.client, &templates, seed ^ life as u64);
        tokio::time::sleep(Duration::from_millis(dice.random_range(100..900))).await;
        service.kill().await;
        acknowledged.extend(load.acknowledged().await);
    }
    let service = Service::start(&home, Program::Drill).await;
    audit::at_rest(&home, &acknowledged).await;
    let database = home.database().await;
    let events = log::after(&database, &EventFilter::default(), 0, 1_000_000).await.expect("readable");
    assert!(events.len() > 20, "there was something to deliver: {}", events.len());
    receiver.until(events.len(), PATIENCE).await;
    receiver.has_taken(&by_task(events));
    assert!(service.stop().await.success());
}
