//! What is asked, and what is made of the answer.

use serde_json::json;
use tasker::model::status::Status;

use super::{
    failure,
    server::{Reply, Server, answer, json},
    start, start_with,
};
use crate::place::Place;

on_both_databases![
    an_answer_feeds_the_steps_behind,
    what_is_not_there_is_an_error_of_the_step,
    a_refusal_is_final_and_says_why,
    a_registered_class_sees_the_answer,
];

const ORDER: &str = "
name: order
step_templates:
  - name: fetch
    handler_config:
      type: api
      url: SERVER/orders/{{ context.order_id }}
      params: { expand: '{{ context.expand }}' }
      headers: { Authorization: 'Bearer ${TOKEN}' }
      results: { total: /order/total, lines: /order/lines }
  - name: charge
    depends_on_step: fetch
    handler_config:
      type: api
      url: SERVER/charges
      body:
        amount: '{{ results.fetch.total }}'
        note: 'order {{ context.order_id }}'
        lines: '{{ results.fetch.lines }}'
";

async fn an_answer_feeds_the_steps_behind(place: Place) {
    let server = Server::start(|_, seen| match seen.method.as_str() {
        "GET" => json(200, &json!({ "order": { "total": 12.5, "lines": [1, 2] } })),
        _ => answer(
            201,
            &[("location", "/charges/9"), ("content-type", "text/plain"), ("set-cookie", "a=b")],
            b"done",
        ),
    })
    .await;
    let app = start_with(place, ORDER, &server, &[("TOKEN", "t0ken-of-the-shop")], |_| ()).await;
    let task = app.run_task("order", json!({ "order_id": "7/8?x=1", "expand": ["a", "b c"] })).await;
    assert_story!(app, task, @r"
    fetch   pending → in_progress → complete
    charge  pending → in_progress → complete
    task    pending → in_progress → complete
    ");
    let [fetch, charge] = &server.seen()[..] else { panic!("{:?}", server.seen()) };
    assert_eq!(
        (fetch.method.as_str(), fetch.target.as_str()),
        ("GET", "/orders/7%2F8%3Fx%3D1?expand=a&expand=b+c")
    );
    assert_eq!(fetch.header("authorization"), Some("Bearer t0ken-of-the-shop"));
    assert_eq!(fetch.header("accept-encoding"), Some("identity"));
    assert_eq!(fetch.header("idempotency-key"), Some(app.step_id(task, "fetch").await.to_string().as_str()));
    assert_eq!((charge.method.as_str(), charge.target.as_str()), ("POST", "/charges"));
    assert_eq!(charge.header("content-type"), Some("application/json"));
    assert_eq!(charge.json(), json!({ "amount": 12.5, "note": "order 7/8?x=1", "lines": [1, 2] }));
    assert_eq!(
        app.step(task, "fetch").await.results.as_deref(),
        Some(&json!({ "total": 12.5, "lines": [1, 2] }))
    );
    let left = app.step(task, "charge").await.results.expect("results");
    assert_eq!((&left["status"], &left["body"]), (&json!(201), &json!("done")));
    assert_eq!(left["headers"]["location"], "/charges/9");
    assert!(left["headers"].get("set-cookie").is_none(), "it lets its holder in: {left}");
    assert_eq!(server.connections(), 1, "the connection is used again");
}

async fn what_is_not_there_is_an_error_of_the_step(place: Place) {
    let server = Server::always(json(200, &json!({ "order": {} }))).await;
    let app = start_with(place, ORDER, &server, &[("TOKEN", "t0ken-of-the-shop")], |_| ()).await;
    let task = app.run_task("order", json!({ "order_id": 1 })).await;
    let said = failure(&app, task, "fetch").await;
    assert_eq!(
        said,
        ("UNRESOLVED".into(), "handler_config.params.expand: there is no context.expand".into())
    );
    assert_eq!(server.seen().len(), 0, "nothing is asked");

    let task = app.run_task("order", json!({ "order_id": 1, "expand": 1 })).await;
    let (code, said) = failure(&app, task, "fetch").await;
    assert_eq!(code, "BAD_RESPONSE");
    assert!(said.ends_with("the answer has nothing at \"/order/lines\", which `results` asks for"), "{said}");
    assert_eq!(app.status(task).await, Status::Error);
}

async fn a_refusal_is_final_and_says_why(place: Place) {
    let server = Server::always(answer(422, &[], b"{\"error\": \"no such\n currency\"}")).await;
    let template =
        "name: a\nstep_templates: [{ name: ask, handler_config: { type: api, url: 'SERVER/x?key=${KEY}' } }]";
    let app = start_with(place, template, &server, &[("KEY", "k3y-of-the-shop")], |_| ()).await;
    let task = app.run_task("a", json!({})).await;
    let (code, said) = failure(&app, task, "ask").await;
    assert_eq!(code, "HTTP_422");
    assert_eq!(
        said,
        format!(
            "GET {}/x: the answer was 422 Unprocessable Entity: {{\"error\": \"no such currency\"}}",
            server.url
        )
    );
    assert_eq!(server.seen().len(), 1, "once and no more");
}

async fn a_registered_class_sees_the_answer(place: Place) {
    let server = Server::always(json(200, &json!({ "levels": [3] }))).await;
    let template = "
name: a
step_templates:
  - { name: ask, handler_class: Look, handler_config: { type: api, url: SERVER, results: /levels } }
";
    let app = start(place, template, &server).await;
    let task = app.run_task("a", json!({})).await;
    let seen = app.step(task, "ask").await.results.expect("results");
    assert_eq!(
        (&seen["status"], &seen["body"], &seen["results"]),
        (&json!(200), &json!({ "levels": [3] }), &json!([3]))
    );
    assert_eq!(app.calls(), [], "the request is made in the place of its own `process`");
}

#[tokio::test]
async fn statuses_that_are_expected_are_a_success() {
    let server = Server::always(Reply::Bytes(b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n".to_vec())).await;
    let template = "
name: a
step_templates:
  - { name: gone, handler_config: { type: api, method: delete, url: SERVER, expect: [204, 404] } }
  - { name: head, handler_config: { type: api, method: HEAD, url: SERVER, expect: 404 } }
";
    let app = start(Place::sqlite(), template, &server).await;
    let task = app.run_task("a", json!({})).await;
    assert_eq!(app.status(task).await, Status::Complete);
    assert_eq!(app.step(task, "gone").await.results.expect("results")["status"], 404);
}
