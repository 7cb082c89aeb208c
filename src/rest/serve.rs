//! One request: who calls, what is asked, and the answer of the operation that it is.

use std::sync::Arc;

use async_graphql::{Data, Executor, Request as Operation, ServerError, Variables};
use axum::{
    RequestExt,
    body::Body,
    extract::{OriginalUri, RawPathParams, Request},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use serde_json::Value;

use super::{
    accept, answer, drawing, error,
    input::{Input, Sources},
    ready::Ready,
    route::Success,
};
use crate::{
    graphql::{
        Code, RequestId, Transport,
        http::{
            body::{self, Refusal},
            caller, content,
        },
    },
    model::audit::Way,
};

/// What is refused before there is an operation.
type Refused = Box<Response>;

/// Answers a request to this route.
pub async fn serve<E: Executor>(
    transport: Transport<E>,
    ready: Arc<Ready>,
    mut request: Request,
) -> Response {
    let id = request_id(&request);
    let path = request.extract_parts::<RawPathParams>().await;
    let (parts, body) = request.into_parts();
    let Ok(path) = path else {
        body::discard(body);
        return error::of(&Code::BadUserInput.refuse("The path is not UTF-8"), &id);
    };
    let path: Vec<(String, String)> =
        path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let data = match head(&transport, &ready, &parts, &id).await {
        Ok(data) => data,
        Err(refused) => {
            body::discard(body);
            return *refused;
        }
    };
    let body = match &ready.body {
        Some(_) => read(&transport, body, &id).await.map(Some),
        None => {
            body::discard(body);
            Ok(None)
        }
    };
    match body {
        Ok(body) => answer(&transport, &ready, (&parts, &path, body), data, &id).await,
        Err(refused) => *refused,
    }
}

/// What can be said before a body is read: whether an answer can be understood, and who calls.
async fn head<E: Executor>(
    transport: &Transport<E>,
    ready: &Ready,
    parts: &Parts,
    id: &RequestId,
) -> Result<Data, Refused> {
    let unsupported = |message: &str| {
        let error = Code::BadUserInput.refuse(message);
        Box::new(error::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, &error, id))
    };
    if ready.route.success != Success::Drawn && accept::best(&parts.headers, &[accept::JSON]).is_none() {
        return Err(Box::new(not_acceptable("Accept application/json", id)));
    }
    // As for GraphQL: what a form of another site can send is not read.
    if ready.body.is_some() && !content::is_json(&parts.headers) {
        return Err(unsupported("Send a JSON object, as Content-Type: application/json; {} at least"));
    }
    if ready.body.is_some() && !content::is_plain(&parts.headers) {
        let mut refused = unsupported("The body must be sent as it is, without a Content-Encoding");
        refused.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Err(refused);
    }
    let caller = caller(transport, parts).await;
    let mut data = caller.map_err(|error| Box::new(error::of(&error, id)))?;
    data.insert(Way::Rest);
    Ok(data)
}

/// The body as a JSON object.
async fn read<E: Executor>(transport: &Transport<E>, body: Body, id: &RequestId) -> Result<Value, Refused> {
    let settings = &transport.settings;
    let refused = |status, error: &ServerError| Box::new(error::with_status(status, error, id));
    let bytes = body::read(body, settings.limits.body, settings.body_timeout).await;
    let bytes = bytes.map_err(|Refusal { status, code, message }| refused(status, &code.refuse(message)))?;
    let bad = |message: String| refused(StatusCode::BAD_REQUEST, &Code::BadUserInput.refuse(message));
    match serde_json::from_slice(&bytes) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(bad("The body is not a JSON object".to_owned())),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(bad(format!("The body is not JSON: see line {line}, column {column}")))
        }
    }
}

async fn answer<E: Executor>(
    transport: &Transport<E>,
    ready: &Ready,
    (parts, path, body): (&Parts, &[(String, String)], Option<Value>),
    data: Data,
    id: &RequestId,
) -> Response {
    let query = parts.uri.query().unwrap_or_default();
    let input = ready.read(Sources { path, query, headers: &parts.headers, body });
    let Input { written, included, mut variables, problems } = input;
    let media = match ready.route.success {
        Success::Drawn => match drawing::choose(&parts.headers, &mut variables) {
            Some(media) => media,
            None => {
                let message = "Accept text/vnd.mermaid, text/plain, application/json or image/svg+xml";
                return not_acceptable(message, id);
            }
        },
        Success::Answered | Success::Created => accept::JSON,
    };
    let dry = variables["input"]["dryRun"] == true;
    let mut operation = Operation::new(ready.route.document(written, &included))
        .operation_name(ready.route.id)
        .variables(Variables::from_json(variables));
    operation.data = data;
    let pipeline = &transport.pipeline;
    let prepared = match pipeline.prepare(operation) {
        Ok(prepared) => prepared,
        Err(error) => return error::of(&error, id),
    };
    if problems.is_empty() {
        let at = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
        let asked = answer::Asked { at: at.path(), dry, media };
        return answer::write(ready, pipeline.execute(prepared).await, asked, id);
    }
    // Who may not do it at all learns that, and nothing of what it takes.
    if let Err(refused) = pipeline.admits(prepared).await {
        refused.errors.iter().take(1).for_each(|error| pipeline.refused(error));
        return error::of_answer(&refused, id);
    }
    let message = match problems.as_slice() {
        [only] => only.to_string(),
        several => format!("The request has {} mistakes; see details.violations", several.len()),
    };
    let error = error::listing(Code::BadUserInput, message, &problems);
    pipeline.refused(&error);
    error::of(&error, id)
}

/// Any other method on a path that is there.
pub async fn other_method(request: Request) -> Response {
    let id = request_id(&request);
    body::discard(request.into_body());
    let error = Code::BadUserInput.refuse("This path has other methods: see Allow");
    error::with_status(StatusCode::METHOD_NOT_ALLOWED, &error, &id)
}

/// A path that is not there.
pub async fn nowhere(request: Request) -> Response {
    let id = request_id(&request);
    body::discard(request.into_body());
    error::of(&Code::NotFound.refuse("There is no such path; /openapi.json has those there are."), &id)
}

fn not_acceptable(message: &str, id: &RequestId) -> Response {
    error::with_status(StatusCode::NOT_ACCEPTABLE, &Code::BadUserInput.refuse(message), id)
}

fn request_id(request: &Request) -> RequestId {
    request.extensions().get::<RequestId>().cloned().unwrap_or_default()
}
