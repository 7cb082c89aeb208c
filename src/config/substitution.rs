//! `${VAR}` and `${VAR:-default}` in text.

/// Why a text can't be substituted. Names the variable, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The variable has no value and no default was written.
    #[error("`${{{0}}}` is not set; set the variable, or write `${{{0}:-default}}`")]
    Undefined(String),
    /// Not a variable at all.
    #[error(
        "`${{` must be followed by a variable's name and `}}`, as in `${{NAME}}` or `${{NAME:-default}}`"
    )]
    Malformed,
}

/// Whether there is anything to substitute.
pub fn is_needed(text: &str) -> bool {
    text.contains("${")
}

/// Puts the variables' values in. Values are not looked into again; a default is used where the variable is
/// absent or empty, as in a shell.
pub fn substitute<'a>(text: &str, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, Error> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, after) = after.split_once('}').ok_or(Error::Malformed)?;
        result.push_str(before);
        result.push_str(variable(inside, &value)?);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

/// The value of `NAME` or `NAME:-default`.
fn variable<'a: 't, 't>(inside: &'t str, value: impl Fn(&str) -> Option<&'a str>) -> Result<&'t str, Error> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        return Err(Error::Malformed);
    }
    match (value(name), default) {
        (Some(""), Some(default)) | (None, Some(default)) => Ok(default),
        (Some(value), _) => Ok(value),
        (None, None) => Err(Error::Undefined(name.to_owned())),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{Error, substitute};

    fn of(text: &str) -> Result<String, Error> {
        substitute(text, |name| match name {
            "A" => Some("one"),
            "EMPTY" => Some(""),
            "NESTED" => Some("${A}"),
            _ => None,
        })
    }

    #[test]
    fn variables_are_put_in() {
        assert_eq!(of("x ${A} $A ${B:-two} ${A}"), Ok("x one $A two one".to_owned()));
        assert_eq!(of("${EMPTY}|${EMPTY:-two}|${B:-}"), Ok("|two|".to_owned()));
        assert_eq!(of("${NESTED}"), Ok("${A}".to_owned()), "a value is not looked into");
        assert_eq!(of("${B:-a:-b}"), Ok("a:-b".to_owned()));
    }

    #[test]
    fn an_undefined_variable_and_a_malformed_one_are_errors() {
        assert_eq!(of("${A} ${B}"), Err(Error::Undefined("B".to_owned())));
        for text in ["${A", "${}", "${1A}", "${A-x}", "${ A }"] {
            assert_eq!(of(text), Err(Error::Malformed), "{text}");
        }
        assert_eq!(
            Error::Undefined("B".to_owned()).to_string(),
            "`${B}` is not set; set the variable, or write `${B:-default}`"
        );
    }
}
