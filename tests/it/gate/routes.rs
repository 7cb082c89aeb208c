//! An application's own routes: each says what it requires.

use axum::{Extension, routing::get};
use tasker::{
    app::{Access, Caller, Error, Tasker},
    auth::Permission,
    config::{Config, Overrides, Variables},
};

use super::service::Service;
use crate::place::Place;

on_both_databases![a_route_lets_in_who_has_what_it_requires, a_route_that_cant_be_there_is_refused];

async fn report(Extension(Caller { subject, grants }): Extension<Caller>) -> String {
    let name = subject.name().expect("somebody");
    format!("{name} {}", grants.of(Permission::TaskIndex).covers("shop", false))
}

async fn a_route_lets_in_who_has_what_it_requires(place: Place) {
    let builder = Tasker::builder().route("/report", Permission::TaskIndex, get(report)).route(
        "/hello",
        Access::Public,
        get(|| async { "hello" }),
    );
    let service = Service::built(place, serde_json::json!({}), builder).await;
    let (viewer, worker) = (service.token("viewer").await, service.token("worker").await);
    assert_eq!(service.get(&viewer, "/report").await, (200, "viewer true".to_owned()));
    assert_eq!(
        service.get(&worker, "/report").await,
        (403, "You need tasker.task:index for this.\n".to_owned())
    );
    assert_eq!(service.get("", "/report").await.0, 401);
    assert_eq!(service.get("tasker_nothing", "/report").await.0, 401);
    assert_eq!(service.get("", "/hello").await, (200, "hello".to_owned()));
    // The service's own.
    assert_eq!(service.get(&viewer, "/metrics").await.0, 403);
    assert_eq!(service.get("", "/metrics").await.0, 401);
    assert_eq!(service.get("", "/health/ready").await.0, 200);
}

async fn a_route_that_cant_be_there_is_refused(place: Place) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let overrides = Overrides { database_url: place.url.parse().ok(), ..Overrides::default() };
    for path in ["/metrics", "/graphql", "report"] {
        let config = Config::load(folder.path(), &overrides, &Variables::default()).expect("it is sound");
        let builder = Tasker::builder().route(path, Access::Public, get(|| async { "mine" }));
        let app = builder.open(config, Variables::default()).await.expect("it opens");
        let refused = app.router(([127, 0, 0, 1], 8080).into()).expect_err("it can't be there");
        assert!(matches!(&refused, Error::Route(why) if why.starts_with(path)), "{refused}");
        app.stop().await;
    }
}
