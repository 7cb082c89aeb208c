//! What may be a name in a policy. Names are compared as they are, byte for byte; nothing in them is a pattern.

use super::{problem::shown, vocabulary::ANY};

/// The longest name of a user or role, in characters.
const LONGEST: usize = 256;

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Role,
}

/// `user:ada` or `role:viewer`, or what is wrong with it.
pub(super) fn principal(word: &str) -> Result<Kind, String> {
    let (kind, name) = match (word.strip_prefix("user:"), word.strip_prefix("role:")) {
        (Some(name), _) => (Kind::User, name),
        (None, Some(name)) => (Kind::Role, name),
        (None, None) if word == ANY => {
            return Err("nothing is for everybody: write a user or a role instead of `*`".to_owned());
        }
        (None, None) if ["user:", "role:"].iter().any(|kind| word.to_lowercase().starts_with(kind)) => {
            return Err(format!(
                "{} is neither a user nor a role: write `user:` or `role:` in lower case",
                shown(word)
            ));
        }
        (None, None) => {
            let word = shown(word);
            let who = word.trim_matches('`');
            return Err(format!("{word} is neither a user nor a role: write `user:{who}` or `role:{who}`"));
        }
    };
    match name.chars().find(|&c| !is_of_a_name(c)) {
        Some(c) => Err(format!("{} has the character {} in it: {ALLOWED}", shown(word), code_point(c))),
        None if name.is_empty() => Err(format!("{} has no name behind the colon", shown(word))),
        None if name.len() > LONGEST => Err(format!("a name has at most {LONGEST} characters")),
        None => Ok(kind),
    }
}

/// A namespace's name or `*`, or what is wrong with it. The rule is that of the task templates.
pub(super) fn namespace(word: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if word == ANY || (1..=64).contains(&word.len()) && word.chars().all(allowed) {
        return Ok(());
    }
    let rule = "a namespace is 1 to 64 letters A-Z a-z, digits, `_`, `.` or `-`, or `*` for every one; there are no patterns";
    match word.chars().find(|c| !c.is_ascii()) {
        Some(c) => Err(format!("{} has the character {} in it: {rule}", shown(word), code_point(c))),
        None => Err(format!("{} can't be a namespace: {rule}", shown(word))),
    }
}

const ALLOWED: &str = "names are printable ASCII without spaces, commas, quotes and `*`";

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '*' | ',' | '"' | '\'' | '`')
}

fn code_point(c: char) -> String {
    if c.is_ascii_graphic() { format!("`{c}`") } else { format!("U+{:04X}", u32::from(c)) }
}
