//! Who asks too often waits, on every transport; others don't.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{
    service::{PATIENCE, Service},
    socket::{connect, hear, open, subscribe},
};
use crate::place::Place;

on_both_databases!(
    an_address_that_asks_too_often_waits_on_every_transport,
    a_subject_that_asks_too_often_waits_wherever_it_is,
    who_guesses_waits_and_shuts_out_nobody_who_has_signed_in,
    a_subject_has_so_many_subscriptions_over_all_its_connections,
);

/// What came in on a socket is given back when it was handed on: a long life does not add up.
#[tokio::test]
async fn large_messages_one_after_the_other_are_no_flood() {
    let server = json!({ "max_request_memory": "1 MiB" });
    let service = Service::with(Place::sqlite(), json!([{ "type": "api_token" }]), server, json!({})).await;
    let mut socket = open(&service, json!({}), &[]).await.expect("it opens");
    let payload = json!({ "a": "x".repeat(700_000) });
    for _ in 0..5 {
        let ping = json!({ "type": "ping", "payload": payload });
        socket.send(Message::text(ping.to_string())).await.expect("it is sent");
        assert_eq!(hear(&mut socket).await, json!({ "type": "pong", "payload": payload }));
    }
}

#[tokio::test]
async fn bodies_that_take_too_much_memory_together_are_told_to_come_back() {
    let server = json!({ "max_request_memory": "1 MiB" });
    let service = Service::with(Place::sqlite(), json!([{ "type": "api_token" }]), server, json!({})).await;
    let head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n";
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(service.address).await.expect("it connects");
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        // All but the end.
        let _ = stream.write_all(&[b' '; 899_999]).await;
        streams.push(stream);
    }
    let [one, other] = &mut streams[..] else { panic!("two") };
    let (mut of_one, mut of_other) = (vec![0; 4096], vec![0; 4096]);
    let answer = async {
        tokio::select! {
            read = one.read(&mut of_one) => read.map(|read| String::from_utf8_lossy(&of_one[..read]).into_owned()),
            read = other.read(&mut of_other) => read.map(|read| String::from_utf8_lossy(&of_other[..read]).into_owned()),
        }
    };
    let answer =
        tokio::time::timeout(PATIENCE, answer).await.expect("one of them is answered").expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"OVERLOADED\""), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
}

/// Behind a proxy on this machine, which says where requests come from.
async fn start(place: Place, limits: Value) -> Service {
    let server = json!({ "trusted_proxies": ["127.0.0.1"], "rate_limit": limits });
    Service::with(place, json!([{ "type": "api_token" }]), server, json!({})).await
}

/// Asks until it has to wait: on a slow machine there is another one meanwhile.
async fn until_it_waits<T>(ask: impl AsyncFn() -> T, waits: impl Fn(&T) -> bool) -> T {
    for _ in 0..1_000 {
        let answer = ask().await;
        if waits(&answer) {
            return answer;
        }
    }
    panic!("it never has to wait")
}

async fn an_address_that_asks_too_often_waits_on_every_transport(place: Place) {
    let service = start(place, json!({ "per_address": 1, "per_address_burst": 3 })).await;
    let from = |address: &'static str| [("X-Forwarded-For", address)];
    let ask =
        async |media, address| service.ask_for(media, "{ __typename }", json!({}), &from(address)).await;
    for media in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        assert_eq!(ask(media, "192.0.2.1, 198.51.100.1").await.status, 200);
    }
    for media in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        let answer =
            until_it_waits(async || ask(media, "198.51.100.1").await, |answer| answer.status != 200).await;
        assert_eq!((answer.status, answer.code()), (429, "RATE_LIMITED"));
        assert_eq!(answer.retry_after.as_deref(), Some("1"));
        assert!(answer.body.get("data").is_none(), "{}", answer.body);
    }
    let refused = until_it_waits(
        async || connect(&service, &[("x-forwarded-for", "198.51.100.1")]).await.map_err(|error| *error),
        Result::is_err,
    );
    match refused.await {
        Err(Error::Http(response)) => {
            assert_eq!(
                (response.status().as_u16(), response.headers()["retry-after"].as_bytes()),
                (429, b"1".as_slice())
            );
        }
        _ => panic!("no socket is opened"),
    }
    let page = until_it_waits(
        async || service.get("/metrics", &from("198.51.100.1")).await,
        |(status, _)| *status == 429,
    );
    assert_eq!(page.await.1, "1");
    assert_eq!(service.get("/health/live", &from("198.51.100.1")).await.0, 200);
    // Another one, and the proxy's own machine, are not meant.
    assert_eq!(ask("application/json", "198.51.100.2").await.status, 200);
    for _ in 0..10 {
        assert!(service.lets_in(&[]).await);
    }
}

async fn a_subject_that_asks_too_often_waits_wherever_it_is(place: Place) {
    let service = start(place, json!({ "per_subject": 1, "per_subject_burst": 3, "loopback": true })).await;
    let (secret, _) = service.issue("admin").await;
    let mut socket =
        open(&service, json!({ "X-API-Token": secret.reveal() }), &[]).await.expect("it is good");
    let mut no = 0;
    let error = loop {
        no += 1;
        subscribe(&mut socket, &no.to_string(), "{ __typename }").await;
        let heard = hear(&mut socket).await;
        if heard["type"] != "next" {
            break heard;
        }
        assert_eq!(hear(&mut socket).await["type"], "complete");
        assert!(no < 1_000, "it never has to wait");
    };
    assert!(no >= 3, "a burst is let through: {error}");
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!(no.to_string())));
    assert_eq!(error["payload"][0]["extensions"], json!({ "code": "RATE_LIMITED", "retryAfter": 1 }));
    let shown = [("X-API-Token", secret.reveal()), ("X-Forwarded-For", "198.51.100.1")];
    let ask = async || service.ask("{ __typename }", json!({}), &shown).await;
    let answer = until_it_waits(ask, |answer| answer.status != 200).await;
    assert_eq!((answer.status, answer.code()), (429, "RATE_LIMITED"));
    assert!(service.lets_in(&[]).await);
}

async fn who_guesses_waits_and_shuts_out_nobody_who_has_signed_in(place: Place) {
    let service =
        start(place, json!({ "failed_sign_ins": 1, "failed_sign_ins_burst": 3, "loopback": true })).await;
    let (known, _) = service.issue("admin").await;
    let (other, _) = service.issue("admin").await;
    assert!(service.lets_in_bearer(known.reveal()).await);
    let guess = |no: u32| format!("Bearer tasker_{no}");
    for no in 0..3 {
        assert!(!service.lets_in(&[("Authorization", &guess(no))]).await);
    }
    for shown in [&guess(4), &format!("Bearer {}", other.reveal())] {
        let answer = service.ask("{ __typename }", json!({}), &[("Authorization", shown)]).await;
        assert_eq!((answer.status, answer.code()), (429, "RATE_LIMITED"));
        assert!(answer.retry_after.is_some());
    }
    let payload = json!({ "Authorization": format!("Bearer {}", other.reveal()) });
    assert_eq!(open(&service, payload, &[]).await.err(), Some(1013));
    assert!(service.lets_in_bearer(known.reveal()).await);
    assert!(service.lets_in(&[]).await);
    let elsewhere = [("X-API-Token", other.reveal()), ("X-Forwarded-For", "198.51.100.1")];
    assert!(service.lets_in(&elsewhere).await);
}

async fn a_subject_has_so_many_subscriptions_over_all_its_connections(place: Place) {
    let limits = json!({ "subscriptions_per_subject": 2 });
    let service = Service::with(place, json!([{ "type": "api_token" }]), json!({}), limits).await;
    let (secret, _) = service.issue("admin").await;
    let payload = json!({ "X-API-Token": secret.reveal() });
    let events = "subscription { workflowEvents { name } }";
    let mut first = open(&service, payload.clone(), &[]).await.expect("it is good");
    let mut second = open(&service, payload, &[]).await.expect("it is good");
    for (socket, id) in [(&mut first, "1"), (&mut second, "1")] {
        subscribe(socket, id, events).await;
    }
    service.until_subscriptions(2).await;
    subscribe(&mut second, "2", events).await;
    let error = hear(&mut second).await;
    assert_eq!(error["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{error}");
    let shown = [("X-API-Token", secret.reveal())];
    let answer = service.ask_for("text/event-stream", events, json!({}), &shown).await;
    assert!(answer.text.contains("LIMIT_EXCEEDED"), "{}", answer.text);
    drop(first);
    service.until_subscriptions(1).await;
    subscribe(&mut second, "2", events).await;
    service.until_subscriptions(2).await;
}
