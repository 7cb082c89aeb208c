//! One call: the request, the redirects it is sent on, the answer within its bounds.

use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, LOCATION},
};

use super::{Http, failed, hosts::Visit};
use crate::{
    metrics::labels::Reply,
    model::call::{self, Meaning, Next, Request, meaning},
    orchestration::handler::{StepError, StepView},
    outbound::drain,
    telemetry::{Beginning, Span, SpanKind},
};

/// Of an answer that is not wanted so much is read, for its beginning.
const UNWANTED: usize = 64 << 10;

/// What goes to somebody else as well, when a redirect leads there.
const HARMLESS: [&str; 7] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "idempotency-key",
    "traceparent",
    "user-agent",
];

/// A call that is being made.
pub(super) struct Exchange<'a> {
    pub(super) http: &'a Http,
    pub(super) request: &'a Request,
    pub(super) step: &'a StepView,
}

/// The answer, whole.
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// One request of it.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

enum Came {
    Answer(Received),
    Onward(Next),
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Exchange<'_> {
    /// Asks, and follows where the answer leads. `visit` is the place at the first host.
    pub(super) async fn follow(&self, visit: Visit) -> Result<Received, StepError> {
        let settings = self.http.clients.settings();
        let private = self.request.allow_private_networks.unwrap_or(settings.allow_private_networks);
        let (guard, client) = self
            .http
            .clients
            .of(private)
            .map_err(|why| StepError::permanent(format!("no requests can be made: {why}")))?;
        let mut hop = self.first()?;
        let (ends, mut visit) = (visit.ends(), visit);
        let mut seen = vec![(hop.method.to_string(), hop.url.clone())];
        loop {
            if let Err(forbidden) = guard.check(&hop.url) {
                visit.end(Reply::Forbidden);
                return Err(failed::forbidden(self.request, &forbidden));
            }
            let next = match self.once(client, &hop, visit).await? {
                Came::Answer(received) => return Ok(received),
                Came::Onward(next) => next,
            };
            if seen.len() > settings.max_redirects {
                let most = settings.max_redirects;
                return Err(failed::astray(self.request, &format!("there are more than {most}")));
            }
            let place = (next.method.clone(), next.url.clone());
            if seen.contains(&place) {
                return Err(failed::astray(self.request, "they go round in circles"));
            }
            seen.push(place);
            hop = self.onward(hop, next)?;
            visit = self.http.hosts.visit(&hop.url, ends).await.map_err(|_| {
                StepError::retryable(
                    "a redirect leads to a host that is left alone for a while: it failed too often",
                )
            })?;
        }
    }

    fn first(&self) -> Result<Hop, StepError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        // What is packed may come to anything.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let step_id = self.step.id().to_string();
        let own = [("idempotency-key", step_id.as_str())];
        let given = self.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.into_iter().chain(given) {
            let wrong = || {
                let why = format!("handler_config.headers.{name}: can't be sent");
                StepError::permanent(why).with_code("BAD_CONFIG")
            };
            let name = HeaderName::try_from(name).map_err(|_| wrong())?;
            let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let (method, url) = (method(&self.request.method)?, self.request.url.clone());
        Ok(Hop { method, url, headers, body: self.request.body.clone() })
    }

    /// What of a request goes along to where its answer leads.
    fn onward(&self, hop: Hop, next: Next) -> Result<Hop, StepError> {
        let Next { method, url, keeps_body, is_foreign } = next;
        let Hop { mut headers, body, .. } = hop;
        let body = body.filter(|_| keeps_body);
        if body.is_none() {
            headers.remove("content-type");
        }
        if is_foreign {
            if body.as_deref().is_some_and(|body| self.request.secrets.are_in(body)) {
                let why = "it leads to another host, and the body holds what only this one may know";
                return Err(failed::astray(self.request, why));
            }
            let foreign: Vec<HeaderName> =
                headers.keys().filter(|name| !HARMLESS.contains(&name.as_str())).cloned().collect();
            foreign.into_iter().for_each(|name| drop(headers.remove(name)));
        }
        Ok(Hop { method: self::method(&method)?, url, headers, body })
    }

    /// Asks once.
    async fn once(&self, client: &Client, hop: &Hop, visit: Visit) -> Result<Came, StepError> {
        let span = self.span(hop);
        let came = self.answered(client, hop, span.as_ref(), visit).await;
        if let Some(span) = &span {
            if let Err(error) = &came {
                span.fail("error", error.message().to_owned());
            }
            span.end(self.http.clock.now());
        }
        came
    }

    async fn answered(
        &self,
        client: &Client,
        hop: &Hop,
        span: Option<&Span>,
        visit: Visit,
    ) -> Result<Came, StepError> {
        let sent = self.built(client, hop, span).send().await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                let forbidden = crate::outbound::forbidden(&error).is_some();
                visit.end(if forbidden || error.is_builder() { Reply::Forbidden } else { Reply::Broken });
                return Err(failed::unsent(self.request, &error));
            }
        };
        let status = answer.status();
        if let Some(span) = span {
            span.say("http.response.status_code", i64::from(status.as_u16()));
        }
        match meaning(status.as_u16(), &self.request.expect) {
            Meaning::Accepted => self.whole(answer, visit).await.map(Came::Answer),
            meaning => self.unwanted(hop, answer, meaning, visit).await,
        }
    }

    fn built(&self, client: &Client, hop: &Hop, span: Option<&Span>) -> reqwest::RequestBuilder {
        let mut request = client.request(hop.method.clone(), hop.url.clone()).headers(hop.headers.clone());
        let parent = span.map(|span| span.place().to_string()).or_else(|| self.step.traceparent());
        if let Some(parent) = parent.filter(|_| !hop.headers.contains_key("traceparent")) {
            request = request.header("traceparent", parent);
            if let Some(state) = self.step.tracestate() {
                request = request.header("tracestate", state);
            }
        }
        match &hop.body {
            Some(body) => request.body(body.clone()),
            None => request,
        }
    }

    /// A wanted answer, to its end.
    async fn whole(&self, mut answer: Response, visit: Visit) -> Result<Received, StepError> {
        let settings = self.http.clients.settings();
        let most = self.request.max_response_bytes.unwrap_or(settings.max_response_bytes);
        let (status, headers) = (answer.status(), answer.headers().clone());
        let unusable = |visit: Visit, why: &str| {
            visit.end(Reply::Unusable);
            Err(failed::unusable(self.request, why))
        };
        let packed = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity");
        if packed.is_some() && self.request.method != "HEAD" {
            return unusable(visit, "the answer is packed (Content-Encoding), which was not asked for");
        }
        let too_large = format!("the answer has more than {most} bytes; `max_response_bytes` allows more");
        if self.request.method != "HEAD" && answer.content_length().is_some_and(|length| length > most as u64)
        {
            return unusable(visit, &too_large);
        }
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() + chunk.len() > most => return unusable(visit, &too_large),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => {
                    visit.end(Reply::Broken);
                    return Err(failed::broken_off(self.request, status, &error));
                }
            }
        }
        visit.end(Reply::Accepted);
        Ok(Received { status, headers, body })
    }

    /// One that leads elsewhere, or is a failure.
    async fn unwanted(
        &self,
        hop: &Hop,
        mut answer: Response,
        meaning: Meaning,
        visit: Visit,
    ) -> Result<Came, StepError> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let location = headers.get(LOCATION).map(|location| location.to_str().unwrap_or("\u{0}"));
        match call::redirect(hop.method.as_str(), &hop.url, status.as_u16(), location) {
            Ok(None) => {}
            Ok(Some(next)) => {
                drain(answer).await;
                visit.end(Reply::Redirect);
                return Ok(Came::Onward(next));
            }
            Err(why) => {
                visit.end(Reply::Unusable);
                return Err(failed::astray(self.request, &why));
            }
        }
        let mut body = Vec::new();
        let plain = !headers.contains_key(CONTENT_ENCODING);
        while body.len() < UNWANTED
            && let Ok(Some(chunk)) = answer.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        visit.end(match status.as_u16() {
            429 => Reply::RateLimited,
            500..=599 => Reply::ServerError,
            _ => Reply::Refused,
        });
        let body = if plain { body.as_slice() } else { &[] };
        Err(failed::status(self.request, status, meaning, &headers, body, self.http.clock.now()))
    }

    /// A part of the attempt's trace, without the address: it may hold what nobody may see.
    fn span(&self, hop: &Hop) -> Option<Span> {
        let place = self.step.trace.as_ref().filter(|_| self.http.tracer.is_on())?;
        let beginning = Beginning::new(hop.method.to_string(), Some(place), self.http.clock.now());
        let span = self.http.tracer.begin(Beginning { kind: SpanKind::Client, ..beginning })?;
        span.say("http.request.method", hop.method.to_string());
        let host = self.request.secrets.hidden(hop.url.host_str().unwrap_or_default());
        span.say("server.address", host.into_owned());
        if let Some(port) = hop.url.port_or_known_default() {
            span.say("server.port", i64::from(port));
        }
        Some(span)
    }
}

fn method(word: &str) -> Result<Method, StepError> {
    Method::from_bytes(word.as_bytes())
        .map_err(|_| StepError::permanent("handler_config.method: can't be sent").with_code("BAD_CONFIG"))
}
