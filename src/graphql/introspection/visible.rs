//! Which fields, inputs and types are there for whom.

use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned, Value,
    parser::types::{
        BaseType, ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
        TypeSystemDefinition,
    },
};

use crate::auth::{Permission, Permissions};

/// The part of a schema that someone may use.
pub(super) struct Visible {
    pub(super) query: Name,
    pub(super) mutation: Option<Name>,
    pub(super) subscription: Option<Name>,
    /// In the order of the schema.
    pub(super) types: Vec<TypeDefinition>,
}

/// What is left of the schema; nothing where no query is.
pub(super) fn of(
    definitions: &[TypeSystemDefinition],
    held: Permissions,
    signed_in: bool,
) -> Option<Visible> {
    let mut types: HashMap<Name, TypeDefinition> = HashMap::new();
    let mut order = Vec::new();
    let mut roots = [None, None, None];
    for definition in definitions {
        match definition {
            TypeSystemDefinition::Schema(schema) => {
                let schema = &schema.node;
                let named = [&schema.query, &schema.mutation, &schema.subscription];
                roots = named.map(|root| root.as_ref().map(|root| root.node.clone()));
            }
            TypeSystemDefinition::Type(definition) => {
                let definition = without_hidden(definition.node.clone(), held, signed_in);
                order.push(definition.name.node.clone());
                types.insert(definition.name.node.clone(), definition);
            }
            TypeSystemDefinition::Directive(_) => {}
        }
    }
    let usable = |root: Option<Name>| root.filter(|root| types.get(root).is_some_and(has_fields));
    let [query, mutation, subscription] = roots.map(usable);
    let (query, mutation, subscription) = (query?, mutation, subscription);
    let reached = reachable(&types, [Some(&query), mutation.as_ref(), subscription.as_ref()]);
    let types =
        order.into_iter().filter(|name| reached.contains(name)).filter_map(|name| types.remove(&name));
    Some(Visible { types: types.collect(), query, mutation, subscription })
}

fn without_hidden(mut definition: TypeDefinition, held: Permissions, signed_in: bool) -> TypeDefinition {
    let shown = |directives: &[Positioned<ConstDirective>]| permits(directives, held, signed_in);
    match &mut definition.kind {
        TypeKind::Object(object) => object.fields.retain(|field| shown(&field.node.directives)),
        TypeKind::Interface(interface) => interface.fields.retain(|field| shown(&field.node.directives)),
        TypeKind::InputObject(input) => input.fields.retain(|field| shown(&field.node.directives)),
        TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) => {}
    }
    definition
}

fn permits(directives: &[Positioned<ConstDirective>], held: Permissions, signed_in: bool) -> bool {
    let mine = directives.iter().filter(|directive| directive.node.name.node == "authorize");
    mine.flat_map(|directive| &directive.node.arguments).all(|(name, value)| {
        match (&*name.node, &value.node) {
            ("permission", Value::String(text)) => {
                Permission::parse(text).is_some_and(|permission| held.contains(permission))
            }
            ("authenticated", Value::Boolean(needed)) => signed_in || !needed,
            (_, Value::Null) => true,
            _ => false,
        }
    })
}

fn has_fields(definition: &TypeDefinition) -> bool {
    matches!(&definition.kind, TypeKind::Object(object) if !object.fields.is_empty())
}

/// The types that can be come by from the roots.
fn reachable(types: &HashMap<Name, TypeDefinition>, roots: [Option<&Name>; 3]) -> HashSet<Name> {
    let mut reached = HashSet::new();
    let mut open: Vec<Name> = roots.into_iter().flatten().cloned().collect();
    while let Some(name) = open.pop() {
        let Some(definition) = types.get(&name) else { continue };
        if !reached.insert(name) {
            continue;
        }
        match &definition.kind {
            TypeKind::Object(object) => {
                open.extend(object.implements.iter().map(|name| name.node.clone()));
                open.extend(object.fields.iter().flat_map(|field| of_field(&field.node)));
            }
            TypeKind::Interface(interface) => {
                open.extend(interface.fields.iter().flat_map(|field| of_field(&field.node)));
            }
            TypeKind::InputObject(input) => open.extend(input.fields.iter().map(of_input)),
            TypeKind::Union(union) => open.extend(union.members.iter().map(|name| name.node.clone())),
            TypeKind::Scalar | TypeKind::Enum(_) => {}
        }
    }
    reached
}

fn of_field(field: &FieldDefinition) -> impl Iterator<Item = Name> {
    field.arguments.iter().map(of_input).chain([base(&field.ty.node)])
}

fn of_input(input: &Positioned<InputValueDefinition>) -> Name {
    base(&input.node.ty.node)
}

fn base(of: &Type) -> Name {
    match &of.base {
        BaseType::Named(name) => name.clone(),
        BaseType::List(inner) => base(inner),
    }
}
