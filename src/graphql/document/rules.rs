//! Rules about directives that the library doesn't check everywhere: known, once, with a condition that exists.
//!
//! `@skip` and `@include` are all the directives there are, and both belong on a selection.

use std::collections::HashSet;

use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, OperationDefinition, SelectionSet,
};
use async_graphql::parser::types::{Selection, VariableDefinition};
use async_graphql::{Positioned, ServerError};
use async_graphql_value::Value;

use crate::graphql::error::Code;

/// Refuses a document that breaks one of these rules.
pub fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    for fragment in document.fragments.values() {
        none_allowed(&fragment.node.directives, "a fragment definition")?;
    }
    for (_, operation) in document.operations.iter() {
        none_allowed(&operation.node.directives, "an operation")?;
        for variable in &operation.node.variable_definitions {
            none_allowed(&variable.node.directives, "a variable")?;
        }
        let mut walk = Walk { document, operation: &operation.node, seen: HashSet::new() };
        walk.set(&operation.node.selection_set.node)?;
    }
    Ok(())
}

fn none_allowed(directives: &[Positioned<Directive>], place: &str) -> Result<(), ServerError> {
    match directives.first() {
        None => Ok(()),
        Some(directive) => {
            known(directive)?;
            let message = format!("Directive \"@{}\" may not be used on {place}", directive.node.name.node);
            Err(refuse(message, directive))
        }
    }
}

fn known(directive: &Positioned<Directive>) -> Result<(), ServerError> {
    match directive.node.name.node.as_str() {
        "skip" | "include" => Ok(()),
        name => Err(refuse(format!("Unknown directive \"@{name}\""), directive)),
    }
}

/// One operation, and every fragment it reaches, once.
struct Walk<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    seen: HashSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> Result<(), ServerError> {
        for item in &set.items {
            self.directives(item.node.directives())?;
            match &item.node {
                Selection::Field(field) => self.set(&field.node.selection_set.node)?,
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if self.seen.insert(name)
                        && let Some(fragment) = self.document.fragments.get(name)
                    {
                        self.set(&fragment.node.selection_set.node)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), ServerError> {
        for (index, directive) in directives.iter().enumerate() {
            known(directive)?;
            let name = &directive.node.name.node;
            if directives[..index].iter().any(|other| other.node.name.node == *name) {
                return Err(refuse(format!("Directive \"@{name}\" may be used only once here"), directive));
            }
            self.condition(directive)?;
        }
        Ok(())
    }

    fn condition(&self, directive: &Positioned<Directive>) -> Result<(), ServerError> {
        let name = &directive.node.name.node;
        match directive.node.arguments.as_slice() {
            [(argument, value)] if argument.node == "if" => match &value.node {
                Value::Boolean(_) => Ok(()),
                Value::Variable(variable) => {
                    let definitions = &self.operation.variable_definitions;
                    match definitions.iter().find(|definition| definition.node.name.node == *variable) {
                        None => Err(refuse(format!("Variable \"${variable}\" is not defined"), directive)),
                        Some(definition) if is_condition(&definition.node) => Ok(()),
                        Some(_) => {
                            Err(refuse(format!("Variable \"${variable}\" is not a Boolean!"), directive))
                        }
                    }
                }
                _ => Err(refuse(format!("Argument \"if\" of \"@{name}\" is not a Boolean"), directive)),
            },
            _ => Err(refuse(format!("Directive \"@{name}\" takes exactly one argument, \"if\""), directive)),
        }
    }
}

/// Whether a variable can't be anything but true or false.
fn is_condition(definition: &VariableDefinition) -> bool {
    let var_type = &definition.var_type.node;
    let is_boolean = matches!(&var_type.base, BaseType::Named(name) if name == "Boolean");
    is_boolean && (!var_type.nullable || definition.default_value.is_some())
}

fn refuse(message: String, directive: &Positioned<Directive>) -> ServerError {
    Code::ValidationRejected.refuse_at(message, directive.pos)
}
