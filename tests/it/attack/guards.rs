//! The second line: where the gate by mistake let a field through, the field itself does not answer.
//!
//! Each field with an `@authorize` is asked for behind a gate that was told something else about that field alone.
//! A field without its guard, or with another permission in it, answers here.

use std::sync::Arc;

use async_graphql::Variables;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tasker::{
    auth::Warden,
    config::Introspection,
    graphql::{
        Code, GraphqlSettings, Pipeline,
        gate::{Gate, Requirements},
        introspection::Views,
        outline::Outline,
        schema::{self, TaskerSchema},
    },
    model::time::Timestamp,
};

use super::{
    ground::Ground,
    literal,
    sdl::{self, SDL, base},
};
use crate::place::Place;

/// What the gate is told instead, of which a field needs at most one.
const DECOYS: [&str; 2] = ["tasker.analytics:index", "tasker.metrics:index"];

/// A way from a root to a field, which does not need the field's own permission.
struct Way {
    root: &'static str,
    fields: Vec<(String, String)>,
}

/// The shortest such way; of equals, the first in the schema's order.
fn way_to(owner: &str, field: &str, needs: &str) -> Option<Way> {
    let mut open: Vec<(String, Way)> = ["Query", "Mutation", "Subscription"]
        .map(|root| (root.to_owned(), Way { root, fields: Vec::new() }))
        .into();
    for _ in 0..6 {
        let mut longer = Vec::new();
        for (here, way) in &open {
            if here == owner {
                let last = (owner.to_owned(), field.to_owned());
                return Some(Way { root: way.root, fields: [&way.fields[..], &[last]].concat() });
            }
            for next in SDL.objects.get(here).into_iter().flatten() {
                // What changes something is not a way to anything.
                let harmless = way.root == "Query" && SDL.has_fields(next);
                if harmless && !next.needs.iter().any(|one| one == needs) {
                    let step = (here.clone(), next.name.clone());
                    let fields = [&way.fields[..], &[step]].concat();
                    longer.push((base(&next.answers).to_owned(), Way { root: way.root, fields }));
                }
            }
        }
        open = longer;
    }
    None
}

impl Way {
    /// As a document, about this task and step.
    fn document(&self, about: &Value) -> String {
        let mut text = String::new();
        for (owner, name) in &self.fields {
            let field = SDL.field(owner, name);
            // Where there is nothing, no guard is met: templates are looked for where some are.
            let given = |argument: &&sdl::Input| argument.is_required() || argument.name == "namespace";
            let given = field.arguments.iter().filter(given).map(|argument| {
                let value = required(&argument.name, base(&argument.takes), about);
                format!("{}: {}", argument.name, literal::of(&SDL, &argument.takes, &value))
            });
            let given: Vec<String> = given.collect();
            let given = if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) };
            text += &format!("{{ {name}{given} ");
        }
        let (owner, name) = self.fields.last().expect("a field");
        if SDL.has_fields(SDL.field(owner, name)) {
            text += "{ __typename }";
        }
        format!("{} {text}{}", self.root.to_lowercase(), " }".repeat(self.fields.len()))
    }
}

/// What an argument that must be given is given.
fn required(name: &str, takes: &str, about: &Value) -> Value {
    if let Some(fields) = SDL.inputs.get(takes) {
        let fields = fields.iter().filter(|field| field.is_required());
        return fields
            .map(|field| (field.name.clone(), required(&field.name, base(&field.takes), about)))
            .collect();
    }
    if let Some(words) = SDL.enums.get(takes) {
        return json!(words[0]);
    }
    match about.get(name) {
        Some(value) => value.clone(),
        None => panic!("say what {name} is to be"),
    }
}

/// The schema's text, in which this field needs something else.
fn weakened(owner: &str, field: &str, needs: &str) -> String {
    let (before, rest) = sdl::TEXT.split_once(&format!("\ntype {owner} {{\n")).expect(owner);
    let begins = |name: char| rest.match_indices(&format!("\n  {field}{name}")).map(|(at, _)| at).next();
    let at = begins(':').into_iter().chain(begins('(')).min().expect(field);
    let (here, there) = rest.split_at(at);
    let decoy = DECOYS.into_iter().find(|decoy| *decoy != needs).expect("another");
    let there = there.replacen(&format!("\"{needs}\""), &format!("\"{decoy}\""), 1);
    format!("{before}\ntype {owner} {{\n{here}{there}")
}

fn pipeline(ground: &Ground, sdl: &str) -> Pipeline<TaskerSchema> {
    let engine = ground.service.app.engine();
    let gate = Gate::new(
        Requirements::from_sdl(sdl).expect("every field still needs something"),
        Warden::open(Arc::new(|| Timestamp(0))),
        engine.database().clone(),
        Introspection::Full,
        Views::from_sdl(sdl).expect("a schema"),
        ground.service.app.refusals().clone(),
    );
    let outline = Outline::from_sdl(sdl).expect("a schema");
    let refusals = ground.service.app.refusals().clone();
    let schema = schema::build(schema::Parts { engine: engine.clone(), refusals, policy: None });
    Pipeline::new(schema, outline, &GraphqlSettings::default()).with_admission(gate)
}

/// The codes of the first answer's errors.
async fn codes(pipeline: &Pipeline<TaskerSchema>, text: &str) -> Vec<Code> {
    let request = async_graphql::Request::new(text).variables(Variables::default());
    let prepared = pipeline.prepare(request).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    let answer = pipeline.stream(prepared, Arc::default()).next().await.expect("an answer");
    answer.errors.iter().map(|error| Code::of(error).expect("a code")).collect()
}

/// Every way to these passes a field that needs the same.
const BEHIND: [(&str, &str); 2] = [("Blocker", "step"), ("DependencyPath", "steps")];

/// They say nothing while nothing happens.
const ENDLESS: [&str; 2] = ["workflowEvents", "stepsAvailable"];

#[tokio::test]
async fn a_field_that_the_gate_forgot_does_not_answer() {
    let ground = Ground::new(Place::sqlite()).await;
    let sound = pipeline(&ground, sdl::TEXT);
    let mut looked_at = 0;
    for (owner, field, needs) in SDL.guarded() {
        let way = way_to(&owner, &field, &needs);
        if BEHIND.contains(&(owner.as_str(), field.as_str())) {
            assert!(way.is_none(), "there is a way to {owner}.{field} that needs less");
            continue;
        }
        let way = way.unwrap_or_else(|| panic!("no way to {owner}.{field}"));
        let text = way.document(&ground.about().await);
        let before = ground.rows().await;
        let forgetful = pipeline(&ground, &weakened(&owner, &field, &needs));
        assert_eq!(codes(&forgetful, &text).await, [Code::Internal], "{owner}.{field} has no guard: {text}");
        assert_eq!(ground.rows().await, before, "{text}");
        // Behind a gate that knows it is answered, or refused for what it is about.
        if way.root != "Subscription" || !ENDLESS.contains(&field.as_str()) {
            let codes = codes(&sound, &text).await;
            assert!(
                !codes.contains(&Code::Internal) && !codes.contains(&Code::Forbidden),
                "{text}: {codes:?}"
            );
        }
        looked_at += 1;
    }
    assert!(looked_at >= 30, "{looked_at}");
}
