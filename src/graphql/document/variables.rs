//! Whether an operation got the variables it declares, as far as that can be seen without the schema.
//!
//! Input objects, enums and custom scalars are left to the library, which knows them.

use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{ServerError, Value, Variables};

use super::Operation;
use crate::graphql::error::Code;

/// Refuses a value that is missing, null where it may not be, or of the wrong built-in type.
pub fn check(operation: Operation<'_>, variables: &Variables) -> Result<(), ServerError> {
    for definition in &operation.definition.node.variable_definitions {
        let (name, var_type) = (&definition.node.name.node, &definition.node.var_type.node);
        let problem = match variables.get(name) {
            None if var_type.nullable || definition.node.default_value.is_some() => continue,
            None => "was not provided",
            Some(value) if fits(value, var_type) => continue,
            Some(_) => "got an invalid value",
        };
        let message = format!("Variable \"${name}\" of type \"{var_type}\" {problem}");
        return Err(Code::BadUserInput.refuse_at(message, definition.pos));
    }
    Ok(())
}

fn fits(value: &Value, var_type: &Type) -> bool {
    match (value, &var_type.base) {
        (Value::Null, _) => var_type.nullable,
        (Value::List(items), BaseType::List(item)) => items.iter().all(|value| fits(value, item)),
        // One value stands for a list of one.
        (value, BaseType::List(item)) => fits(value, item),
        (value, BaseType::Named(name)) => match name.as_str() {
            "Int" => matches!(value, Value::Number(number) if !number.is_f64()),
            "Float" => matches!(value, Value::Number(_)),
            "String" => matches!(value, Value::String(_)),
            "Boolean" => matches!(value, Value::Boolean(_)),
            "ID" => {
                matches!(value, Value::String(_))
                    || matches!(value, Value::Number(number) if !number.is_f64())
            }
            _ => true,
        },
    }
}
