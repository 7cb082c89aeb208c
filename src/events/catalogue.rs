//! The catalogue: every event there is, with what it carries and who publishes it.
//!
//! Tasker's own events are one table (`system`), made for each [`EventName`]; custom ones are what templates and
//! handlers declare. Declarations of one name are one entry.

mod key;
mod payload;
mod search;
mod system;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

pub use self::search::{CATEGORIES, Search};
use crate::model::{event::EventName, namespaces::Namespaces};

/// One event, described.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// Its dotted name.
    pub name: String,
    /// `task`, `step`, `workflow`, `observability` or `custom`.
    pub category: String,
    /// When it is published.
    pub description: String,
    /// JSON Schema 2020-12 of its payload.
    pub payload_schema: Value,
    /// A payload as it could be.
    pub example_payload: Value,
    /// Who publishes it.
    pub fired_by: Vec<String>,
    /// Whether it is in the log.
    pub durable: bool,
    /// Whether a template or a handler declares it.
    pub custom: bool,
}

/// A custom event, as somebody declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Its dotted name.
    pub name: String,
    /// When it is published; may be empty.
    pub description: String,
    /// Who declares it, and so may publish it.
    pub by: String,
    /// The namespace of the template that it comes with; none where no template uses the handler.
    pub namespace: Option<String>,
}

/// Every event there is.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    custom: BTreeMap<String, Vec<Declaration>>,
}

impl Catalogue {
    /// Tasker's own events and these.
    pub fn of(declarations: impl IntoIterator<Item = Declaration>) -> Self {
        let mut custom: BTreeMap<String, Vec<Declaration>> = BTreeMap::new();
        for declaration in declarations {
            let known = custom.entry(declaration.name.clone()).or_default();
            if !known.contains(&declaration) {
                known.push(declaration);
            }
        }
        Self { custom }
    }

    /// Every event that is declared in these namespaces, and Tasker's own before them.
    pub fn within(&self, namespaces: &Namespaces) -> impl Iterator<Item = Definition> {
        let custom = self.custom.iter().filter_map(|(name, all)| custom(name, all, namespaces));
        EventName::SYSTEM.iter().filter_map(|name| system::definition(&EventName::parse(name))).chain(custom)
    }

    /// The event with this name, if it is Tasker's own or declared in these namespaces.
    pub fn find(&self, name: &str, namespaces: &Namespaces) -> Option<Definition> {
        system::definition(&EventName::parse(name))
            .or_else(|| custom(name, self.custom.get(name)?, namespaces))
    }
}

/// The entry of one name: what may be seen of its declarations.
fn custom(name: &str, declared: &[Declaration], namespaces: &Namespaces) -> Option<Definition> {
    let seen = declared.iter().filter(|one| match &one.namespace {
        Some(namespace) => namespaces.contains(namespace),
        None => namespaces.is_all(),
    });
    let (mut description, mut fired_by) = ("", Vec::new());
    for one in seen {
        if description.is_empty() {
            description = one.description.trim();
        }
        if !fired_by.contains(&one.by) {
            fired_by.push(one.by.clone());
        }
    }
    (!fired_by.is_empty()).then(|| Definition {
        name: name.to_owned(),
        category: EventName::parse(name).category().to_owned(),
        description: description.to_owned(),
        payload_schema: payload::of_custom(),
        example_payload: payload::example_of_custom(),
        fired_by,
        durable: true,
        custom: true,
    })
}

#[cfg(test)]
mod tests;
