//! G: documents that cost more than they are worth are refused by the limits: before the gate, before the library
//! looks at them, whoever sends them.

use std::fmt::Write as _;

use serde_json::json;

use super::ground::Ground;
use crate::place::Place;

on_both_databases![
    what_is_large_is_refused_by_a_limit,
    what_grows_is_refused_by_a_limit,
    sizes_that_are_none_are_refused,
    many_of_one_are_one_decision,
];

fn many(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, no| {
        let _ = write!(text, "{} ", item(no));
        text
    })
}

async fn refused(ground: &Ground, limit: &str, text: &str) {
    let answer = ground.rejected("", text, "LIMIT_EXCEEDED").await;
    assert_eq!(answer.body["errors"][0]["extensions"]["limit"], limit, "{}", answer.text);
    assert!(answer.text.len() < 1_000, "a refusal is short: {}", answer.text);
}

/// G01: of everything too much.
async fn what_is_large_is_refused_by_a_limit(place: Place) {
    let ground = Ground::new(place).await;
    for (limit, text) in [
        ("aliases", format!("{{ tasks {{ {} }} }}", many(3_000, |no| format!("a{no}:name")))),
        ("tokens", format!("{{ tasks {{ {} }} }}", many(10_000, |no| format!("a{no}: name")))),
        ("directives", format!("{{ tasks {{ {} }} }}", many(1_000, |_| "name @skip(if:false)".into()))),
        ("tokens", format!("{{ tasks {} {{ name }} }}", "@skip(if: true) ".repeat(10_000))),
        ("brackets", "{a".repeat(10_000)),
        ("brackets", format!("{{ tasks(filter: {} }}", "{a:".repeat(10_000))),
        ("brackets", format!("{{ tasks(filter: {}) }}", "[".repeat(500_000))),
        ("brackets", format!("query ($a: {} Int) {{ a }}", "[".repeat(10_000))),
        ("tokens", "a ".repeat(100_000)),
        ("tokens", "!".repeat(500_000)),
        ("tokens", format!("{{ tasks {{ {} }} }}", "é ".repeat(100_000))),
        ("tokens", format!("query ({}) {{ a }}", many(10_000, |no| format!("$v{no}: Int")))),
        ("tokens", many(10_000, |no| format!("query Q{no} {{ a }}"))),
        ("tokens", format!("{{ a }} {}", many(10_000, |no| format!("fragment F{no} on Q {{ a }}")))),
        ("tokens", format!("{{ tasks(filter: {{tags: [{}]}}) {{ name }} }}", "\"x\" ".repeat(20_000))),
        ("nesting", format!("{{ {} name {} }}", "... { ".repeat(40), "}".repeat(40))),
        ("root_fields", format!("{{ {} }}", many(21, |no| format!("a{no}: eventCursor")))),
    ] {
        refused(&ground, limit, &text).await;
    }
    // One long token is long work as well.
    let quoted =
        |length: usize| format!("{{ tasks(filter: {{name: \"{}\"}}) {{ name }} }}", "x".repeat(length));
    let comment = format!("# {}\n{{ nothing }}", "x".repeat(1_000_000));
    for text in [quoted(1_000_000), comment, format!("{{ {} }}", "a".repeat(1_000_000))] {
        refused(&ground, "tokens", &text).await;
    }
    ground.denied("", &quoted(100_000), &[]).await;
}

/// G02: fragments that spread fragments. G03: lists in lists.
async fn what_grows_is_refused_by_a_limit(place: Place) {
    let ground = Ground::new(place).await;
    for (levels, spreads) in [(28, 2), (20, 10), (8, 60)] {
        let fragments = many(levels, |no| {
            format!("fragment F{no} on Task {{ {} }}", format!("...F{} ", no + 1).repeat(spreads))
        });
        let text = format!("{{ tasks {{ ...F0 }} }} {fragments} fragment F{levels} on Task {{ name }}");
        refused(&ground, "nodes", &text).await;
        let inline = fragments.replace("...F", "... on Task { ...F").replace(" ...", " } ...");
        let answer = ground.ask("", &format!("{{ tasks {{ ...F0 }} }} {inline}")).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    for text in [
        "{ tasks(limit: 100) { workflowSteps { parents { children { parents { children { name } } } } } } }",
        "{ taskConnection(first: 100) { nodes { workflowSteps { events { name } } } } }",
        "{ taskConnection(first: 100) { edges { node { workflowSteps { parents { events { name } } } } } } }",
        "query ($n: Int = 100) { tasks(limit: $n) { workflowSteps { parents { children { name } } } } }",
        "{ a: tasks(limit: 100) { ...F } b: tasks(limit: 100) { ...F } } fragment F on Task { workflowSteps { parents { parents { name } } } }",
    ] {
        refused(&ground, "complexity", text).await;
    }
}

/// G04: too large, negative, not there, not a number.
async fn sizes_that_are_none_are_refused(place: Place) {
    let ground = Ground::new(place).await;
    for (field, argument) in [
        ("tasks {} { name }", "limit"),
        ("tasks {} { name }", "offset"),
        ("taskConnection {} { nodes { name } }", "first"),
        ("taskConnection {} { nodes { name } }", "last"),
        ("events {} { nodes { name } }", "first"),
        ("apiTokens {} { name }", "limit"),
        ("apiTokens {} { name }", "offset"),
    ] {
        for size in [
            "2147483647",
            "2147483648",
            "-2147483648",
            "-1",
            "1e400",
            "99999999999999999999",
            "\"5\"",
            "5.5",
            "null",
            "[5]",
            "true",
        ] {
            // Where it may be null, null is none.
            if size == "null" && field.starts_with("taskConnection") {
                continue;
            }
            let before = ground.rows().await;
            let text =
                format!("{{ {} }}", field.replace("{}", &format!("({argument}: {size})")).replace("{ }", ""));
            let answer = ground.ask(&ground.admin, &text).await;
            let told =
                ["BAD_USER_INPUT", "LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"];
            assert!(told.contains(&answer.code()), "{text}: {}", answer.text);
            assert_eq!(ground.rows().await, before);
        }
    }
}

/// G05: each permission is missing once, however often it is needed; what is refused costs no statement.
async fn many_of_one_are_one_decision(place: Place) {
    let ground = Ground::new(place).await;
    let viewer = ground.token("viewer").await;
    let aliases = many(99, |no| format!("a{no}: context"));
    ground.denied(&viewer, &format!("{{ tasks {{ {aliases} }} }}"), &["tasker.task:show"]).await;
    let targets =
        many(20, |no| format!("a{no}: cancelTask(input: {{taskId: \"{}\"}}) {{ taskId }}", ground.shop));
    ground.denied(&viewer, &format!("mutation {{ {targets} }}"), &["tasker.task:cancel"]).await;
    let operator = ground.token("operator").await;
    let foreign = targets.replace(&ground.shop, &ground.bank);
    let body = json!({ "query": format!("mutation {{ {foreign} }}") });
    ground.denies(&operator, body, &["tasker.task:cancel"], 1).await;
}
