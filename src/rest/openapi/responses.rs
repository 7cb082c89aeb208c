//! What is answered instead of a success: one body, under many statuses.

use std::collections::BTreeSet;

use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, Response, ResponseBuilder, Schema,
    header::Header,
    schema::{SchemaType, Type},
};

use super::reference;
use crate::{graphql::Code, rest::accept::JSON};

/// What can be answered instead of a success: the status, the name it has here, and what it means.
const ERRORS: &[(u16, &str, &str)] = &[
    (
        400,
        "BadRequest",
        "`BAD_USER_INPUT`: something in the request is not what it has to be; `details.violations` lists \
        what, where there is more to say. `LIMIT_EXCEEDED`: it asks for more than one request may.",
    ),
    (401, "Unauthenticated", "`UNAUTHENTICATED`: there is no credential, or one that is not valid."),
    (
        403,
        "Forbidden",
        "`FORBIDDEN`: the caller lacks permissions; `details.missingPermissions` lists all of them.",
    ),
    (404, "NotFound", "`NOT_FOUND`: there is no such thing, or none that the caller may see."),
    (406, "NotAcceptable", "`BAD_USER_INPUT`: the caller accepts nothing that could be answered."),
    (408, "TooSlow", "`BAD_USER_INPUT`: the body took too long to arrive."),
    (
        409,
        "Conflict",
        "`CONFLICT`: its status, in `details.status`, does not allow this; or the key was used for another \
        request. Nothing has changed.",
    ),
    (410, "CursorExpired", "`CURSOR_EXPIRED`: what came after this cursor is no longer kept."),
    (413, "TooLarge", "`LIMIT_EXCEEDED`: the body has too many bytes."),
    (
        415,
        "UnsupportedMediaType",
        "`BAD_USER_INPUT`: the body is not sent as `application/json`, or is packed.",
    ),
    (
        422,
        "Unacceptable",
        "`VALIDATION_FAILED`: the content is well formed and not acceptable; `details.violations` says \
        where, each with its JSON pointer.",
    ),
    (429, "TooManyRequests", "`RATE_LIMITED`: the caller asks too often."),
    (500, "Fault", "`INTERNAL`: a fault of the service. The log has it under the request's id."),
    (503, "Overloaded", "`OVERLOADED`: the service has too much to do."),
    (504, "TimedOut", "`TIMEOUT`: it took too long and was given up."),
];

/// Where each of these statuses is described.
pub fn reference_to(status: u16) -> Option<Ref> {
    let (_, name, _) = ERRORS.iter().find(|(known, _, _)| *known == status)?;
    Some(Ref::from_response_name(*name))
}

/// Those of the statuses that are used, and the body that they have in common.
pub fn components(components: ComponentsBuilder, used: &BTreeSet<u16>) -> ComponentsBuilder {
    let errors = ERRORS.iter().filter(|(status, _, _)| used.contains(status));
    let components =
        errors.fold(components, |all, (status, name, about)| all.response(*name, response(*status, about)));
    match used.is_empty() {
        true => components,
        false => components.schema("Error", error()).schema("ErrorAnswer", wrapped()),
    }
}

/// The header that every answer has.
pub fn request_id() -> Header {
    header("The id of this request, in the log and in what came of it: the caller's own where it sent one.")
}

/// A header that is a text.
pub fn header(about: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some(about))
        .build()
}

fn response(status: u16, about: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(reference("ErrorAnswer"))).build();
    let response =
        ResponseBuilder::new().description(about).header("X-Request-Id", request_id()).content(JSON, content);
    let response = match status {
        401 => response.header("WWW-Authenticate", header("How to sign in.")),
        429 | 503 => response.header(
            "Retry-After",
            HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
                .description(Some("Seconds after which it is worth trying again."))
                .build(),
        ),
        _ => response,
    };
    response.build()
}

fn wrapped() -> Schema {
    let object = ObjectBuilder::new().description(Some("Instead of an answer."));
    Schema::Object(object.property("error", reference("Error")).required("error").build())
}

fn error() -> Schema {
    let text = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let details = ObjectBuilder::new().schema_type(SchemaType::new(Type::Object)).description(Some(
        "What the code says more, such as `missingPermissions`, `status` or `violations`.",
    ));
    let object = ObjectBuilder::new()
        .description(Some("What is wrong."))
        .property("code", text("For programs.").enum_values(Some(codes)))
        .property("message", text("For people: what is wrong, and what to do."))
        .property("details", details)
        .property("requestId", text("The request's id."));
    Schema::Object(["code", "message", "requestId"].into_iter().fold(object, ObjectBuilder::required).build())
}
