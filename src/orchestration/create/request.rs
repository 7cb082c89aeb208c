//! What is asked for, as it was received.

use std::time::Duration;

use serde_json::Value;

use super::super::{Error, value};
use crate::model::{
    id::StepNo,
    template::{Template, Violation},
    time::Timestamp,
    trace::TraceContext,
};

/// A request for a task. What is not given comes from the template.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRequest {
    /// Template name.
    pub name: String,
    /// Template namespace; `default` without one.
    pub namespace: Option<String>,
    /// Template version; the highest without one.
    pub version: Option<String>,
    /// The task's input.
    pub context: Value,
    /// Who or what asks, by its own words.
    pub initiator: Option<String>,
    /// The system it comes from.
    pub source_system: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// For finding it.
    pub tags: Vec<String>,
    /// Skippable steps to settle at once.
    pub bypass_steps: Vec<String>,
    /// Higher is taken first.
    pub priority: Option<i32>,
    /// Starts no earlier than this after its creation.
    pub delay: Option<Duration>,
    /// Limit for the whole task.
    pub timeout: Option<Duration>,
    /// The same key in the same namespace is the same task.
    pub idempotency_key: Option<String>,
    /// When it was asked for, by the caller's clock.
    pub requested_at: Option<Timestamp>,
    /// Check everything and store nothing.
    pub dry_run: bool,
    /// Follows it to its events.
    pub request_id: Option<String>,
    /// The span that asks: the task and its attempts become part of its trace.
    pub trace: Option<TraceContext>,
}

impl TaskRequest {
    /// A request with nothing but a template's name and the input.
    pub fn new(name: impl Into<String>, context: Value) -> Self {
        Self {
            name: name.into(),
            namespace: None,
            version: None,
            context,
            initiator: None,
            source_system: None,
            reason: None,
            tags: Vec::new(),
            bypass_steps: Vec::new(),
            priority: None,
            delay: None,
            timeout: None,
            idempotency_key: None,
            requested_at: None,
            dry_run: false,
            request_id: None,
            trace: None,
        }
    }

    /// The namespace asked for.
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    /// What makes it the only one of its kind while it is being created.
    pub(super) fn key(&self) -> Option<String> {
        self.idempotency_key.as_ref().map(|key| format!("{}\n{key}", self.namespace()))
    }

    pub(super) fn version(&self) -> Result<Option<semver::Version>, Error> {
        let parse = |text: &String| {
            semver::Version::parse(text).map_err(|_| {
                Error::BadInput(format!(
                    "version {text:?} is not a version; write three numbers, as in 1.2.0"
                ))
            })
        };
        self.version.as_ref().map(parse).transpose()
    }

    /// Sizes and characters, before anything is looked up.
    pub(super) fn check(&self) -> Result<(), Error> {
        let texts = [
            ("name", Some(&self.name), 64),
            ("namespace", self.namespace.as_ref(), 64),
            ("initiator", self.initiator.as_ref(), 200),
            ("sourceSystem", self.source_system.as_ref(), 200),
            ("reason", self.reason.as_ref(), 2_000),
            ("idempotencyKey", self.idempotency_key.as_ref(), 200),
        ];
        for (what, text, limit) in texts {
            text.map_or(Ok(()), |text| value::checked_text(what, text, limit)).map_err(Error::BadInput)?;
        }
        if self.idempotency_key.as_ref().is_some_and(String::is_empty) {
            return Err(Error::BadInput(
                "idempotencyKey is empty; leave it out, or give each request its own".into(),
            ));
        }
        check_tags(&self.tags)
    }

    /// The places of the steps to bypass; all that is wrong with them at once.
    pub(super) fn bypassed(&self, template: &Template) -> Result<Vec<StepNo>, Error> {
        let mut places = Vec::new();
        let mut violations = Vec::new();
        for (index, name) in self.bypass_steps.iter().enumerate() {
            let wrong = match template.step_no(name) {
                None => "the template has no such step",
                Some(no) if !template.step(no).skippable => "the step is not skippable",
                Some(no) => {
                    if !places.contains(&no) {
                        places.push(no);
                    }
                    continue;
                }
            };
            violations.push(Violation {
                pointer: format!("/bypassSteps/{index}"),
                message: format!("{name:?}: {wrong}"),
            });
        }
        if violations.is_empty() { Ok(places) } else { Err(Error::Invalid(violations)) }
    }
}

/// Up to 50 tags of up to 100 characters.
pub(in crate::orchestration) fn check_tags(tags: &[String]) -> Result<(), Error> {
    if tags.len() > 50 {
        return Err(Error::BadInput(format!("a task has at most 50 tags; these are {}", tags.len())));
    }
    tags.iter().try_for_each(|tag| value::checked_text("a tag", tag, 100)).map_err(Error::BadInput)
}
