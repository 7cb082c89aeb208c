//! What may be a name.

use super::reading::Text;

/// The longest name of a step, in characters.
const MAX_STEP_NAME: usize = 200;

/// First segments of the events that are Tasker's own.
const SYSTEM_CATEGORIES: [&str; 5] = ["task", "step", "workflow", "observability", "tasker"];

/// A namespace's or template's name, or why it can't be one.
pub(super) fn identifier(text: &Text) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    match (1..=64).contains(&text.value.len()) && text.value.chars().all(allowed) {
        true => Ok(()),
        false => Err("must be 1 to 64 letters A-Z a-z, digits, `_`, `.` or `-`"),
    }
}

/// A step's or handler's name, or why it can't be one.
pub(super) fn printable(text: &Text) -> Result<(), &'static str> {
    let length = text.value.chars().count();
    if length > MAX_STEP_NAME {
        return Err("must be at most 200 characters");
    }
    if text.value.trim().is_empty() {
        return Err("must not be empty");
    }
    match text.value.chars().any(unprintable) {
        true => Err("must be printable text, without line breaks and control characters"),
        false => Ok(()),
    }
}

/// Besides control characters: what breaks lines, what can't be seen, and what reverses the text around it.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A custom event's name, or why it can't be one.
pub(super) fn event(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let mut segments = name.split('.');
    let first = segments.next().unwrap_or_default();
    let lower_case = |segment: &str| !segment.is_empty() && segment.chars().all(allowed);
    let starts_with_letter = first.starts_with(|c: char| c.is_ascii_lowercase());
    if !name.contains('.')
        || !starts_with_letter
        || !name.split('.').all(lower_case)
        || name.len() > MAX_STEP_NAME
    {
        return Err("must be dotted lower-case words, such as payment.processed".to_owned());
    }
    match SYSTEM_CATEGORIES.contains(&first) {
        true => Err(format!("{first}.… are Tasker's own events; begin with another word")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Text {
        Text { value: value.to_owned(), written: value.to_owned(), known: true }
    }

    #[test]
    fn identifiers_are_short_and_plain() {
        for (name, fits) in
            [("order_process", true), ("A.b-9", true), ("", false), ("a b", false), ("ä", false)]
        {
            assert_eq!(identifier(&text(name)).is_ok(), fits, "{name}");
        }
        assert!(identifier(&text(&"a".repeat(64))).is_ok());
        assert!(identifier(&text(&"a".repeat(65))).is_err());
    }

    #[test]
    fn a_step_is_called_anything_that_prints() {
        for (name, fits) in [
            ("Zahlung prüfen ✔", true),
            ("a/b:c", true),
            (" ", false),
            ("a\nb", false),
            ("a\u{202e}b", false),
        ] {
            assert_eq!(printable(&text(name)).is_ok(), fits, "{name}");
        }
        assert!(printable(&text(&"ü".repeat(200))).is_ok());
        assert!(printable(&text(&"ü".repeat(201))).is_err());
    }

    #[test]
    fn an_event_is_dotted_and_not_one_of_our_own() {
        for (name, fits) in [
            ("payment.processed", true),
            ("payment.risk_flagged.v2", true),
            ("payment", false),
            ("Payment.x", false),
            ("payment..x", false),
            ("task.done", false),
            ("tasks.done", true),
            ("tasker.x", false),
            ("9a.b", false),
        ] {
            assert_eq!(event(name).is_ok(), fits, "{name}");
        }
    }
}
