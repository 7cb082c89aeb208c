//! What a variable holds is seen by the server that is asked, and by nobody else.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::json;
use tasker::model::{
    diagram::{Format, Picture},
    status::Status,
};

use super::{
    server::{Server, answer},
    start_with,
};
use crate::place::Place;

on_both_databases![no_secret_is_stored_logged_or_shown];

const SECRETS: [(&str, &str); 6] = [
    ("TOKEN", "t0ken+of/the=shop"),
    ("KEY", "k3y of the \"shop\""),
    ("USER", "ada-the-admin"),
    ("PASSWORD", "p%40ssw0rd-of-ada"),
    ("PART", "p4rt-of-the-path"),
    ("BODY", "b0dy{{ context.id }}"),
];

/// Whatever it is asked it says back, in every way that servers do.
const ECHO: &str = "
name: echo
step_templates:
  - name: ask
    default_retry_limit: 1
    handler_config:
      type: api
      url: http://${USER}:${PASSWORD}@HOST/{{ context.status }}/${PART}
      params: { key: '${KEY}' }
      headers: { Authorization: 'Bearer ${TOKEN}', X-Status: '{{ context.status }}' }
      body: { inner: '${BODY}', status: '{{ context.status }}' }
";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn no_secret_is_stored_logged_or_shown(place: Place) {
    let server = Server::start(|_, seen| {
        let status = seen.header("x-status").expect("a header").parse().expect("a status");
        let echo = json!({
            "target": seen.target, "headers": seen.headers, "raw": seen.raw, "body": seen.json(),
            "text": String::from_utf8_lossy(&seen.body), "key": "k3y of the \"shop\"", "k3y of the \"shop\"": 1,
            "part": "p4rt-of-the-path", "link": format!("/orders/{}", 7),
        });
        let again = seen.header("authorization").expect("a header").to_owned();
        answer(status, &[("content-type", "application/json"), ("x-echo", &again)], echo.to_string().as_bytes())
    })
    .await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let host = server.url.trim_start_matches("http://").to_owned();
    let work = async {
        let app = start_with(place, &ECHO.replace("HOST", &host), &server, &SECRETS, |_| ()).await;
        let mut shown = String::new();
        for (status, rests) in [(200, Status::Complete), (400, Status::Error), (500, Status::Error)] {
            let task = app.run_task("echo", json!({ "status": status, "id": 1 })).await;
            assert_eq!(app.status(task).await, rests);
            let whole = app.task(task).await;
            shown += &format!("{:?} {:?}", whole.steps, app.events(task).await);
            shown += &format!("{:?}", app.row(task).await);
            shown += &app.story(task).await;
            let now = app.clock.now();
            for format in [Format::Mermaid, Format::Json, Format::Svg] {
                let template = whole.template.clone();
                let picture = Picture::of_task(template, task, whole.status, &whole.steps, None, now);
                shown += &picture.expect("a picture").write(format, None);
            }
        }
        shown + app.engine.metrics().encode().as_str()
    };
    // The runtime of the test is this thread.
    let listening = tracing::subscriber::set_default(subscriber);
    let shown = work.await;
    drop(listening);
    let lines = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
    assert!(lines.contains("task"), "something is logged");
    assert!(shown.contains("[FILTERED]") && shown.contains("/orders/7"), "the rest of the answer is there");
    for (name, value) in SECRETS {
        let asked = format!("{}{}", server.seen()[0].raw, String::from_utf8_lossy(&server.seen()[0].body));
        assert!(!asked.contains("${"), "{name} was put in: {asked}");
        let forms = [
            value.to_owned(),
            json!(value).to_string().trim_matches('"').to_owned(),
            value.replace('"', "&quot;"),
            value.replace("%40", "@"),
            "YWRhLXRoZS1hZG1pbg".to_owned(),
            url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
            percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string(),
        ];
        for form in forms {
            for (place, text) in [("what is stored", &shown), ("the log", &lines)] {
                if let Some(at) = text.find(&form) {
                    let around: String = text[at.saturating_sub(80)..].chars().take(200).collect();
                    panic!("{name} is in {place}: {around}");
                }
            }
        }
    }
}
