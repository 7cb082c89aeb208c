//! Every route of the service, and what each requires of who calls. There is no way to add one without saying so.
//!
//! Not here: `/graphql` asks for each field of an operation; that is the gate's.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};

use super::Error;
use crate::{
    auth::{Grants, Permission, Subject, Warden},
    graphql::{Authenticate, Code, executor::admission::caller, http::retry_after},
};

/// What a route requires of who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing. Nobody's credential is looked at.
    Public,
    /// This permission, in some namespace at least; its handler finds in [`Caller`] in which.
    Needs(Permission),
}

impl From<Permission> for Access {
    fn from(permission: Permission) -> Self {
        Self::Needs(permission)
    }
}

/// Who was let in to a route that needs a permission, for its handler: `Extension<Caller>`.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub subject: Subject,
    /// Everything it may do, and where.
    pub grants: Arc<Grants>,
}

/// A route of an application.
#[derive(Clone)]
pub struct Route {
    pub(super) path: String,
    pub(super) access: Access,
    pub(super) methods: MethodRouter,
}

/// The one who lets callers in.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) authenticate: Arc<dyn Authenticate>,
    pub(super) warden: Warden,
}

/// The routes so far.
pub(super) struct Routes {
    guard: Guard,
    router: Router,
    paths: BTreeSet<String>,
}

impl Routes {
    /// None yet.
    pub(super) fn new(guard: Guard) -> Self {
        Self { guard, router: Router::new(), paths: BTreeSet::new() }
    }

    /// Adds a route with what it requires.
    pub(super) fn add(
        &mut self,
        path: &str,
        access: impl Into<Access>,
        methods: MethodRouter,
    ) -> Result<(), Error> {
        let methods = match access.into() {
            Access::Public => methods,
            Access::Needs(permission) => {
                methods.layer(from_fn_with_state((self.guard.clone(), permission), let_in))
            }
        };
        self.put(path, methods)
    }

    /// Adds a route whose every operation passes the gate.
    pub(super) fn add_gated(&mut self, path: &str, methods: MethodRouter) -> Result<(), Error> {
        self.put(path, methods)
    }

    /// All of them.
    pub(super) fn into_router(self) -> Router {
        self.router
    }

    fn put(&mut self, path: &str, methods: MethodRouter) -> Result<(), Error> {
        if !path.starts_with('/') {
            return Err(Error::Route(format!("{path} must begin with `/`")));
        }
        if !self.paths.insert(path.to_owned()) {
            return Err(Error::Route(format!("{path} is there twice")));
        }
        self.router = std::mem::take(&mut self.router).route(path, methods);
        Ok(())
    }
}

/// Middleware: who calls must have the permission.
async fn let_in(
    State((guard, permission)): State<(Guard, Permission)>,
    request: Request,
    next: Next,
) -> Response {
    let Guard { authenticate, warden } = guard;
    let (mut parts, body) = request.into_parts();
    let subject = match authenticate.request(&parts).await {
        Ok(data) => caller(&data),
        Err(error) => {
            let status = match Code::of(&error) {
                Some(Code::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
                Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let mut response = (status, error.message.clone() + "\n").into_response();
            if status == StatusCode::UNAUTHORIZED {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, authenticate.challenge());
            }
            if let Some(seconds) = retry_after(&error) {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            return response;
        }
    };
    match warden.grants(&subject).await {
        Some(grants) if grants.any(permission) => {
            parts.extensions.insert(Caller { subject, grants });
            next.run(Request::from_parts(parts, body)).await
        }
        _ if subject.is_anonymous() => {
            let challenge = [(header::WWW_AUTHENTICATE, authenticate.challenge())];
            (StatusCode::UNAUTHORIZED, challenge, "Sign in for this.\n").into_response()
        }
        _ => (StatusCode::FORBIDDEN, format!("You need {permission} for this.\n")).into_response(),
    }
}
