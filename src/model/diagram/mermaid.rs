//! The picture as a Mermaid flowchart.
//!
//! A step's name may be any text, and Mermaid reads quotes, brackets, HTML, Markdown, comments and icons out of labels.
//! So nodes have names of our own, and of a label only what can't begin anything stands as it is. Not even a space does:
//! `direction LR` turns the flowchart wherever it stands.

use std::fmt::Write;

use super::{Picture, StepNo, label, look::Look, text::shortened};

/// Columns of a name; what is longer is cut.
const MOST: usize = 60;

pub(super) fn write(picture: &Picture) -> String {
    let mut text = String::new();
    let written = compose(picture, &mut text);
    debug_assert!(written.is_ok(), "a text takes what is written");
    text
}

fn compose(picture: &Picture, text: &mut String) -> std::fmt::Result {
    // Names of templates are letters, digits, `_`, `.` and `-`: they need no escape here.
    let name = picture.template.full_name();
    let summary = label::summary(picture);
    writeln!(text, "---\ntitle: \"{name}, {summary}\"\n---\nflowchart TD")?;
    writeln!(text, "  accTitle: {name}\n  accDescr: {}", summary.replace(':', ","))?;
    for no in picture.dag().places() {
        let (id, look) = (no.0, Look::of(picture, no));
        let name = escaped(&shortened(picture.name(no), MOST));
        let details = shortened(&label::details(picture, no), MOST);
        let details = if look == Look::Plain { escaped(&details) } else { words(&details) };
        writeln!(text, "  s{id}[\"{name}<br/>{details}\"]:::{}", look.class())?;
    }
    for (from, to) in picture.edges() {
        writeln!(text, "  s{} --> s{}", from.0, to.0)?;
    }
    let used: Vec<Look> = looks(picture);
    for look in Look::ALL.into_iter().filter(|look| used.contains(look)) {
        let colours = look.light();
        let dashes = if look == Look::Cancelled { ",stroke-dasharray:4 3" } else { "" };
        let (class, super::look::Colours { ground, border, text: ink }) = (look.class(), colours);
        writeln!(text, "  classDef {class} fill:{ground},stroke:{border},color:{ink}{dashes}")?;
    }
    Ok(())
}

fn looks(picture: &Picture) -> Vec<Look> {
    let mut used: Vec<Look> = picture.dag().places().map(|no: StepNo| Look::of(picture, no)).collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// Text of others: letters and digits stand as they are, and `_`, `-` and `.` between them; all else is an entity.
fn escaped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let plain = |at: usize| {
        let beside =
            |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_alphanumeric);
        let between = || beside(at.checked_sub(1)) && beside(at.checked_add(1));
        chars[at].is_alphanumeric() || (matches!(chars[at], '_' | '-' | '.') && between())
    };
    chars.iter().enumerate().map(|(at, &c)| if plain(at) { c.to_string() } else { entity(c) }).collect()
}

/// Our own words.
fn words(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | ',' | '-' | '/');
    text.chars().map(|c| if plain(c) { c.to_string() } else { entity(c) }).collect()
}

fn entity(c: char) -> String {
    format!("#{};", u32::from(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_stay_readable_and_the_rest_can_begin_nothing() {
        assert_eq!(escaped("fetch_cart-2.0"), "fetch_cart-2.0");
        assert_eq!(escaped("direction LR"), "direction#32;LR");
        assert_eq!(words("in progress, attempt 2/3"), "in progress, attempt 2/3");
        assert_eq!(escaped("_x_ %% \"a\"]"), "#95;x#95;#32;#37;#37;#32;#34;a#34;#93;");
        assert_eq!(escaped("1. <b>注文"), "1#46;#32;#60;b#62;注文");
    }

    proptest! {
        #[test]
        fn a_label_reads_back_as_its_text(text in any::<String>()) {
            let safe = escaped(&text);
            let mut read = String::new();
            let mut rest = safe.as_str();
            while let Some((before, behind)) = rest.split_once('#') {
                let (number, after) = behind.split_once(';').expect("an entity ends");
                read.push_str(before);
                read.push(char::from_u32(number.parse().expect("a number")).expect("a character"));
                rest = after;
            }
            read.push_str(rest);
            prop_assert_eq!(read, text);
            let meant = ['"', '<', '>', '`', '[', ']', '{', '}', '%', ':', '\n', '$', '*', '@', ' '];
            prop_assert!(!safe.contains(meant));
        }
    }
}
