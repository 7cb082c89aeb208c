//! Where in a document something is: a chain on the stack, so that following a document costs no allocation.

use std::fmt::{self, Write};

/// Bytes of a key that are shown in full. Every problem under a key repeats it.
const MAX_KEY: usize = 200;

/// A place in a document.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    /// The whole document.
    Root,
    /// A key of a mapping.
    Key(&'a Path<'a>, &'a str),
    /// An entry of a list.
    Index(&'a Path<'a>, usize),
}

/// One step down a [`Path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// Into a mapping.
    Key(&'a str),
    /// Into a list.
    Index(usize),
}

impl<'a> Path<'a> {
    /// The value of `key` here.
    pub fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path::Key(self, key)
    }

    /// The entry `index` here.
    pub fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }

    /// From the root down.
    pub fn segments(&self) -> Vec<Segment<'a>> {
        let mut segments = Vec::new();
        let mut at = *self;
        loop {
            match at {
                Path::Root => break,
                Path::Key(parent, key) => {
                    segments.push(Segment::Key(key));
                    at = *parent;
                }
                Path::Index(parent, index) => {
                    segments.push(Segment::Index(index));
                    at = *parent;
                }
            }
        }
        segments.reverse();
        segments
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for segment in self.segments() {
            append(&mut text, segment);
        }
        f.write_str(&text)
    }
}

/// Adds `segment` to a rendered path: `.key`, `["any key"]` or `[3]`.
pub(super) fn append(path: &mut String, segment: Segment<'_>) {
    // Writing to a String can't fail.
    let _ = match segment {
        Segment::Index(index) => write!(path, "[{index}]"),
        Segment::Key(key) if key.len() > MAX_KEY => {
            write!(path, "[{:?}…]", key.chars().take(MAX_KEY / 4).collect::<String>())
        }
        Segment::Key(key) if !is_plain(key) => write!(path, "[{key:?}]"),
        Segment::Key(key) if path.is_empty() => write!(path, "{key}"),
        Segment::Key(key) => write!(path, ".{key}"),
    };
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

/// A JSON pointer into `value`, as segments: a number is an index only where there is a list.
pub(super) fn pointed<'a>(value: &serde_json::Value, keys: &'a [String]) -> Vec<Segment<'a>> {
    let mut at = Some(value);
    let mut segments = Vec::with_capacity(keys.len());
    for key in keys {
        let index = at.filter(|value| value.is_array()).and_then(|_| key.parse().ok());
        at = at.and_then(|value| match index {
            Some(index) => value.get::<usize>(index),
            None => value.get(key),
        });
        segments.push(index.map_or(Segment::Key(key), Segment::Index));
    }
    segments
}

/// The unescaped parts of a JSON pointer.
pub(super) fn pointer_keys(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_people_write_it() {
        let (steps, root) = (Path::Key(&Path::Root, "step_templates"), Path::Root);
        assert_eq!(steps.index(2).key("handler_class").to_string(), "step_templates[2].handler_class");
        assert_eq!(root.key("schema").key("a.b \"c\"").to_string(), r#"schema["a.b \"c\""]"#);
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn a_pointer_is_an_index_only_in_a_list() {
        let value = serde_json::json!({"anyOf": [{"0": 1}], "a/b": {}});
        let keys = pointer_keys("/anyOf/0/0");
        assert_eq!(pointed(&value, &keys), [Segment::Key("anyOf"), Segment::Index(0), Segment::Key("0")]);
        assert_eq!(pointer_keys("/a~1b"), ["a/b"]);
    }
}
