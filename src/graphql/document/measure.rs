//! The size of a document with its fragments expanded, without expanding them.
//!
//! Each fragment is measured once, so the work is linear in the text however often it is spread. Sums saturate.

use std::collections::HashMap;

use async_graphql::ServerError;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};

use super::fragments;
use super::limits::{Limits, at_most, exceeded};

/// Selection sets inside one another, through fields and fragments alike. The library stops at this number too,
/// but only after having walked every spread of every spread.
const NESTING: u64 = 32;

/// How often a path below `__schema` or `__type` may pass one of [`LISTS`]. A type has fields that have types that
/// have fields: the standard introspection query needs one.
const INTROSPECTION_LISTS: u64 = 2;
const LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];

/// Refuses a document that is too large in any way that doesn't depend on variables.
pub fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), ServerError> {
    let mut measure = Measure { document, limits, fragments: HashMap::new() };
    let mut whole = Size::default();
    for (_, operation) in document.operations.iter() {
        let mut size = measure.set(&operation.node.selection_set.node, 1)?;
        at_most("root_fields", size.width, limits.root_fields)?;
        size.directives = size.directives.saturating_add(operation.node.directives.len() as u64);
        whole.add(size);
    }
    at_most("nodes", whole.nodes, limits.nodes)?;
    at_most("aliases", whole.aliases, limits.aliases)?;
    at_most("directives", whole.directives, limits.directives)?;
    at_most("depth", whole.depth, limits.depth)?;

    let measured = measure.fragments;
    fragments::all_used(document, |name| measured.contains_key(name))
}

/// The size of one selection set.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: u64,
    aliases: u64,
    directives: u64,
    /// Fields of the set itself.
    width: u64,
    depth: u64,
    nesting: u64,
    /// The most [`LISTS`] on one path.
    lists: u64,
}

impl Size {
    /// Both stand side by side in one set.
    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.width = self.width.saturating_add(other.width);
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.lists = self.lists.max(other.lists);
    }
}

struct Measure<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    /// `None` while it is being measured.
    fragments: HashMap<&'a str, Option<Size>>,
}

impl<'a> Measure<'a> {
    /// `level` is how many sets this one is in, itself included: it keeps the recursion off the end of the stack.
    fn set(&mut self, set: &'a SelectionSet, level: u64) -> Result<Size, ServerError> {
        at_most("nesting", level, NESTING)?;
        let mut size = Size { nesting: 1, ..Size::default() };
        for item in &set.items {
            let mut selection = match &item.node {
                Selection::Field(field) => self.field(&field.node, level)?,
                Selection::InlineFragment(inline) => {
                    inside(self.set(&inline.node.selection_set.node, level + 1)?)
                }
                Selection::FragmentSpread(spread) => {
                    inside(self.fragment(&spread.node.fragment_name, level + 1)?)
                }
            };
            selection.nodes = selection.nodes.saturating_add(1);
            selection.directives = selection.directives.saturating_add(item.node.directives().len() as u64);
            size.add(selection);
        }
        // A fragment measured higher up may be spread further down.
        at_most("nesting", level - 1 + size.nesting, NESTING)?;
        Ok(size)
    }

    fn field(&mut self, field: &'a Field, level: u64) -> Result<Size, ServerError> {
        let mut size = match field.selection_set.node.items.as_slice() {
            [] => Size::default(),
            _ => inside(self.set(&field.selection_set.node, level + 1)?),
        };
        size.aliases = size.aliases.saturating_add(u64::from(field.alias.is_some()));
        size.width = 1;
        match field.name.node.as_str() {
            "__schema" | "__type" => {
                at_most("introspection_depth", size.depth, self.limits.introspection_depth)?;
                at_most("introspection_lists", size.lists, INTROSPECTION_LISTS)?;
                (size.depth, size.lists) = (1, 0);
            }
            name => {
                size.depth += 1;
                size.lists += u64::from(LISTS.contains(&name));
            }
        }
        Ok(size)
    }

    fn fragment(
        &mut self,
        spread: &'a async_graphql::Positioned<async_graphql::Name>,
        level: u64,
    ) -> Result<Size, ServerError> {
        let name = spread.node.as_str();
        match self.fragments.get(name) {
            Some(Some(size)) if level - 1 + size.nesting > NESTING => Err(exceeded("nesting", NESTING)),
            Some(Some(size)) => Ok(*size),
            Some(None) => Err(fragments::cycle(spread)),
            None => {
                let definition =
                    self.document.fragments.get(name).ok_or_else(|| fragments::unknown(spread))?;
                self.fragments.insert(name, None);
                let mut size = self.set(&definition.node.selection_set.node, level)?;
                size.directives = size.directives.saturating_add(definition.node.directives.len() as u64);
                self.fragments.insert(name, Some(size));
                Ok(size)
            }
        }
    }
}

/// The size of a set seen from the set around it.
fn inside(mut size: Size) -> Size {
    size.nesting += 1;
    size
}
