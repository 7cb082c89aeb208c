//! What a step says when its call failed. The address is as the template has it, without query and user, and nothing
//! that a variable holds is in it.

use std::time::Duration;

use reqwest::{StatusCode, header::HeaderMap};

use super::shown;
use crate::{
    model::{
        call::{Meaning, Request},
        failure::FailureKind,
        time::Timestamp,
    },
    orchestration::handler::StepError,
    outbound,
};

/// Characters of an answer that are told.
const EXCERPT: usize = 200;

/// Said wherever the request may have arrived.
const UNKNOWN: &str = "whether the request had its effect is unknown";

/// No answer came in time.
pub(super) fn timeout(request: &Request, limit: Duration) -> StepError {
    let why = format!("no answer within {}: {UNKNOWN}", shown(limit));
    StepError::new(FailureKind::Timeout, said(request, &why)).with_code("TIMEOUT")
}

/// The library could not ask, or got no answer.
pub(super) fn unsent(request: &Request, error: &reqwest::Error) -> StepError {
    if let Some(forbidden) = outbound::forbidden(error) {
        return self::forbidden(request, forbidden);
    }
    let causes = outbound::causes(error);
    if error.is_builder() {
        return StepError::permanent(said(request, &format!("it can't be sent{causes}")))
            .with_code("BAD_CONFIG");
    }
    if error.is_connect() {
        return StepError::retryable(said(request, &format!("no connection{causes}")))
            .with_code("NO_CONNECTION");
    }
    let why = format!("the connection broke after the request was sent{causes}; {UNKNOWN}");
    StepError::retryable(said(request, &why)).with_code("OUTCOME_UNKNOWN")
}

/// The answer began and did not end.
pub(super) fn broken_off(request: &Request, status: StatusCode, error: &reqwest::Error) -> StepError {
    let causes = outbound::causes(error);
    let why = format!("the answer {status} broke off before its end{causes}");
    StepError::retryable(said(request, &why)).with_code("ANSWER_BROKEN_OFF")
}

/// The address is not one that may be asked.
pub(super) fn forbidden(request: &Request, forbidden: &outbound::Forbidden) -> StepError {
    StepError::permanent(said(request, &forbidden.to_string())).with_code("FORBIDDEN_ADDRESS")
}

/// The answer can't be used, and would be the same again.
pub(super) fn unusable(request: &Request, why: &str) -> StepError {
    StepError::permanent(said(request, why)).with_code("BAD_RESPONSE")
}

/// The answer leads somewhere where nobody goes.
pub(super) fn astray(request: &Request, why: &str) -> StepError {
    StepError::permanent(said(request, &format!("a redirect is not followed: {why}"))).with_code("REDIRECT")
}

/// The status is not what was wanted; `body` is the beginning of the answer. `now` is the engine's time, for what the
/// server says about waiting.
pub(super) fn status(
    request: &Request,
    status: StatusCode,
    meaning: Meaning,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> StepError {
    let mut why = format!("the answer was {status}");
    let excerpt = excerpt(request, body);
    if !excerpt.is_empty() {
        why = format!("{why}: {excerpt}");
    }
    let code = format!("HTTP_{}", status.as_u16());
    let message = said(request, &why);
    match meaning {
        Meaning::Accepted | Meaning::Refused => StepError::permanent(message).with_code(code),
        Meaning::Again => {
            let error = StepError::retryable(message).with_code(code);
            match wait(status, headers, now) {
                Some(wait) => error.after(wait),
                None => error,
            }
        }
    }
}

/// How long the server wants to be left alone. When a limit is reset says nothing where nothing is used up.
fn wait(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let now = now.since(Timestamp(0));
    let limited = status == StatusCode::TOO_MANY_REQUESTS || outbound::is_used_up(headers);
    outbound::retry_after(headers, now)
        .or_else(|| outbound::rate_limit_reset(headers, now).filter(|_| limited))
}

fn said(request: &Request, why: &str) -> String {
    format!("{}: {}", request.shown, request.secrets.hidden(why))
}

/// The beginning of a text, on one line. Secrets are taken out before it is cut: half of one would not be found.
fn excerpt(request: &Request, body: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(body) else { return String::new() };
    let hidden = request.secrets.hidden(text);
    let mut words =
        hidden.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if line.len() > EXCERPT {
            break;
        }
        line.push(' ');
        line.push_str(word);
    }
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
