//! What expressions may refer to: looked up where they ask for it, and noted where it is not there.

use std::{
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use minijinja::{
    Error, ErrorKind, Value as Given,
    value::{Enumerator, Object, ObjectRepr},
};
use serde_json::Value;

use super::text::VARIABLE;

/// Bytes of text that the expressions of one text may take in, however often they ask.
const MOST_TEXT: usize = 16 << 20;

/// Names that an expression may begin with.
pub(super) const ROOTS: [&str; 5] = ["context", "inputs", "results", "step", "task"];

/// What a step has left, by its name.
pub type LookUp = Arc<dyn Fn(&str) -> Option<Arc<Value>> + Send + Sync>;

/// What one attempt's expressions may refer to. Cheap to clone.
#[derive(Clone)]
pub struct Scope {
    /// The task's input.
    pub context: Arc<Value>,
    /// The step's own.
    pub inputs: Arc<Value>,
    /// What an earlier step has left, by its name; none while it is not settled.
    pub results: LookUp,
    /// `id`, `name`, `attempt`.
    pub step: Arc<Value>,
    /// `id`, `name`, `namespace`.
    pub task: Arc<Value>,
}

/// What came of looking things up.
#[derive(Debug)]
pub(super) struct Notes {
    missing: Mutex<Option<String>>,
    left: AtomicUsize,
}

impl Default for Notes {
    fn default() -> Self {
        Self { missing: Mutex::default(), left: AtomicUsize::new(MOST_TEXT) }
    }
}

impl Notes {
    /// The last thing that was looked for and is not there.
    pub(super) fn missing(&self) -> Option<String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn miss(&self, name: String) {
        *self.missing.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
    }

    fn takes(&self, bytes: usize) -> Result<(), Error> {
        let left = |left: usize| left.checked_sub(bytes);
        let took = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, left);
        took.map(drop).map_err(|_| {
            Error::new(
                ErrorKind::InvalidOperation,
                format!("it works on more than {MOST_TEXT} bytes of text"),
            )
        })
    }
}

/// The names that an expression begins with.
pub(super) struct Root {
    pub(super) scope: Scope,
    pub(super) variables: Vec<Arc<str>>,
    pub(super) notes: Arc<Notes>,
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Root")
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Given) -> Option<Given> {
        let name = key.as_str()?;
        let node = |root: &Arc<Value>| {
            Node { name: name.into(), root: root.clone(), path: Vec::new(), notes: self.notes.clone() }
                .given()
        };
        match name {
            "context" => node(&self.scope.context),
            "inputs" => node(&self.scope.inputs),
            "step" => node(&self.scope.step),
            "task" => node(&self.scope.task),
            "results" => Some(Given::from_object(Results(self.clone()))),
            other => {
                let number = other.strip_prefix(VARIABLE).and_then(|number| number.parse::<usize>().ok());
                let variable = number.and_then(|number| self.variables.get(number));
                if variable.is_none() {
                    self.notes.miss(other.to_owned());
                }
                variable.map(|held| Given::from_object(Held(held.clone())))
            }
        }
    }
}

/// What earlier steps have left.
#[derive(Debug)]
struct Results(Arc<Root>);

impl Object for Results {
    fn get_value(self: &Arc<Self>, key: &Given) -> Option<Given> {
        let step = key.as_str()?;
        let mut name = "results".to_owned();
        part(&mut name, step);
        let Some(left) = (self.0.scope.results)(step) else {
            self.0.notes.miss(name);
            return None;
        };
        Node { name: name.into(), root: left, path: Vec::new(), notes: self.0.notes.clone() }.given()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// What a variable holds. No expression can make one.
#[derive(Debug)]
pub(super) struct Held(pub(super) Arc<str>);

impl Object for Held {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list or a mapping of JSON, and where it is.
#[derive(Debug)]
pub(super) struct Node {
    name: Arc<str>,
    root: Arc<Value>,
    path: Vec<Hop>,
    notes: Arc<Notes>,
}

#[derive(Debug, Clone)]
enum Hop {
    Key(Arc<str>),
    Index(usize),
}

impl Node {
    /// As JSON.
    pub(super) fn json(&self) -> &Value {
        self.path.iter().fold(&*self.root, |value, hop| match hop {
            Hop::Key(key) => &value[&**key],
            Hop::Index(index) => &value[*index],
        })
    }

    /// As the language has it.
    fn given(self) -> Option<Given> {
        Some(match self.json() {
            Value::Null => Given::from(()),
            Value::Bool(truth) => Given::from(*truth),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Given::from(number),
                (None, Some(number)) => Given::from(number),
                (None, None) => Given::from(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => match self.notes.takes(text.len()) {
                Ok(()) => Given::from(text.as_str()),
                Err(error) => Given::from(error),
            },
            Value::Array(_) | Value::Object(_) => Given::from_object(self),
        })
    }

    fn child(&self, hop: Hop) -> Option<Given> {
        let path = self.path.iter().cloned().chain([hop]).collect();
        Self { name: self.name.clone(), root: self.root.clone(), path, notes: self.notes.clone() }.given()
    }

    fn miss(&self, key: &Given) {
        let mut name = self.name.to_string();
        for hop in &self.path {
            match hop {
                Hop::Key(key) => part(&mut name, key),
                Hop::Index(index) => {
                    let _ = write!(name, "[{index}]");
                }
            }
        }
        match key.as_str() {
            Some(key) => part(&mut name, key),
            None => {
                let _ = write!(name, "[{key}]");
            }
        }
        self.notes.miss(name);
    }
}

/// `a.b`, and `a["b c"]` where that is no name.
fn part(name: &mut String, key: &str) {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let _ = if plain { write!(name, ".{key}") } else { write!(name, "[{key:?}]") };
}

impl Object for Node {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.json().is_array() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Given) -> Option<Given> {
        let found = match self.json() {
            Value::Object(entries) => {
                let name = key.as_str()?;
                entries.contains_key(name).then(|| Hop::Key(name.into()))
            }
            Value::Array(items) => {
                let index = key.as_i64()?;
                let index = if index < 0 { index + i64::try_from(items.len()).unwrap_or(0) } else { index };
                usize::try_from(index).ok().filter(|&index| index < items.len()).map(Hop::Index)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        if found.is_none() {
            self.miss(key);
        }
        self.child(found?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.json() {
            Value::Array(items) => Enumerator::Seq(items.len()),
            Value::Object(entries) => {
                Enumerator::Values(entries.keys().map(|key| Given::from(key.as_str())).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Enumerator::Empty,
        }
    }
}
