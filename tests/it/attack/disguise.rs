//! Writes an operation down in one of the thousand ways that mean the same.

use std::collections::BTreeSet;

use async_graphql::parser::types::Type;
use serde_json::{Map, Value};

use super::{
    choices::Choices,
    literal,
    request::{Conditions, Request},
    sdl::{Input, Sdl, base},
    tree::{Item, Node, Tree},
    value::{By, Given},
};

/// Writes the tree.
pub fn write(sdl: &Sdl, tree: &Tree, conditions: Conditions, bytes: &[u8]) -> Request {
    let choices = &mut Choices::new(bytes);
    let noise = u32::try_from(choices.of(256)).expect("a byte");
    let (bom, named, decoy) = (choices.one_in(4), choices.one_in(2), choices.one_in(3));
    let mut writer = Writer {
        sdl,
        conditions,
        choices,
        noise,
        text: String::new(),
        declared: Vec::new(),
        given: Map::new(),
        fragments: Vec::new(),
        shared: BTreeSet::new(),
        names: 0,
    };
    let conditional = tree.root != "Subscription";
    let selection = writer.aside(|writer| writer.selection(tree.root, &tree.selection, conditional, 0));
    let mut written = BTreeSet::new();
    while let Some(no) = writer.shared.iter().copied().find(|no| !written.contains(no)) {
        written.insert(no);
        let shared = &tree.shared[no];
        writer.fragment(&format!("S{no}"), &shared.owner, &shared.selection, true);
    }
    let mut fragments = std::mem::take(&mut writer.fragments);
    let declared = std::mem::take(&mut writer.declared);
    if bom {
        writer.text.push('\u{feff}');
    }
    if decoy {
        writer.words(&["query", "Decoy", "{", "apiTokens", "{", "name", "}", "}"]);
    }
    if decoy && fragments.len() > 1 {
        let first = fragments.remove(0);
        writer.text.push_str(&first);
    }
    if named || decoy || tree.root != "Query" || !declared.is_empty() {
        writer.word(&tree.root.to_lowercase());
        if named || decoy {
            writer.word("Main");
        }
        if !declared.is_empty() {
            writer.word("(");
            writer.text.push_str(&declared.join(" "));
            writer.word(")");
        }
    }
    writer.text.push_str(&selection);
    fragments.iter().for_each(|fragment| writer.text.push_str(fragment));
    Request {
        query: writer.text,
        variables: Value::Object(writer.given),
        operation_name: decoy.then_some("Main"),
    }
}

struct Writer<'a, 'b> {
    sdl: &'a Sdl,
    conditions: Conditions,
    choices: &'a mut Choices<'b>,
    noise: u32,
    text: String,
    declared: Vec<String>,
    given: Map<String, Value>,
    fragments: Vec<String>,
    shared: BTreeSet<usize>,
    names: usize,
}

impl Writer<'_, '_> {
    /// A set of selections in its braces. Some of them are put into fragments, which may be in fragments.
    fn selection(&mut self, owner: &str, items: &[Item], conditional: bool, inside: usize) {
        self.word("{");
        let mut at = 0;
        while at < items.len() {
            let most = items.len() - at;
            let form = if inside < 3 { self.choices.of(8) } else { 0 };
            let taken = if (4..8).contains(&form) { self.choices.of(most) + 1 } else { 1 };
            let group = &items[at..at + taken];
            match form {
                4 | 5 => {
                    self.word("...");
                    if form == 4 {
                        self.word(&format!("on {owner}"));
                    }
                    self.condition(conditional);
                    self.selection(owner, group, conditional, inside + 1);
                }
                6 | 7 => {
                    self.names += 1;
                    let name = format!("F{}", self.names);
                    self.words(&["...", &name]);
                    self.condition(conditional);
                    let text = self.aside(|writer| {
                        writer.words(&["fragment", &name, &format!("on {owner}")]);
                        writer.selection(owner, group, conditional, inside + 1);
                    });
                    self.fragments.push(text);
                }
                _ => self.item(&group[0], conditional),
            }
            at += taken;
        }
        self.word("}");
    }

    fn fragment(&mut self, name: &str, owner: &str, items: &[Item], conditional: bool) {
        let text = self.aside(|writer| {
            writer.words(&["fragment", name, &format!("on {owner}")]);
            writer.selection(owner, items, conditional, 1);
        });
        self.fragments.push(text);
    }

    fn item(&mut self, item: &Item, conditional: bool) {
        match item {
            // The library does not see the variables of its directives.
            Item::Typename => return self.word("__typename"),
            Item::Shared(no) => {
                self.shared.insert(*no);
                self.words(&["...", &format!("S{no}")]);
            }
            Item::Field(node) => return self.field(node, conditional),
        }
        self.condition(conditional);
    }

    fn field(&mut self, node: &Node, conditional: bool) {
        if let Some(alias) = &node.alias {
            self.words(&[alias, ":"]);
        }
        self.word(&node.name);
        if !node.arguments.is_empty() {
            self.word("(");
            for (argument, given) in &node.arguments {
                self.words(&[&argument.name, ":"]);
                self.argument(argument, given);
            }
            self.word(")");
        }
        self.condition(conditional);
        if !node.selection.is_empty() {
            self.selection(base(&self.sdl.field(&node.owner, &node.name).answers), &node.selection, true, 0);
        }
    }

    fn argument(&mut self, argument: &Input, given: &Given) {
        let text = match given.by {
            By::Literal => literal::of(self.sdl, &argument.takes, &given.value),
            By::Variable => self.variable(&argument.takes, Some(given.value.clone()), None),
            By::Default => {
                let default = literal::of(self.sdl, &argument.takes, &given.value);
                self.variable(&argument.takes, None, Some(default))
            }
            By::Parts => {
                let mut text = String::from("{");
                let fields = &self.sdl.inputs[base(&argument.takes)];
                for (name, value) in given.value.as_object().expect("an object") {
                    let field = fields.iter().find(|field| field.name == *name).expect("a field");
                    let value = (!value.is_null()).then(|| value.clone());
                    text += &format!("{name}: {} ", self.variable(&field.takes, value, None));
                }
                text + "}"
            }
        };
        self.word(&text);
    }

    /// Declares one more variable: its use.
    fn variable(&mut self, takes: &Type, given: Option<Value>, default: Option<String>) -> String {
        self.names += 1;
        let name = format!("v{}", self.names);
        let default = default.map(|text| format!(" = {text}")).unwrap_or_default();
        self.declared.push(format!("${name}: {takes}{default}"));
        if let Some(value) = given {
            self.given.insert(name.clone(), value);
        }
        format!("${name}")
    }

    fn condition(&mut self, conditional: bool) {
        if !conditional || !self.choices.one_in(6) {
            return;
        }
        let (skip, by_variable, random) =
            (self.choices.one_in(2), self.choices.one_in(2), self.choices.one_in(2));
        let on = self.conditions == Conditions::AllOn || random;
        let said = on != skip;
        self.word(if skip { "@skip" } else { "@include" });
        let value = match by_variable {
            true => {
                self.names += 1;
                self.declared.push(format!("$c{}: Boolean!", self.names));
                self.given.insert(format!("c{}", self.names), Value::Bool(said));
                format!("$c{}", self.names)
            }
            false => said.to_string(),
        };
        self.words(&["(", "if", ":", &value, ")"]);
    }

    /// What is written meanwhile, for another place.
    fn aside(&mut self, write: impl FnOnce(&mut Self)) -> String {
        let before = std::mem::take(&mut self.text);
        write(self);
        std::mem::replace(&mut self.text, before)
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.word(word));
    }

    /// A token, and before it something that means nothing.
    fn word(&mut self, word: &str) {
        if self.noise == 0 {
            self.text.push(' ');
        } else {
            self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let nothings = [" ", " ", " ", ",", "\n", "\r\n\t", " # } ...F {\n", ",, ", "#\"\"\"\n", "\t"];
            self.text.push_str(nothings[(self.noise >> 16) as usize % nothings.len()]);
        }
        self.text.push_str(word);
    }
}
