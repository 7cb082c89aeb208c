//! Which of the media types that can be answered a caller likes best.

use axum::http::{HeaderMap, header};

/// What is answered unless something else is said.
pub const JSON: &str = "application/json";

/// The one that is liked best, the first of equals; nothing where none is. Who says nothing likes the first.
pub fn best<'a>(headers: &HeaderMap, offered: &[&'a str]) -> Option<&'a str> {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(&str, f32)> = accepted.flat_map(|value| value.split(',')).filter_map(range).collect();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let mut best: Option<(f32, &str)> = None;
    for media in offered {
        let weight = weight(media, &ranges);
        if weight > 0.0 && best.is_none_or(|(other, _)| weight > other) {
            best = Some((weight, media));
        }
    }
    best.map(|(_, media)| media)
}

/// `image/*;q=0.5`
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().filter(|media| !media.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    Some((media, weight.map_or(Some(1.0), |weight| weight.parse().ok()).unwrap_or(0.0)))
}

/// As the narrowest range that it is in says.
fn weight(media: &str, ranges: &[(&str, f32)]) -> f32 {
    let group = media.split_once('/').map_or("", |(group, _)| group);
    let says =
        |is: &dyn Fn(&str) -> bool| ranges.iter().find(|(range, _)| is(range)).map(|(_, weight)| *weight);
    says(&|range| range.eq_ignore_ascii_case(media))
        .or_else(|| says(&|range| range.strip_suffix("/*").is_some_and(|of| of.eq_ignore_ascii_case(group))))
        .or_else(|| says(&|range| range == "*/*"))
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_weighs_and_the_heaviest_wins() {
        let offered = ["text/plain", JSON, "image/svg+xml"];
        let best = |accept: &str| {
            best(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().expect("a header"))]), &offered)
        };
        assert_eq!(best("*/*"), Some("text/plain"));
        assert_eq!(best("image/*, */*;q=0.1"), Some("image/svg+xml"));
        assert_eq!(best("Application/JSON; q=0.5, text/*;q=0.4"), Some(JSON));
        assert_eq!(best("text/plain;q=0, text/*, application/json;q=0.1"), Some(JSON));
        assert_eq!(best("text/html"), None);
        assert_eq!(super::best(&HeaderMap::new(), &offered), Some("text/plain"));
    }
}
