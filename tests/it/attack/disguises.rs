//! A22: one forbidden operation in a thousand disguises, and in a thousand damaged copies.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::any};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{
    choices::Choices,
    disguise,
    documents::{far_from_the_limits, runner},
    request::{Conditions, Request},
    sdl::SDL,
    tree::{Item, Node, Tree},
    value::{By, Given},
};

/// Deletes a task, and asks for what its caller may see besides.
fn forbidden(task: &str, more: &[u8]) -> Tree {
    let field = SDL.field("Mutation", "deleteTask");
    let given = Given { value: json!({ "taskId": task }), needs: BTreeSet::new(), by: By::Variable };
    let choices = &mut Choices::new(more);
    let given = Given { by: *choices.pick(&[By::Literal, By::Variable, By::Default, By::Parts]), ..given };
    let below = ["taskId", "name", "status", "namespace"].map(|name| Node {
        owner: "Task".into(),
        name: name.into(),
        alias: choices.one_in(2).then(|| format!("deleted{name}")),
        arguments: Vec::new(),
        selection: Vec::new(),
    });
    let node = Node {
        owner: "Mutation".into(),
        name: "deleteTask".into(),
        alias: choices.one_in(2).then(|| "tasks".into()),
        arguments: vec![(field.arguments[0].clone(), given)],
        selection: below.into_iter().map(Item::Field).collect(),
    };
    let mut selection = vec![Item::Field(node)];
    if choices.one_in(2) {
        selection.insert(0, Item::Typename);
    }
    Tree { root: "Mutation", selection, shared: Vec::new() }
}

#[test]
fn what_is_forbidden_stays_forbidden_in_every_disguise() {
    let runtime = Runtime::new().expect("a runtime");
    let ground = runtime.block_on(far_from_the_limits());
    let (task, viewer) = (ground.shop.clone(), runtime.block_on(ground.token("viewer")));
    let before = runtime.block_on(ground.rows());
    let disguises = (vec(any::<u8>(), 0..8), vec(any::<u8>(), 0..60));
    let checked = runner().run(&disguises, |(what, how)| {
        let request = disguise::write(&SDL, &forbidden(&task, &what), Conditions::AsTheyCome, &how);
        let answer = runtime.block_on(ground.send(&viewer, &request));
        let missing = answer.missing();
        proptest::prop_assert_eq!(missing, ["tasker.task:destroy"], "{}\n{}", request.query, answer.body);
        proptest::prop_assert_eq!(answer.status, 403);
        proptest::prop_assert!(answer.body.get("data").is_none(), "{}", answer.body);
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runtime.block_on(ground.rows()), before);
}

/// Not a document any more in most cases, but never one that is let through.
#[test]
fn what_is_forbidden_is_not_let_through_by_damage() {
    let runtime = Runtime::new().expect("a runtime");
    let ground = runtime.block_on(far_from_the_limits());
    let (task, viewer) = (ground.shop.clone(), runtime.block_on(ground.token("viewer")));
    let before = runtime.block_on(ground.rows());
    let pieces = [
        "{",
        "}",
        "(",
        ")",
        "\"",
        "\"\"\"",
        "#",
        "\n",
        "...",
        "@skip(if: true)",
        "\u{feff}",
        "\\",
        "$v1",
        ":",
        "__typename",
        "query",
        "\u{0}",
        "é",
        "fragment F on Mutation",
        "null",
        ",",
        "&",
        "!",
        "on Mutation",
    ];
    let damage = (vec(any::<u8>(), 0..40), vec((any::<u16>(), 0..pieces.len(), any::<bool>()), 1..4));
    let checked = runner().run(&damage, |(how, damage)| {
        let Request { mut query, variables, operation_name } =
            disguise::write(&SDL, &forbidden(&task, &how), Conditions::AllOn, &how);
        for (at, piece, instead) in damage {
            let places: Vec<usize> = query.char_indices().map(|(at, _)| at).collect();
            let at = places[usize::from(at) % places.len()];
            if instead {
                query.remove(at);
            }
            query.insert_str(at, pieces[piece]);
        }
        let damaged = Request { query, variables, operation_name };
        let answer = runtime.block_on(ground.send(&viewer, &damaged));
        let told = ["FORBIDDEN", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"];
        let harmless =
            answer.body["data"].as_object().is_some_and(|data| data.values().all(|one| one == "Mutation"));
        proptest::prop_assert!(
            told.contains(&answer.code()) || harmless,
            "{}\n{}",
            damaged.query,
            answer.body
        );
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runtime.block_on(ground.rows()), before);
}
