//! Which media type comes and which goes.

use axum::http::{HeaderMap, header};

/// What an answer is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`: older clients, for whom a well-formed answer is always 200.
    Json,
    /// `application/graphql-response+json`: the status says whether the operation ran.
    Graphql,
    /// `text/event-stream`.
    Events,
}

/// The media type the caller likes best, or `None` if it likes none of ours. One that doesn't say gets JSON.
pub fn negotiate(headers: &HeaderMap) -> Option<Media> {
    let mut accepted =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if accepted.peek().is_none() {
        return Some(Media::Json);
    }
    let mut best: Option<(f32, Media)> = None;
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => Media::Graphql,
            "application/json" | "application/*" | "*/*" => Media::Json,
            "text/event-stream" => Media::Events,
            _ => continue,
        };
        let weight =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |weight| weight.parse().ok());
        let weight = weight.unwrap_or(0.0);
        if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, media));
        }
    }
    best.map(|(_, media)| media)
}

/// Whether the body is said to be JSON in UTF-8. Nothing else is read: a page of another origin can't send this
/// without asking first.
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let value = value.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let is_json = parts.next() == Some("application/json");
    let utf8 =
        |part: &str| part.strip_prefix("charset=").is_none_or(|charset| charset.trim_matches('"') == "utf-8");
    is_json && parts.all(utf8)
}

/// Whether the body is as it is. One that is packed is not unpacked: a small one can hold a large one.
pub fn is_plain(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether this is the beginning of a WebSocket.
pub fn wants_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_heaviest_media_type_wins_and_the_first_of_equals() {
        let negotiate = |accept| negotiate(&with(header::ACCEPT, accept));
        assert_eq!(negotiate("*/*"), Some(Media::Json));
        assert_eq!(
            negotiate("application/graphql-response+json, application/json;q=0.9"),
            Some(Media::Graphql)
        );
        assert_eq!(negotiate("application/json; q=0.5, text/event-stream; q=0.8"), Some(Media::Events));
        assert_eq!(negotiate("text/html, application/json;q=0"), None);
    }

    #[test]
    fn only_json_in_utf8_is_read() {
        let is_json = |content_type| is_json(&with(header::CONTENT_TYPE, content_type));
        assert!(is_json("application/json") && is_json("Application/JSON; charset=\"UTF-8\""));
        for other in
            ["text/plain", "application/json; charset=utf-7", "application/jsonp", "multipart/form-data"]
        {
            assert!(!is_json(other), "{other}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }
}
