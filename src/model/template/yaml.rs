//! From YAML text to a JSON document and the line of everything in it.
//!
//! Aliases and `<<` are written out. What JSON can't say is refused: tags, keys that are not text, infinities.

use serde_json::{Map, Value};
use serde_yaml::Value as Yaml;

use super::{
    marks::{self, Mark},
    path::Path,
    problem::{Problem, Severity},
    reading::{Purpose, Reading},
};

/// A document as it stands in its file.
pub(crate) struct Document {
    pub value: Value,
    pub marks: Mark,
}

/// Reads one file. There may be problems and a document: a key that is written twice does not hide the rest.
pub(crate) fn read(file: &str, text: &str, max_bytes: usize) -> (Option<Document>, Vec<Problem>) {
    let problem = |line: Option<u32>, path: String, message: String| Problem {
        file: file.to_owned(),
        line,
        path,
        severity: Severity::Error,
        message,
    };
    let whole = |message: String| (None, vec![problem(None, String::new(), message)]);
    if text.len() > max_bytes {
        return whole(format!("the file has {} bytes; at most {max_bytes} are read", text.len()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (marks, duplicates) = match marks::read(text) {
        Ok(read) => read,
        Err(fault) => return (None, vec![problem(Some(fault.line), fault.path, fault.message)]),
    };
    let twice = !duplicates.is_empty();
    let mut problems: Vec<Problem> =
        duplicates.into_iter().map(|fault| problem(Some(fault.line), fault.path, fault.message)).collect();
    let yaml = match serde_yaml::from_str::<Yaml>(text) {
        Ok(yaml) => yaml,
        // A mapping with a key twice is refused; into JSON, the last one wins. Good enough to find what else is wrong.
        Err(_) if twice => {
            match serde_yaml::from_str::<Value>(text).ok().and_then(|json| serde_yaml::to_value(json).ok()) {
                Some(yaml) => yaml,
                None => return (None, problems),
            }
        }
        Err(error) => {
            let line = error.location().and_then(|at| u32::try_from(at.line()).ok());
            problems.push(problem(
                line,
                String::new(),
                format!("can't be read as YAML: {}", without_place(&error)),
            ));
            return (None, problems);
        }
    };
    let reading = Reading::new(file, &marks, Purpose::Inspect);
    let value = json(&reading, &Path::Root, yaml);
    problems.extend(reading.into_problems());
    (Some(Document { value, marks }), problems)
}

/// The line is said in front of the message.
fn without_place(error: &serde_yaml::Error) -> String {
    let message = error.to_string();
    message.split(" at line ").next().unwrap_or(&message).to_owned()
}

fn json(reading: &Reading<'_>, path: &Path<'_>, yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => number_of(&number).unwrap_or_else(|| {
            reading.error(path, "infinity and not-a-number are no JSON values");
            Value::from(0)
        }),
        Yaml::String(text) => {
            refuse_nul(reading, path, &text);
            Value::String(text)
        }
        Yaml::Sequence(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| json(reading, &path.index(index), item))
            .collect(),
        Yaml::Mapping(mapping) => Value::Object(object(reading, path, mapping)),
        Yaml::Tagged(tagged) => {
            reading.error(path, format!("the tag {} means nothing here; remove it", tagged.tag));
            json(reading, path, tagged.value)
        }
    }
}

fn object(reading: &Reading<'_>, path: &Path<'_>, mapping: serde_yaml::Mapping) -> Map<String, Value> {
    let mut map = Map::new();
    let mut merged = Map::new();
    for (key, item) in mapping {
        let Some(key) = key_text(reading, path, key) else { continue };
        refuse_nul(reading, &path.key(&key), &key);
        let item = json(reading, &path.key(&key), item);
        if key == "<<" {
            merge_into(reading, &path.key(&key), &mut merged, item);
        } else {
            map.insert(key, item);
        }
    }
    // What is written in the mapping itself wins, wherever the `<<` stands.
    for (key, item) in merged {
        map.entry(key).or_insert(item);
    }
    map
}

/// The mappings that `<<` names; the first one that has a key wins.
fn merge_into(reading: &Reading<'_>, path: &Path<'_>, merged: &mut Map<String, Value>, item: Value) {
    let sources = match item {
        Value::Array(items) => items,
        single => vec![single],
    };
    for source in sources {
        match source {
            Value::Object(map) => {
                for (key, item) in map {
                    merged.entry(key).or_insert(item);
                }
            }
            _ => reading.error(path, "`<<` takes over the keys of a mapping, or of a list of mappings"),
        }
    }
}

fn key_text(reading: &Reading<'_>, path: &Path<'_>, key: Yaml) -> Option<String> {
    let text = match key {
        Yaml::String(text) => return Some(text),
        Yaml::Number(number) => number.to_string(),
        Yaml::Bool(value) => value.to_string(),
        Yaml::Null => "null".to_owned(),
        Yaml::Sequence(_) | Yaml::Mapping(_) | Yaml::Tagged(_) => {
            reading.error(path, "a key must be text");
            return None;
        }
    };
    reading.error(&path.key(&text), "a key must be text; put it in quotes");
    Some(text)
}

fn number_of(number: &serde_yaml::Number) -> Option<Value> {
    let whole = number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from));
    whole.or_else(|| serde_json::Number::from_f64(number.as_f64()?).map(Value::Number))
}

/// PostgreSQL stores no text that holds it.
fn refuse_nul(reading: &Reading<'_>, path: &Path<'_>, text: &str) {
    if text.contains('\0') {
        reading.error(path, "text can't hold the character U+0000");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Value {
        let (document, problems) = read("t.yaml", text, 10_000);
        assert_eq!(problems, []);
        document.expect("a document").value
    }

    fn problems(text: &str) -> String {
        read("t.yaml", text, 10_000).1.iter().map(|problem| format!("{problem}\n")).collect()
    }

    #[test]
    fn words_stay_words() {
        let text =
            "a: yes\nb: on\nc: 012\nd: true\ne: 1.5\nf: ~\ng: 18446744073709551615\nh: 2026-01-01\ni: 1:30\n";
        let expected = json!({
            "a": "yes", "b": "on", "c": "012", "d": true, "e": 1.5, "f": null, "g": 18_446_744_073_709_551_615_u64,
            "h": "2026-01-01", "i": "1:30"
        });
        assert_eq!(value(text), expected);
    }

    #[test]
    fn aliases_and_merges_are_written_out() {
        let text = "base: &base {a: 1, b: 1}\nmore: &more\n  <<: *base\n  b: 2\nlast: {c: 3, <<: [*more, {a: 9, d: 4}]}\n";
        let expected = json!({
            "base": {"a": 1, "b": 1}, "more": {"a": 1, "b": 2}, "last": {"a": 1, "b": 2, "c": 3, "d": 4}
        });
        assert_eq!(value(text), expected);
    }

    #[test]
    fn what_json_can_not_say_is_refused_in_place() {
        insta::assert_snapshot!(problems("a: !thing 1\nb: {1: x, true: y, ? [z] : w}\nc: .inf\nd: \"\\0\"\ne: {<<: 5}\n"), @r#"
        t.yaml:1: a: the tag !thing means nothing here; remove it
        t.yaml:2: b.1: a key must be text; put it in quotes
        t.yaml:2: b.true: a key must be text; put it in quotes
        t.yaml:2: b: a key must be text
        t.yaml:3: c: infinity and not-a-number are no JSON values
        t.yaml:4: d: text can't hold the character U+0000
        t.yaml:5: e["<<"]: `<<` takes over the keys of a mapping, or of a list of mappings
        "#);
    }

    #[test]
    fn text_that_is_not_yaml_says_where() {
        insta::assert_snapshot!(problems("a: 1\nb: [1, 2\nc: 3\n"), @"t.yaml:3: can't be read as YAML: illegal placement of ':' indicator");
        insta::assert_snapshot!(problems("a: 1\n\tb: 2\n"), @"t.yaml:1: can't be read as YAML: while scanning a plain scalar, found a tab");
        insta::assert_snapshot!(problems("a: *nowhere\n"), @"t.yaml:1: can't be read as YAML: while parsing node, found unknown anchor");
        insta::assert_snapshot!(problems("a: \u{1}\n"), @"t.yaml:1: can't be read as YAML: control characters are not allowed at position 3");
        insta::assert_snapshot!(problems(&"a".repeat(10_001)), @"t.yaml: the file has 10001 bytes; at most 10000 are read");
    }

    #[test]
    fn a_key_written_twice_does_not_hide_other_problems() {
        insta::assert_snapshot!(problems("a: 1\nb: {c: 1, c: 2}\na: .nan\n"), @r"
        t.yaml:2: b.c: this key is written twice; the first is in line 2
        t.yaml:3: a: this key is written twice; the first is in line 1
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            let _ = read("t.yaml", &text, 10_000);
        }

        #[test]
        fn any_yaml_like_text_is_read_or_refused(text in "[-a:{}\\[\\],&*!|>'\"%@#?~<.0-9 \t\n]{0,60}") {
            let _ = read("t.yaml", &text, 10_000);
        }
    }
}
