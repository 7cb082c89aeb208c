//! What the guide shows receivers of webhooks, against what the service sends.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use ring::hmac;

use crate::{
    journal::desk::Desk,
    place::Place,
    subscribers::{
        hooks::{PATIENCE, deliver, hook},
        receiver::Receiver,
    },
};

/// Whether a delivery was signed with the secret, and within the last five minutes.
fn is_genuine(secret: &str, headers: &HeaderMap, body: &str, now: u64) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (header("X-Tasker-Timestamp"), header("X-Tasker-Signature"));
    let is_recent = timestamp.parse::<u64>().is_ok_and(|sent| now.abs_diff(sent) <= 300);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = format!("{timestamp}.{body}");
    let signature = signature.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok());
    // `verify` compares in constant time.
    is_recent && signature.is_some_and(|signature| hmac::verify(&key, signed.as_bytes(), &signature).is_ok())
}

#[tokio::test]
async fn a_receiver_knows_a_genuine_delivery_from_others() {
    let (place, secret) = (Place::sqlite(), "0123456789abcdef");
    let desk = Desk::open(&place.open().await).await;
    let receiver = Receiver::patient().await;
    let (running, _) = deliver(&desk.log, &hook(&receiver.url, &format!("  secret: {secret}\n"))).await;
    desk.create_one().await.expect("created");
    receiver.until(1, PATIENCE).await;
    running.stop().await;

    let one = receiver.received().remove(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    assert!(is_genuine(secret, &one.headers, &one.text, now));
    assert!(!is_genuine("another secret of it", &one.headers, &one.text, now));
    assert!(!is_genuine(secret, &one.headers, &one.text.replace("task.created", "task.failed"), now));
    assert!(!is_genuine(secret, &one.headers, &one.text, now + 3_600), "it is replayed");
    assert!(!is_genuine(secret, &HeaderMap::new(), &one.text, now), "nobody signed it");
}
