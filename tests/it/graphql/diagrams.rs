//! Pictures of tasks, and what holds them up.

use std::process::Command;

use serde_json::{Value, json};

use super::setup::Service;
use crate::{
    place::Place,
    script::{hangs, ok, permanent, retry_after},
};

on_both_databases![
    a_diagram_says_where_each_step_is_and_not_what_it_said,
    a_task_that_is_not_there_has_no_diagram,
    a_page_of_diagrams_is_a_page_of_tasks,
    the_command_line_draws_a_task,
    what_holds_a_task_up_is_named_with_what_to_do,
    a_finished_task_is_held_up_by_nothing,
];

const DIAGRAM: &str = "query ($task: ID!, $format: DiagramFormat!) {
    taskDiagram(taskId: $task, format: $format) { taskId format content } }";

async fn drawn(service: &Service, task: &str, format: &str) -> String {
    let answer = service.data(DIAGRAM, json!({ "task": task, "format": format })).await;
    let diagram = &answer["taskDiagram"];
    assert_eq!((&diagram["taskId"], &diagram["format"]), (&json!(task), &json!(format)));
    diagram["content"].as_str().expect("a text").to_owned()
}

async fn a_diagram_says_where_each_step_is_and_not_what_it_said(place: Place) {
    let service = Service::start(place).await;
    service.script("Fetch", [ok(json!({ "total": "confidential" }))]);
    service.script("Pay", [retry_after("confidential", 3_000)]);
    service.script("Stock", [permanent("confidential").leaving(json!({ "shelf": "confidential" }))]);
    let task = service.run("order", json!({ "id": 1, "mail": "confidential@example.org" })).await;
    for format in ["MERMAID", "JSON", "SVG"] {
        let content = drawn(&service, &task, format).await;
        assert!(content.contains("permanent") && content.contains("retry"), "{content}");
        assert!(["fetch", "pay", "stock", "ship"].iter().all(|step| content.contains(step)), "{content}");
        assert!(!content.contains("confidential"), "{content}");
        let nested = service.task(&task, &format!("{{ diagram(format: {format}) {{ content }} }}")).await;
        assert_eq!(nested["diagram"]["content"], content);
    }
    let mermaid = service.task(&task, "{ diagram { format content } }").await;
    assert_eq!(mermaid["diagram"]["format"], "MERMAID");
    assert!(mermaid["diagram"]["content"].as_str().expect("a text").contains("flowchart TD"));
}

async fn a_task_that_is_not_there_has_no_diagram(place: Place) {
    let service = Service::start(place).await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let answer = service.data(DIAGRAM, json!({ "task": nobody, "format": "SVG" })).await;
    assert_eq!(answer, json!({ "taskDiagram": null }));
    let error = service.error(DIAGRAM, json!({ "task": "x", "format": "SVG" })).await;
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
}

async fn a_page_of_diagrams_is_a_page_of_tasks(place: Place) {
    let service = Service::start(place).await;
    for name in ["order", "unique", "loud"] {
        service.run(name, json!({ "id": 1 })).await;
    }
    let page =
        |arguments: &str| format!("{{ found: taskDiagrams({arguments}) {{ taskId format content }} }}");
    let texts = async |arguments: &str| -> Vec<String> {
        let found = service.data(&page(arguments), json!({})).await;
        let content = |one: &Value| one["content"].as_str().expect("a text").to_owned();
        found["found"].as_array().expect("a list").iter().map(content).collect()
    };
    let all = texts("limit: 100").await;
    assert!(all[0].contains("default/loud") && all[1].contains("default/unique") && all.len() == 3);
    assert_eq!(texts("limit: 1, offset: 1").await, all[1..2]);
    let svg = texts("format: SVG, filter: { name: \"order\" }").await;
    assert!(svg.len() == 1 && svg[0].starts_with("<svg ") && svg[0].contains("default/order"));
    let error = service.error(&page("limit: 101"), json!({})).await;
    assert_eq!(error["message"], "limit must be from 1 to 100; it is 101");
}

async fn the_command_line_draws_a_task(place: Place) {
    let service = Service::start(place).await;
    let task = service.run("order", json!({ "id": 1 })).await;
    let url = format!("http://{}", service.address);
    let run = async |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
        command.args(["task", "diagram", "--url", &url]).args(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
    };
    let drawn = run(&[&task, "--format", "svg"]).await;
    assert!(drawn.status.success(), "{drawn:?}");
    assert!(String::from_utf8_lossy(&drawn.stdout).starts_with("<svg "));
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let refused = run(&[unknown]).await;
    assert!(!refused.status.success());
    assert_eq!(
        String::from_utf8_lossy(&refused.stderr).trim(),
        format!("tasker: there is no task {unknown}")
    );
}

const ANALYSIS: &str = "{ dependencyAnalysis {
    blockerCount blockers { step { name } reason blockedSteps suggestedAction until }
    remainingPath { steps { name } length seconds } slowestPath { steps { name } length seconds }
    levels { level totalSteps ready running waiting blocked failed done cancelled }
    maxDepth parallelBranches readySteps runningSteps waitingSteps blockedSteps } }";

fn names(steps: &Value) -> Vec<&str> {
    steps.as_array().expect("steps").iter().filter_map(|step| step["name"].as_str()).collect()
}

async fn what_holds_a_task_up_is_named_with_what_to_do(place: Place) {
    let service = Service::start(place).await;
    service.script("Pay", [retry_after("the bank sleeps", 3_000)]);
    service.script("Stock", [permanent("the shelf is empty")]);
    let task = service.run("order", json!({ "id": 1 })).await;
    let seen = service.task(&task, ANALYSIS).await;
    let analysis = &seen["dependencyAnalysis"];
    assert_eq!(analysis["blockerCount"], 2);
    let [pay, stock] = analysis["blockers"].as_array().expect("blockers").as_slice() else {
        panic!("{analysis}")
    };
    let until = pay["until"].as_str().expect("a moment");
    assert!(until.ends_with('Z'));
    assert_eq!(
        pay,
        &json!({ "step": { "name": "pay" }, "reason": "WAITING_FOR_RETRY", "blockedSteps": 1,
            "suggestedAction": "WAIT", "until": until })
    );
    assert_eq!(
        stock,
        &json!({ "step": { "name": "stock" }, "reason": "IN_ERROR", "blockedSteps": 1,
            "suggestedAction": "RESOLVE", "until": null })
    );
    assert_eq!(names(&analysis["remainingPath"]["steps"]), ["pay", "ship"]);
    assert_eq!(analysis["remainingPath"]["seconds"], Value::Null);
    assert_eq!(names(&analysis["slowestPath"]["steps"]), ["fetch"]);
    assert!(analysis["slowestPath"]["seconds"].as_f64().expect("seconds") >= 0.0);
    assert_eq!(
        analysis["levels"][1],
        json!({ "level": 1, "totalSteps": 2, "ready": 0, "running": 0, "waiting": 1, "blocked": 0, "failed": 1,
            "done": 0, "cancelled": 0 })
    );
    let counts = ["maxDepth", "parallelBranches", "waitingSteps", "blockedSteps"];
    assert_eq!(counts.map(|count| analysis[count].as_i64()), [Some(3), Some(2), Some(1), Some(1)]);
    let limited =
        service.task(&task, "{ dependencyAnalysis { blockers(limit: 1) { step { name } } } }").await;
    assert_eq!(limited["dependencyAnalysis"]["blockers"].as_array().map(Vec::len), Some(1));
}

async fn a_finished_task_is_held_up_by_nothing(place: Place) {
    let service = Service::start(place).await;
    service.script("Only", [hangs()]);
    let task = service.run("unique", json!({})).await;
    let selection = "{ dependencyAnalysis { blockerCount runningSteps remainingPath { length } } }";
    let running = service.task(&task, selection).await;
    let expected = json!({ "blockerCount": 0, "runningSteps": 1, "remainingPath": { "length": 1 } });
    assert_eq!(running["dependencyAnalysis"], expected);
    service.let_go().await;
    let finished = service.task(&task, selection).await;
    let expected = json!({ "blockerCount": 0, "runningSteps": 0, "remainingPath": { "length": 0 } });
    assert_eq!(finished["dependencyAnalysis"], expected);
}
