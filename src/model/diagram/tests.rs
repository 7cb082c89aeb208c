use proptest::prelude::*;
use roxmltree::Document;
use serde_json::{Value, json};

use super::*;
use crate::model::failure::Failure;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn template(steps: &Value) -> Arc<Template> {
    let document = json!({ "name": "order", "version": "1.2.0", "step_templates": steps });
    Arc::new(Template::from_document(&document, &|_| None).expect("a template"))
}

/// One step for each thing that can be said of one.
fn mixed() -> (Arc<Template>, Vec<Step>) {
    let step = |name: &str, after: &[&str]| {
        json!({
            "name": name, "handler_class": "Shop::Do", "depends_on_steps": after, "description": "a confidence",
            "handler_config": { "headers": { "Authorization": "${TOKEN:-confidential}" } },
        })
    };
    let template = template(&json!([
        step("fetch", &[]),
        step("skip", &[]),
        step("pay", &["fetch"]),
        step("stock", &["fetch"]),
        step("pack", &["fetch", "skip"]),
        step("nap", &["skip"]),
        step("abroad", &["skip"]),
        step("drop", &["stock"]),
        step("ship", &["pay", "pack"]),
    ]));
    let mut steps: Vec<Step> = template.dag.places().map(|no| Step::new(no, 3, NOW)).collect();
    let set = |step: &mut Step, status, attempts| (step.status, step.attempts) = (status, attempts);
    set(&mut steps[0], Status::Complete, 2);
    steps[0].results = Some(Arc::new(json!("confidential")));
    set(&mut steps[1], Status::ResolvedManually, 0);
    set(&mut steps[2], Status::Pending, 1);
    steps[2].next_attempt_at = Some(Timestamp(NOW.0 + 90_000_000));
    steps[2].error = Some(Failure::new(FailureKind::Timeout, "confidential"));
    set(&mut steps[3], Status::Error, 3);
    steps[3].error = Some(Failure::new(FailureKind::NodeLost, "confidential"));
    set(&mut steps[4], Status::InProgress, 4);
    steps[4].released = 3;
    set(&mut steps[5], Status::InProgress, 1);
    steps[5].next_attempt_at = Some(Timestamp(NOW.0 + 900_000_000_000));
    steps[6].awaiting_since = Some(NOW);
    set(&mut steps[7], Status::Cancelled, 0);
    (template, steps)
}

fn picture() -> Picture {
    let (template, steps) = mixed();
    let task = TaskId::parse("01890a5d-ac96-774b-bcce-b302099a8057").expect("an id");
    Picture::of_task(template, task, Status::InProgress, &steps, None, NOW).expect("small")
}

#[test]
fn a_task_is_a_flowchart_with_every_status_in_words() {
    insta::assert_snapshot!(picture().write(Format::Mermaid, None));
}

#[test]
fn a_template_is_a_flowchart_with_what_runs_its_steps() {
    let picture = Picture::of_template(mixed().0).expect("small");
    insta::assert_snapshot!(picture.write(Format::Mermaid, None));
}

#[test]
fn programs_get_nodes_and_edges() {
    let graph: Value = serde_json::from_str(&picture().write(Format::Json, None)).expect("JSON");
    assert_eq!(graph["nodes"].as_array().map(Vec::len), Some(9));
    assert_eq!(graph["edges"][0], json!({ "from": "s0", "to": "s2" }));
    let mut pay = graph["nodes"][2].clone();
    pay["workflowStepId"].take();
    let until = "2027-01-15T08:01:30.000000Z";
    assert_eq!(
        pay,
        json!({ "id": "s2", "name": "pay", "workflowStepId": null, "status": "pending", "attempts": 1,
            "retryLimit": 3, "error": "timeout", "waitsFor": "retry", "until": until })
    );
}

#[test]
fn what_a_step_got_left_or_said_is_in_no_picture() {
    for picture in [picture(), Picture::of_template(mixed().0).expect("small")] {
        for format in [Format::Mermaid, Format::Json, Format::Svg] {
            let text = picture.write(format, None);
            assert!(!text.contains("confiden") && !text.contains("TOKEN"), "{format:?}: {text}");
        }
    }
}

#[test]
fn a_drawing_says_all_of_it_and_reaches_for_nothing() {
    let svg = picture().write(Format::Svg, None);
    let document = Document::parse(&svg).expect("XML");
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let first = |name| root.children().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", name)));
    assert_eq!(first("title").and_then(|title| title.text()), Some("default/order@1.2.0"));
    let described = first("desc").and_then(|title| title.text()).expect("a description");
    assert!(described.ends_with(
        "in progress: 2 of 9 steps done. Steps: pending 1, waiting 3, in progress 1, complete 1, error 1, \
         cancelled 1, resolved manually 1."
    ), "{described}");
    for (step, place) in [
        ("fetch", "complete, attempt 2/3"),
        ("skip", "resolved manually"),
        ("pay", "pending, retry 08:01:30 UTC, timeout"),
        ("stock", "error, node lost, attempt 3/3"),
        ("pack", "in progress, attempt 4"),
        ("nap", "in progress, wakes 2027-01-25 18:00, attempt 1/3"),
        ("abroad", "pending, waits for a worker"),
        ("drop", "cancelled"),
        ("ship", "pending"),
    ] {
        assert!(svg.contains(&format!("<title>{step}: {place}</title>")), "{step}");
    }
    let known = ["svg", "title", "desc", "style", "rect", "g", "path", "text"];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(known.contains(&node.tag_name().name()), "{node:?}");
        assert!(
            node.attributes().all(|attribute| !attribute.name().starts_with("on")
                && !attribute.name().contains("href")
                && !attribute.value().contains("url(")),
            "{node:?}"
        );
    }
    assert!(!svg.contains("@import") && !svg.contains("url("));
}

#[test]
fn more_than_a_picture_holds_is_refused_in_words() {
    let names: Vec<String> = (0..240).map(|no| format!("a{no}")).collect();
    let upper = names.iter().map(|name| json!({ "name": name, "handler_class": "x" }));
    let lower = (0..240)
        .map(|no| json!({ "name": format!("b{no}"), "handler_class": "x", "depends_on_steps": names }));
    let template = template(&upper.chain(lower).collect());
    let error = Picture::of_template(template).expect_err("too large").to_string();
    assert_eq!(error, "default/order@1.2.0 has 57600 dependencies, and a diagram holds at most 50000");
}

/// Without `$`, which would begin a variable.
fn names() -> impl Strategy<Value = std::collections::BTreeSet<String>> {
    let name = "[\\PC\"'<>&`%#;:|\\[\\](){}*_ -]{1,60}".prop_map(|name| name.replace('$', ""));
    prop::collection::btree_set(name, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Names are any printable text; the template's own rules for them are asked here.
    #[test]
    fn any_name_stands_for_itself(names in names()) {
        let steps: Vec<Value> = names.iter().map(|name| json!({ "name": name, "handler_class": "x" })).collect();
        let document = json!({ "name": "order", "step_templates": steps });
        // Some are no names.
        let Ok(template) = Template::from_document(&document, &|_| None) else { return Ok(()) };
        let picture = Picture::of_template(Arc::new(template)).expect("small");

        let svg = picture.write(Format::Svg, None);
        let document = Document::parse(&svg).expect("XML");
        let titles: Vec<&str> = document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")))
            .filter_map(|node| node.text()).collect();
        let said: Vec<String> = names.iter().map(|name| format!("{name}: x")).collect();
        prop_assert_eq!(&titles[1..], said.iter().map(String::as_str).collect::<Vec<_>>());

        let mermaid = picture.write(Format::Mermaid, None);
        let nodes = mermaid.lines().filter(|line| line.starts_with("  s")).count();
        prop_assert_eq!((nodes, mermaid.lines().count()), (names.len(), names.len() + 7));
        let graph: Value = serde_json::from_str(&picture.write(Format::Json, None)).expect("JSON");
        prop_assert_eq!(graph["nodes"].as_array().map(Vec::len), Some(names.len()));
    }
}
