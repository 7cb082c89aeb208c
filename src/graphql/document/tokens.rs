//! Counts tokens and open brackets without parsing, so that the parser gets nothing large or deep.
//!
//! It reads strings and comments as the parser does and leaves every other judgement to it.

use async_graphql::ServerError;

use super::limits::{Limits, at_most, exceeded};

/// Brackets inside one another, of all kinds: what the parser can follow without running out of stack.
const BRACKETS: u64 = 64;

/// Bytes that a text may have for each token it may have: the parser looks at every one, in strings, comments and
/// spaces too.
const BYTES: usize = 64;

/// The number of tokens, if that and the nesting of brackets are within the limits.
pub fn check(text: &str, limits: &Limits) -> Result<u64, ServerError> {
    let bytes = text.as_bytes();
    at_most("tokens", (bytes.len() / BYTES) as u64, limits.tokens)?;
    let (mut at, mut tokens, mut open) = (0, 0_u64, 0_u64);
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => 1,
            b'#' => line(&bytes[at..]),
            _ => {
                tokens += 1;
                at_most("tokens", tokens, limits.tokens)?;
                match byte {
                    b'{' | b'(' | b'[' => {
                        open += 1;
                        if open > BRACKETS {
                            return Err(exceeded("brackets", BRACKETS));
                        }
                        1
                    }
                    b'}' | b')' | b']' => {
                        open = open.saturating_sub(1);
                        1
                    }
                    b'"' => string(&bytes[at..]),
                    b'.' if bytes[at..].starts_with(b"...") => 3,
                    _ if is_word(byte) => bytes[at..].iter().take_while(|byte| is_word(**byte)).count(),
                    _ => 1,
                }
            }
        };
    }
    Ok(tokens)
}

/// Names, numbers, and whatever is not ASCII.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'.') || !byte.is_ascii()
}

/// The length of the rest of the line.
fn line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len())
}

/// The length of the string that begins here. One that doesn't end is for the parser to refuse.
fn string(bytes: &[u8]) -> usize {
    if let Some(block) = bytes.strip_prefix(b"\"\"\"") {
        let mut at = 0;
        while at < block.len() {
            match &block[at..] {
                rest if rest.starts_with(br#"\""""#) => at += 4,
                rest if rest.starts_with(b"\"\"\"") => return at + 6,
                _ => at += 1,
            }
        }
        return bytes.len();
    }
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> u64 {
        check(text, &Limits::default()).unwrap()
    }

    #[test]
    fn tokens_are_counted_as_the_language_has_them() {
        assert_eq!(tokens("{ a }"), 3);
        assert_eq!(tokens("query Q($a: [Int!]! = [1, -2.5e+3]) { ...F @skip(if: $a) }"), 29);
        assert_eq!(tokens("# a comment { { {\r{ a }"), 3);
        assert_eq!(tokens(r#"{ a(b: "x { \" y", c: """ " \""" """) }"#), 11);
    }

    #[test]
    fn a_text_that_is_long_for_its_tokens_is_refused() {
        let fits = |text: String| check(&text, &Limits::default()).is_ok();
        for one in [" ", ",", "x", "#", "\"", "\"\"\" x"] {
            assert!(fits(format!("{one}{}", "x".repeat(639_000))), "{one}");
            assert!(!fits(format!("{one}{}", "x".repeat(641_000))), "{one}");
            assert!(!fits(one.repeat(1 << 20)), "{one}");
        }
    }

    #[test]
    fn a_string_without_an_end_is_left_to_the_parser() {
        for text in ["{ a(b: \"x", "{ a(b: \"\"\"x", "\"\\", "\"\"\"\\\"\"\""] {
            assert!(check(text, &Limits::default()).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_are_not_nested() {
        assert_eq!(tokens(&format!("{{ a(b: \"{}\") }} # {}", "{".repeat(100), "[".repeat(100))), 8);
    }
}
