//! The language of expressions: minijinja, strict about what is not there, and kept from eating time and memory.
//!
//! Nothing in it keeps a value (no `set`, no macros), nothing includes another text, what grows a text is bounded, and
//! every evaluation has a number of instructions and of bytes.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value as Given,
    value::ValueKind,
};
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::{
    Fault, Scope, Secrets, filters,
    scope::{Held, Notes, Root},
    text::{Form, Text, Variable},
    url::{CLOSE, COMPONENT, OPEN},
    values::{json_of, text_of},
};
use crate::model::template::Vars;

/// Instructions of one text.
const FUEL: u64 = 200_000;

/// How deep expressions nest.
const DEPTH: usize = 50;

/// What a text may come to.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// The name of a text that is an address: values in it are encoded.
const ADDRESS: &str = "url";

static LANGUAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut language = Environment::empty();
    language.set_undefined_behavior(UndefinedBehavior::Strict);
    language.set_auto_escape_callback(|_| AutoEscape::None);
    language.set_keep_trailing_newline(true);
    language.set_fuel(Some(FUEL));
    language.set_recursion_limit(DEPTH);
    language.set_formatter(write);
    filters::add(&mut language);
    language
});

/// Checks what can be known of a text before anything is there to evaluate it with. Answers with what it refers to.
pub(super) fn inspect(text: &Text<'_>) -> Result<Vec<String>, String> {
    let said = |error: Error| error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let mut found: Vec<String> = match text.form {
        Form::Plain => Vec::new(),
        Form::Expression(code) => {
            let expression = LANGUAGE.compile_expression(code).map_err(said)?;
            expression.undeclared_variables(true).into_iter().collect()
        }
        Form::Mixed => {
            let template = LANGUAGE.template_from_named_str("text", &text.source).map_err(said)?;
            template.undeclared_variables(true).into_iter().collect()
        }
    };
    found.retain(|name| !name.starts_with(super::text::VARIABLE));
    found.sort();
    text.code.iter().try_for_each(|code| filters::check(code))?;
    Ok(found)
}

/// What `written` comes to; the variables in it are noted as secrets.
pub(super) fn value(
    written: &str,
    vars: Vars<'_>,
    scope: &Scope,
    secrets: &mut Secrets,
) -> Result<Value, Fault> {
    let (text, held) = taken(written, vars)?;
    held.iter().for_each(|(value, is_secret)| {
        if *is_secret {
            secrets.add(value)
        }
    });
    let held = held.into_iter().map(|(value, _)| value).collect();
    match text.form {
        Form::Plain => Ok(Value::String(plain(&text, held))),
        Form::Mixed => rendered("text", &text, held, scope).map(Value::String),
        Form::Expression(code) => {
            let (root, notes) = root(scope, held);
            let given = LANGUAGE
                .compile_expression(code)
                .and_then(|expression| expression.eval(root))
                .map_err(|error| fault(&error, &notes))?;
            json_of(&given, MOST_BYTES).map_err(|error| fault(&error, &notes))
        }
    }
}

/// What an address comes to, its values encoded and between marks. Its variables come along, in their order.
pub(super) fn address(
    written: &str,
    vars: Vars<'_>,
    scope: &Scope,
) -> Result<(String, Vec<Arc<str>>), Fault> {
    let (text, held) = taken(written, vars)?;
    let secret = held.iter().filter(|(_, is_secret)| *is_secret).map(|(value, _)| value.clone()).collect();
    let held: Vec<Arc<str>> = held.into_iter().map(|(value, _)| value).collect();
    let address = match text.form {
        Form::Plain => plain(&text, held),
        Form::Expression(_) | Form::Mixed => rendered(ADDRESS, &text, held, scope)?,
    };
    Ok((address, secret))
}

type Taken<'a> = (Text<'a>, Vec<(Arc<str>, bool)>);

/// The text with what its variables hold, and whether that comes from the environment: a default is no secret.
fn taken<'a>(written: &'a str, vars: Vars<'_>) -> Result<Taken<'a>, Fault> {
    let text = Text::parse(written).map_err(Fault::Wrong)?;
    let mut held = Vec::with_capacity(text.variables.len());
    for variable in &text.variables {
        held.push(match variable {
            Variable::Literal(characters) => ((*characters).into(), false),
            Variable::Named { name, default } => match (vars(name), *default) {
                (Some(value), None) => (value.into(), true),
                (Some(value), Some(_)) if !value.is_empty() => (value.into(), true),
                (_, Some(default)) => (default.into(), false),
                (None, None) => return Err(Fault::Wrong(format!("the variable {name} is not defined"))),
            },
        });
    }
    Ok((text, held))
}

/// Most texts have no expressions, and are put together without the language.
fn plain(text: &Text<'_>, held: Vec<Arc<str>>) -> String {
    let mut plain = text.source.clone();
    // From the last to the first: what a variable holds may look like the name of an earlier one.
    for (number, value) in held.iter().enumerate().rev() {
        let name = format!("{{{{ {}{number} }}}}", super::text::VARIABLE);
        if let Some(at) = text.source.find(&name) {
            plain.replace_range(at..at + name.len(), value);
        }
    }
    plain
}

fn rendered(
    name: &'static str,
    text: &Text<'_>,
    held: Vec<Arc<str>>,
    scope: &Scope,
) -> Result<String, Fault> {
    let (root, notes) = root(scope, held);
    let mut written = Bounded(Vec::new());
    LANGUAGE
        .template_from_named_str(name, &text.source)
        .and_then(|template| template.render_captured_to(root, &mut written).map(drop))
        .map_err(|error| fault(&error, &notes))?;
    String::from_utf8(written.0).map_err(Fault::wrong)
}

fn root(scope: &Scope, variables: Vec<Arc<str>>) -> (Given, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let root = Root { scope: scope.clone(), variables, notes: notes.clone() };
    (Given::from_object(root), notes)
}

fn fault(error: &Error, notes: &Notes) -> Fault {
    match (error.kind(), notes.missing()) {
        (ErrorKind::UndefinedError, Some(name)) => Fault::Unresolved(name),
        (ErrorKind::OutOfFuel, _) => Fault::wrong("it takes too many steps"),
        (ErrorKind::WriteFailure, _) => Fault::Wrong(format!("it comes to more than {MOST_BYTES} bytes")),
        _ => Fault::Wrong(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)),
    }
}

/// How a value is written into a text.
fn write(out: &mut Output<'_>, state: &State<'_, '_>, value: &Given) -> Result<(), Error> {
    let failed = |_| Error::new(ErrorKind::WriteFailure, "too long");
    if let Some(held) = value.downcast_object_ref::<Held>() {
        return out.write_str(&held.0).map_err(failed);
    }
    match value.kind() {
        ValueKind::Undefined => Err(Error::new(ErrorKind::UndefinedError, "nothing is there")),
        ValueKind::String | ValueKind::Number | ValueKind::Bool if state.name() == ADDRESS => {
            let text = text_of(value);
            let encoded = utf8_percent_encode(&text, COMPONENT);
            write!(out, "{OPEN}{encoded}{CLOSE}").map_err(failed)
        }
        ValueKind::String | ValueKind::Number | ValueKind::Bool => {
            out.write_str(&text_of(value)).map_err(failed)
        }
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable if state.name() != ADDRESS => {
            write!(out, "{}", json_of(value, MOST_BYTES)?).map_err(failed)
        }
        kind => {
            let message = format!("an expression gives {kind}, which can't stand in a text");
            Err(Error::new(ErrorKind::InvalidOperation, message))
        }
    }
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
