//! `kill -9` at random moments, again and again.

use std::{process::Stdio, time::Duration};

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

/// The tables are there as a whole or not at all: the next start finds out and goes on.
#[tokio::test]
async fn a_first_start_that_is_killed_leaves_what_the_next_one_can_use() {
    let mut dice = StdRng::seed_from_u64(load::seed());
    for round in 0..8 {
        let place = match round {
            0 | 4 => Place::postgres().await.unwrap_or_else(Place::sqlite),
            _ => Place::sqlite(),
        };
        let home = Home::new(place, &shapes::mixed());
        let mut first = home.serve(Program::Drill);
        let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..120))).await;
        first.kill().await.expect("killed");
        let service = Service::start(&home, Program::Drill).await;
        let task = service.client.create("linear").await;
        audit::at_rest(&home, &[task]).await;
        assert!(service.stop().await.success());
    }
}
