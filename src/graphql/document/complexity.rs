//! How many fields an operation may have to resolve: a list costs its size times its children.
//!
//! Sizes are arguments and arguments may be variables, so this is computed for every request.

use std::collections::HashMap;

use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{Name, ServerError, Value as ConstValue, Variables};
use async_graphql_value::Value;

use super::Operation;
use super::limits::{Limits, at_most};
use crate::graphql::outline::{Outline, SIZES};

/// Refuses an operation that costs too much with these variables.
pub fn check(
    operation: Operation<'_>,
    variables: &Variables,
    outline: &Outline,
    limits: &Limits,
) -> Result<(), ServerError> {
    let mut cost = Cost { operation, variables, outline, limits, fragments: HashMap::new() };
    let definition = &operation.definition.node;
    let total = cost.set(&definition.selection_set.node, outline.root(definition.ty));
    at_most("complexity", total, limits.complexity)
}

struct Cost<'a> {
    operation: Operation<'a>,
    variables: &'a Variables,
    outline: &'a Outline,
    limits: &'a Limits,
    fragments: HashMap<&'a str, u64>,
}

impl<'a> Cost<'a> {
    /// What is selected of the type `owner`, where that is known.
    fn set(&mut self, set: &'a SelectionSet, owner: Option<&'a str>) -> u64 {
        let mut sum = 0_u64;
        for item in &set.items {
            sum = sum.saturating_add(match &item.node {
                Selection::Field(field) => self.field(&field.node, owner),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let owner = condition.map(|condition| condition.node.on.node.as_str()).or(owner);
                    self.set(&inline.node.selection_set.node, owner)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            });
        }
        sum
    }

    fn field(&mut self, field: &'a Field, owner: Option<&'a str>) -> u64 {
        if matches!(field.name.node.as_str(), "__schema" | "__type") {
            return 1; // Introspection has limits of its own.
        }
        let of = self.outline.answers_with(owner, &field.name.node);
        let children = self.set(&field.selection_set.node, of);
        children.saturating_mul(self.list_size(field, owner)).saturating_add(1)
    }

    fn fragment(&mut self, name: &'a Name) -> u64 {
        if let Some(cost) = self.fragments.get(name.as_str()) {
            return *cost;
        }
        let fragment = self.operation.document.parsed.fragments.get(name);
        let cost = fragment.map_or(0, |fragment| {
            let owner = fragment.node.type_condition.node.on.node.as_str();
            self.set(&fragment.node.selection_set.node, Some(owner))
        });
        self.fragments.insert(name, cost);
        cost
    }

    /// The elements this field may have: as its arguments say, as the schema says, or one if it is no list.
    fn list_size(&self, field: &Field, owner: Option<&str>) -> u64 {
        let given = SIZES.iter().filter_map(|name| field.get_argument(name));
        let given = given.filter_map(|value| self.number(&value.node)).max();
        let declared = || self.outline.list_size(owner, &field.name.node, self.limits.list_size);
        let named =
            || SIZES.iter().any(|name| field.get_argument(name).is_some()).then_some(self.limits.list_size);
        given.or_else(declared).or_else(named).unwrap_or(1).max(1)
    }

    /// A literal or a variable's value; one that isn't a number will be refused by whoever knows its type.
    fn number(&self, value: &Value) -> Option<u64> {
        let number = match value {
            Value::Number(number) => number,
            Value::Variable(name) => {
                let given = self.variables.get(name).or_else(|| self.default(name));
                match given {
                    Some(ConstValue::Number(number)) => number,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(number.as_u64().unwrap_or(0))
    }

    fn default(&self, name: &Name) -> Option<&'a ConstValue> {
        let mut definitions = self.operation.definition.node.variable_definitions.iter();
        let definition = definitions.find(|definition| definition.node.name.node == *name)?;
        definition.node.default_value.as_ref().map(|value| &value.node)
    }
}
