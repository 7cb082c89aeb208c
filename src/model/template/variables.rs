//! `${NAME}` and `${NAME:-default}` in text.
//!
//! As in a shell, the default stands in when the variable is not set or empty. `$${` writes a literal `${`, and
//! `${{` is left alone: it is a dollar sign before an expression of the HTTP handler. Any other `$` is itself.

use std::fmt::Write;

use serde_json::Value;

use super::path::Path;

/// Looks a variable up; `None` when it is not set.
pub type Vars<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a text can't be substituted. Never carries a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not set, and there is no default.
    #[error("the variable {0} is not defined; define it, or give a default: ${{{0}:-…}}")]
    Undefined(String),
    /// A `${` that is not a variable.
    #[error(
        "`${{` begins a variable, as in ${{NAME}} or ${{NAME:-default}}; write `$${{` for the characters themselves"
    )]
    Malformed,
}

/// A [`Fault`] and where in the value it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct Unresolved {
    /// From the value's root: `headers.Authorization`.
    pub path: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// The value with every variable in its texts replaced: what a handler gets for its `handler_config`.
///
/// A text stays a text, also when its variable holds a number. Keys are left as they are.
pub fn resolve(value: &Value, vars: Vars<'_>) -> Result<Value, Unresolved> {
    let mut first = None;
    let resolved = resolve_all(&Path::Root, value, vars, &mut |path, fault| {
        first.get_or_insert_with(|| Unresolved { path: path.to_string(), fault });
    });
    first.map_or(Ok(resolved), Err)
}

/// The same, handing every fault to `report`; a text with a fault stays as it is written.
pub(super) fn resolve_all(
    path: &Path<'_>,
    value: &Value,
    vars: Vars<'_>,
    report: &mut dyn FnMut(&Path<'_>, Fault),
) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => Value::String(substitute(text, vars).unwrap_or_else(|faults| {
            faults.into_iter().for_each(|fault| report(path, fault));
            text.clone()
        })),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| resolve_all(&path.index(index), item, vars, report))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (key.clone(), resolve_all(&path.key(key), item, vars, report)))
            .collect(),
    }
}

/// The text with its variables replaced, or everything that is wrong with it.
pub fn substitute(text: &str, vars: Vars<'_>) -> Result<String, Vec<Fault>> {
    let mut resolved = String::with_capacity(text.len());
    let mut faults = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => resolved.push_str(literal),
            Piece::Malformed => faults.push(Fault::Malformed),
            Piece::Variable { name, default } => match (vars(name), default) {
                (Some(value), None) => resolved.push_str(&value),
                (Some(value), Some(_)) if !value.is_empty() => resolved.push_str(&value),
                (_, Some(default)) => resolved.push_str(default),
                (None, None) => faults.push(Fault::Undefined(name.to_owned())),
            },
        }
    }
    if faults.is_empty() { Ok(resolved) } else { Err(faults) }
}

/// Does the text depend on a variable?
pub(super) fn has_variables(text: &str) -> bool {
    text.contains("${") && pieces(text).any(|piece| matches!(piece, Piece::Variable { .. }))
}

/// Does any text in the value depend on a variable?
pub(super) fn any_variables(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => has_variables(text),
        Value::Array(items) => items.iter().any(any_variables),
        Value::Object(map) => map.values().any(any_variables),
    }
}

/// The names in the text, for a message: `${A}${B}` gives `A, B`.
pub(super) fn names(text: &str) -> String {
    let mut names = String::new();
    for piece in pieces(text) {
        if let Piece::Variable { name, .. } = piece {
            let _ = write!(names, "{}{name}", if names.is_empty() { "" } else { ", " });
        }
    }
    names
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Literal(&'a str),
    Variable { name: &'a str, default: Option<&'a str> },
    Malformed,
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = next_piece(rest)?;
        rest = after;
        Some(piece)
    })
}

fn next_piece(text: &str) -> Option<(Piece<'_>, &str)> {
    if text.is_empty() {
        return None;
    }
    if let Some(after) = text.strip_prefix("$${") {
        return Some((Piece::Literal("${"), after));
    }
    if text.starts_with("${") && !text.starts_with("${{") {
        return Some(variable(text).unwrap_or((Piece::Malformed, &text[2..])));
    }
    let skip = text.chars().next().map_or(1, char::len_utf8);
    let end = text[skip..].find('$').map_or(text.len(), |at| at + skip);
    Some((Piece::Literal(&text[..end]), &text[end..]))
}

fn variable(text: &str) -> Option<(Piece<'_>, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let mut chars = name.chars();
    let named = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    named.then_some((Piece::Variable { name, default }, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn vars(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("example.org".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn a_variable_is_replaced_and_everything_else_is_itself() {
        for (text, expected) in [
            ("https://${HOST}/x", "https://example.org/x"),
            ("${PORT:-80}${EMPTY:-1}${EMPTY}", "801"),
            ("${PORT:-a:-b $x}", "a:-b $x"),
            ("${PORT:-}", ""),
            ("$${HOST} $HOST $5 $", "${HOST} $HOST $5 $"),
            ("costs ${{ context.price }}", "costs ${{ context.price }}"),
            ("größe $${", "größe ${"),
        ] {
            assert_eq!(substitute(text, &vars).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_variable_says_how_to_write_it() {
        for text in ["${", "${}", "${A B}", "${1}", "${A-b}"] {
            assert_eq!(substitute(text, &vars), Err(vec![Fault::Malformed]), "{text}");
        }
        insta::assert_snapshot!(Fault::Malformed, @"`${` begins a variable, as in ${NAME} or ${NAME:-default}; write `$${` for the characters themselves");
    }

    #[test]
    fn a_handler_config_is_resolved_where_it_is_used() {
        let config = json!({"url": "https://${HOST}", "list": ["${PORT:-80}", 1]});
        assert_eq!(resolve(&config, &vars), Ok(json!({"url": "https://example.org", "list": ["80", 1]})));
        let missing =
            resolve(&json!({"headers": [{"Authorization": "Bearer ${TOKEN}"}]}), &vars).expect_err("missing");
        insta::assert_snapshot!(missing, @"headers[0].Authorization: the variable TOKEN is not defined; define it, or give a default: ${TOKEN:-…}");
    }

    proptest! {
        #[test]
        fn any_text_is_substituted_or_refused(text in "[${}:A-Z -]{0,40}") {
            let _ = substitute(&text, &vars);
        }

        #[test]
        fn an_escaped_text_is_itself(text in "\\PC*") {
            prop_assert_eq!(substitute(&text.replace("${", "$${"), &vars), Ok(text.clone()));
        }
    }
}
