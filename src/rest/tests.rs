//! What must hold for the table as a whole.

use super::{
    Routes, openapi,
    selections::{
        EVENT, EVENT_INCLUDES, STEP, STEP_CONTENTS, STEP_INCLUDES, TASK, TASK_CONTENTS, TASK_INCLUDES,
    },
};
use crate::graphql::schema::sdl;

#[test]
fn every_route_fits_the_schema() {
    let routes = Routes::from_sdl(&sdl()).expect("they fit");
    assert!(!routes.table().is_empty());
}

#[test]
fn openapi_json_is_what_the_routes_are() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == openapi().expect("it can be made"),
        "openapi.json is not what the routes are any more; look at what changes and commit it:\n    \
         cargo run -- openapi > openapi.json"
    );
}

/// What there is of a resource in GraphQL and not here, and why it is not missed.
const LEFT_OUT: &[(&str, &str)] = &[
    // In the answer to a creation alone.
    ("Task", "alreadyExisted"),
    // It has a route.
    ("Task", "diagram"),
    // A question of its own.
    ("Task", "dependencyAnalysis"),
    // They have routes, and their ids are there.
    ("WorkflowStep", "task"),
    ("WorkflowStep", "parents"),
    ("WorkflowStep", "children"),
];

/// A field that is new in the schema is shown here too, or left out on purpose.
#[test]
fn answers_hold_everything_that_the_schema_has() {
    let types = super::types::Types::from_sdl(&sdl()).expect("it can be read");
    for (owner, selections, includes) in [
        ("Task", &[TASK, TASK_CONTENTS][..], TASK_INCLUDES),
        ("WorkflowStep", &[STEP, STEP_CONTENTS], STEP_INCLUDES),
        ("WorkflowEvent", &[EVENT], EVENT_INCLUDES),
    ] {
        let texts = selections.iter().copied().chain(includes.iter().map(|include| include.text));
        let shown: Vec<String> = texts.flat_map(top).collect();
        let missing: Vec<&str> = types
            .fields(owner)
            .filter(|field| !shown.iter().any(|name| name == field) && !LEFT_OUT.contains(&(owner, field)))
            .collect();
        assert!(
            missing.is_empty(),
            "{owner} has {missing:?}: put them into src/rest/selections.rs, or leave them out"
        );
    }
}

/// The fields of a selection, without those in braces.
fn top(selection: &str) -> Vec<String> {
    let (mut depth, mut found) = (0, Vec::new());
    for word in selection.split_whitespace() {
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if depth == 0 => found.push(name.to_owned()),
            _ => {}
        }
    }
    found
}
