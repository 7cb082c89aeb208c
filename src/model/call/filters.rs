//! The filters and tests that expressions have: this list and no more.

use std::borrow::Cow;

use minijinja::{Environment, Error, ErrorKind, Value as Given, filters, tests, value::ValueKind};
use percent_encoding::utf8_percent_encode;

use super::{
    language::MOST_BYTES,
    url::COMPONENT,
    values::{json_of, text_of},
};

/// Words after `|`.
const FILTERS: [&str; 26] = [
    "abs", "bool", "default", "d", "first", "float", "int", "items", "join", "last", "length", "count",
    "list", "lower", "max", "min", "replace", "reverse", "round", "sort", "split", "string", "sum", "tojson",
    "trim", "upper",
];

/// The one whose name says what it is for.
const ENCODE: &str = "urlencode";

/// Words after `is`.
const TESTS: [&str; 12] = [
    "boolean",
    "defined",
    "endingwith",
    "in",
    "integer",
    "mapping",
    "none",
    "number",
    "sequence",
    "startingwith",
    "string",
    "undefined",
];

/// Adds them.
pub(super) fn add(language: &mut Environment<'static>) {
    language.add_filter("abs", filters::abs);
    language.add_filter("bool", filters::bool);
    language.add_filter("default", filters::default);
    language.add_filter("d", filters::default);
    language.add_filter("first", filters::first);
    language.add_filter("float", filters::float);
    language.add_filter("int", filters::int);
    language.add_filter("items", filters::items);
    language.add_filter("join", join);
    language.add_filter("last", filters::last);
    language.add_filter("length", filters::length);
    language.add_filter("count", filters::length);
    language.add_filter("list", filters::list);
    language.add_filter("lower", filters::lower);
    language.add_filter("max", filters::max);
    language.add_filter("min", filters::min);
    language.add_filter("replace", replace);
    language.add_filter("reverse", filters::reverse);
    language.add_filter("round", filters::round);
    language.add_filter("sort", filters::sort);
    language.add_filter("split", filters::split);
    language.add_filter("string", string);
    language.add_filter("sum", filters::sum);
    language.add_filter("tojson", tojson);
    language.add_filter("trim", filters::trim);
    language.add_filter("upper", filters::upper);
    language.add_filter(ENCODE, |text: Cow<'_, str>| utf8_percent_encode(&text, COMPONENT).to_string());
    language.add_test("boolean", tests::is_boolean);
    language.add_test("defined", tests::is_defined);
    language.add_test("endingwith", tests::is_endingwith);
    language.add_test("in", tests::is_in);
    language.add_test("integer", tests::is_integer);
    language.add_test("mapping", tests::is_mapping);
    language.add_test("none", tests::is_none);
    language.add_test("number", tests::is_number);
    language.add_test("sequence", tests::is_sequence);
    language.add_test("startingwith", tests::is_startingwith);
    language.add_test("string", tests::is_string);
    language.add_test("undefined", tests::is_undefined);
}

/// Refuses words that are none: the language itself finds out only when it comes to them.
pub(super) fn check(code: &str) -> Result<(), String> {
    let words = words(code);
    for pair in words.windows(3) {
        match (pair[0], pair[1], pair[2]) {
            ("|", filter, _) if !FILTERS.contains(&filter) && filter != ENCODE => {
                let all = FILTERS.join(", ");
                return Err(format!("there is no filter {filter}; there are {all}, {ENCODE}"));
            }
            ("is", "not", test) | ("is", test, _) if test != "not" && !TESTS.contains(&test) => {
                return Err(format!("there is no test {test}; there are {}", TESTS.join(", ")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Names and signs, without what stands in strings. Two empty ones at the end, so that each has two behind it.
fn words(code: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '"' || c == '\'' {
            while let Some((_, inner)) = chars.next() {
                match inner {
                    '\\' => drop(chars.next()),
                    inner if inner == c => break,
                    _ => {}
                }
            }
            words.push("''");
        } else if c.is_alphanumeric() || c == '_' {
            let mut end = at + c.len_utf8();
            while let Some(&(next, c)) = chars.peek().filter(|(_, c)| c.is_alphanumeric() || *c == '_') {
                end = next + c.len_utf8();
                chars.next();
            }
            words.push(&code[at..end]);
        } else if !c.is_whitespace() {
            words.push(&code[at..at + c.len_utf8()]);
        }
    }
    words.extend(["", ""]);
    words
}

fn replace(text: Cow<'_, str>, from: Cow<'_, str>, to: Cow<'_, str>) -> Result<String, Error> {
    let found = text.matches(&*from).count();
    bounded(found.saturating_mul(to.len()).saturating_add(text.len()))?;
    Ok(text.replace(&*from, &to))
}

fn join(items: &Given, between: Option<Cow<'_, str>>) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut joined = String::new();
    for (number, item) in items.try_iter()?.enumerate() {
        if item.is_undefined() {
            return Err(Error::new(ErrorKind::UndefinedError, "nothing is there"));
        }
        if number > 0 {
            joined.push_str(&between);
        }
        match item.as_str() {
            Some(text) => joined.push_str(text),
            None => joined.push_str(&text_of(&item)),
        }
        bounded(joined.len())?;
    }
    Ok(joined)
}

/// Lists and mappings as JSON.
fn string(value: &Given) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => tojson(value),
        ValueKind::Undefined => Err(Error::new(ErrorKind::UndefinedError, "nothing is there")),
        _ => Ok(text_of(value)),
    }
}

fn tojson(value: &Given) -> Result<String, Error> {
    Ok(json_of(value, MOST_BYTES)?.to_string())
}

fn bounded(bytes: usize) -> Result<(), Error> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidOperation, format!("a filter gives more than {MOST_BYTES} bytes")))
}
