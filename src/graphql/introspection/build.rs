//! A schema that answers questions about itself and nothing else.

use async_graphql::{
    Positioned, Value,
    dynamic::{
        Enum, EnumItem, Field, FieldFuture, FieldValue, InputObject, InputValue, Interface, InterfaceField,
        Object, Scalar, Schema, SchemaError, Subscription, SubscriptionField, SubscriptionFieldFuture,
        TypeRef, Union,
    },
    parser::types::{
        BaseType, ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    },
};
use futures_util::stream;

use super::visible::Visible;

/// Sets what is set only where it is there.
macro_rules! described {
    ($built:expr, $from:expr) => {
        match &$from.description {
            Some(description) => $built.description(&description.node),
            None => $built,
        }
    };
}

/// Sets why something should not be used any more.
macro_rules! deprecated {
    ($built:expr, $from:expr) => {
        match deprecation(&$from.directives) {
            Some(reason) => $built.deprecation(reason.as_deref()),
            None => $built,
        }
    };
}

pub(super) fn schema(visible: &Visible) -> Result<Schema, SchemaError> {
    let name = |root: &Option<async_graphql::Name>| root.as_ref().map(ToString::to_string);
    let (mutation, subscription) = (name(&visible.mutation), name(&visible.subscription));
    let mut builder = Schema::build(visible.query.as_str(), mutation.as_deref(), subscription.as_deref())
        .disable_suggestions();
    for definition in &visible.types {
        let is_subscription = subscription.as_deref() == Some(definition.name.node.as_str());
        builder = match &definition.kind {
            TypeKind::Object(object) if is_subscription => {
                let built = described!(Subscription::new(definition.name.node.as_str()), definition);
                builder.register(
                    object.fields.iter().fold(built, |built, field| built.field(stream_field(&field.node))),
                )
            }
            TypeKind::Object(object) => {
                let built = described!(Object::new(definition.name.node.as_str()), definition);
                let built =
                    object.implements.iter().fold(built, |built, face| built.implement(face.node.as_str()));
                builder.register(
                    object.fields.iter().fold(built, |built, field| built.field(plain_field(&field.node))),
                )
            }
            TypeKind::Interface(interface) => {
                let built = described!(Interface::new(definition.name.node.as_str()), definition);
                builder.register(
                    interface.fields.iter().fold(built, |built, field| built.field(face_field(&field.node))),
                )
            }
            TypeKind::Union(union) => {
                let built = described!(Union::new(definition.name.node.as_str()), definition);
                builder.register(
                    union.members.iter().fold(built, |built, one| built.possible_type(one.node.as_str())),
                )
            }
            TypeKind::InputObject(input) => {
                let built = described!(InputObject::new(definition.name.node.as_str()), definition);
                builder.register(
                    input.fields.iter().fold(built, |built, field| built.field(input_value(&field.node))),
                )
            }
            TypeKind::Enum(words) => {
                let built = described!(Enum::new(definition.name.node.as_str()), definition);
                builder.register(words.values.iter().fold(built, |built, word| {
                    let word = &word.node;
                    built.item(deprecated!(described!(EnumItem::new(word.value.node.as_str()), word), word))
                }))
            }
            TypeKind::Scalar => builder.register(scalar(definition)),
        };
    }
    builder.finish()
}

fn plain_field(field: &FieldDefinition) -> Field {
    let built =
        Field::new(field.name.node.as_str(), type_ref(&field.ty.node), |_| FieldFuture::from_value(None));
    let built = deprecated!(described!(built, field), field);
    field.arguments.iter().fold(built, |built, argument| built.argument(input_value(&argument.node)))
}

fn stream_field(field: &FieldDefinition) -> SubscriptionField {
    let built = SubscriptionField::new(field.name.node.as_str(), type_ref(&field.ty.node), |_| {
        SubscriptionFieldFuture::new(async { Ok(stream::empty::<async_graphql::Result<FieldValue<'_>>>()) })
    });
    let built = deprecated!(described!(built, field), field);
    field.arguments.iter().fold(built, |built, argument| built.argument(input_value(&argument.node)))
}

fn face_field(field: &FieldDefinition) -> InterfaceField {
    let built = InterfaceField::new(field.name.node.as_str(), type_ref(&field.ty.node));
    let built = deprecated!(described!(built, field), field);
    field.arguments.iter().fold(built, |built, argument| built.argument(input_value(&argument.node)))
}

fn input_value(input: &InputValueDefinition) -> InputValue {
    let built = described!(InputValue::new(input.name.node.as_str(), type_ref(&input.ty.node)), input);
    match &input.default_value {
        Some(value) => built.default_value(value.node.clone()),
        None => built,
    }
}

fn scalar(definition: &TypeDefinition) -> Scalar {
    let built = described!(Scalar::new(definition.name.node.as_str()), definition);
    let url = definition.directives.iter().find(|directive| directive.node.name.node == "specifiedBy");
    match url.and_then(|directive| directive.node.get_argument("url")) {
        Some(Positioned { node: Value::String(url), .. }) => built.specified_by_url(url),
        _ => built,
    }
}

/// Why it should not be used any more: some none where it says so without a reason.
fn deprecation(directives: &[Positioned<ConstDirective>]) -> Option<Option<String>> {
    let found = directives.iter().find(|directive| directive.node.name.node == "deprecated")?;
    Some(match found.node.get_argument("reason") {
        Some(Positioned { node: Value::String(reason), .. }) => Some(reason.clone()),
        _ => None,
    })
}

fn type_ref(of: &Type) -> TypeRef {
    let inner = match &of.base {
        BaseType::Named(name) => TypeRef::Named(name.to_string().into()),
        BaseType::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
    };
    if of.nullable { inner } else { TypeRef::NonNull(Box::new(inner)) }
}
