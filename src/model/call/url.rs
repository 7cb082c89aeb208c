//! The address of a call: values stay where they were put.
//!
//! The template's own text and its variables are the address as they are. What an expression gives is encoded as one piece
//! of a path or a query, so that it is never more than that. At the very beginning it may give a whole address, and in
//! the place of the host a part of a name.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};
use url::Url;

use super::{Fault, Scope, Secrets, language};
use crate::model::template::Vars;

/// What can stand by itself in any part of an address.
pub(super) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Before and after a value, in an address that is being put together. No text has them.
pub(super) const OPEN: char = '\u{fdd0}';
pub(super) const CLOSE: char = '\u{fdd1}';

/// An address, and who signs in by it.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) url: Url,
    /// `user:password`.
    pub(super) user: Option<String>,
}

/// The address that `written` comes to. Variables that are more than the beginning of one are secrets.
pub(super) fn address(
    written: &str,
    vars: Vars<'_>,
    scope: &Scope,
    secrets: &mut Secrets,
) -> Result<Address, Fault> {
    if written.contains([OPEN, CLOSE]) {
        return Err(Fault::wrong("has a character that is none"));
    }
    let (rendered, held) = language::address(written, vars, scope)?;
    let rendered = rendered.trim();
    let whole = match rendered.strip_prefix(OPEN).and_then(|rest| rest.split_once(CLOSE)) {
        Some((base, rest)) => format!("{}{}", beginning(&decoded(base), rest)?, inner(rest)?),
        None => complete(rendered)?,
    };
    let mut url = Url::parse(&whole).map_err(|error| Fault::Wrong(format!("is no address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Fault::wrong("must be an address that begins with http:// or https://"));
    }
    url.set_fragment(None);
    let user = user(&mut url);
    note_secrets(&held, written, &url, secrets);
    secrets_of_user(user.as_deref(), secrets);
    Ok(Address { url, user })
}

/// A whole address that an expression gives: without what could be read as a secret, or as something else than it says.
fn beginning(base: &str, rest: &str) -> Result<String, Fault> {
    let expected =
        "begins with an expression, which must give a whole address such as https://example.com/orders";
    let url = Url::parse(base).map_err(|_| Fault::wrong(expected))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Fault::wrong(expected));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::wrong("begins with an expression, which must not give a user or a password"));
    }
    if !rest.is_empty() && (url.query().is_some() || url.fragment().is_some()) {
        let why = "begins with an expression that gives an address with a query, and nothing can follow that";
        return Err(Fault::wrong(why));
    }
    let base = url.as_str();
    Ok(if rest.starts_with('/') { base.trim_end_matches('/') } else { base }.to_owned())
}

/// An address that begins with text: the scheme, the host, then the rest.
fn complete(rendered: &str) -> Result<String, Fault> {
    let (scheme, after) = rendered
        .split_once("://")
        .filter(|(scheme, _)| !scheme.contains(OPEN))
        .ok_or_else(|| Fault::wrong("must begin with http:// or https://"))?;
    let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    Ok(format!("{scheme}://{}{}", host(authority)?, inner(rest)?))
}

/// The host: a value in it is a part of a name, and never its end after other text, which would make it somebody else's.
fn host(authority: &str) -> Result<String, Fault> {
    let pieces: Vec<Piece<'_>> = pieces(authority).collect();
    let mut host = String::with_capacity(authority.len());
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => host.push_str(text),
            Piece::Value(value) => {
                let value = decoded(value);
                let rest: String = pieces[at + 1..].iter().map(Piece::text).collect();
                part_of_host(&value, &host, &rest)?;
                host.push_str(&value);
            }
        }
    }
    if authority.contains(OPEN) && authority.contains('@') {
        return Err(Fault::wrong("an expression can't stand beside a user or a password"));
    }
    Ok(host)
}

/// Whether a value may stand between these.
fn part_of_host(value: &str, before: &str, after: &str) -> Result<(), Fault> {
    if before.contains(':') {
        let is_port = !value.is_empty() && value.chars().all(|c| c.is_ascii_digit());
        return if is_port {
            Ok(())
        } else {
            Err(Fault::wrong("an expression in the port may give digits only"))
        };
    }
    let alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_name = alphanumeric(value.chars().next())
        && alphanumeric(value.chars().last())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        && !value.contains("..");
    if !is_name {
        return Err(Fault::wrong(
            "an expression in the host may give letters, digits, dots and hyphens only",
        ));
    }
    let name = after.split(':').next().unwrap_or_default();
    if !before.is_empty() && !name.contains('.') {
        let why = "an expression can't end the name of a host that has begun as text; a `/` may be missing before it";
        return Err(Fault::wrong(why));
    }
    Ok(())
}

/// Path and query: values are encoded already, and must not be read as steps up or as nothing.
fn inner(rest: &str) -> Result<String, Fault> {
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    for segment in rest[..end].split(['/', '\\']).filter(|segment| segment.contains(OPEN)) {
        let segment: String = segment.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).collect();
        match &*decoded(&segment) {
            "" => return Err(Fault::wrong("an expression gives nothing where a part of the path should be")),
            "." | ".." => return Err(Fault::wrong("an expression gives a step up or down the path")),
            _ => {}
        }
    }
    Ok(rest.chars().filter(|c| !matches!(*c, OPEN | CLOSE)).collect())
}

enum Piece<'a> {
    Text(&'a str),
    Value(&'a str),
}

impl Piece<'_> {
    /// What the template says here; nothing of a value.
    const fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Value(_) => "",
        }
    }
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split(OPEN).enumerate().flat_map(|(number, part)| match (number, part.split_once(CLOSE)) {
        (0, _) | (_, None) => vec![Piece::Text(part)],
        (_, Some((value, after))) => vec![Piece::Value(value), Piece::Text(after)],
    })
}

fn decoded(encoded: &str) -> String {
    percent_decode_str(encoded).decode_utf8_lossy().into_owned()
}

/// Takes the user out: nobody is to see it in an address.
fn user(url: &mut Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
    // Both only fail where there is no host.
    let _ = (url.set_username(""), url.set_password(None));
    Some(user)
}

fn secrets_of_user(user: Option<&str>, secrets: &mut Secrets) {
    if let Some(user) = user {
        secrets.add(user);
        if let Some((_, password)) = user.split_once(':') {
            secrets.add(password);
        }
    }
}

/// Where the address begins is no secret: answers are full of it. What follows the host is, and so is a variable that
/// is a whole address by itself, as of a webhook.
fn note_secrets(held: &[Arc<str>], written: &str, url: &Url, secrets: &mut Secrets) {
    let whole =
        written.trim().starts_with("${") && written.trim().find('}') == Some(written.trim().len() - 1);
    for value in held {
        let is_base = Url::parse(value).is_ok_and(|base| {
            matches!(base.scheme(), "http" | "https") && base.username().is_empty() && base.query().is_none()
        });
        let is_origin = Url::parse(value).is_ok_and(|base| base.path() == "/" && base.query().is_none());
        let is_host =
            url.host_str().is_some_and(|host| host.contains(&**value)) && !url.path().contains(&**value);
        if !(is_host || is_base && (!whole || is_origin)) {
            secrets.add(value);
        }
    }
}

#[cfg(test)]
mod tests;
