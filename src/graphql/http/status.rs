//! The status of an answer, from its codes.

use async_graphql::{Response, ServerError, Value};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::content::Media;
use crate::graphql::error::{Code, is_request_error};

/// The status, and the headers that belong to it.
pub fn of(media: Media, response: &Response) -> (StatusCode, HeaderMap) {
    let mut headers = HeaderMap::new();
    let status = status(media, response);
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            let seconds = response.errors.iter().filter_map(retry_after).max().unwrap_or(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        _ => {}
    }
    (status, headers)
}

fn status(media: Media, response: &Response) -> StatusCode {
    // With some result, or none wrong, it is a success, and the errors are in it.
    if response.errors.is_empty() || has_data(&response.data) {
        return StatusCode::OK;
    }
    let before_execution = is_request_error(response);
    let mut statuses = response.errors.iter().map(|error| of_code(media, Code::of(error), before_execution));
    let first = statuses.next().unwrap_or(StatusCode::OK);
    // A fault is a fault whatever else went wrong; any other status needs every error to agree.
    statuses.fold(first, |one, other| match (one, other) {
        _ if one == other => one,
        (StatusCode::INTERNAL_SERVER_ERROR, _) | (_, StatusCode::INTERNAL_SERVER_ERROR) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::OK,
    })
}

fn of_code(media: Media, code: Option<Code>, before_execution: bool) -> StatusCode {
    match code {
        Some(Code::ParseFailed | Code::ValidationRejected | Code::LimitExceeded | Code::BadUserInput) => {
            if before_execution && media == Media::Graphql {
                StatusCode::BAD_REQUEST
            } else {
                StatusCode::OK
            }
        }
        Some(Code::NotFound | Code::Conflict | Code::ValidationFailed | Code::CursorExpired) => {
            StatusCode::OK
        }
        Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
        Some(Code::Forbidden) => StatusCode::FORBIDDEN,
        Some(Code::Overloaded) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Code::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(Code::Timeout | Code::Internal) | None => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether any root field has a value.
fn has_data(data: &Value) -> bool {
    match data {
        Value::Object(fields) => fields.is_empty() || fields.values().any(|value| *value != Value::Null),
        other => *other != Value::Null,
    }
}

/// Seconds, from `extensions.retryAfter`.
pub fn retry_after(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get("retryAfter")? {
        Value::Number(seconds) => seconds.as_u64(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{PathSegment, value};

    use super::*;

    fn executed(data: Value, codes: &[Code]) -> Response {
        let at = |code: &Code| code.refuse("…").with_path(vec![PathSegment::Field("a".into())]);
        let mut response = Response::from_errors(codes.iter().map(at).collect());
        response.data = data;
        response
    }

    fn both(response: &Response) -> [u16; 2] {
        [Media::Graphql, Media::Json].map(|media| status(media, response).as_u16())
    }

    #[test]
    fn a_request_error_has_the_status_of_its_code() {
        let table = [
            (Code::ParseFailed, [400, 200]),
            (Code::ValidationRejected, [400, 200]),
            (Code::BadUserInput, [400, 200]),
            (Code::LimitExceeded, [400, 200]),
            (Code::Unauthenticated, [401, 401]),
            (Code::Forbidden, [403, 403]),
            (Code::Overloaded, [503, 503]),
            (Code::RateLimited, [429, 429]),
            (Code::Timeout, [500, 500]),
            (Code::Internal, [500, 500]),
        ];
        for (code, expected) in table {
            assert_eq!(both(&Response::from_errors(vec![code.refuse("…")])), expected, "{code:?}");
        }
    }

    #[test]
    fn an_executed_operation_is_a_success_even_where_its_fields_failed() {
        for code in
            [Code::NotFound, Code::Conflict, Code::ValidationFailed, Code::CursorExpired, Code::BadUserInput]
        {
            assert_eq!(both(&executed(Value::Null, &[code])), [200, 200], "{code:?}");
        }
        assert_eq!(both(&executed(value!({"a": null, "b": 1}), &[Code::Internal])), [200, 200]);
    }

    #[test]
    fn when_every_root_field_failed_alike_the_status_says_so() {
        assert_eq!(both(&executed(value!({"a": null}), &[Code::Overloaded, Code::Overloaded])), [503, 503]);
        assert_eq!(both(&executed(value!({"a": null}), &[Code::Overloaded, Code::NotFound])), [200, 200]);
        assert_eq!(both(&executed(Value::Null, &[Code::NotFound, Code::Internal])), [500, 500]);
    }

    #[test]
    fn overload_says_when_to_come_back() {
        let error = Code::Overloaded.refuse_with("…", None, [("retryAfter", 7.into())]);
        let (_, headers) = of(Media::Json, &Response::from_errors(vec![error]));
        assert_eq!(headers[header::RETRY_AFTER], "7");
    }
}
