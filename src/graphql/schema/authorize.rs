//! `@authorize`: what a caller needs for a field, declared on the field and nowhere else.
//!
//! Not here: the decision. The directive only says what will be asked for.

use std::borrow::Cow;

use async_graphql::{InputType, InputValueError, InputValueResult, TypeDirective, Value, registry::Registry};

use crate::auth::Permission;

/// Selecting this field, or giving this input, needs the permission, written `resource:action`. An operation runs
/// only when the caller has every permission that anything in it needs.
#[TypeDirective(location = "FieldDefinition", location = "InputFieldDefinition", repeatable)]
pub fn authorize(permission: Permission) {}

/// In the schema a permission is the text that policies use.
impl InputType for Permission {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <String as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let text = <String as InputType>::parse(value).map_err(InputValueError::propagate)?;
        Permission::parse(&text)
            .ok_or_else(|| InputValueError::custom(format!("there is no permission {text}")))
    }

    fn to_value(&self) -> Value {
        self.as_str().into()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}
