//! What can be run: namespaces, task templates, their versions and their dependencies.

use serde_json::{Value, json};

use super::setup::Service;
use crate::place::Place;

on_both_databases![
    namespaces_count_names_and_versions,
    a_namespace_lists_each_name_in_its_highest_version,
    a_template_is_found_by_name_and_version,
    dependencies_are_shown_as_they_are,
    a_template_is_drawn,
];

async fn namespaces_count_names_and_versions(place: Place) {
    let service = Service::start(place).await;
    let found = service.data("{ namespaces { name handlerCount versionCount } }", json!({})).await;
    assert_eq!(
        found["namespaces"],
        json!([
            { "name": "archive", "handlerCount": 1, "versionCount": 2 },
            { "name": "default", "handlerCount": 5, "versionCount": 5 },
        ])
    );
}

async fn a_namespace_lists_each_name_in_its_highest_version(place: Place) {
    let service = Service::start(place).await;
    let names = async |arguments: &str| -> Vec<String> {
        let found =
            service.data(&format!("{{ found: handlers{arguments} {{ fullName }} }}"), json!({})).await;
        let name = |one: &Value| one["fullName"].as_str().expect("a text").to_owned();
        found["found"].as_array().expect("a list").iter().map(name).collect()
    };
    let all = names("").await;
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted() && all.iter().all(|name| name.starts_with("default/")), "{all:?}");
    assert_eq!(names("(limit: 2, offset: 1)").await, all[1..3]);
    assert_eq!(names("(namespace: \"archive\")").await, ["archive/order@1.10.0"]);
    assert!(names("(namespace: \"nowhere\")").await.is_empty());
}

const HANDLER: &str = "query ($namespace: String, $name: String!, $version: String) {
    handler(namespace: $namespace, name: $name, version: $version) {
        name namespace version fullName description versions latestVersion stepCount available missingHandlers
        template { concurrent stepTemplates { name handlerClass dependsOn } } } }";

async fn a_template_is_found_by_name_and_version(place: Place) {
    let service = Service::start(place).await;
    let find = async |given: Value| service.data(HANDLER, given).await["handler"].take();
    let archived = find(json!({ "namespace": "archive", "name": "order" })).await;
    assert_eq!((&archived["version"], &archived["latestVersion"]), (&json!("1.10.0"), &json!("1.10.0")));
    assert_eq!(archived["versions"], json!(["1.9.0", "1.10.0"]));
    let older = find(json!({ "namespace": "archive", "name": "order", "version": "1.9.0" })).await;
    assert_eq!((&older["version"], &older["latestVersion"]), (&json!("1.9.0"), &json!("1.10.0")));
    let order = find(json!({ "name": "order" })).await;
    assert_eq!((&order["available"], &order["missingHandlers"]), (&json!(true), &json!([])));
    assert_eq!(order["template"]["stepTemplates"][3]["dependsOn"], json!(["pay", "stock"]));
    let abroad = find(json!({ "name": "abroad" })).await;
    assert_eq!((&abroad["available"], &abroad["missingHandlers"]), (&json!(false), &json!(["remote.Away"])));
    for unknown in [
        json!({ "name": "nothing" }),
        json!({ "name": "order", "version": "9.9.9" }),
        json!({ "name": "order", "namespace": "nowhere" }),
    ] {
        assert_eq!(find(unknown).await, Value::Null);
    }
    let error = service.error(HANDLER, json!({ "name": "order", "version": "one" })).await;
    assert_eq!(error["message"], "version is three numbers, as in 1.2.0");
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
}

async fn dependencies_are_shown_as_they_are(place: Place) {
    let service = Service::start(place).await;
    let query = "{ handler(name: \"order\") { dependencyGraph {
        nodes { name handlerClass level dependsOn dependents } edges { from to }
        levels roots leaves criticalPath executionOrder maxDepth parallelBranches } } }";
    let graph = service.data(query, json!({})).await["handler"]["dependencyGraph"].take();
    let edge = |from: &str, to: &str| json!({ "from": from, "to": to });
    assert_eq!(
        graph["nodes"][1],
        json!({ "name": "pay", "handlerClass": "Pay", "level": 1, "dependsOn": ["fetch"], "dependents": ["ship"] })
    );
    assert_eq!(
        graph["edges"],
        json!([edge("fetch", "pay"), edge("fetch", "stock"), edge("pay", "ship"), edge("stock", "ship")])
    );
    assert_eq!(graph["levels"], json!([["fetch"], ["pay", "stock"], ["ship"]]));
    assert_eq!((&graph["roots"], &graph["leaves"]), (&json!(["fetch"]), &json!(["ship"])));
    assert_eq!(graph["criticalPath"], json!(["fetch", "pay", "ship"]));
    assert_eq!(graph["executionOrder"], json!(["fetch", "pay", "stock", "ship"]));
    assert_eq!((&graph["maxDepth"], &graph["parallelBranches"]), (&json!(3), &json!(2)));
}

async fn a_template_is_drawn(place: Place) {
    let service = Service::start(place).await;
    let query = "query ($format: DiagramFormat!) {
        handler(name: \"order\") { diagram(format: $format) { fullName format content } } }";
    for (format, begins) in [("MERMAID", "---\ntitle:"), ("JSON", "{\"namespace\""), ("SVG", "<svg ")] {
        let drawn = service.data(query, json!({ "format": format })).await["handler"]["diagram"].take();
        assert_eq!((&drawn["fullName"], &drawn["format"]), (&json!("default/order@1.2.0"), &json!(format)));
        assert!(drawn["content"].as_str().expect("a text").starts_with(begins), "{drawn}");
    }
}
