//! Requests that no client library sends: each is refused, and none is somebody or nobody in particular.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::service::{PATIENCE, Service};
use crate::place::Place;

const BODY: &str = r#"{"query":"{ __typename }"}"#;

/// The status that these bytes are answered with, and the text.
async fn raw(service: &Service, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(service.address).await.expect("it connects");
    // It may be answered before it is read.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer: {answer:?}")), answer)
}

fn post(headers: &[u8], body: &str) -> Vec<u8> {
    let head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
    let length = format!("Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), headers, length.as_bytes(), body.as_bytes()].concat()
}

async fn start() -> Service {
    let secret = "0123456789abcdef0123456789abcdef";
    let jwt = json!({ "type": "jwt", "algorithms": ["HS256"], "secret": secret });
    Service::start(Place::sqlite(), json!([{ "type": "api_token" }, jwt])).await
}

#[tokio::test]
async fn a_malformed_credential_is_refused_and_never_overlooked() {
    let service = start().await;
    let (secret, _) = service.issue("admin").await;
    let (other, _) = service.issue("admin").await;
    let (good, other) = (secret.reveal(), other.reveal());
    let long = "a".repeat(100 << 10);
    for lines in [
        "Authorization: Bearer".to_owned(),
        "Authorization: Bearer ".to_owned(),
        "Authorization:".to_owned(),
        "Authorization: Bearer nothing".to_owned(),
        "Authorization: Bearer null".to_owned(),
        "Authorization: Basic YWRhOnB3".to_owned(),
        format!("Authorization: {good}"),
        format!("Authorization: Bearer{good}"),
        format!("Authorization: Bearer {good} {good}"),
        format!("Authorization: Bearer {good}, Bearer {good}"),
        format!("Authorization: Bearer \t{good}"),
        format!("Authorization: Bearer {good}\u{e9}"),
        format!("Authorization: Bearer {long}"),
        format!("Authorization: Bearer {long}.{long}.{long}").replacen(&long, "a", 2),
        format!("X-API-Token: {long}"),
        "X-API-Token:".to_owned(),
        "X-API-Token: nothing".to_owned(),
        format!("X-API-Token: Bearer {good}"),
        format!("Authorization: Bearer {good}\r\nAuthorization: Bearer {good}"),
        format!("Authorization: Bearer {good}\r\nauthorization: Bearer {other}"),
        format!("Authorization: Basic YWRhOnB3\r\nAuthorization: Bearer {good}"),
        format!("X-API-Token: {good}\r\nX-API-Token: {good}"),
        format!("X-API-Token: {good}\r\nx-api-token: {other}"),
        format!("Authorization: Bearer {good}\r\nX-API-Token: {other}"),
        format!("Authorization: Basic YWRhOnB3\r\nX-API-Token: {good}"),
    ] {
        let (status, answer) = raw(&service, &post(format!("{lines}\r\n").as_bytes(), BODY)).await;
        let shown: String = lines.chars().take(80).collect();
        assert_eq!(status, 401, "{shown:?}: {answer}");
        assert!(
            answer.contains("\"UNAUTHENTICATED\"") && !answer.contains("\"data\""),
            "{shown:?}: {answer}"
        );
        assert!(answer.to_lowercase().contains("www-authenticate: bearer"), "{shown:?}: {answer}");
        assert!(!answer.contains(good), "{shown:?}: {answer}");
    }
    let both = format!("Authorization: Bearer {good}\r\nX-API-Token: {good}\r\n");
    assert_eq!(raw(&service, &post(both.as_bytes(), BODY)).await.0, 200);
}

#[tokio::test]
async fn a_header_that_is_no_header_is_a_bad_request() {
    let service = start().await;
    let (secret, _) = service.issue("admin").await;
    for odd in ["\0", "\u{1}", "\u{1b}", "\u{7f}", "\r", "\n X-A: b"] {
        let line = format!("Authorization: Bearer {}{odd}\r\n", secret.reveal());
        let (status, answer) = raw(&service, &post(line.as_bytes(), BODY)).await;
        assert_eq!(status, 400, "{odd:?}: {answer}");
    }
    for line in ["Authorization : Bearer a\r\n", " Authorization: Bearer a\r\n", "Authorization\r\n"] {
        let (status, answer) = raw(&service, &post(line.as_bytes(), BODY)).await;
        assert_eq!(status, 400, "{line:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_packed_is_not_unpacked() {
    let service = start().await;
    for (coding, expected) in [
        ("identity", 200),
        ("Identity", 200),
        ("gzip", 415),
        ("br", 415),
        ("identity, gzip", 415),
        ("zstd", 415),
        ("", 415),
        ("nothing", 415),
    ] {
        let (status, answer) =
            raw(&service, &post(format!("Content-Encoding: {coding}\r\n").as_bytes(), BODY)).await;
        assert_eq!(status, expected, "{coding}: {answer}");
        if status == 415 {
            assert!(answer.contains("accept-encoding: identity\r\n"), "{answer}");
        }
    }
    let twice = b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n";
    assert_eq!(raw(&service, &post(twice, BODY)).await.0, 415);
}

#[tokio::test]
async fn a_body_above_the_limit_is_answered_before_it_ends() {
    let service = start().await;
    let head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let mut stream = TcpStream::connect(service.address).await.expect("it connects");
    stream
        .write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes())
        .await
        .expect("it is sent");
    let chunk = [format!("{:x}\r\n", 1 << 16).as_bytes(), &[b' '; 1 << 16], b"\r\n"].concat();
    // A little more than the limit, and no end.
    for _ in 0..17 {
        stream.write_all(&chunk).await.expect("it is sent");
    }
    let mut answer = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut answer)).await.expect("it does not wait for the end");
    let answer = String::from_utf8_lossy(&answer[..read.expect("an answer")]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("LIMIT_EXCEEDED"), "{answer}");

    let mut stream = TcpStream::connect(service.address).await.expect("it connects");
    stream
        .write_all(format!("{head}Content-Length: 10000000000\r\n\r\n").as_bytes())
        .await
        .expect("it is sent");
    let mut answer = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut answer)).await.expect("it does not wait for the body");
    assert!(String::from_utf8_lossy(&answer[..read.expect("an answer")]).starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_longer_than_a_request_may_take() {
    let server = json!({ "request_timeout": "300ms" });
    let service = Service::with(Place::sqlite(), json!([{ "type": "api_token" }]), server, json!({})).await;
    let mut stream = TcpStream::connect(service.address).await.expect("it connects");
    let request = post(b"", BODY);
    let (most, last) = request.split_at(request.len() - 1);
    stream.write_all(most).await.expect("it is sent");
    let mut answer = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut answer)).await.expect("it does not wait");
    let answer = String::from_utf8_lossy(&answer[..read.expect("an answer")]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let _ = stream.write_all(last).await;
}
