//! The way in for an application: its handlers, then the service.

use std::{process::ExitCode, sync::Arc};

use axum::routing::MethodRouter;

use crate::{
    auth::{Authenticator, AuthorizationCoordinator},
    cli,
    config::{Config, Variables},
    events::EventSubscriber,
    orchestration::handler::{Handlers, StepHandler, TaskHandler},
};

use super::{
    App, Error,
    routes::{Access, Route},
};

/// A Tasker with an application's own handlers.
///
/// ```no_run
/// use tasker::prelude::*;
///
/// struct Greet;
///
/// #[tasker::async_trait]
/// impl StepHandler for Greet {
///     async fn process(&self, task: &TaskView, _: &Sequence, _: &StepView) -> Result<Value, StepError> {
///         Ok(json!({ "greeting": format!("Hello, {}!", task.context()["name"]) }))
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     Tasker::builder().step_handler("Greet", Greet).run()
/// }
/// ```
pub struct Tasker;

impl Tasker {
    /// Begins with the built-in handlers.
    pub fn builder() -> Builder {
        Builder {
            extensions: Extensions {
                handlers: Handlers::new(),
                authenticators: Vec::new(),
                authorization: None,
                routes: Vec::new(),
                subscribers: Vec::new(),
            },
        }
    }
}

/// What an application adds to the service.
#[derive(Clone)]
pub struct Extensions {
    /// The code of its steps.
    pub handlers: Handlers,
    /// Its ways to sign in, in order. They are asked before those of the configuration.
    pub authenticators: Vec<Arc<dyn Authenticator>>,
    /// Its own idea of who may do what, in the place of the policy file.
    pub authorization: Option<Arc<dyn AuthorizationCoordinator>>,
    /// Its own routes, with what each requires.
    pub routes: Vec<Route>,
    /// Who is told of what happens, beside those that `subscribers.yaml` declares.
    pub subscribers: Vec<Arc<dyn EventSubscriber>>,
}

/// Collects what an application adds.
#[derive(Clone)]
pub struct Builder {
    extensions: Extensions,
}

impl Builder {
    /// `handler` runs the steps whose `handler_class` is `class`.
    #[must_use]
    pub fn step_handler(mut self, class: impl Into<String>, handler: impl StepHandler) -> Self {
        self.extensions.handlers.add_step(class, Arc::new(handler));
        self
    }

    /// `handler` has the hooks of the tasks whose `task_handler_class` is `class`.
    #[must_use]
    pub fn task_handler(mut self, class: impl Into<String>, handler: impl TaskHandler) -> Self {
        self.extensions.handlers.add_task(class, Arc::new(handler));
        self
    }

    /// `coordinator` decides who may do what, instead of the policy file. It is asked where `authorization.enabled` is
    /// true.
    #[must_use]
    pub fn authorization(mut self, coordinator: impl AuthorizationCoordinator) -> Self {
        self.extensions.authorization = Some(Arc::new(coordinator));
        self
    }

    /// Callers may sign in this way too, where `authentication.enabled` is on.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.extensions.authenticators.push(Arc::new(authenticator));
        self
    }

    /// `subscriber` is told of the events that this node commits, beside those that `subscribers.yaml` declares.
    #[must_use]
    pub fn subscriber(mut self, subscriber: impl EventSubscriber) -> Self {
        self.extensions.subscribers.push(Arc::new(subscriber));
        self
    }

    /// The service has this route too, for those who have what it requires: `Access::Public`, or a permission. Its
    /// handler finds who was let in as `Extension<Caller>`.
    ///
    /// ```no_run
    /// use axum::{Extension, routing::get};
    /// use tasker::{app::{Caller, Tasker}, auth::Permission};
    ///
    /// async fn hello(Extension(caller): Extension<Caller>) -> String {
    ///     format!("Hello, {}!", caller.subject.name().map_or("nobody", |name| name))
    /// }
    ///
    /// Tasker::builder().route("/hello", Permission::TaskIndex, get(hello));
    /// ```
    #[must_use]
    pub fn route(mut self, path: &str, access: impl Into<Access>, methods: MethodRouter) -> Self {
        self.extensions.routes.push(Route { path: path.to_owned(), access: access.into(), methods });
        self
    }

    /// What was added, to be put to use in another way than by [`Self::run`].
    pub fn into_extensions(self) -> Extensions {
        self.extensions
    }

    /// The whole `tasker` program with these additions: parses the command line and does what it says.
    pub fn run(self) -> ExitCode {
        cli::run(self.extensions)
    }

    /// The service by itself, to be served or mounted in an application's own router.
    pub async fn open(self, config: Config, variables: Variables) -> Result<App, Error> {
        App::open(config, self.extensions, variables).await
    }
}
