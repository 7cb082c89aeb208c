//! Steps that are HTTP calls: `handler_config` with `type: api`.
//!
//! What is asked for and what an answer means is decided in [`crate::model::call`]; here it is asked, within the bounds
//! of the host and of the step.

mod clients;
mod exchange;
mod failed;
mod hosts;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

pub use self::clients::HttpClients;

use self::{
    exchange::{Exchange, Received},
    hosts::Hosts,
};
use super::{Sequence, StepError, StepHandler, StepView, TaskView};
use crate::{
    metrics::Metrics,
    model::call::{self, Request, Scope, Secrets},
    orchestration::{Clock, Lookup},
    telemetry::Tracer,
};

/// Headers of an answer that are nobody's business later: they let their holder in.
const NOT_KEPT: [&str; 2] = ["set-cookie", "set-cookie2"];

/// Everything that a node's HTTP steps share. Cheap to clone.
#[derive(Clone)]
pub(in crate::orchestration) struct Http {
    clients: HttpClients,
    hosts: Hosts,
    clock: Clock,
    tracer: Tracer,
}

impl Http {
    pub(in crate::orchestration) fn new(
        clients: HttpClients,
        clock: Clock,
        metrics: Metrics,
        tracer: Tracer,
    ) -> Self {
        let hosts = Hosts::new(clients.settings(), clock.clone(), metrics);
        Self { clients, hosts, clock, tracer }
    }
}

/// The handler of a step that is a call: the request, then what a registered class makes of the answer.
pub(in crate::orchestration) struct ApiStep {
    pub(in crate::orchestration) http: Http,
    pub(in crate::orchestration) variables: Lookup,
    /// The code of the step's `handler_class`, where this program has it.
    pub(in crate::orchestration) class: Option<Arc<dyn StepHandler>>,
}

#[async_trait]
impl StepHandler for ApiStep {
    async fn process(
        &self,
        task: &TaskView,
        sequence: &Sequence,
        step: &StepView,
    ) -> Result<Value, StepError> {
        let request = self.request(task, sequence, step)?;
        let received = tokio::select! {
            biased;
            // Dropping the exchange closes its connection.
            () = step.cancelled().cancelled() => return Err(StepError::retryable("the step was cancelled")),
            received = self.ask(&request, step) => received?,
        };
        self.results(&request, &received)
    }

    async fn process_results(&self, step: &StepView, output: Value) -> Result<Value, StepError> {
        match &self.class {
            Some(class) => class.process_results(step, output).await,
            None => Ok(output),
        }
    }
}

impl ApiStep {
    fn request(&self, task: &TaskView, sequence: &Sequence, step: &StepView) -> Result<Request, StepError> {
        let sequence = sequence.clone();
        let scope = Scope {
            context: task.context.clone(),
            inputs: step.inputs.clone(),
            results: Arc::new(move |name| sequence.find_step_by_name(name)?.results),
            step: Arc::new(json!({ "id": step.id(), "name": step.name(), "attempt": step.attempt() })),
            task: Arc::new(json!({ "id": task.id(), "name": task.name(), "namespace": task.namespace() })),
        };
        // The texts as the template has them: what a variable holds must not be read as a part of one.
        let written = &step.template.step(step.no).handler_config;
        let request = call::prepare(written, step.handler_config(), &|name| (self.variables)(name), &scope);
        request.map_err(|mistake| {
            StepError::permanent(format!("handler_config.{mistake}")).with_code(mistake.fault.code())
        })
    }

    /// Waits for the host's turn, and asks within the call's own time.
    async fn ask(&self, request: &Request, step: &StepView) -> Result<Received, StepError> {
        let clock = &self.http.clock;
        let whole = step.template.step(step.no).timeout;
        let ends = clock.now().plus(whole);
        let exchange = Exchange { http: &self.http, request, step };
        let visit = self.http.hosts.visit(&request.url, ends).await.map_err(StepError::circuit_open)?;
        let Some(limit) = request.timeout else { return exchange.follow(visit).await };
        let visit = visit.within(limit.min(whole));
        tokio::select! {
            received = exchange.follow(visit) => received,
            () = clock.sleep(limit) => Err(failed::timeout(request, limit)),
        }
    }

    /// What the answer leaves for a class, or for the steps behind this one. What variables hold is taken out of it.
    fn results(&self, request: &Request, received: &Received) -> Result<Value, StepError> {
        let unusable = |why: String| failed::unusable(request, &why);
        let mut body = call::body(received.header("content-type"), &received.body).map_err(unusable)?;
        request.secrets.hide(&mut body);
        let kept = request.keep.of(&body).map_err(|pointer| {
            unusable(format!("the answer has nothing at {pointer:?}, which `results` asks for"))
        })?;
        match (kept, &self.class) {
            (Some(kept), None) => Ok(kept),
            (kept, _) => {
                let mut whole = json!({
                    "status": received.status.as_u16(),
                    "headers": headers(received, &request.secrets),
                    "body": body,
                });
                if let Some(kept) = kept {
                    whole["results"] = kept;
                }
                Ok(whole)
            }
        }
    }
}

/// By their names in lower case; what is there twice is joined, as HTTP has it.
fn headers(received: &Received, secrets: &Secrets) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    for name in received.headers.keys().filter(|name| !NOT_KEPT.contains(&name.as_str())) {
        let values = received.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let joined = values.collect::<Vec<_>>().join(", ");
        headers.insert(name.to_string(), secrets.hidden(&joined).into());
    }
    headers.into()
}

/// How long the rest of an exchange may take, told to people.
fn shown(duration: Duration) -> impl std::fmt::Display {
    humantime::format_duration(duration)
}
