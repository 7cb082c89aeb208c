//! What a token is good for, and until when.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use axum::http::HeaderMap;

use super::*;

const SECOND: i64 = 1_000_000;

/// One token, and how often it was looked up and used.
struct Shelf {
    token: Mutex<StoredToken>,
    broken: std::sync::atomic::AtomicBool,
    found: AtomicUsize,
    used: AtomicUsize,
}

#[async_trait]
impl TokenStore for Shelf {
    async fn find(&self, hash: &TokenHash) -> Result<Option<StoredToken>, StoreError> {
        self.found.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError("gone".into()));
        }
        Ok(Some(self.token.lock().expect("unpoisoned").clone()).filter(|token| token.hash == *hash))
    }

    async fn withdrawn(&self, _: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        Ok(Vec::new())
    }

    async fn used(&self, _: Uuid, _: Timestamp) -> Result<(), StoreError> {
        self.used.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

struct Desk {
    secret: Secret,
    shelf: Arc<Shelf>,
    clock: Arc<AtomicI64>,
    tokens: ApiToken,
}

fn desk(change: impl FnOnce(&mut StoredToken)) -> Desk {
    let secret = Secret::generate();
    let mut token = StoredToken {
        id: Uuid::now_v7(),
        hash: secret.hash(),
        name: "worker".into(),
        roles: vec!["worker".into()],
        namespaces: None,
        handler_classes: None,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    change(&mut token);
    let (token, found, used) = (Mutex::new(token), AtomicUsize::new(0), AtomicUsize::new(0));
    let shelf = Arc::new(Shelf { token, broken: false.into(), found, used });
    let clock = Arc::new(AtomicI64::new(1_000 * SECOND));
    let hands = clock.clone();
    let tokens = ApiToken::new(shelf.clone(), Arc::new(move || Timestamp(hands.load(Ordering::SeqCst))));
    Desk { secret, shelf, clock, tokens }
}

impl Desk {
    async fn show(&self, text: &str) -> Result<Option<Subject>, Rejected> {
        let mut headers = HeaderMap::new();
        headers.insert("x-api-token", text.parse().expect("a header"));
        self.tokens.authenticate(&Credentials { headers, peer: None }).await
    }

    async fn show_it(&self) -> Result<Option<Subject>, Rejected> {
        self.show(self.secret.reveal()).await
    }

    fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_token_says_who_with_which_roles_and_how_narrow() {
    let desk = desk(|token| {
        token.namespaces = Some(["shop".into()].into());
        token.handler_classes = Some(["Charge".into()].into());
        token.expires_at = Some(Timestamp(2_000 * SECOND));
    });
    let subject = desk.show_it().await.expect("it is good").expect("somebody");
    assert_eq!(subject.name().map(|name| &**name), Some("worker"));
    assert_eq!(subject.roles(), ["worker".into()]);
    assert_eq!(subject.bounds().namespaces, Some(["shop".into()].into()));
    assert_eq!(subject.bounds().handler_classes, Some(["Charge".into()].into()));
    assert_eq!(subject.expires_at(), Some(Timestamp(2_000 * SECOND)));
}

#[tokio::test]
async fn what_is_no_token_of_this_service_is_somebody_elses() {
    assert_eq!(desk(|_| ()).show("eyJhbGciOiJub25lIn0.e30.").await, Ok(None));
}

#[tokio::test]
async fn an_unknown_token_is_refused_and_a_mistyped_one_is_not_even_looked_up() {
    let desk = desk(|_| ());
    assert!(desk.show("tasker_nothing").await.is_err());
    assert_eq!(desk.shelf.found.load(Ordering::SeqCst), 0);
    assert!(desk.show(Secret::generate().reveal()).await.is_err());
    assert_eq!(desk.shelf.found.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_ends_at_its_end() {
    let desk = desk(|token| token.expires_at = Some(Timestamp(1_001 * SECOND)));
    assert!(desk.show_it().await.is_ok());
    desk.advance(1);
    assert!(desk.show_it().await.is_err());
}

#[tokio::test]
async fn a_revoked_token_works_for_less_than_a_second_more() {
    let desk = desk(|_| ());
    assert!(desk.show_it().await.is_ok());
    desk.shelf.token.lock().expect("unpoisoned").revoked_at = Some(Timestamp(0));
    desk.advance(1);
    assert!(desk.show_it().await.is_err());
}

#[tokio::test]
async fn a_token_that_cant_be_looked_up_is_refused() {
    let desk = desk(|_| ());
    desk.shelf.broken.store(true, Ordering::SeqCst);
    assert_eq!(desk.show_it().await, Err(Rejected::Unavailable));
}

#[tokio::test]
async fn its_use_is_noted_once_a_minute() {
    let desk = desk(|_| ());
    for _ in 0..3 {
        desk.show_it().await.expect("it is good");
        desk.advance(2);
    }
    while desk.shelf.used.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(desk.shelf.used.load(Ordering::SeqCst), 1);
    desk.advance(60);
    desk.show_it().await.expect("it is good");
    while desk.shelf.used.load(Ordering::SeqCst) == 1 {
        tokio::task::yield_now().await;
    }
}
