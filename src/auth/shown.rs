//! What a caller shows in the usual headers, in one form: at most one credential, and nothing odd about it.

use axum::http::{HeaderMap, HeaderName, header};

use super::Rejected;

/// The header for tokens of this service, beside `Authorization: Bearer`.
pub const API_TOKEN: HeaderName = HeaderName::from_static("x-api-token");

/// The headers that credentials are shown in.
pub(super) const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, API_TOKEN];

/// Longer is no credential.
const MOST_BYTES: usize = 16 << 10;

/// The credential headers of a request.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    authorization: Option<&'a str>,
    api_token: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// Reads them, and refuses what could be understood in two ways: a header twice, two headers that disagree,
    /// characters that no credential has, a scheme without a credential.
    pub fn of(headers: &'a HeaderMap) -> Result<Self, Rejected> {
        let authorization = single(headers, &header::AUTHORIZATION)?;
        let api_token = single(headers, &API_TOKEN)?;
        let shown = Self { authorization, api_token };
        let bearer = shown.bearer();
        if bearer.is_some_and(|token| token.is_empty() || token.contains(' ')) {
            return Err(invalid("after `Bearer` comes one token"));
        }
        if authorization.is_some_and(str::is_empty) || api_token.is_some_and(str::is_empty) {
            return Err(invalid("the credential is empty; leave the header out to show none"));
        }
        if authorization.is_some() && api_token.is_some() && bearer != api_token {
            return Err(invalid("Authorization and X-API-Token disagree; send one of them"));
        }
        Ok(shown)
    }

    /// Whether there is none.
    pub const fn is_nothing(&self) -> bool {
        self.authorization.is_none() && self.api_token.is_none()
    }

    /// What follows `Bearer` in `Authorization`.
    pub fn bearer(&self) -> Option<&'a str> {
        let value = self.authorization?;
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_matches(' '))
    }

    /// What may be a token of this service: the `X-API-Token`, or what follows `Bearer`.
    pub fn token(&self) -> Option<&'a str> {
        self.api_token.or_else(|| self.bearer())
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Rejected> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejected::Invalid(format!("the header {name} is there twice; send it once")));
    }
    if !value.as_bytes().iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return Err(Rejected::Invalid(format!("the header {name} has characters that no credential has")));
    }
    if value.len() > MOST_BYTES {
        return Err(Rejected::Invalid(format!("the header {name} is longer than any credential")));
    }
    // Printable ASCII is text.
    value.to_str().map(Some).map_err(|_| invalid("the credential is not text"))
}

fn invalid(why: &str) -> Rejected {
    Rejected::Invalid(why.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &[u8])]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &[u8])| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a header"))
        };
        let mut headers = HeaderMap::new();
        pairs.iter().map(pair).for_each(|(name, value)| _ = headers.append(name, value));
        headers
    }

    #[test]
    fn one_credential_is_found_in_either_header() {
        for pairs in [
            &[("authorization", b"Bearer abc".as_slice())][..],
            &[("authorization", b"bearer   abc")],
            &[("x-api-token", b"abc")],
            &[("authorization", b"Bearer abc"), ("x-api-token", b"abc")],
        ] {
            let headers = headers(pairs);
            assert_eq!(Shown::of(&headers).expect("it is sound").token(), Some("abc"));
        }
    }

    #[test]
    fn another_scheme_is_shown_but_is_no_token() {
        let headers = headers(&[("authorization", b"Basic YWRhOnB3")]);
        let shown = Shown::of(&headers).expect("it is sound");
        assert!(!shown.is_nothing() && shown.token().is_none());
    }

    #[test]
    fn what_could_be_understood_in_two_ways_is_refused() {
        for pairs in [
            &[("authorization", b"Bearer a".as_slice()), ("authorization", b"Bearer a")][..],
            &[("x-api-token", b"a"), ("x-api-token", b"b")],
            &[("authorization", b"Bearer a"), ("x-api-token", b"b")],
            &[("authorization", b"Basic a"), ("x-api-token", b"a")],
            &[("authorization", b"Bearer")],
            &[("authorization", b"Bearer ")],
            &[("authorization", b"Bearer a b")],
            &[("authorization", b"Bearer a\tb")],
            &[("authorization", b"Bearer \xc3\xa9")],
            &[("authorization", b"")],
            &[("x-api-token", b"")],
        ] {
            let headers = headers(pairs);
            assert!(Shown::of(&headers).is_err(), "{pairs:?}");
        }
    }
}
