//! What each field and each input needs, read from the schema's own text so that there is nothing to keep in step.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::{
    Name, Value,
    parser::{
        parse_schema,
        types::{BaseType, ConstDirective, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};

use crate::auth::{Permission, Permissions};

/// The requirements of a whole schema.
#[derive(Debug, Clone, Default)]
pub struct Requirements {
    pub(super) query: Option<Name>,
    pub(super) mutation: Option<Name>,
    pub(super) subscription: Option<Name>,
    pub(super) fields: HashMap<Name, HashMap<Name, FieldNeeds>>,
    pub(super) inputs: HashMap<Name, HashMap<Name, InputNeeds>>,
}

/// What selecting a field needs.
#[derive(Debug, Clone)]
pub(super) struct FieldNeeds {
    pub(super) permissions: Permissions,
    /// Somebody must have signed in.
    pub(super) signed_in: bool,
    /// What it answers with.
    pub(super) answers: Name,
    /// The input type of each argument.
    pub(super) arguments: HashMap<Name, Name>,
}

/// What giving an input field needs.
#[derive(Debug, Clone)]
pub(super) struct InputNeeds {
    pub(super) permissions: Permissions,
    pub(super) takes: Name,
}

/// The schema can't be guarded.
#[derive(Debug, thiserror::Error)]
pub enum Incomplete {
    /// It can't be read.
    #[error("the schema can't be read")]
    Schema(#[from] async_graphql::parser::Error),
    /// A field says nothing about what it needs, or names a permission that nobody knows.
    #[error("the schema can't be guarded: {}", .0.join("; "))]
    Fields(Vec<String>),
}

impl Requirements {
    /// Reads the schema's text, and refuses it where a field that must say what it needs does not.
    pub fn from_sdl(sdl: &str) -> Result<Self, Incomplete> {
        let mut read = Reader::default();
        for definition in parse_schema(sdl)?.definitions {
            read.definition(definition);
        }
        read.finish()
    }

    /// The field of a type, if there is one.
    pub(super) fn field(&self, owner: &Name, field: &Name) -> Option<&FieldNeeds> {
        self.fields.get(owner)?.get(field)
    }

    /// Every field and input that needs something, as `Type.field`, with what it needs; `signed in` is to be somebody.
    pub fn table(&self) -> Vec<(String, Vec<&'static str>)> {
        let words = |needs: Permissions| needs.iter().map(Permission::as_str).collect::<Vec<_>>();
        let fields = self.fields.iter().flat_map(|(owner, fields)| {
            fields.iter().map(move |(name, needs)| {
                let somebody = needs.signed_in.then_some("signed in");
                (format!("{owner}.{name}"), words(needs.permissions).into_iter().chain(somebody).collect())
            })
        });
        let inputs = self.inputs.iter().flat_map(|(owner, fields)| {
            fields.iter().map(move |(name, needs)| (format!("{owner}.{name}"), words(needs.permissions)))
        });
        let mut table: Vec<(String, Vec<_>)> =
            fields.chain(inputs).filter(|(_, needs)| !needs.is_empty()).collect();
        table.sort_unstable();
        table
    }

    fn roots(&self) -> impl Iterator<Item = &Name> {
        [&self.query, &self.mutation, &self.subscription].into_iter().flatten()
    }

    /// Types that stand for themselves: what root fields answer with, looked for behind pages.
    fn resources(&self) -> HashSet<&Name> {
        let mut found = HashSet::new();
        let answers = self.roots().filter_map(|root| self.fields.get(root)).flat_map(HashMap::values);
        let mut open: Vec<&Name> = answers.map(|needs| &needs.answers).collect();
        while let Some(name) = open.pop() {
            let Some(fields) = self.fields.get(name) else { continue };
            if is_page(name) {
                open.extend(fields.values().map(|needs| &needs.answers).filter(|next| *next != name));
            } else if !is_part_of_a_page(name) {
                found.insert(name);
            }
        }
        found
    }

    /// Fields that must say what they need, and don't.
    fn silent(&self) -> BTreeSet<String> {
        let resources = self.resources();
        let mut silent = BTreeSet::new();
        for (owner, fields) in &self.fields {
            let is_root = self.roots().any(|root| root == owner);
            for (name, needs) in fields {
                let crosses =
                    resources.contains(&needs.answers) && !is_page(owner) && !is_part_of_a_page(owner);
                if (is_root || crosses) && needs.permissions.is_empty() && !needs.signed_in {
                    silent.insert(format!("{owner}.{name} has no @authorize"));
                }
            }
        }
        silent
    }
}

fn is_page(name: &str) -> bool {
    name.ends_with("Connection") || name.ends_with("Edge")
}

fn is_part_of_a_page(name: &str) -> bool {
    name == "PageInfo"
}

#[derive(Default)]
struct Reader {
    read: Requirements,
    unknown: BTreeSet<String>,
}

impl Reader {
    fn definition(&mut self, definition: TypeSystemDefinition) {
        match definition {
            TypeSystemDefinition::Schema(schema) => {
                self.read.query = schema.node.query.map(|name| name.node);
                self.read.mutation = schema.node.mutation.map(|name| name.node);
                self.read.subscription = schema.node.subscription.map(|name| name.node);
            }
            TypeSystemDefinition::Type(definition) => {
                let owner = definition.node.name.node;
                match definition.node.kind {
                    TypeKind::Object(object) => self.fields(owner, object.fields.into_iter().map(|f| f.node)),
                    TypeKind::Interface(face) => self.fields(owner, face.fields.into_iter().map(|f| f.node)),
                    TypeKind::InputObject(input) => {
                        let fields = input.fields.into_iter().map(|field| {
                            let field = field.node;
                            let (permissions, _) = self.needs(&owner, &field.name.node, &field.directives);
                            (field.name.node, InputNeeds { permissions, takes: base(&field.ty.node) })
                        });
                        let fields = fields.collect();
                        self.read.inputs.insert(owner, fields);
                    }
                    TypeKind::Scalar | TypeKind::Union(_) | TypeKind::Enum(_) => {}
                }
            }
            TypeSystemDefinition::Directive(_) => {}
        }
    }

    fn fields(&mut self, owner: Name, fields: impl Iterator<Item = FieldDefinition>) {
        let fields = fields.map(|field| {
            let (permissions, signed_in) = self.needs(&owner, &field.name.node, &field.directives);
            let arguments = field.arguments.iter();
            let arguments = arguments.map(|given| (given.node.name.node.clone(), base(&given.node.ty.node)));
            let needs = FieldNeeds {
                permissions,
                signed_in,
                answers: base(&field.ty.node),
                arguments: arguments.collect(),
            };
            (field.name.node, needs)
        });
        let fields = fields.collect();
        self.read.fields.insert(owner, fields);
    }

    fn needs(
        &mut self,
        owner: &Name,
        field: &Name,
        directives: &[async_graphql::Positioned<ConstDirective>],
    ) -> (Permissions, bool) {
        let mut permissions = Permissions::NONE;
        let mut signed_in = false;
        for directive in directives.iter().filter(|directive| directive.node.name.node == "authorize") {
            for (name, value) in &directive.node.arguments {
                match (name.node.as_str(), &value.node) {
                    ("permission", Value::String(text)) => match Permission::parse(text) {
                        Some(permission) => permissions = permissions.with(permission),
                        None => {
                            self.unknown.insert(format!("{owner}.{field} needs {text}, which nobody knows"));
                        }
                    },
                    ("authenticated", Value::Boolean(needed)) => signed_in |= needed,
                    ("authenticated" | "permission", Value::Null) => {}
                    (name, _) => {
                        self.unknown.insert(format!("{owner}.{field} says something unknown: {name}"));
                    }
                }
            }
        }
        (permissions, signed_in)
    }

    fn finish(mut self) -> Result<Requirements, Incomplete> {
        self.unknown.extend(self.read.silent());
        match self.unknown.is_empty() {
            true => Ok(self.read),
            false => Err(Incomplete::Fields(self.unknown.into_iter().collect())),
        }
    }
}

fn base(of: &Type) -> Name {
    match &of.base {
        BaseType::Named(name) => name.clone(),
        BaseType::List(inner) => base(inner),
    }
}
