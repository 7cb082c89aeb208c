//! One reading of one document: where it comes from, what its variables stand for, what is wrong with it.

use std::cell::{Cell, RefCell};

use super::{
    marks::Mark,
    path::{Path, Segment},
    problem::{Problem, Severity, did_you_mean},
    variables::{self, Vars},
};

/// Suggestions looked for in one reading: comparing with ten thousand names, ten thousand times, takes too long.
const MAX_SUGGESTIONS: u32 = 20;

/// Problems told of one reading: more than anyone reads, less than fills the memory.
const MAX_PROBLEMS: usize = 10_000;

/// Characters of a message. A cycle of long names comes near it.
const MAX_MESSAGE: usize = 5_000;

/// What the document is read for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To be run here: every variable must be defined.
    Load(Vars<'a>),
    /// To go on with a task that is pinned to it: variables of a handler's configuration may be gone by now, and
    /// fail the step that needs them rather than the task.
    Resume(Vars<'a>),
    /// To find mistakes in what another environment would run. Its variables are not known here.
    Inspect,
}

/// Collects problems; shared by everything that reads the document.
pub(crate) struct Reading<'a> {
    file: &'a str,
    marks: &'a Mark,
    purpose: Purpose<'a>,
    problems: RefCell<Vec<Problem>>,
    untold: Cell<usize>,
    errors: Cell<bool>,
    suggestions: Cell<u32>,
}

/// A text of the document: what it stands for and how it is written.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// With variables replaced.
    pub value: String,
    /// As in the file. Messages show this one, which holds no secret.
    pub written: String,
    /// `false` where a variable is not known, and so neither is the value.
    pub known: bool,
}

impl<'a> Reading<'a> {
    pub fn new(file: &'a str, marks: &'a Mark, purpose: Purpose<'a>) -> Self {
        Self {
            file,
            marks,
            purpose,
            problems: RefCell::default(),
            untold: Cell::new(0),
            errors: Cell::new(false),
            suggestions: Cell::new(MAX_SUGGESTIONS),
        }
    }

    pub fn purpose(&self) -> Purpose<'a> {
        self.purpose
    }

    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        if self.untold.get() > 0 {
            let message = format!("has {} more problems", self.untold.get());
            let (file, severity) = (self.file.to_owned(), Severity::Error);
            problems.push(Problem { file, line: None, path: String::new(), severity, message });
        }
        problems
    }

    pub fn has_errors(&self) -> bool {
        self.errors.get()
    }

    pub fn error(&self, path: &Path<'_>, message: impl Into<String>) {
        self.report(&path.segments(), Severity::Error, message.into());
    }

    pub fn error_at(&self, segments: &[Segment<'_>], message: impl Into<String>) {
        self.report(segments, Severity::Error, message.into());
    }

    pub fn warning(&self, path: &Path<'_>, message: impl Into<String>) {
        self.report(&path.segments(), Severity::Warning, message.into());
    }

    /// A name that a variable gives changes with it, and running tasks with the name.
    pub fn warn_of_shape(&self, path: &Path<'_>, text: &Text) {
        if variables::has_variables(&text.written) {
            let names = variables::names(&text.written);
            self.warning(
                path,
                format!("is part of the template's shape; tasks that run when {names} changes change too"),
            );
        }
    }

    fn report(&self, segments: &[Segment<'_>], severity: Severity, message: String) {
        self.errors.set(self.errors.get() || severity == Severity::Error);
        let mut problems = self.problems.borrow_mut();
        if problems.len() == MAX_PROBLEMS {
            return self.untold.set(self.untold.get() + 1);
        }
        let (mark, path) = self.marks.locate(segments);
        let (file, message) = (self.file.to_owned(), one_line(&message));
        problems.push(Problem { file, line: mark.line(), path, severity, message });
    }

    /// How the number at `path` is written, where the number no longer tells.
    pub fn written(&self, path: &Path<'_>) -> Option<&str> {
        let mut mark = self.marks;
        for segment in path.segments() {
            mark = mark.child(segment)?;
        }
        mark.written()
    }

    /// Does an environment say what is at `path`?
    pub fn is_override(&self, path: &Path<'_>) -> bool {
        self.marks.locate(&path.segments()).0.is_moved()
    }

    /// The line of what is at `path`.
    pub fn line(&self, path: &Path<'_>) -> Option<u32> {
        self.marks.locate(&path.segments()).0.line()
    }

    /// `; did you mean x?`, or nothing.
    pub fn suggestion<'c>(&self, word: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
        match self.suggestions.get() {
            0 => String::new(),
            left => {
                self.suggestions.set(left - 1);
                did_you_mean(word, candidates)
            }
        }
    }

    /// A text with its variables replaced. One that can't be is reported, and stays as it is written.
    pub fn text(&self, path: &Path<'_>, written: &str) -> Text {
        let resolved = match self.purpose {
            Purpose::Load(vars) | Purpose::Resume(vars) => variables::substitute(written, vars),
            // Only the form is checked.
            Purpose::Inspect => variables::substitute(written, &|_| Some(String::new())),
        };
        let unknown = matches!(self.purpose, Purpose::Inspect) && variables::has_variables(written);
        let known = resolved.is_ok() && !unknown;
        let value = match resolved {
            Ok(_) if unknown => written.to_owned(),
            Ok(value) => value,
            Err(faults) => {
                faults.into_iter().for_each(|fault| self.error(path, fault.to_string()));
                written.to_owned()
            }
        };
        Text { value, written: written.to_owned(), known }
    }
}

/// A message quotes what the file says, which may hold anything.
fn one_line(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
