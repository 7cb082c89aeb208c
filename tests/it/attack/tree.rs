//! What an operation asks for, before anybody writes it down: a tree of fields, and the permissions that follow.
//!
//! The expected permissions are added up here, field by field, from the schema's text; nothing of it is what the
//! gate does with a document.

use std::collections::BTreeSet;

use super::{
    choices::Choices,
    sdl::{Field, Input, Sdl, base},
    value::{self, Given},
};

/// The deepest selection that is made.
const DEPTH: usize = 6;

#[derive(Debug, Clone)]
pub enum Item {
    Typename,
    Field(Node),
    /// The fragment of this number, which others may select as well.
    Shared(usize),
}

#[derive(Debug, Clone)]
pub struct Node {
    pub owner: String,
    pub name: String,
    pub alias: Option<String>,
    pub arguments: Vec<(Input, Given)>,
    pub selection: Vec<Item>,
}

#[derive(Debug, Clone)]
pub struct Shared {
    pub owner: String,
    pub selection: Vec<Item>,
}

/// A whole operation.
#[derive(Debug, Clone)]
pub struct Tree {
    /// `Query`, `Mutation` or `Subscription`.
    pub root: &'static str,
    pub selection: Vec<Item>,
    pub shared: Vec<Shared>,
}

impl Tree {
    /// A random one.
    pub fn grow(sdl: &Sdl, choices: &mut Choices<'_>) -> Self {
        let root = *choices.pick(&["Query", "Query", "Query", "Mutation", "Subscription"]);
        let mut grower = Grower { sdl, choices, shared: Vec::new(), aliases: 0 };
        let selection = match root {
            "Subscription" => vec![Item::Field(grower.field(root, 0))],
            _ => grower.selection(root, 0),
        };
        Self { root, selection, shared: grower.shared }
    }

    /// What somebody needs for it.
    pub fn needs(&self, sdl: &Sdl) -> BTreeSet<String> {
        let mut needs = BTreeSet::new();
        self.add(sdl, &self.selection, &mut needs);
        needs
    }

    fn add(&self, sdl: &Sdl, selection: &[Item], needs: &mut BTreeSet<String>) {
        for item in selection {
            match item {
                Item::Typename => {}
                Item::Shared(no) => self.add(sdl, &self.shared[*no].selection, needs),
                Item::Field(node) => {
                    needs.extend(sdl.field(&node.owner, &node.name).needs.iter().cloned());
                    for (_, given) in &node.arguments {
                        needs.extend(given.needs.iter().cloned());
                    }
                    self.add(sdl, &node.selection, needs);
                }
            }
        }
    }
}

struct Grower<'a, 'b> {
    sdl: &'a Sdl,
    choices: &'a mut Choices<'b>,
    shared: Vec<Shared>,
    aliases: usize,
}

impl Grower<'_, '_> {
    fn selection(&mut self, owner: &str, depth: usize) -> Vec<Item> {
        let mut items = Vec::new();
        for _ in 0..=self.choices.of(4) {
            let known: Vec<usize> =
                (0..self.shared.len()).filter(|&no| self.shared[no].owner == owner).collect();
            items.push(match self.choices.of(8) {
                6 if !known.is_empty() => Item::Shared(*self.choices.pick(&known)),
                // A fragment has all it selects before it is known, so that none leads to itself.
                7 if depth > 0 && depth < DEPTH => {
                    let selection = self.selection(owner, depth + 1);
                    self.shared.push(Shared { owner: owner.to_owned(), selection });
                    Item::Shared(self.shared.len() - 1)
                }
                5 => Item::Typename,
                _ => Item::Field(self.field(owner, depth)),
            });
            if self.choices.is_over() {
                break;
            }
        }
        items
    }

    fn field(&mut self, owner: &str, depth: usize) -> Node {
        let fields: Vec<&Field> = self.sdl.objects[owner]
            .iter()
            .filter(|field| depth < DEPTH || !self.sdl.has_fields(field))
            .collect();
        // Pages have nothing but what has fields.
        let fields = if fields.is_empty() { self.sdl.objects[owner].iter().collect() } else { fields };
        let field = *self.choices.pick(&fields);
        let arguments = self.arguments(field);
        let selection = match self.sdl.has_fields(field) {
            true => self.selection(base(&field.answers), depth + 1),
            false => Vec::new(),
        };
        // Where arguments differ, fields of one name would be in each other's way.
        let alias =
            (!arguments.is_empty() || self.sdl.has_fields(field) || self.choices.one_in(3)).then(|| {
                self.aliases += 1;
                format!("a{}", self.aliases)
            });
        Node { owner: owner.to_owned(), name: field.name.clone(), alias, arguments, selection }
    }

    fn arguments(&mut self, field: &Field) -> Vec<(Input, Given)> {
        let mut arguments = Vec::new();
        for argument in &field.arguments {
            if argument.is_required() || self.choices.one_in(2) {
                arguments.push((argument.clone(), value::give(self.sdl, argument, self.choices)));
            }
        }
        arguments
    }
}
