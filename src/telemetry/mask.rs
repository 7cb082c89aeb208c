//! What log lines don't show: fields whose name says that they are secret, and the same names inside of JSON and of
//! `name=value` in a text.

mod fields;
mod lines;

use std::{borrow::Cow, sync::Arc};

pub(super) use fields::Fields;
pub(super) use lines::MaskedLines;

/// In the place of what is hidden.
const HIDDEN: &str = "[FILTERED]";

/// Which names are secret. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Mask(Arc<[String]>);

impl Mask {
    /// A name is secret when it contains one of these, in whatever case.
    pub(super) fn new(fragments: &[String]) -> Self {
        let fragments = fragments.iter().map(|fragment| fragment.to_ascii_lowercase());
        Self(fragments.filter(|fragment| !fragment.is_empty()).collect())
    }

    /// Whether a name is secret.
    pub(super) fn hides(&self, name: &str) -> bool {
        self.0.iter().any(|fragment| contains(name, fragment))
    }

    /// A field's value as it is shown.
    pub(super) fn shown<'v>(&self, name: &str, value: &'v str) -> Cow<'v, str> {
        if self.hides(name) { HIDDEN.into() } else { self.text(value) }
    }

    /// A text in which the values after secret names are hidden: `token=abc`, `"api_key": "abc"`, `Authorization: Bearer
    /// abc`. Numbers, `true`, `false` and `null` stay.
    pub(super) fn text<'v>(&self, text: &'v str) -> Cow<'v, str> {
        // Most texts have no pair in them.
        if !text.bytes().any(|byte| matches!(byte, b'=' | b':')) {
            return text.into();
        }
        let mut shown = String::new();
        let mut from = 0;
        while let Some(value) = self.next_secret(text, from) {
            shown.push_str(&text[from..value.start]);
            shown.push_str(HIDDEN);
            from = value.end;
        }
        if from == 0 {
            return text.into();
        }
        shown.push_str(&text[from..]);
        shown.into()
    }

    /// The next value that a secret name stands before.
    fn next_secret(&self, text: &str, mut from: usize) -> Option<std::ops::Range<usize>> {
        while let Some(at) = text[from..].find(['=', ':']).map(|at| from + at) {
            from = at + 1;
            if is_pair(text, at) && self.hides(name_before(&text[..at])) {
                let value = value_after(text, from);
                if !value.is_empty() && !counts(&text[value.clone()]) {
                    return Some(value);
                }
            }
        }
        None
    }
}

/// Whether the sign at `at` stands between a name and a value, as `=` always does. Before `:` a name is in quotes, as in
/// JSON, or looks like a key or a header, with a space behind: prose has colons too, and so have permissions.
fn is_pair(text: &str, at: usize) -> bool {
    if text.as_bytes()[at] == b'=' {
        return true;
    }
    let name = name_before(&text[..at]);
    let quoted = text[..at].trim_end().ends_with(['"', '\'']);
    let header = ["authorization", "cookie"].iter().any(|header| name.eq_ignore_ascii_case(header));
    quoted || text[at + 1..].starts_with(' ') && (header || name.contains(['_', '-']))
}

/// The fragment is in lower case already.
fn contains(name: &str, fragment: &str) -> bool {
    let same = |window: &[u8]| window.eq_ignore_ascii_case(fragment.as_bytes());
    name.as_bytes().windows(fragment.len()).any(same)
}

/// The name that a `=` or `:` ends, in quotes, escaped quotes or none.
fn name_before(text: &str) -> &str {
    let name = text.trim_end_matches([' ', '"', '\'', '\\']);
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    &name[name
        .rfind(|c: char| !part(c))
        .map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8))..]
}

/// From the first character of the value to its end: the closing quote, or what separates values. What is in brackets is
/// hidden whole.
fn value_after(text: &str, from: usize) -> std::ops::Range<usize> {
    let start = from + text[from..].len() - text[from..].trim_start_matches([' ', '\\']).len();
    let rest = &text[start..];
    let end = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inner = start + 1;
            // An escaped quote inside of a text in a text ends it as well: too much is hidden rather than too little.
            let close = closing_quote(&text[inner..], quote).map_or(text.len(), |at| inner + at);
            return inner..close;
        }
        Some('[' | '{') => closing_bracket(rest).unwrap_or(rest.len()),
        // A scheme and what belongs to it: `Bearer abc`.
        _ => word(rest).map_or(0, |first| {
            let scheme = ["bearer", "basic", "digest", "negotiate"]
                .iter()
                .any(|known| rest[..first].eq_ignore_ascii_case(known));
            if scheme { first + 1 + word(rest[first..].trim_start()).unwrap_or(0) } else { first }
        }),
    };
    start..start + end.min(rest.len())
}

/// The length of the first word.
fn word(text: &str) -> Option<usize> {
    let end =
        text.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | ')' | '}' | ']' | '"' | '\''));
    Some(end.unwrap_or(text.len())).filter(|&length| length > 0)
}

fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            c if c == quote && !escaped => return Some(at),
            _ => escaped = false,
        }
    }
    None
}

fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// What counts hides nothing: `tokens=12`.
fn counts(value: &str) -> bool {
    value.parse::<f64>().is_ok() || matches!(value, "true" | "false" | "null" | "None")
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use crate::config::Logging;

    fn mask() -> Mask {
        Mask::new(&Logging::default().mask)
    }

    #[test]
    fn values_of_secret_names_are_hidden_wherever_they_stand() {
        for (text, shown) in [
            ("nothing here", "nothing here"),
            ("tasks=3 name=ada", "tasks=3 name=ada"),
            ("token=abc user=ada", "token=[FILTERED] user=ada"),
            ("api_key: 'a b', n: 1", "api_key: '[FILTERED]', n: 1"),
            (r#"{"password":"a\"b","n":1}"#, r#"{"password":"[FILTERED]","n":1}"#),
            (r#"{"Authorization": "Bearer abc", "n": 1}"#, r#"{"Authorization": "[FILTERED]", "n": 1}"#),
            ("Authorization: Bearer abc, x", "Authorization: [FILTERED], x"),
            (r#"{"secrets":["a","b"],"n":[1]}"#, r#"{"secrets":[FILTERED],"n":[1]}"#),
            (r#"{\"client_secret\":\"abc\",\"n\":1}"#, r#"{\"client_secret\":\"[FILTERED]"#),
            ("https://x/?access_token=abc&n=1", "https://x/?access_token=[FILTERED]&n=1"),
            ("tokens=10000 token_count: 7, otp=true", "tokens=10000 token_count: 7, otp=true"),
            ("Cookie=a=b; c", "Cookie=[FILTERED]; c"),
            ("kätze=ä token=ö", "kätze=ä token=[FILTERED]"),
            ("token=", "token="),
            ("needs tasker.api_token:index", "needs tasker.api_token:index"),
            ("the token: it has expired", "the token: it has expired"),
            ("::=: token", "::=: token"),
        ] {
            let said = mask().text(text);
            assert!(said.starts_with(shown) || said == shown, "{text}: {said}");
            assert!(!said.contains("abc"), "{said}");
        }
    }

    #[test]
    fn a_fields_own_name_counts_too() {
        assert_eq!(mask().shown("user_password", "hunter2"), "[FILTERED]");
        assert_eq!(mask().shown("X-Api-Token", "12"), "[FILTERED]");
        assert_eq!(mask().shown("name", "order"), "order");
        assert_eq!(Mask::new(&[]).shown("password", "hunter2"), "hunter2", "nobody asked for it");
    }
}
