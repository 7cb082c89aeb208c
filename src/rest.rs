//! REST for those who want it: every route is a GraphQL operation under a path.
//!
//! A route is a method, a path and a document that never changes; what comes with a request becomes the variables of
//! that document, and it runs through the same [`Pipeline`](crate::graphql::Pipeline) as any other. So whoever may do
//! something, to what extent, how often, and what is recorded of it are the same on both ways by construction: there is
//! nothing here that decides about it. What a request may hold and what it is answered with are read from the GraphQL
//! schema, and so is `/openapi.json`, whose schemas are what bodies are held to.
//!
//! Not here: what a field does, and who may call it.

mod accept;
mod answer;
mod drawing;
mod error;
mod input;
mod openapi;
mod ready;
mod route;
mod selections;
mod serve;
mod table;
#[cfg(test)]
mod tests;
mod types;

use std::sync::Arc;

use async_graphql::Executor;
use axum::{
    middleware::{from_fn, from_fn_with_state},
    routing::{MethodRouter, any},
};

pub use openapi::printed as openapi;
pub use ready::{Contradiction, Routes};

use crate::{
    auth::Warden,
    graphql::{Transport, authenticate, cors, introspection::Introspection, request_id},
};

/// Methods that a page of a listed origin may use here.
const METHODS: &str = "GET, POST, PATCH, DELETE";

/// What answers requests.
pub struct Rest<E> {
    transport: Transport<E>,
    routes: Arc<Routes>,
    documents: openapi::Documents,
}

impl<E: Executor> Rest<E> {
    /// Over the way that GraphQL's own operations go. `warden` and `introspection` say who is shown what of
    /// `/openapi.json`.
    pub fn new(transport: Transport<E>, routes: Routes, warden: Warden, shown: Introspection) -> Self {
        let routes = Arc::new(routes);
        let documents = openapi::Documents::new(routes.clone(), warden, shown);
        Self { transport, routes, documents }
    }

    /// Every path, with what is there. Their operations pass the gate; `/openapi.json` looks at who asks by itself.
    pub fn paths(&self) -> Vec<(String, MethodRouter)> {
        let operations = self.routes.by_path().into_iter().map(|(path, routes)| {
            let methods = routes.into_iter().fold(MethodRouter::new(), |methods, route| {
                let transport = self.transport.clone();
                methods.on(route.route.method.filter(), move |request| {
                    serve::serve(transport.clone(), route.clone(), request)
                })
            });
            (path.to_owned(), methods.fallback(serve::other_method))
        });
        let openapi = openapi::methods(self.transport.clone(), self.documents.clone());
        let nowhere = ["/api", "/api/", "/api/{*path}"];
        let nowhere = nowhere.map(|path| (path.to_owned(), any(serve::nowhere)));
        let all = operations.chain([("/openapi.json".to_owned(), openapi)]).chain(nowhere);
        all.map(|(path, methods)| (path, self.layered(methods))).collect()
    }

    fn layered(&self, methods: MethodRouter) -> MethodRouter {
        let Transport { authenticate, settings, .. } = &self.transport;
        let origins = cors::Origins::new(&settings.allowed_origins, METHODS);
        methods
            .layer(from_fn_with_state(authenticate.clone(), authenticate::challenge))
            .layer(from_fn_with_state(origins, cors::allow))
            .layer(from_fn(request_id::assign))
    }
}
