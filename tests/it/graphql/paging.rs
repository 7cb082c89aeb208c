//! `taskConnection`: pages that neither lose a task nor show one twice, in every order and both ways.

use serde_json::{Value, json};

use super::{client::id, setup::Service};
use crate::place::Place;

on_both_databases![
    forwards_and_backwards_every_task_is_seen_once_in_every_order,
    a_page_does_not_move_when_tasks_are_added,
    the_page_says_whether_there_is_more,
    edges_nodes_and_cursors_are_the_same_tasks,
    a_filter_narrows_pages_and_their_count,
    a_cursor_of_another_list_is_refused,
];

const PAGE: &str = "query ($first: Int, $after: String, $last: Int, $before: String, $order: TaskOrder,
    $filter: TaskFilter) {
    page: taskConnection(first: $first, after: $after, last: $last, before: $before, orderBy: $order,
        filter: $filter) {
        nodes { taskId } edges { cursor node { taskId } } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } }";

/// Seven tasks, of which some are settled and some never are, with equal names, statuses and priorities.
async fn seven(service: &Service) {
    for name in ["later", "loud", "order", "later", "loud", "order", "later"] {
        let input = json!({ "name": name, "context": { "id": 1 }, "requestedAt": "2026-01-01T00:00:00Z" });
        service.mutate("createTask", input, "{ taskId }").await;
    }
    service.idle().await;
}

async fn page(service: &Service, variables: Value) -> Value {
    service.data(PAGE, variables).await["page"].take()
}

fn ids(page: &Value) -> Vec<String> {
    page["nodes"].as_array().expect("nodes").iter().map(|node| id(&node["taskId"])).collect()
}

async fn forwards_and_backwards_every_task_is_seen_once_in_every_order(place: Place) {
    let service = Service::start(place).await;
    seven(&service).await;
    for field in ["REQUESTED_AT", "CREATED_AT", "UPDATED_AT", "COMPLETED_AT", "NAME", "STATUS", "PRIORITY"] {
        for direction in ["ASC", "DESC"] {
            let order = json!({ "field": field, "direction": direction });
            let all = ids(&page(&service, json!({ "first": 100, "order": order })).await);
            assert_eq!(all.len(), 7);
            let (mut forwards, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = page(&service, json!({ "first": 2, "after": after, "order": order })).await;
                assert_eq!(page["pageInfo"]["hasPreviousPage"], !forwards.is_empty());
                forwards.extend(ids(&page));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(forwards, all, "{field} {direction} forwards");
            let (mut backwards, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = page(&service, json!({ "last": 2, "before": before, "order": order })).await;
                assert_eq!(page["pageInfo"]["hasNextPage"], !backwards.is_empty());
                backwards.splice(0..0, ids(&page));
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            assert_eq!(backwards, all, "{field} {direction} backwards");
        }
    }
}

async fn a_page_does_not_move_when_tasks_are_added(place: Place) {
    let service = Service::start(place).await;
    seven(&service).await;
    let all = ids(&page(&service, json!({ "first": 100 })).await);
    let first = page(&service, json!({ "first": 3 })).await;
    service.run("loud", json!({})).await;
    let second = page(&service, json!({ "first": 3, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!([ids(&first), ids(&second)].concat(), all[..6]);
}

async fn the_page_says_whether_there_is_more(place: Place) {
    let service = Service::start(place).await;
    let info = async |variables: Value| {
        let page = page(&service, variables).await;
        (page["pageInfo"]["hasPreviousPage"] == true, page["pageInfo"]["hasNextPage"] == true)
    };
    let empty = page(&service, json!({})).await;
    let none =
        json!({ "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null });
    assert_eq!((&empty["pageInfo"], &empty["totalCount"]), (&none, &json!(0)));
    seven(&service).await;
    let all = page(&service, json!({})).await;
    let cursor = |no: usize| all["edges"][no]["cursor"].clone();
    assert_eq!(info(json!({ "first": 7 })).await, (false, false));
    assert_eq!(info(json!({ "first": 6 })).await, (false, true));
    assert_eq!(info(json!({ "last": 6 })).await, (true, false));
    assert_eq!(info(json!({ "after": cursor(2), "before": cursor(4) })).await, (true, true));
    assert_eq!(info(json!({ "after": cursor(6) })).await, (true, false), "empty, behind the last");
    assert_eq!(info(json!({ "before": cursor(0) })).await, (false, true), "empty, before the first");
}

async fn edges_nodes_and_cursors_are_the_same_tasks(place: Place) {
    let service = Service::start(place).await;
    seven(&service).await;
    let page = page(&service, json!({ "first": 3 })).await;
    let edges = page["edges"].as_array().expect("edges");
    let nodes: Vec<&Value> = edges.iter().map(|edge| &edge["node"]).collect();
    assert_eq!(json!(nodes), page["nodes"]);
    assert_eq!(
        (&edges[0]["cursor"], &edges[2]["cursor"]),
        (&page["pageInfo"]["startCursor"], &page["pageInfo"]["endCursor"])
    );
    assert_eq!(page["totalCount"], 7);
}

async fn a_filter_narrows_pages_and_their_count(place: Place) {
    let service = Service::start(place).await;
    seven(&service).await;
    let loud = page(&service, json!({ "filter": { "name": "loud" }, "first": 1 })).await;
    assert_eq!((ids(&loud).len(), &loud["totalCount"]), (1, &json!(2)));
    assert_eq!(loud["pageInfo"]["hasNextPage"], true);
}

async fn a_cursor_of_another_list_is_refused(place: Place) {
    let service = Service::start(place).await;
    seven(&service).await;
    let by_name = json!({ "field": "NAME", "direction": "ASC" });
    let cursor = page(&service, json!({ "order": by_name })).await["pageInfo"]["endCursor"].take();
    let event = service.data("{ eventCursor }", json!({})).await["eventCursor"].take();
    for (variables, says) in [
        (json!({ "after": cursor }), "another order"),
        (json!({ "after": event }), "not a cursor of this list"),
        (json!({ "before": "" }), "not a cursor of this list"),
        (json!({ "first": 1, "last": 1 }), "first or last, not both"),
        (json!({ "first": 0 }), "first must be from 1 to 100"),
    ] {
        let error = service.error(PAGE, variables).await;
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
        assert!(error["message"].as_str().expect("a text").contains(says), "{error}");
    }
}
