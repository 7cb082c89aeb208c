//! The dashboard that is shipped, held against what the service really tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, json};

use crate::{
    crash::{home::Home, programs::Program, service::Service, shapes::template},
    place::Place,
};

fn dashboard() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/grafana/tasker.json");
    serde_json::from_str(&fs::read_to_string(file).expect("the dashboard")).expect("JSON")
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().expect("panels")
}

/// Every `tasker_…` in the panels' queries and in the variables'.
fn queried(dashboard: &Value) -> BTreeSet<String> {
    let targets = panels(dashboard).iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let panels = targets.map(|target| target["expr"].as_str().expect("a query").to_owned());
    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let variables = variables.filter_map(|variable| variable["query"]["query"].as_str().map(str::to_owned));
    let mut names = BTreeSet::new();
    for query in panels.chain(variables) {
        for (at, _) in query.match_indices("tasker_") {
            names
                .insert(query[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
        }
    }
    names
}

/// Metrics on the page, with what queries call them and which labels they have.
fn told(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.trim_end_matches('}').split("\",").filter_map(|pair| pair.split_once('='));
        told.entry(name.to_owned()).or_default().extend(labels.map(|(label, _)| label.to_owned()));
    }
    told
}

#[test]
fn each_panel_has_its_own_id_and_place_and_says_what_it_shows() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    let mut places = BTreeSet::new();
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{} is there twice", panel["id"]);
        let place = &panel["gridPos"];
        let right = place["x"].as_u64().expect("x") + place["w"].as_u64().expect("w");
        assert!(right <= 24 && places.insert((place["x"].to_string(), place["y"].to_string())), "{panel}");
        if panel["type"] != "row" {
            assert!(!panel["description"].as_str().unwrap_or_default().is_empty(), "{}", panel["title"]);
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
    assert!(panels(&dashboard).iter().filter(|panel| panel["type"] == "row").count() >= 9);
}

#[tokio::test]
async fn what_the_panels_ask_for_is_told() {
    let steps = [
        json!({ "name": "a", "handler_class": "tasker.noop" }),
        json!({ "name": "b", "handler_class": "Elsewhere", "depends_on_step": "a" }),
    ];
    let home = Home::new(Place::sqlite(), &[template("order", &steps), template("quick", &steps[..1])]);
    let service = Service::start(&home, Program::Tasker).await;
    let task = service.client.create("order").await;
    service.client.create("quick").await;
    let cancel = "mutation Stop($id: ID!) { cancelTask(input: { taskId: $id }) { status } }";
    service.client.run(cancel, json!({ "id": task.to_string() })).await;
    let finished = "tasker_task_duration_seconds_count{namespace=\"default\",template=\"quick\"} 1";
    let page = async {
        loop {
            let page = service.client.get("/metrics").await.expect("answered").text().await.expect("text");
            if page.lines().any(|line| line == finished) {
                break page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let page = tokio::time::timeout(crate::app::PATIENCE, page).await.expect("the task is counted");
    let told = told(&page);
    let dashboard = dashboard();
    let missing: Vec<_> = queried(&dashboard).into_iter().filter(|name| !told.contains_key(name)).collect();
    assert!(missing.is_empty(), "{missing:?} are not on the page:\n{page}");
    assert!(queried(&dashboard).len() > 30, "{:?}", queried(&dashboard));
    for panel in panels(&dashboard) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().expect("a query");
            let by =
                query.match_indices("by (").map(|(at, _)| query[at + 4..].split(')').next().expect("closed"));
            for label in by.flat_map(|labels| labels.split(", ")) {
                let known = label == "instance"
                    || told
                        .iter()
                        .any(|(name, labels)| query.contains(name.as_str()) && labels.contains(label));
                assert!(known, "{query}: no {label}");
            }
        }
    }
    assert!(service.stop().await.success());
}
