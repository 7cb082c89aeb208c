use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const ELSEWHERE: &str = "192.0.2.1:4711";
const HERE: &str = "127.0.0.1:4711";

fn throttle(set: impl FnOnce(&mut RateLimit)) -> Throttle {
    let mut server = Server::default();
    let limits = &mut server.rate_limit;
    (limits.per_address, limits.per_address_burst) = (10, 3);
    (limits.per_subject, limits.per_subject_burst) = (10, 2);
    (limits.failed_sign_ins, limits.failed_sign_ins_burst) = (60, 2);
    set(limits);
    Throttle::new(&server, Metrics::new())
}

fn at(throttle: &Throttle, peer: &str) -> Option<Address> {
    throttle.address(Some(peer.parse().expect("an address")), &HeaderMap::new())
}

fn bearer(token: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("authorization"), HeaderValue::from_static(token))])
}

#[tokio::test(start_paused = true)]
async fn an_address_that_asks_too_often_waits_and_others_do_not() {
    let throttle = throttle(|_| ());
    let from = at(&throttle, ELSEWHERE);
    for _ in 0..3 {
        assert_eq!(throttle.arrives(from), Ok(()));
    }
    let wait = throttle.arrives(from).expect_err("it has to wait");
    assert_eq!((wait.limit, wait.time), (Limit::Address, Duration::from_millis(100)));
    assert_eq!(throttle.arrives(at(&throttle, "192.0.2.2:1")), Ok(()));
    tokio::time::advance(wait.time).await;
    assert_eq!(throttle.arrives(from), Ok(()));
    assert!(throttle.metrics.encode().contains("tasker_rate_limited_total{limit=\"address\"} 1"));
}

#[tokio::test(start_paused = true)]
async fn a_subject_is_counted_wherever_it_is() {
    let throttle = throttle(|_| ());
    let (ada, bob) = (Subject::named("ada"), Subject::named("bob"));
    for peer in [ELSEWHERE, "192.0.2.2:1"] {
        assert_eq!(throttle.asks(at(&throttle, peer), &ada), Ok(()));
    }
    assert_eq!(throttle.asks(None, &ada).expect_err("it has to wait").limit, Limit::Subject);
    assert_eq!(throttle.asks(None, &bob), Ok(()));
    for _ in 0..10 {
        assert_eq!(throttle.asks(None, &Subject::anonymous()), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn who_guesses_is_not_looked_at_and_who_has_signed_in_is() {
    let throttle = throttle(|_| ());
    let from = at(&throttle, ELSEWHERE);
    let shown = |token| throttle.fingerprint(&bearer(token), None).expect("something is shown");
    assert_eq!(throttle.signs_in(from, shown("Bearer good")), Ok(()));
    throttle.was_good(shown("Bearer good"));
    for _ in 0..2 {
        assert_eq!(throttle.signs_in(from, shown("Bearer guess")), Ok(()));
        throttle.was_refused(from);
    }
    let wait = throttle.signs_in(from, shown("Bearer other")).expect_err("it has to wait");
    assert_eq!((wait.limit, wait.time), (Limit::SignIn, Duration::from_secs(1)));
    assert_eq!(throttle.signs_in(from, shown("Bearer good")), Ok(()));
    assert_eq!(throttle.signs_in(at(&throttle, "192.0.2.2:1"), shown("Bearer other")), Ok(()));
    tokio::time::advance(wait.time).await;
    assert_eq!(throttle.signs_in(from, shown("Bearer other")), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn this_machine_is_not_counted_unless_it_is_asked_for() {
    for (loopback, counted) in [(false, false), (true, true)] {
        let throttle = throttle(|limits| limits.loopback = loopback);
        let from = at(&throttle, HERE);
        let ada = Subject::named("ada");
        for _ in 0..10 {
            let _ = (throttle.arrives(from), throttle.asks(from, &ada));
            throttle.was_refused(from);
        }
        let shown = throttle.fingerprint(&bearer("Bearer x"), None).expect("something is shown");
        assert_eq!(throttle.arrives(from).is_err(), counted);
        assert_eq!(throttle.asks(from, &ada).is_err(), counted);
        assert_eq!(throttle.signs_in(from, shown).is_err(), counted);
    }
}

#[tokio::test(start_paused = true)]
async fn turned_off_nobody_waits() {
    let throttle = throttle(|limits| limits.enabled = false);
    let from = at(&throttle, ELSEWHERE);
    for _ in 0..100 {
        throttle.was_refused(from);
        assert_eq!(throttle.arrives(from), Ok(()));
    }
}

#[tokio::test]
async fn what_is_shown_is_told_apart() {
    let throttle = throttle(|_| ());
    assert_eq!(throttle.fingerprint(&HeaderMap::new(), None), None);
    let one = throttle.fingerprint(&bearer("Bearer a"), None);
    assert!(one.is_some() && one == throttle.fingerprint(&bearer("Bearer a"), None));
    assert_ne!(one, throttle.fingerprint(&bearer("Bearer b"), None));
    assert_ne!(one, throttle.fingerprint(&bearer("Bearer a"), Some("{}")));
}
