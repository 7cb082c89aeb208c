//! What an operation needs: one pass over what it selects, through every fragment, alias and directive.
//!
//! A field counts wherever it stands: `@skip` and `@include` exempt nothing. Every fragment is looked into once, so
//! the pass is linear in the document, whatever the fragments do.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, ServerError, Variables,
    parser::types::{Field, OperationType, Selection, SelectionSet},
};

use super::{
    arguments::Given,
    requirements::{FieldNeeds, Requirements},
};
use crate::{
    auth::Permissions,
    graphql::{Code, document::Operation},
};

/// Everything that one operation needs.
#[derive(Debug, Default)]
pub(super) struct Needs<'a> {
    pub(super) roots: Vec<RootNeeds<'a>>,
    /// It asks about the schema.
    pub(super) introspects: bool,
    /// The first field that does not exist.
    pub(super) unknown: Option<ServerError>,
}

/// What one root field needs, everything below it included.
#[derive(Debug)]
pub(super) struct RootNeeds<'a> {
    pub(super) field: &'a Positioned<Field>,
    /// The schema has a field of this name here.
    pub(super) exists: bool,
    pub(super) needs: Need,
}

/// Permissions, and whether somebody must have signed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) permissions: Permissions,
    pub(super) signed_in: bool,
}

impl Need {
    fn or(self, other: Self) -> Self {
        Self {
            permissions: self.permissions.or(other.permissions),
            signed_in: self.signed_in || other.signed_in,
        }
    }
}

impl Requirements {
    /// All permissions that the operation needs with these variables; the error where it selects what is not there.
    pub fn permissions(
        &self,
        operation: Operation<'_>,
        variables: &Variables,
    ) -> Result<Permissions, ServerError> {
        let needs = self.collect(operation, variables);
        match needs.unknown {
            Some(error) => Err(error),
            None => {
                Ok(needs.roots.iter().fold(Permissions::NONE, |all, root| all.or(root.needs.permissions)))
            }
        }
    }

    /// What the operation needs with these variables.
    pub(super) fn collect<'a>(&'a self, operation: Operation<'a>, variables: &'a Variables) -> Needs<'a> {
        let root = match operation.definition.node.ty {
            OperationType::Query => &self.query,
            OperationType::Mutation => &self.mutation,
            OperationType::Subscription => &self.subscription,
        };
        let mut pass = Pass {
            requirements: self,
            operation,
            given: Given::new(operation, variables),
            fragments: HashMap::new(),
            needs: Needs::default(),
        };
        if let Some(root) = root {
            pass.roots(root, &operation.definition.node.selection_set.node);
        }
        pass.needs
    }
}

struct Pass<'a> {
    requirements: &'a Requirements,
    operation: Operation<'a>,
    given: Given<'a>,
    /// Below the roots: what a fragment needs.
    fragments: HashMap<&'a str, Need>,
    needs: Needs<'a>,
}

impl<'a> Pass<'a> {
    /// The root fields one by one. The limits bound how many there are with all fragments expanded.
    fn roots(&mut self, owner: &'a Name, set: &'a SelectionSet) {
        for item in &set.items {
            match &item.node {
                // A fragment on a type that is none: nothing below may pass for a field of the root.
                Selection::Field(field) if !self.requirements.fields.contains_key(owner) => {
                    let message = || format!("Unknown type \"{owner}\".");
                    let error = || Code::ValidationRejected.refuse_at(message(), field.pos);
                    self.needs.unknown.get_or_insert_with(error);
                }
                Selection::Field(field) => {
                    let needs = self.field(owner, field);
                    if !field.node.name.node.starts_with("__") {
                        let exists = self.requirements.field(owner, &field.node.name.node).is_some();
                        self.needs.roots.push(RootNeeds { field, exists, needs });
                    }
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(owner, |on| &on.node.on.node);
                    self.roots(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let fragments = &self.operation.document.parsed().fragments;
                    if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.roots(on, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn set(&mut self, owner: &'a Name, set: &'a SelectionSet) -> Need {
        let mut need = Need::default();
        for item in &set.items {
            need = need.or(match &item.node {
                Selection::Field(field) => self.field(owner, field),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(owner, |on| &on.node.on.node);
                    self.set(on, &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            });
        }
        need
    }

    fn fragment(&mut self, name: &'a Name) -> Need {
        if let Some(need) = self.fragments.get(name.as_str()) {
            return *need;
        }
        let fragments = &self.operation.document.parsed().fragments;
        let need = fragments.get(name).map(|fragment| {
            self.set(&fragment.node.type_condition.node.on.node, &fragment.node.selection_set.node)
        });
        let need = need.unwrap_or_default();
        self.fragments.insert(name, need);
        need
    }

    fn field(&mut self, owner: &'a Name, field: &'a Positioned<Field>) -> Need {
        let name = &field.node.name.node;
        if name.starts_with("__") {
            self.needs.introspects |= name == "__schema" || name == "__type";
            return Need::default();
        }
        let Some(needs) = self.requirements.field(owner, name) else {
            // The library would say the same, but only to who may ask at all.
            let error = || {
                let message = format!("Unknown field \"{name}\" on type \"{owner}\".");
                Code::ValidationRejected.refuse_at(message, field.pos)
            };
            // Of a type that has no fields at all the library speaks better.
            if self.requirements.fields.contains_key(owner) {
                self.needs.unknown.get_or_insert_with(error);
            }
            return Need::default();
        };
        let own = Need {
            permissions: needs.permissions.or(self.arguments(needs, &field.node)),
            signed_in: needs.signed_in,
        };
        own.or(self.set(&needs.answers, &field.node.selection_set.node))
    }

    fn arguments(&self, needs: &FieldNeeds, field: &Field) -> Permissions {
        let guarded = field.arguments.iter().filter_map(|(name, value)| {
            let takes = needs.arguments.get(&name.node)?;
            let value = self.requirements.can_need(takes).then(|| self.given.put_in(&value.node))??;
            Some(self.requirements.of_input(takes, &value))
        });
        guarded.fold(Permissions::NONE, Permissions::or)
    }
}
