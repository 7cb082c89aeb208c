//! `@authorize`: what a caller needs for a field, declared on the field and nowhere else.
//!
//! Not here: the decision. The directive only says what will be asked for.

use std::borrow::Cow;

use async_graphql::{
    InputType, InputValueError, InputValueResult, TypeDirective, Value,
    registry::{
        MetaDirectiveInvocation, Registry,
        location_traits::{Directive_At_FIELD_DEFINITION, Directive_At_INPUT_FIELD_DEFINITION},
    },
};

use crate::auth::Permission;

/// Selecting this field, or giving this input, needs the permission, written `resource:action`, or with
/// `authenticated` that somebody has signed in. An operation runs only when the caller has everything that anything in
/// it needs.
#[TypeDirective(
    name = "authorize",
    location = "FieldDefinition",
    location = "InputFieldDefinition",
    repeatable
)]
fn declared(permission: Option<Permission>, authenticated: Option<bool>) {}

/// `@authorize(permission: …)`.
#[expect(non_camel_case_types, reason = "it is written as the directive is")]
pub struct authorize;

/// `@authorize(authenticated: true)`.
#[expect(non_camel_case_types, reason = "it is written as the directive is")]
pub struct signed_in;

impl authorize {
    /// On a field or an input.
    pub fn apply(permission: Permission) -> MetaDirectiveInvocation {
        declared::apply(Some(permission), None)
    }
}

impl signed_in {
    /// On a field.
    pub fn apply(needed: bool) -> MetaDirectiveInvocation {
        declared::apply(None, Some(needed))
    }
}

macro_rules! is_the_directive {
    ($($name:ident)*) => {$(
        impl TypeDirective for $name {
            fn name(&self) -> Cow<'static, str> {
                TypeDirective::name(&declared)
            }

            fn register(&self, registry: &mut Registry) {
                declared.register(registry);
            }
        }

        impl Directive_At_FIELD_DEFINITION for $name {}
        impl Directive_At_INPUT_FIELD_DEFINITION for $name {}
    )*};
}

is_the_directive!(authorize signed_in);

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
