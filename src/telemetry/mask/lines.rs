//! Lines for machines, on their way out: an object a line, in which what is secret is hidden at any depth.

use std::io::{self, Write};

use serde_json::Value;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::{HIDDEN, Mask};

/// Makes writers that hide.
pub(in crate::telemetry) struct MaskedLines<W> {
    inner: W,
    mask: Mask,
}

impl<W> MaskedLines<W> {
    pub(in crate::telemetry) fn new(inner: W, mask: Mask) -> Self {
        Self { inner, mask }
    }
}

/// Writes whole lines.
pub(in crate::telemetry) struct MaskedLine<'m, W> {
    inner: W,
    mask: &'m Mask,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for MaskedLines<W> {
    type Writer = MaskedLine<'a, W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine { inner: self.inner.make_writer(), mask: &self.mask }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        MaskedLine { inner: self.inner.make_writer_for(metadata), mask: &self.mask }
    }
}

impl<W: Write> Write for MaskedLine<'_, W> {
    /// The layer hands over a line at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        // Most lines have nothing to hide, and are not read.
        if !self.mask.hides(&text) {
            self.inner.write_all(line)?;
        } else {
            match serde_json::from_str(&text) {
                Ok(object) => writeln!(self.inner, "{}", hidden(self.mask, object))?,
                Err(_) => self.inner.write_all(self.mask.text(&text).as_bytes())?,
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn hidden(mask: &Mask, value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let entry = |(name, value): (String, Value)| match value {
                // Numbers and truths count, and hide nothing.
                Value::String(_) | Value::Array(_) | Value::Object(_) if mask.hides(&name) => {
                    (name, HIDDEN.into())
                }
                value => (name, hidden(mask, value)),
            };
            Value::Object(entries.into_iter().map(entry).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| hidden(mask, item)).collect(),
        Value::String(text) => mask.text(&text).into(),
        other => other,
    }
}
