//! `GET /openapi.json`: shown like the GraphQL schema is, to whom `graphql.introspection` says, as far as they may use it.

use std::sync::Arc;

use async_graphql::{Executor, ServerError};
use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use moka::sync::Cache;

use super::{document, text};
use crate::{
    auth::{Permission, Permissions, Subject, Warden},
    graphql::{Code, RequestId, Transport, executor::admission, http::caller, introspection::Introspection},
    rest::{Routes, error, serve},
};

/// Different documents that are kept. There are about as many as there are roles.
const DOCUMENTS: u64 = 64;

/// The documents of one service. Cheap to clone.
#[derive(Clone)]
pub struct Documents {
    routes: Arc<Routes>,
    warden: Warden,
    shown: Introspection,
    /// By what their readers may do; the whole one without.
    known: Cache<Option<Permissions>, Arc<str>>,
}

impl Documents {
    /// Of these routes.
    pub fn new(routes: Arc<Routes>, warden: Warden, shown: Introspection) -> Self {
        Self { routes, warden, shown, known: Cache::new(DOCUMENTS) }
    }

    /// The document as this subject may read it.
    async fn to(&self, subject: &Subject) -> Result<Arc<str>, ServerError> {
        let held = match self.shown {
            Introspection::None => {
                return Err(Code::NotFound.refuse("This service shows nobody what it can do."));
            }
            Introspection::Full => None,
            Introspection::Permitted => {
                let undecided = || {
                    Code::Forbidden.refuse("What you may do can't be worked out at the moment; try again.")
                };
                let grants = self.warden.grants(subject).await.ok_or_else(undecided)?;
                let all = Permission::ALL.iter().copied();
                let held: Permissions = all.filter(|permission| grants.any(*permission)).collect();
                if held.is_empty() && subject.is_anonymous() {
                    let message = "Sign in for this: send a credential in the Authorization header.";
                    return Err(Code::Unauthenticated.refuse(message));
                }
                (!held.contains(Permission::SchemaShow)).then_some(held)
            }
        };
        Ok(self.known.get_with(held, || text(&document(&self.routes, held)).into()))
    }
}

/// What is at `/openapi.json`.
pub fn methods<E: Executor>(transport: Transport<E>, documents: Documents) -> MethodRouter {
    get(move |request: Request| answer(transport.clone(), documents.clone(), request))
        .fallback(serve::other_method)
}

async fn answer<E: Executor>(transport: Transport<E>, documents: Documents, request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let (parts, _) = request.into_parts();
    let shown = match caller(&transport, &parts).await {
        Ok(data) => documents.to(&admission::caller(&data)).await,
        Err(error) => Err(error),
    };
    match shown {
        Ok(document) => error::described((StatusCode::OK, document.to_string()).into_response()),
        Err(refused) => error::of(&refused, &id),
    }
}
