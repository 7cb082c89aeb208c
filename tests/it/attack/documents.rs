//! A22: random documents and random disguises. What the service says is missing is what would be executed, to the
//! letter, however it is written; and what is forbidden stays forbidden.
//!
//! Three parties that know nothing of one another have to agree: the tree the document was made of, the library's
//! executor over resolvers that take notes, and the gate of a running service, which tells a caller without any
//! permission all that it lacks.
//!
//! `PROPTEST_CASES=100000 cargo test --test it attack::documents` looks at more of them.

use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use async_graphql::Variables;
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::json;
use tasker::{
    auth::{Subject, Warden},
    graphql::{
        document::Limits,
        gate::{Explainer, Question},
    },
    model::time::Timestamp,
};
use tokio::runtime::Runtime;

use super::{
    choices::Choices,
    disguise::{self, Conditions, Request},
    ground::{Answer, Ground},
    recorder::Recorder,
    sdl::Sdl,
    tree::{Item, Node, Tree},
    value::{By, Given},
};
use crate::place::Place;

static SDL: LazyLock<Sdl> = LazyLock::new(Sdl::read);

/// Documents where nothing else is said. They are small in most cases, so that one that fails is readable.
const CASES: u32 = 300;

fn runner() -> TestRunner {
    let said = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    TestRunner::new(Config { cases: said.unwrap_or(CASES), failure_persistence: None, ..Config::default() })
}

/// The limits are far away: they are not what is tested.
async fn far_from_the_limits() -> Ground {
    let far = 1_000_000;
    let limits = json!({ "tokens": far, "nodes": far, "depth": 1_000, "aliases": far, "root_fields": far,
        "directives": far, "complexity": 100_000_000 });
    Ground::with(Place::sqlite(), json!({ "graphql": { "limits": limits } })).await
}

fn missing(answer: &Answer) -> BTreeSet<String> {
    answer.missing().into_iter().map(str::to_owned).collect()
}

#[test]
fn what_is_missing_is_what_would_be_executed() {
    let runtime = Runtime::new().expect("a runtime");
    let (ground, recorder) = (runtime.block_on(far_from_the_limits()), Recorder::new(&SDL));
    let nobody = runtime.block_on(ground.token("nobody"));
    let beforehand = Beforehand::of(&ground);
    let (refused, answered) = (Cell::new(0_u32), Cell::new(0_u32));
    let documents = (vec(any::<u8>(), 0..120), vec(any::<u8>(), 0..160));
    let checked = runner().run(&documents, |(what, how)| {
        let tree = Tree::grow(&SDL, &mut Choices::new(&what));
        let expected = tree.needs(&SDL);
        for conditions in [Conditions::AllOn, Conditions::AsTheyCome] {
            let request = disguise::write(&SDL, &tree, conditions, &how);
            let streamed = tree.root == "Subscription";
            let answer = match streamed {
                true => runtime.block_on(ground.stream(&nobody, &request)),
                false => runtime.block_on(ground.send(&nobody, &request)),
            };
            let context = || format!("{}\n{}\n{}", request.query, request.variables, answer.body);
            if answer.code() == "LIMIT_EXCEEDED" {
                return Err(TestCaseError::reject("nested too deeply"));
            }
            if expected.is_empty() {
                answered.set(answered.get() + 1);
                proptest::prop_assert_eq!(answer.status, 200, "{}", context());
            } else {
                refused.set(refused.get() + 1);
                proptest::prop_assert_eq!(
                    (answer.status, answer.code()),
                    (if streamed { 200 } else { 403 }, "FORBIDDEN"),
                    "{}",
                    context()
                );
                proptest::prop_assert_eq!(&missing(&answer), &expected, "{}", context());
            }
            let explained = runtime.block_on(beforehand.missing(&request));
            proptest::prop_assert_eq!(&explained, &expected, "{}", context());
            if !streamed {
                let executed = runtime.block_on(recorder.run(&request));
                match conditions {
                    Conditions::AllOn => proptest::prop_assert_eq!(&executed, &expected, "{}", context()),
                    Conditions::AsTheyCome => {
                        proptest::prop_assert!(executed.is_subset(&expected), "{}", context());
                    }
                }
            }
        }
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("{failure}"));
    let (refused, answered) = (refused.get(), answered.get());
    assert!(refused > answered, "{refused} refused, {answered} answered: the documents say too little");
}

/// What `tasker permission explain` would say.
struct Beforehand {
    explainer: Explainer,
    warden: Warden,
}

impl Beforehand {
    fn of(ground: &Ground) -> Self {
        let far = 1_000_000;
        let limits = Limits {
            tokens: far,
            nodes: far,
            depth: 1_000,
            aliases: far,
            root_fields: far,
            ..Limits::default()
        };
        let limits = Limits { directives: far, complexity: 100_000_000, ..limits };
        let policy = ground.service.app.policy().expect("a policy decides").clone();
        let warden = Warden::new(policy, Arc::new(|| Timestamp(0)));
        Self { explainer: crate::gate::explain::explainer(limits), warden }
    }

    async fn missing(&self, request: &Request) -> BTreeSet<String> {
        let variables = Variables::from_json(request.variables.clone());
        let subject = Subject::named("nobody").with_roles(["nobody"]);
        let question = Question {
            document: &request.query,
            operation: request.operation_name,
            variables: &variables,
            subject: &subject,
            warden: &self.warden,
            places: None,
        };
        let said = self.explainer.explain(&question).await;
        said.refusal.into_iter().flat_map(|refusal| refusal.missing_permissions).collect()
    }
}

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
