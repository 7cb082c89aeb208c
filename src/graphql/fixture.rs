//! A small schema with one field for each thing a transport has to carry. For tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_graphql::{Context, Error, Object, Result, Schema, SimpleObject, Subscription, Value};
use axum::Router;
use futures_util::{Stream, StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::outline::Outline;
use super::{Anonymous, Code, GraphqlSettings, Pipeline, RequestId, Transport};

/// How often the mutation ran.
#[derive(Clone, Default)]
pub struct Submitted(pub Arc<AtomicUsize>);

#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub struct Task {
    pub id: String,
}

#[async_graphql::ComplexObject]
impl Task {
    async fn related(&self, #[graphql(default = 2)] first: i32) -> Vec<Self> {
        vec![self.clone(); usize::try_from(first).unwrap_or(0)]
    }
}

#[derive(SimpleObject, Clone)]
pub struct WorkflowEvent {
    cursor: String,
    name: String,
}

pub struct Query;

#[Object]
impl Query {
    async fn tasks(&self) -> Vec<Task> {
        vec![Task { id: "t1".into() }, Task { id: "t2".into() }]
    }

    async fn task(&self, id: async_graphql::ID) -> Option<Result<Task>> {
        Some(Err(Code::NotFound.error(format!("no task {}", id.as_str()))))
    }

    async fn hello(&self, name: Option<String>) -> String {
        format!("hello {}", name.unwrap_or_default())
    }

    async fn bounded(&self, #[graphql(validator(maximum = 100))] limit: i32) -> i32 {
        limit
    }

    async fn request_id(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(ctx.data::<RequestId>()?.to_string())
    }

    async fn fault(&self) -> Option<Result<i32>> {
        Some(Err(Error::new("secret detail")))
    }

    async fn overloaded(&self) -> Option<Result<i32>> {
        Some(Err(Code::Overloaded.error_with("too much to do", [("retryAfter", Value::from(3))])))
    }

    async fn panics(&self, number: Option<i32>) -> i32 {
        number.expect("secret detail")
    }

    async fn never(&self) -> i32 {
        std::future::pending().await
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn submit(&self, ctx: &Context<'_>, name: String) -> Result<String> {
        ctx.data::<Submitted>()?.0.fetch_add(1, Ordering::SeqCst);
        Ok(name)
    }

    async fn submit_slowly(&self, ctx: &Context<'_>) -> Result<bool> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        ctx.data::<Submitted>()?.0.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }
}

pub struct Subscriptions;

#[Subscription(name = "Subscription")]
impl Subscriptions {
    async fn ticks(&self, #[graphql(default = 3)] n: u32) -> impl Stream<Item = u32> {
        stream::iter(0..n).then(|tick| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            tick
        })
    }

    async fn workflow_events(&self, after: Option<String>) -> impl Stream<Item = WorkflowEvent> {
        let first = after.and_then(|cursor| cursor.parse().ok()).unwrap_or(0) + 1;
        stream::iter(first..=5)
            .map(|n: u32| WorkflowEvent { cursor: n.to_string(), name: "task.created".into() })
    }

    async fn forever(&self) -> impl Stream<Item = u32> {
        stream::pending()
    }

    async fn breaks(&self) -> impl Stream<Item = u32> {
        stream::iter(0..2).inspect(|n| assert_eq!(*n, 0, "secret detail"))
    }
}

pub type Fixture = Schema<Query, Mutation, Subscriptions>;

/// The fixture behind the real transports.
pub fn transport(settings: GraphqlSettings) -> (Transport<Fixture>, Submitted) {
    let submitted = Submitted::default();
    let schema = Schema::build(Query, Mutation, Subscriptions).data(submitted.clone()).finish();
    let outline = Outline::from_sdl(&schema.sdl()).unwrap();
    let transport = Transport {
        pipeline: Pipeline::new(schema, outline, &settings),
        authenticate: Arc::new(Anonymous),
        settings: Arc::new(settings),
        shutdown: CancellationToken::new(),
    };
    (transport, submitted)
}

/// Serves on a port of its own and answers its address.
pub async fn serve(app: Router) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A service that has nothing but `/graphql`.
pub fn router<E: async_graphql::Executor>(transport: Transport<E>) -> Router {
    Router::new().route("/graphql", super::route(transport))
}
