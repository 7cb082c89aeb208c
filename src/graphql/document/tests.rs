use std::fmt::Write;

use async_graphql::parser::types::Selection;
use async_graphql::{ServerError, Value, Variables};
use serde_json::json;

use super::{Document, Limits, check_complexity, variables};
use crate::graphql::error::Code;
use crate::graphql::outline::Outline;

fn parse(text: &str) -> Result<Document, ServerError> {
    Document::parse(text, &Limits::default())
}

/// The limit a document exceeds, or the code it is refused with, or `fine`.
fn verdict(text: &str) -> String {
    match parse(text) {
        Ok(_) => "fine".to_owned(),
        Err(error) => why(&error),
    }
}

fn why(error: &ServerError) -> String {
    match error.extensions.as_ref().and_then(|extensions| extensions.get("limit")) {
        Some(Value::String(limit)) => limit.clone(),
        _ => Code::of(error).unwrap().as_str().to_owned(),
    }
}

fn complexity(text: &str, given: serde_json::Value) -> String {
    let document = parse(text).unwrap();
    let operation = document.operation(None).unwrap();
    let variables = Variables::from_json(given);
    match check_complexity(operation, &variables, &Outline::default(), &Limits::default()) {
        Ok(()) => "fine".to_owned(),
        Err(error) => why(&error),
    }
}

/// `width` spreads in each of `levels` fragments.
fn fan_out(width: usize, levels: usize) -> String {
    let spreads = |level: usize| format!("...W{level} ").repeat(width);
    let mut text = format!("{{ {} }}", spreads(0));
    for level in 0..levels {
        write!(text, " fragment W{level} on Query {{ {} }}", spreads(level + 1)).unwrap();
    }
    write!(text, " fragment W{levels} on Query {{ a }}").unwrap();
    text
}

#[test]
fn fragments_that_multiply_are_measured_without_being_expanded() {
    assert_eq!(verdict(&fan_out(30, 5)), "root_fields");
    assert_eq!(verdict(&fan_out(30, 5).replace("{ ...W0", "{ a { ...W0").replacen('}', "} }", 1)), "nodes");
    for levels in [12, 16, 18, 25] {
        assert_eq!(verdict(&fan_out(2, levels)), "root_fields", "{levels}");
    }
    assert_eq!(verdict(&fan_out(2, 300)), "nesting");
    assert_eq!(verdict(&fan_out(2, 3)), "fine");
}

#[test]
fn a_chain_of_fragments_ends_before_the_stack_does() {
    assert_eq!(verdict(&fan_out(1, 1_200)), "nesting");
    // Measured from below first, then spread from further up.
    let mut text = "{ ...F20 ...A0 }".to_owned();
    for level in 0..25 {
        write!(text, " fragment A{level} on Query {{ ...A{} }}", level + 1).unwrap();
    }
    text.push_str(" fragment A25 on Query { ...F20 }");
    for level in 20..40 {
        write!(text, " fragment F{level} on Query {{ ...F{} }}", level + 1).unwrap();
    }
    text.push_str(" fragment F40 on Query { a }");
    assert_eq!(verdict(&text), "nesting");
}

#[test]
fn many_fragments_and_many_brackets_are_refused_before_parsing() {
    let fragments: String = (0..3_000).map(|n| format!("fragment F{n} on Query {{ a }} ")).collect();
    assert_eq!(verdict(&format!("{{ a }} {fragments}")), "tokens");
    for (open, close) in [("{", ""), ("{ a ", "}"), ("[", "]"), ("(", ")")] {
        let nested = [open.repeat(50_000), close.repeat(50_000)].concat();
        assert_eq!(verdict(&nested), "brackets", "{open}");
        assert_eq!(verdict(&format!("{{ a(b: {nested}) }}")), "brackets", "{open}");
    }
    assert_eq!(verdict(&format!("{{ a(b: {}1{}) }}", "{x: ".repeat(63), "}".repeat(63))), "brackets");
}

#[test]
fn each_limit_is_named_where_it_is_exceeded() {
    let many = |n: usize, what: &str| what.repeat(n);
    let nested = |n: usize| format!("{}{{ a{}", many(n - 1, "{ a "), many(n, " }"));
    assert_eq!(verdict(&nested(20)), "fine");
    assert_eq!(verdict(&nested(21)), "depth");
    let aliases: String = (0..101).map(|n| format!("x{n}: a ")).collect();
    assert_eq!(verdict(&format!("{{ r {{ {aliases} }} }}")), "aliases");
    assert_eq!(verdict(&format!("{{ {} }}", many(21, "a "))), "root_fields");
    assert_eq!(verdict(&format!("{{ r {{ {} }} }}", many(5_000, "a "))), "nodes");
    assert_eq!(verdict(&format!("{{ r {{ {} }} }}", many(51, "a @skip(if: true) "))), "directives");
    assert_eq!(verdict(&many(10_001, "a ")), "tokens");
    assert_eq!(verdict(&format!("{{ {}a{} }}", many(40, "... on Query { "), many(40, " }"))), "nesting");
}

#[test]
fn the_refusal_names_the_limit_and_its_number() {
    let error = parse(&format!("{{ {} }}", "a ".repeat(21))).unwrap_err();
    assert_eq!(error.message, "The document exceeds the limit of 20 root fields");
    assert_eq!(Code::of(&error), Some(Code::LimitExceeded));
    assert_eq!(error.extensions.unwrap().get("maximum"), Some(&Value::from(20)));
}

#[test]
fn the_whole_document_counts_and_not_only_the_operation_that_runs() {
    let operation = |name: &str| format!("query {name} {{ r {{ {} }} }} ", "a ".repeat(3_000));
    assert_eq!(verdict(&operation("A")), "fine");
    assert_eq!(verdict(&[operation("A"), operation("B")].concat()), "nodes");
}

#[test]
fn what_the_library_would_let_pass_is_refused() {
    for text in [
        "{ a @nosuch }",
        "{ __typename @nosuch }",
        "{ a @skip(if: true) @skip(if: true) }",
        "{ a @skip }",
        "{ a @skip(if: 1) }",
        "{ a @skip(if: true, unless: false) }",
        "{ a @include(if: $nope) }",
        "{ ...F } fragment F on Query { a @include(if: $nope) }",
        "query ($a: Boolean) { b @skip(if: $a) }",
        "query ($a: String!) { b @skip(if: $a) }",
        "query @skip(if: true) { a }",
        "query ($a: Int @nosuch) { a(b: $a) }",
        "{ ...F } fragment F on Query @include(if: true) { a }",
        "{ ...F @nosuch } fragment F on Query { a }",
        "{ ... @nosuch { a } }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...A } fragment A on Query { a { ...A } }",
        "{ ...Nowhere }",
        "{ a } fragment F on Query { a }",
        "{ a: b a: c }",
        "{ a: b ... on Query { a: c } }",
        "{ a(x: 1) a(x: 2) }",
        "{ a(x: 1) ...F } fragment F on Query { a }",
        "subscription { a b }",
        "subscription { x: a y: a }",
        "subscription { a ...F } fragment F on Subscription { b }",
        "subscription { __typename }",
        "subscription ($a: Boolean!) { a @include(if: $a) }",
        "subscription { ... @skip(if: false) { a } }",
        "query Q { a } subscription S { a b }",
    ] {
        assert_eq!(verdict(text), "GRAPHQL_VALIDATION_FAILED", "{text}");
    }
}

#[test]
fn what_is_legal_is_not_refused() {
    for text in [
        "{ a a }",
        "{ a(x: 1, y: 2) a(y: 2, x: 1) }",
        "subscription { a a }",
        "subscription { ...F } fragment F on Subscription { a }",
        "query ($a: Boolean!) { b @skip(if: $a) @include(if: true) }",
        "query ($a: Boolean = true) { b @skip(if: $a) }",
        "{ ...F ... { ...F } } fragment F on Query { a }",
        "query A { ...F } query B { ...F } fragment F on Query { a }",
    ] {
        assert_eq!(verdict(text), "fine", "{text}");
    }
}

#[test]
fn a_list_costs_its_size_times_its_children() {
    let nested = "{ a(first: 10) { a(first: 10) { a(first: 10) { a(first: 10) { b } } } } }";
    assert_eq!(complexity(nested, json!({})), "complexity");
    assert_eq!(complexity("{ a(limit: 100) { b c d } }", json!({})), "fine");
    assert_eq!(complexity("{ a(limit: 4000) { b c d } }", json!({})), "complexity");
    assert_eq!(complexity("{ a(limit: 9223372036854775807) { b { c } } }", json!({})), "complexity");
    assert_eq!(complexity("{ a(limit: -5) { b } }", json!({})), "fine");
}

#[test]
fn a_size_in_a_variable_counts_as_what_it_will_be() {
    let text = "query ($n: Int = 4000) { a(limit: $n) { ...F } } fragment F on T { b c d }";
    assert_eq!(complexity(text, json!({})), "complexity");
    assert_eq!(complexity(text, json!({"n": 10})), "fine");
    assert_eq!(complexity(text, json!({"n": 4_000})), "complexity");
    // Without a value a list has its default size: 5 × 5 × 5 × 5 × 5 × 5 × 1.
    let nested = (0..6).fold("b".to_owned(), |inner, _| format!("a(limit: $n) {{ {inner} }}"));
    let open = &format!("query ($n: Int) {{ {nested} }}");
    assert_eq!(complexity(open, json!({})), "complexity");
}

#[test]
fn a_variable_is_of_its_built_in_type() {
    let check = |declaration: &str, given: serde_json::Value| {
        let document = parse(&format!("query ({declaration}) {{ a(b: $v) }}")).unwrap();
        let operation = document.operation(None).unwrap();
        variables::check(operation, &Variables::from_json(given)).map_err(|error| error.message)
    };
    assert!(check("$v: ID!", json!({"v": "x"})).is_ok());
    assert!(check("$v: ID!", json!({"v": 7})).is_ok());
    assert!(check("$v: [Int!]!", json!({"v": 7})).is_ok());
    assert!(check("$v: Int = 1", json!({})).is_ok());
    assert!(check("$v: Filter!", json!({"v": {"a": 1}})).is_ok());
    for (declaration, given) in [
        ("$v: ID!", json!({})),
        ("$v: ID!", json!({"v": null})),
        ("$v: Int! = 1", json!({"v": null})),
        ("$v: String", json!({"v": 7})),
        ("$v: Int", json!({"v": 1.5})),
        ("$v: [Int!]", json!({"v": [1, null]})),
        ("$v: Boolean", json!({"v": "true"})),
    ] {
        assert!(check(declaration, given.clone()).is_err(), "{declaration} {given}");
    }
    assert_eq!(check("$v: ID!", json!({})).unwrap_err(), "Variable \"$v\" of type \"ID!\" was not provided");
}

#[test]
fn introspection_passes_as_tools_ask_for_it_and_not_in_circles() {
    let standard = include_str!("introspection.graphql");
    assert_eq!(verdict(standard), "fine");
    assert_eq!(
        verdict("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"),
        "introspection_lists"
    );
    // An alias or a fragment of that name changes nothing.
    let nested = |n: usize| format!("{{ __schema: a {}{{ b }}{} }}", "{ a ".repeat(n), " }".repeat(n));
    assert_eq!(verdict(&nested(19)), "depth");
}

#[test]
fn a_subscription_has_its_one_field_at_its_root_wherever_it_was_written() {
    let text = "
        subscription S { ...F ... on Subscription { e { b { ...G } } } e { c } }
        query Q { ...G }
        fragment F on Subscription { ...H }
        fragment H on Subscription { e { a } }
        fragment G on T { d }";
    let document = parse(text).unwrap();
    let set = &document.operation(Some("S")).unwrap().definition.node.selection_set.node;
    let [item] = set.items.as_slice() else { panic!("{set:?}") };
    let Selection::Field(field) = &item.node else { panic!("{item:?}") };
    let inside: Vec<_> = super::roots::collect(document.parsed(), &field.node.selection_set.node);
    let inside: Vec<_> = inside.iter().map(|field| field.node.name.node.as_str()).collect();
    assert_eq!(inside, ["a", "b", "c"]);
    let left: Vec<_> = document.parsed().fragments.keys().map(async_graphql::Name::as_str).collect();
    assert_eq!(left, ["G"]);
}

#[test]
fn a_cursor_takes_the_place_of_after_wherever_the_root_field_is() {
    let resumed = |text: &str, given: serde_json::Value| {
        let document = parse(text).unwrap();
        let mut variables = Variables::from_json(given);
        let document = document.resumed(None, "c9", &mut variables);
        let operation = document.operation(None).unwrap();
        let after = operation.roots()[0].node.get_argument("after").unwrap().node.to_string();
        (after, variables.get("a").map(ToString::to_string))
    };
    let literal = ("\"c9\"".to_owned(), None);
    assert_eq!(resumed("subscription { e { cursor } }", json!({})), literal);
    assert_eq!(resumed("subscription S { e(after: \"c1\") { cursor } }", json!({})), literal);
    assert_eq!(
        resumed("subscription { ... { ...F } } fragment F on Subscription { e { cursor } }", json!({})),
        literal
    );
    assert_eq!(
        resumed("subscription ($a: String) { e(after: $a) { cursor } }", json!({"a": "c1"})),
        ("$a".to_owned(), Some("\"c9\"".to_owned()))
    );
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "([{}()\\[\\]\"\\\\#@$!:,. \n]|\"\"\"|\\.\\.\\.|query|fragment F on T|\\.\\.\\.F|a|1|-|\\\\u|D800|00e9|\\PC){0,60}") {
        let _ = parse(&text);
        let _ = parse(&format!("{{ a(b: \"{text}\") {{ {text} }} }}"));
        let _ = parse(&format!("query Q($v: [Int!] = {text}) {{ ...F }} fragment F on T {{ a(x: {text}) }}"));
    }
}

#[test]
fn odd_escapes_and_numbers_do_not_break_the_parser() {
    for value in [
        r#""\uD800""#,
        r#""\uDBFF\uDFFF""#,
        r#""\u{1F600}""#,
        "1e999",
        "-0",
        "00",
        "1.",
        "99999999999999999999999",
        "\"\u{0}\"",
        "$v",
        "$",
        "{a:1,a:2}",
    ] {
        let _ = parse(&format!("{{ a(b: {value}) }}"));
    }
}
