//! Where an answer leads on to, and what goes along.

use url::Url;

/// The next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// In capitals.
    pub method: String,
    /// Without a user, and without a fragment.
    pub url: Url,
    /// Whether the body goes along.
    pub keeps_body: bool,
    /// Whether it is somebody else: what is secret does not go along.
    pub is_foreign: bool,
}

/// Where the answer to `method` at `url` leads; none where it leads nowhere. If that can't be followed, why.
pub fn redirect(
    method: &str,
    url: &Url,
    status: u16,
    location: Option<&str>,
) -> Result<Option<Next>, String> {
    // As browsers do it: a form that was sent is followed by a page that is fetched.
    let (method, keeps_body) = match (status, method) {
        (301 | 302, "POST") => ("GET", false),
        (303, "GET" | "HEAD") => (method, false),
        (303, _) => ("GET", false),
        (301 | 302 | 307 | 308, _) => (method, true),
        _ => return Ok(None),
    };
    let Some(location) = location else { return Ok(None) };
    let mut next = url.join(location).map_err(|_| "it leads to something that is no address".to_owned())?;
    if !matches!(next.scheme(), "http" | "https") || !next.has_host() {
        return Err(format!("it leads to something else than http and https: {}", next.scheme()));
    }
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err("it leads from https to http, where anybody could read along".to_owned());
    }
    next.set_fragment(None);
    // Both only fail where there is no host.
    let _ = (next.set_username(""), next.set_password(None));
    let is_foreign = next.origin() != url.origin();
    Ok(Some(Next { method: method.to_owned(), url: next, keeps_body, is_foreign }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(method: &str, from: &str, status: u16, location: &str) -> Result<Option<Next>, String> {
        redirect(method, &from.parse().expect("an address"), status, Some(location))
    }

    #[test]
    fn the_method_and_the_body_go_along_or_do_not() {
        for (method, status, wanted) in [
            ("POST", 301, ("GET", false)),
            ("POST", 302, ("GET", false)),
            ("PUT", 302, ("PUT", true)),
            ("PUT", 303, ("GET", false)),
            ("HEAD", 303, ("HEAD", false)),
            ("POST", 307, ("POST", true)),
            ("POST", 308, ("POST", true)),
        ] {
            let next = followed(method, "http://a/x", status, "/y").expect("followed").expect("somewhere");
            assert_eq!((next.method.as_str(), next.keeps_body), wanted, "{method} {status}");
        }
        for status in [200, 300, 304, 404] {
            assert_eq!(followed("GET", "http://a/x", status, "/y"), Ok(None));
        }
        assert_eq!(redirect("GET", &"http://a/".parse().expect("an address"), 302, None), Ok(None));
    }

    #[test]
    fn another_scheme_name_or_port_is_somebody_else() {
        for (location, foreign) in [
            ("/y", false),
            ("http://a:80/y", false),
            ("http://a:81/y", true),
            ("https://a/y", true),
            ("//b/y", true),
            ("http://u:p@a/y#z", false),
        ] {
            let next = followed("GET", "http://a/x", 302, location).expect("followed").expect("somewhere");
            assert_eq!(next.is_foreign, foreign, "{location}");
            assert!(!next.url.as_str().contains(['@', '#']), "{}", next.url);
        }
    }

    #[test]
    fn nothing_leads_out_of_the_web_or_down_to_plain_text() {
        for location in ["file:///etc/passwd", "ftp://a/", "data:,x", "http://", "http://[x"] {
            assert!(followed("GET", "http://a/x", 302, location).is_err(), "{location}");
        }
        assert!(followed("GET", "https://a/x", 302, "http://a/x").unwrap_err().contains("https to http"));
    }
}
