//! Lists, a page at a time.

use super::client::Api;
use crate::place::Place;

on_both_databases![
    a_list_is_walked_page_by_page,
    a_page_that_costs_too_much_is_refused,
    what_is_offered_fits_into_the_limits
];

async fn a_list_is_walked_page_by_page(place: Place) {
    let api = Api::start(place).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(api.paused(&api.admin, "shop").await);
    }
    for list in
        ["tasks?sort_by=CREATED_AT&sort_order=asc&statuses=PENDING,in_progress", "events?names=task.created"]
    {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/{list}&limit=2{after}");
            let page = api.get(&api.admin, &path).await.json();
            let name = list.split('?').next().expect("a name");
            let nodes = page[name].as_array().unwrap_or_else(|| panic!("{page}"));
            seen.extend(nodes.iter().map(|node| node["taskId"].as_str().expect("an id").to_owned()));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = format!("&after={}", page["pageInfo"]["endCursor"].as_str().expect("a cursor"));
        }
        assert_eq!(seen, made, "{list}");
    }
    let rest = api.get(&api.admin, "/api/v1/tasks?sort_by=CREATED_AT&sort_order=ASC&offset=3").await.json();
    assert_eq!(rest["tasks"].as_array().map(Vec::len), Some(2));
    assert!(rest.get("pageInfo").is_none());
}

async fn a_page_that_costs_too_much_is_refused(place: Place) {
    let api = Api::start(place).await;
    let answer = api.get(&api.admin, "/api/v1/tasks?limit=100&include=steps,events").await;
    assert_eq!((answer.status, &*answer.code()), (400, "LIMIT_EXCEEDED"));
    assert!(answer.text.contains("`limit`"), "{}", answer.text);
    assert_eq!(api.get(&api.admin, "/api/v1/tasks?limit=100").await.status, 200);
}

/// Each word that `include` knows, with the limit that a list has when nobody says another.
async fn what_is_offered_fits_into_the_limits(place: Place) {
    let api = Api::start(place).await;
    let openapi = api.get(&api.admin, "/openapi.json").await.json();
    let mut asked = 0;
    for path in ["/api/v1/tasks", "/api/v1/events", "/api/v1/analytics"] {
        let parameters = openapi["paths"][path]["get"]["parameters"].as_array().expect("parameters");
        let include = parameters.iter().find(|one| one["name"] == "include").expect("include");
        let words = include["schema"]["items"]["enum"].as_array().unwrap_or_else(|| panic!("{include}"));
        for word in words {
            let path = format!("{path}?include={}", word.as_str().expect("a word"));
            let answer = api.get(&api.admin, &path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            asked += 1;
        }
    }
    assert!(asked > 10, "{asked}");
}
