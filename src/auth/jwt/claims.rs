//! What a token whose signature is good says: until when, who, with which roles.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{
    auth::{Bounds, Rejected, Subject, subject},
    model::time::Timestamp,
};

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// Where they are found.
#[derive(Debug, Clone)]
pub struct Names {
    /// Who.
    pub subject: String,
    /// With which roles.
    pub roles: String,
    /// In which namespaces only; without it a token narrows nothing.
    pub namespaces: Option<String>,
}

/// The moment at which the token ends, or why it is none at `now`.
///
/// A token without an end is refused; at its end it has ended.
pub fn in_time(claims: &Claims, leeway: Duration, now: Timestamp) -> Result<Timestamp, Rejected> {
    let end =
        instant(claims, "exp")?.ok_or_else(|| invalid("the token has no end: it lacks the claim `exp`"))?;
    let end = end.plus(leeway);
    if now >= end {
        return Err(invalid("the token has expired"));
    }
    match instant(claims, "nbf")? {
        Some(begin) if now.plus(leeway) < begin => Err(invalid("the token is not valid yet")),
        Some(_) | None => Ok(end),
    }
}

/// Whom the token names.
pub fn subject(claims: &Claims, names: &Names) -> Result<Subject, Rejected> {
    let name = match find(claims, &names.subject) {
        Some(Value::String(name)) => subject::checked_name(name).map_err(Rejected::Invalid)?,
        Some(_) => {
            return Err(Rejected::Invalid(format!("the token's claim `{}` is not text", names.subject)));
        }
        None => return Err(Rejected::Invalid(format!("the token lacks the claim `{}`", names.subject))),
    };
    let roles = find(claims, &names.roles).map(|value| texts(&names.roles, value)).transpose()?;
    let roles = subject::checked_list(roles.unwrap_or_default()).map_err(Rejected::Invalid)?;
    let namespaces = match &names.namespaces {
        None => None,
        // Told to narrow, it narrows: a token that does not say to what would be one that may do more.
        Some(claim) => {
            let value = find(claims, claim);
            let value =
                value.ok_or_else(|| Rejected::Invalid(format!("the token lacks the claim `{claim}`")))?;
            Some(texts(claim, value)?.into_iter().map(Into::into).collect())
        }
    };
    let bounds = Bounds { namespaces, handler_classes: None };
    Ok(Subject::named(name).with_roles(roles).within(bounds))
}

/// The claim of this name, or where `a.b` leads.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    let nested = || {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    claims.get(name).or_else(nested)
}

/// A text of words, as `scope` is one, or a list of texts.
fn texts<'a>(name: &str, value: &'a Value) -> Result<Vec<&'a str>, Rejected> {
    let list = match value {
        Value::String(text) => Some(text.split([' ', ',']).filter(|word| !word.is_empty()).collect()),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    list.ok_or_else(|| {
        Rejected::Invalid(format!("the token's claim `{name}` is neither text nor a list of texts"))
    })
}

/// Seconds since 1970.
fn instant(claims: &Claims, name: &str) -> Result<Option<Timestamp>, Rejected> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite());
    let seconds = seconds
        .ok_or_else(|| Rejected::Invalid(format!("the token's claim `{name}` is no number of seconds")))?;
    // The cast saturates, and nothing is later than NEVER.
    Ok(Some(Timestamp(((seconds * 1e6) as i64).min(Timestamp::NEVER.0))))
}

fn invalid(why: &str) -> Rejected {
    Rejected::Invalid(why.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn claims(value: Value) -> Claims {
        value.as_object().expect("an object").clone()
    }

    fn judged(value: Value, leeway: u64) -> Result<Timestamp, Rejected> {
        in_time(&claims(value), Duration::from_secs(leeway), NOW)
    }

    #[test]
    fn a_token_is_good_until_its_end_and_leeway_moves_it() {
        assert_eq!(judged(json!({"exp": 1001}), 0), Ok(Timestamp(1_001_000_000)));
        assert_eq!(judged(json!({"exp": 1000.5}), 0), Ok(Timestamp(1_000_500_000)));
        assert!(judged(json!({"exp": 1000}), 0).is_err());
        assert_eq!(judged(json!({"exp": 1000}), 5), Ok(Timestamp(1_005_000_000)));
        assert_eq!(judged(json!({"exp": 1e300}), 0), Ok(Timestamp::NEVER));
    }

    #[test]
    fn a_token_without_a_readable_end_or_before_its_begin_is_refused() {
        for value in [
            json!({}),
            json!({"exp": null}),
            json!({"exp": "2000"}),
            json!({"exp": -1}),
            json!({"exp": 2000, "nbf": 1001}),
            json!({"exp": 2000, "nbf": "soon"}),
        ] {
            assert!(judged(value.clone(), 0).is_err(), "{value}");
        }
        assert!(judged(json!({"exp": 2000, "nbf": 1000}), 0).is_ok());
        assert!(judged(json!({"exp": 2000, "nbf": 1001}), 1).is_ok());
    }

    fn names(roles: &str, namespaces: Option<&str>) -> Names {
        Names { subject: "sub".into(), roles: roles.into(), namespaces: namespaces.map(Into::into) }
    }

    #[test]
    fn roles_are_words_a_list_or_somewhere_inside() {
        for (claim, value) in [
            ("roles", json!({"sub": "ada", "roles": "viewer operator"})),
            ("roles", json!({"sub": "ada", "roles": ["viewer", "operator"]})),
            ("a.roles", json!({"sub": "ada", "a": {"roles": ["viewer", "operator"]}})),
            ("https://a.example/roles", json!({"sub": "ada", "https://a.example/roles": "viewer,operator"})),
        ] {
            let ada = subject(&claims(value.clone()), &names(claim, None));
            assert_eq!(ada, Ok(Subject::named("ada").with_roles(["viewer", "operator"])), "{value}");
        }
        assert_eq!(subject(&claims(json!({"sub": "ada"})), &names("roles", None)), Ok(Subject::named("ada")));
    }

    #[test]
    fn what_says_nothing_clear_is_refused() {
        for value in [
            json!({}),
            json!({"sub": ""}),
            json!({"sub": 7}),
            json!({"sub": "a\u{0}b"}),
            json!({"sub": "ada", "roles": 7}),
            json!({"sub": "ada", "roles": ["viewer", 7]}),
            json!({"sub": "ada", "roles": ["a\nb"]}),
            json!({"sub": "ada", "roles": {"viewer": true}}),
        ] {
            assert!(subject(&claims(value.clone()), &names("roles", None)).is_err(), "{value}");
        }
    }

    #[test]
    fn a_claim_that_narrows_must_be_there() {
        let names = names("roles", Some("tenants"));
        let ada = subject(&claims(json!({"sub": "ada", "tenants": ["shop"]})), &names).expect("a subject");
        assert_eq!(ada.bounds().namespaces.as_deref(), Some(&["shop".into()][..]));
        assert!(subject(&claims(json!({"sub": "ada"})), &names).is_err());
    }
}
