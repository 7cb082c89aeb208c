//! Which pages may open a socket or read an answer.

use axum::http::{HeaderMap, Uri, header};

/// Whether the page that makes this request may: there is none, it is the service's own, or it is in the list.
pub fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    is_listed(origin, allowed) || is_own(origin, headers)
}

/// Whether the list has this origin.
pub fn is_listed(origin: &str, allowed: &[String]) -> bool {
    allowed.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

/// The scheme is not compared: behind a proxy that ends TLS this service doesn't know its own.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (origin.scheme_str(), origin.authority()) else { return false };
    let default = if scheme == "https" { ":443" } else { ":80" };
    let plain = |authority: &str| authority.trim_end_matches(default).to_ascii_lowercase();
    plain(authority.as_str()) == plain(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        is_allowed(&headers, &["https://app.example.org".to_owned()])
    }

    #[test]
    fn own_pages_listed_pages_and_programs_may() {
        assert!(allowed(None, "tasker:8080"));
        assert!(allowed(Some("http://tasker:8080"), "tasker:8080"));
        assert!(allowed(Some("https://tasker"), "tasker:443"));
        assert!(allowed(Some("https://app.example.org"), "tasker:8080"));
    }

    #[test]
    fn other_pages_may_not() {
        for origin in
            ["http://evil.example", "null", "", "http://tasker:9090", "https://app.example.org.evil.example"]
        {
            assert!(!allowed(Some(origin), "tasker:8080"), "{origin}");
        }
    }
}
