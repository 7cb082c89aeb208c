//! A22: random documents. What the service says is missing is what would be executed, to the letter, however it is
//! written.
//!
//! Three parties that know nothing of one another have to agree: the tree the document was made of, the library's
//! executor over resolvers that take notes, and the gate of a running service, which tells a caller without any
//! permission all that it lacks.
//!
//! `PROPTEST_CASES=100000 cargo test --test it attack::documents` looks at more of them.

use std::{cell::Cell, collections::BTreeSet};

use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{
    beforehand::Beforehand,
    choices::Choices,
    disguise,
    ground::{Answer, Ground},
    recorder::Recorder,
    request::Conditions,
    sdl::SDL,
    tree::Tree,
};
use crate::place::Place;

/// Documents where nothing else is said. They are small in most cases, so that one that fails is readable.
const CASES: u32 = 300;

/// Runs as many cases as are asked for.
pub fn runner() -> TestRunner {
    let said = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    TestRunner::new(Config { cases: said.unwrap_or(CASES), failure_persistence: None, ..Config::default() })
}

/// The limits are far away: they are not what is tested.
pub async fn far_from_the_limits() -> Ground {
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
