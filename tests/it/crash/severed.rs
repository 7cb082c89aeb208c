//! PostgreSQL ends every connection, again and again, in the middle of work.

mod black_hole;
mod half_open;

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sqlx::{Connection, PgConnection};
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

/// Whether a flush was committed when its answer was lost is found out, and nobody is answered before that.
#[tokio::test]
async fn lost_connections_lose_nothing_and_repeat_nothing() {
    let Some(place) = Place::postgres().await else { return };
    let templates = shapes::mixed();
    let home = Home::new(place, &templates);
    let service = Service::start(&home, Program::Drill).await;
    let seed = load::seed();
    let mut dice = StdRng::seed_from_u64(seed);
    let mut killer = PgConnection::connect(&home.place.url).await.expect("a connection");
    let load = Load::start(&service.client, &templates, seed);
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(dice.random_range(10..150))).await;
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let ended = sqlx::query(others).execute(&mut killer).await;
        ended.expect("one may end the connections of one's own user");
    }
    killer.close().await.expect("closed");
    let acknowledged = load.acknowledged().await;
    let history = audit::at_rest(&home, &acknowledged).await;
    for case in history.cases.iter().filter(|case| &*case.task.about.name != "hopeless") {
        assert_eq!(case.task.status, Status::Complete, "{}: nobody died", case.task.about.name);
    }
    assert!(service.stop().await.success());
}
