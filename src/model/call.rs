//! A declarative HTTP call: what `handler_config` with `type: api` says, made into one request, and what is made of the
//! answer.
//!
//! Not here: sending it. Where a value comes from decides what it can do. The template's own text is the author's and
//! stands as it is; what a `${VAR}` holds is the operator's, goes in as it is and is secret; what an expression gives is
//! anybody's, is put in its place in encoded form and never read as a template again.

mod answer;
mod check;
mod filters;
mod keep;
mod language;
mod redirect;
mod request;
mod scope;
mod secrets;
mod text;
mod url;
mod values;

use std::fmt;

pub use self::{
    answer::{Meaning, body, meaning},
    check::{References, check, check_header},
    keep::Keep,
    redirect::{Next, redirect},
    request::{METHODS, Request, prepare},
    scope::{LookUp, Scope},
    secrets::Secrets,
};

/// Why a call can't be made as the template says. Where it is, and never what a variable holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct Mistake {
    /// Below the configuration: `headers.X-Id`.
    pub path: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a text of a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It refers to something that is not there.
    #[error("there is no {0}")]
    Unresolved(String),
    /// Anything else, in words.
    #[error("{0}")]
    Wrong(String),
}

impl Fault {
    fn wrong(why: impl fmt::Display) -> Self {
        Self::Wrong(why.to_string())
    }

    fn at(self, path: impl fmt::Display) -> Mistake {
        Mistake { path: path.to_string(), fault: self }
    }

    /// The word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unresolved(_) => "UNRESOLVED",
            Self::Wrong(_) => "BAD_CONFIG",
        }
    }
}
