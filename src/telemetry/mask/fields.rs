//! Fields of lines for people: `name=value`, as the library writes them, but for what is hidden.

use std::{error::Error, fmt};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, format::Writer},
};

use super::Mask;

/// Writes the fields of spans and events.
pub(in crate::telemetry) struct Fields(pub(in crate::telemetry) Mask);

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line { mask: &self.0, writer, first: true, done: Ok(()) };
        fields.record(&mut line);
        line.done
    }
}

struct Line<'a, 'w> {
    mask: &'a Mask,
    writer: Writer<'w>,
    first: bool,
    done: fmt::Result,
}

impl Line<'_, '_> {
    fn field(&mut self, name: &str, value: &str) {
        if self.done.is_ok() {
            self.done = self.write(name, value);
        }
    }

    fn write(&mut self, name: &str, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.writer.write_char(' ')?;
        }
        // What could move the cursor or begin a line of its own is no text of ours.
        let value: String = value
            .chars()
            .map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c })
            .collect();
        match (name, self.writer.has_ansi_escapes()) {
            ("message", _) => write!(self.writer, "{value}"),
            (name, true) => write!(self.writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}"),
            (name, false) => write!(self.writer, "{name}={value}"),
        }
    }

    fn shown(&mut self, name: &str, value: &str) {
        let shown = self.mask.shown(name, value);
        self.field(name, &shown);
    }
}

impl Visit for Line<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.shown(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.shown("message", value),
            name if self.mask.hides(name) => self.shown(name, value),
            // Masked before it is quoted: a quote in it would look like its end.
            name => {
                let shown = format!("{:?}", self.mask.text(value));
                self.field(name, &shown);
            }
        }
    }

    /// With its causes, which it does not print itself.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut causes = Vec::new();
        let mut next = value.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        let name = field.name();
        let text = match causes.is_empty() {
            true => value.to_string(),
            false => format!("{value} {name}.sources=[{}]", causes.join(", ")),
        };
        self.shown(name, &text);
    }

    /// Numbers and truths count, and hide nothing.
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), &value.to_string());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field.name(), &value.to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), &value.to_string());
    }
}
