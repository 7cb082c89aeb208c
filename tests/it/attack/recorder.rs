//! The same schema with resolvers that do nothing but note that they ran: what the library itself would execute.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use async_graphql::{
    Name, Value,
    dynamic::{
        Enum, Field as Resolved, FieldFuture, FieldValue, InputObject, InputValue, Object, ResolverContext,
        Scalar, Schema, Subscription, SubscriptionField, SubscriptionFieldFuture, TypeRef,
    },
    parser::types::{BaseType, Type},
};
use futures_util::stream;

use super::{
    request::Request,
    sdl::{Field, Input, Sdl, base},
};

/// What the fields and inputs that were seen need.
type Seen = Arc<Mutex<BTreeSet<String>>>;

pub struct Recorder(Schema);

impl Recorder {
    pub fn new(sdl: &'static Sdl) -> Self {
        let mut builder = Schema::build("Query", Some("Mutation"), Some("Subscription"));
        for (name, fields) in &sdl.objects {
            builder = match name.as_str() {
                "Subscription" => builder.register(
                    fields.iter().fold(Subscription::new(name), |built, field| built.field(silent(field))),
                ),
                _ => builder.register(
                    fields.iter().fold(Object::new(name), |built, field| built.field(noting(sdl, field))),
                ),
            };
        }
        for (name, fields) in &sdl.inputs {
            let built = fields.iter().fold(InputObject::new(name), |built, field| built.field(input(field)));
            builder = builder.register(built);
        }
        for (name, words) in &sdl.enums {
            let built = words.iter().fold(Enum::new(name), |built, word| built.item(word.as_str()));
            builder = builder.register(built);
        }
        let builder = builder.register(Scalar::new("JSON")).register(Scalar::new("DateTime"));
        Self(builder.finish().expect("a schema"))
    }

    /// What a query or a mutation needs, by the fields that the library ran.
    pub async fn run(&self, request: &Request) -> BTreeSet<String> {
        let seen = Seen::default();
        let mut asked = async_graphql::Request::new(&request.query)
            .variables(async_graphql::Variables::from_json(request.variables.clone()))
            .data(seen.clone());
        asked.operation_name = request.operation_name.map(str::to_owned);
        let answer = self.0.execute(asked).await;
        assert!(answer.errors.is_empty(), "{:?}\n{}\n{}", answer.errors, request.query, request.variables);
        seen.lock().expect("unpoisoned").clone()
    }
}

fn noting(sdl: &'static Sdl, field: &Field) -> Resolved {
    let own = field.clone();
    let built = Resolved::new(&field.name, type_ref(&field.answers), move |ctx| {
        note(sdl, &own, &ctx);
        FieldFuture::Value(Some(something(sdl, &own.answers)))
    });
    field.arguments.iter().fold(built, |built, argument| built.argument(input(argument)))
}

fn silent(field: &Field) -> SubscriptionField {
    let built = SubscriptionField::new(&field.name, type_ref(&field.answers), |_| {
        SubscriptionFieldFuture::new(async { Ok(stream::empty::<async_graphql::Result<FieldValue<'_>>>()) })
    });
    field.arguments.iter().fold(built, |built, argument| built.argument(input(argument)))
}

fn note(sdl: &Sdl, field: &Field, ctx: &ResolverContext<'_>) {
    let mut seen = ctx.data::<Seen>().expect("a list").lock().expect("unpoisoned");
    seen.extend(field.needs.iter().cloned());
    for argument in &field.arguments {
        if let Some(value) = ctx.args.get(&argument.name) {
            look_into(sdl, &argument.takes, value.as_value(), &mut seen);
        }
    }
}

/// What the values that a resolver got need.
fn look_into(sdl: &Sdl, takes: &Type, value: &Value, seen: &mut BTreeSet<String>) {
    match (value, sdl.inputs.get(base(takes))) {
        (Value::List(items), _) => items.iter().for_each(|item| look_into(sdl, takes, item, seen)),
        (Value::Object(given), Some(fields)) => {
            for field in fields {
                if let Some(value) = given.get(field.name.as_str()).filter(|value| **value != Value::Null) {
                    seen.extend(field.needs.iter().cloned());
                    look_into(sdl, &field.takes, value, seen);
                }
            }
        }
        _ => {}
    }
}

/// One of everything.
fn something(sdl: &Sdl, of: &Type) -> FieldValue<'static> {
    let name = match &of.base {
        BaseType::List(item) => return FieldValue::list([something(sdl, item)]),
        BaseType::Named(name) => name.as_str(),
    };
    if sdl.objects.contains_key(name) {
        return FieldValue::owned_any(());
    }
    if let Some(words) = sdl.enums.get(name) {
        return FieldValue::value(Value::Enum(Name::new(&words[0])));
    }
    match name {
        "Int" => FieldValue::value(1),
        "Float" => FieldValue::value(1.5),
        "Boolean" => FieldValue::value(true),
        _ => FieldValue::value("x"),
    }
}

fn input(definition: &Input) -> InputValue {
    let built = InputValue::new(&definition.name, type_ref(&definition.takes));
    match &definition.default {
        Some(value) => built.default_value(value.clone()),
        None => built,
    }
}

fn type_ref(of: &Type) -> TypeRef {
    let inner = match &of.base {
        BaseType::Named(name) => TypeRef::Named(name.to_string().into()),
        BaseType::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
    };
    if of.nullable { inner } else { TypeRef::NonNull(Box::new(inner)) }
}
