//! Where everything in a YAML text is: a tree beside the document that knows each value's line.
//!
//! The values themselves are read by another parser; see [`super::yaml`]. This pass comes first, never recurses
//! and keeps what would grow without bound from the other: nesting, and aliases of aliases of aliases.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::path::{Segment, append};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// Most values a document may have once its aliases are written out.
const MAX_VALUES: usize = 1_000_000;

/// One value's place, and those of the values in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark {
    /// Counted from one; zero where there is no text.
    line: u32,
    /// The path in the file, where merging moved this value elsewhere.
    origin: Option<String>,
    /// How a number was written, where the number alone no longer tells: `1.10`.
    written: Option<Box<str>>,
    /// What is in it, if it is a mapping.
    keys: HashMap<String, Mark>,
    /// What is in it, if it is a list.
    items: Vec<Mark>,
}

impl Mark {
    /// A value of which only the line is known.
    pub fn at(line: u32) -> Self {
        Self { line, ..Self::default() }
    }

    /// The line, if there is a text.
    pub fn line(&self) -> Option<u32> {
        (self.line > 0).then_some(self.line)
    }

    /// The text of a number that would not be printed the same.
    pub fn written(&self) -> Option<&str> {
        self.written.as_deref()
    }

    /// The mark one step down.
    pub fn child(&self, segment: Segment<'_>) -> Option<&Self> {
        match segment {
            Segment::Key(key) => self.keys.get(key),
            Segment::Index(index) => self.items.get(index),
        }
    }

    /// The mark of `key`, to change it; made where there is none.
    pub fn key_mut(&mut self, key: &str) -> &mut Self {
        self.keys.entry(key.to_owned()).or_insert_with(|| Self::at(self.line))
    }

    /// The mark of an entry, to change it; made where there is none.
    pub fn item_mut(&mut self, index: usize) -> &mut Self {
        if self.items.len() <= index {
            self.items.resize_with(index + 1, || Self::at(self.line));
        }
        &mut self.items[index]
    }

    /// The same, remembering that its value comes from `origin` in the file.
    pub fn moved_from(&self, origin: String) -> Self {
        Self { origin: Some(origin), ..self.clone() }
    }

    /// Does its value come from elsewhere in the file?
    pub fn is_moved(&self) -> bool {
        self.origin.is_some()
    }

    /// The mark of the value at `segments` or, where it has none of its own, of what it is in; and its path in
    /// the file.
    pub fn locate(&self, segments: &[Segment<'_>]) -> (&Self, String) {
        let mut path = String::new();
        let mut nearest = self;
        let mut on_track = true;
        for &segment in segments {
            append(&mut path, segment);
            match nearest.child(segment).filter(|_| on_track) {
                Some(child) => {
                    nearest = child;
                    if let Some(origin) = &child.origin {
                        path.clone_from(origin);
                    }
                }
                None => on_track = false,
            }
        }
        (nearest, path)
    }
}

/// Something in the text that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Counted from one.
    pub line: u32,
    /// Path of the value, as far as it is known.
    pub path: String,
    /// A sentence.
    pub message: String,
}

/// The marks of a text, and the keys that are written twice in one mapping.
pub(super) fn read(text: &str) -> Result<(Mark, Vec<Fault>), Fault> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Fault {
            line: line_number(error.marker().line()),
            path: String::new(),
            message: format!("can't be read as YAML: {}", error.info()),
        })?;
        builder.take(event, span)?;
    }
    Ok((builder.root.unwrap_or_default(), builder.duplicates))
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// A mapping or list that is not closed yet.
struct Open {
    line: u32,
    anchor: usize,
    values_before: usize,
    content: Content,
}

enum Content {
    Mapping { keys: HashMap<String, Mark>, seen: HashSet<String>, key: Option<(String, u32)> },
    List(Vec<Mark>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Mark>,
    duplicates: Vec<Fault>,
    documents: usize,
    values: usize,
    /// How many values each finished anchor stands for.
    anchors: HashMap<usize, usize>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = line_number(span.start.line());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                match self.documents {
                    1 => Ok(()),
                    _ => Err(self.fault(line, "a second document starts here; write one template to a file")),
                }
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                None => Err(self.fault(line, "this alias stands for something that contains it")),
                Some(&values) => {
                    self.count(values, line)?;
                    self.value(Mark::at(line), None, line);
                    Ok(())
                }
            },
            Event::Scalar(text, style, anchor, _) => {
                self.count(1, line)?;
                if anchor > 0 {
                    self.anchors.insert(anchor, 1);
                }
                let written =
                    (style == ScalarStyle::Plain && loses_digits(&text)).then(|| text.as_ref().into());
                self.value(Mark { written, ..Mark::at(line) }, Some(text.into_owned()), line);
                Ok(())
            }
            Event::SequenceStart(anchor, _) => self.begin(Content::List(Vec::new()), anchor, line),
            Event::MappingStart(anchor, _) => self.begin(
                Content::Mapping { keys: HashMap::new(), seen: HashSet::new(), key: None },
                anchor,
                line,
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
        }
    }

    fn begin(&mut self, content: Content, anchor: usize, line: u32) -> Result<(), Fault> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.fault(line, &format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let values_before = self.values;
        self.count(1, line)?;
        self.open.push(Open { line, anchor, values_before, content });
        Ok(())
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if open.anchor > 0 {
            self.anchors.insert(open.anchor, self.values - open.values_before);
        }
        let mark = match open.content {
            Content::Mapping { keys, .. } => Mark { keys, ..Mark::at(open.line) },
            Content::List(items) => Mark { items, ..Mark::at(open.line) },
        };
        self.value(mark, None, open.line);
    }

    /// A finished value: a key or a value of the mapping, an entry of the list, or the document.
    fn value(&mut self, mark: Mark, text: Option<String>, line: u32) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(mark),
            Some(Content::List(items)) => items.push(mark),
            Some(Content::Mapping { keys, seen, key }) => match (key.take(), text) {
                // The line of a key is where a reader looks for its value.
                (Some((name, key_line)), _) => {
                    keys.insert(name, Mark { line: key_line, ..mark });
                }
                // A key that is no text is refused by those who read the values; its value has no place of its own.
                (None, None) => *key = Some(("?".to_owned(), line)),
                (None, Some(name)) => {
                    let first =
                        (!seen.insert(name.clone())).then(|| keys.get(&name).map_or(line, |mark| mark.line));
                    *key = Some((name, line));
                    if let Some(first) = first {
                        let fault = self
                            .fault(line, &format!("this key is written twice; the first is in line {first}"));
                        self.duplicates.push(fault);
                    }
                }
            },
        }
    }

    fn count(&mut self, values: usize, line: u32) -> Result<(), Fault> {
        self.values = self.values.saturating_add(values);
        match self.values {
            ..=MAX_VALUES => Ok(()),
            _ => Err(self.fault(line, &format!("more than {MAX_VALUES} values, aliases written out"))),
        }
    }

    fn fault(&self, line: u32, message: &str) -> Fault {
        Fault { line, path: self.path(), message: message.to_owned() }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for open in &self.open {
            match &open.content {
                Content::List(items) => append(&mut path, Segment::Index(items.len())),
                Content::Mapping { key: Some((name, _)), .. } => append(&mut path, Segment::Key(name)),
                Content::Mapping { key: None, .. } => {}
            }
        }
        path
    }
}

/// A decimal number that is read as another text: `1.10` becomes 1.1, a very long one is rounded.
fn loses_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return false;
    }
    if digits.starts_with('0') && !digits.starts_with("0.") {
        return false;
    }
    text.parse::<i128>().map_or_else(
        |_| text.parse::<f64>().is_ok_and(|number| format!("{number:?}") != text),
        |number| u64::try_from(number).is_err() && i64::try_from(number).is_err(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(text: &str, segments: &[Segment<'_>]) -> Option<u32> {
        read(text).expect("YAML").0.locate(segments).0.line()
    }

    fn fault(text: &str) -> String {
        let Fault { line, path, message } = read(text).expect_err("a fault");
        format!("{line}: {path}: {message}")
    }

    #[test]
    fn every_value_knows_its_line() {
        let text = "---\nname: a\nsteps:\n  - name: b\n    config: {x: 1,\n      y: 2}\n  - name: c\n";
        let step = [Segment::Key("steps"), Segment::Index(0), Segment::Key("config"), Segment::Key("y")];
        assert_eq!(line_of(text, &[Segment::Key("name")]), Some(2));
        assert_eq!(line_of(text, &step), Some(6));
        assert_eq!(line_of(text, &[Segment::Key("steps"), Segment::Index(1)]), Some(7));
        // What has no place of its own has that of what it is missing from.
        assert_eq!(line_of(text, &[Segment::Key("steps"), Segment::Index(1), Segment::Key("x")]), Some(7));
    }

    #[test]
    fn what_would_grow_without_bound_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let alias = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
        }
        insta::assert_snapshot!(fault(&bomb), @"6: a5[7]: more than 1000000 values, aliases written out");
        insta::assert_snapshot!(fault(&"[".repeat(100_000)), @"1: : can't be read as YAML: recursion limit exceeded");
        insta::assert_snapshot!(fault("a: &a [*a]"), @"1: a[0]: this alias stands for something that contains it");
        insta::assert_snapshot!(fault("a: 1\n---\nb: 2\n"), @"2: : a second document starts here; write one template to a file");
    }

    #[test]
    fn a_key_written_twice_is_found_with_both_lines() {
        let (_, duplicates) = read("a: 1\nb: {c: 1, c: 2}\na: 2\n").expect("YAML");
        assert_eq!(duplicates.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 3]);
        insta::assert_snapshot!(duplicates[1].message, @"this key is written twice; the first is in line 1");
    }

    #[test]
    fn numbers_that_lose_digits_are_remembered() {
        for (text, loses) in [
            ("1.10", true),
            ("1.1", false),
            ("30", false),
            ("30.0", false),
            ("1.2.3", false),
            ("abc", false),
            ("123456789012345678901234567890", true),
            ("012", false),
            ("-2.50", true),
            ("18446744073709551615", false),
        ] {
            assert_eq!(loses_digits(text), loses, "{text}");
        }
    }
}
