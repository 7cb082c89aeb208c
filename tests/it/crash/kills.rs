//! `kill -9` at random moments, again and again.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tasker::model::status::Status;

use super::{
    audit,
    home::Home,
    load::{self, Load},
    programs::Program,
    service::Service,
    shapes,
};
use crate::place::Place;

on_both_databases!(nothing_is_lost_and_nothing_happens_twice);

const LIVES: usize = 5;

async fn nothing_is_lost_and_nothing_happens_twice(place: Place) {
    let templates = shapes::mixed();
    let home = Home::new(place, &templates)
        .set("ORCHESTRATION__LEASE_TTL", "2s")
        .set("ORCHESTRATION__MAX_RECOVERIES", "100");
    let seed = load::seed();
    let mut dice = StdRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    for life in 0..LIVES {
        let service = Service::start(&home, Program::Drill).await;
        let load = Load::start(&service.client, &templates, seed ^ life as u64);
        tokio::time::sleep(Duration::from_millis(dice.random_range(20..600))).await;
        service.kill().await;
        acknowledged.extend(load.acknowledged().await);
        audit::always(&home, &acknowledged).await;
    }
    let service = Service::start(&home, Program::Drill).await;
    let history = audit::at_rest(&home, &acknowledged).await;
    for case in &history.cases {
        let (name, status) = (&*case.task.about.name, case.task.status);
        match name {
            "hopeless" => assert_eq!(status, Status::Error),
            // Its second step may have been lost with its node.
            "once" => {}
            _ => assert_eq!(status, Status::Complete, "{name}"),
        }
    }
    assert!(acknowledged.len() > LIVES, "there was something to lose: {}", acknowledged.len());
    assert!(service.stop().await.success());
}
