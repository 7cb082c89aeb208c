//! The tokens that something open rests on: asked about together, as long as there are any.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::TokenStore;
use crate::auth::Session;

/// How often is asked whether they are still good: what rests on a token that was revoked, on whichever node, ends
/// within a second.
const EVERY: Duration = Duration::from_millis(500);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which tokens have something open.
pub(super) struct OpenTokens {
    store: Arc<dyn TokenStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: HashMap<Uuid, Held>,
    /// Whether somebody asks.
    watched: bool,
}

struct Held {
    count: usize,
    ended: CancellationToken,
}

impl OpenTokens {
    pub(super) fn new(store: Arc<dyn TokenStore>) -> Arc<Self> {
        Arc::new(Self { store, state: Mutex::default() })
    }

    /// Notes that something rests on a token, until the answer is dropped.
    fn hold(self: &Arc<Self>, token: Uuid) -> Hold {
        let mut state = self.lock();
        if !std::mem::replace(&mut state.watched, true) {
            tokio::spawn(self.clone().watch());
        }
        let held =
            state.held.entry(token).or_insert_with(|| Held { count: 0, ended: CancellationToken::new() });
        held.count += 1;
        Hold { of: self.clone(), token, ended: held.ended.clone() }
    }

    /// Asks until nothing is open.
    async fn watch(self: Arc<Self>) {
        loop {
            sleep(EVERY).await;
            let Some(tokens) = self.tokens() else { return };
            let store = self.store.clone();
            // Of its own, so that a panic of the store is an answer too.
            let mut asked = tokio::spawn(async move { store.withdrawn(&tokens).await });
            let error: Box<dyn std::error::Error + Send + Sync> = match timeout(PATIENCE, &mut asked).await {
                Ok(Ok(Ok(withdrawn))) => {
                    self.end(&withdrawn);
                    continue;
                }
                Ok(Ok(Err(error))) => error.into(),
                Ok(Err(error)) => error.into(),
                Err(late) => {
                    asked.abort();
                    late.into()
                }
            };
            let error = &*error as &dyn std::error::Error;
            tracing::error!(
                error,
                "whether open tokens are still good can't be found out; it is tried again"
            );
        }
    }

    /// Those that something rests on; without any nobody asks from here on.
    fn tokens(&self) -> Option<Vec<Uuid>> {
        let mut state = self.lock();
        state.watched = !state.held.is_empty();
        state.watched.then(|| state.held.keys().copied().collect())
    }

    fn end(&self, withdrawn: &[Uuid]) {
        let state = self.lock();
        withdrawn.iter().filter_map(|token| state.held.get(token)).for_each(|held| held.ended.cancel());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something rests on a token.
struct Hold {
    of: Arc<OpenTokens>,
    token: Uuid,
    ended: CancellationToken,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let held = &mut self.of.lock().held;
        match held.get_mut(&self.token) {
            Some(held) if held.count > 1 => held.count -= 1,
            _ => drop(held.remove(&self.token)),
        }
    }
}

/// Lasts until its token is withdrawn.
pub(super) struct TokenSession {
    pub(super) token: Uuid,
    pub(super) open: Arc<OpenTokens>,
}

#[async_trait]
impl Session for TokenSession {
    async fn ended(&self) {
        let hold = self.open.hold(self.token);
        hold.ended.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{
        auth::{StoreError, StoredToken, TokenHash},
        model::time::Timestamp,
    };

    /// Tokens that were withdrawn, how often was asked, and about how many.
    #[derive(Default)]
    struct Shelf {
        withdrawn: Mutex<Vec<Uuid>>,
        asked: AtomicUsize,
        broken: std::sync::atomic::AtomicBool,
    }

    #[async_trait]
    impl TokenStore for Shelf {
        async fn find(&self, _: &TokenHash) -> Result<Option<StoredToken>, StoreError> {
            Ok(None)
        }

        async fn used(&self, _: Uuid, _: Timestamp) -> Result<(), StoreError> {
            Ok(())
        }

        async fn withdrawn(&self, tokens: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.broken.load(Ordering::SeqCst) {
                return Err(StoreError("gone".into()));
            }
            let withdrawn = self.withdrawn.lock().expect("unpoisoned");
            Ok(tokens.iter().copied().filter(|token| withdrawn.contains(token)).collect())
        }
    }

    const SECOND: Duration = Duration::from_secs(1);
    const _: () = assert!(EVERY.as_millis() < 1_000, "within a second");

    async fn lasts(open: &Arc<OpenTokens>, token: Uuid) -> bool {
        let session = TokenSession { token, open: open.clone() };
        timeout(SECOND, session.ended()).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn what_rests_on_a_withdrawn_token_ends_within_a_second_and_nothing_else_does() {
        let shelf = Arc::new(Shelf::default());
        let open = OpenTokens::new(shelf.clone());
        let (good, bad) = (Uuid::now_v7(), Uuid::now_v7());
        assert!(lasts(&open, good).await && lasts(&open, bad).await);
        shelf.withdrawn.lock().expect("unpoisoned").push(bad);
        let answers = tokio::join!(lasts(&open, good), lasts(&open, bad), lasts(&open, bad));
        assert_eq!(answers, (true, false, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_are_one_question_and_none_is_none() {
        let shelf = Arc::new(Shelf::default());
        let open = OpenTokens::new(shelf.clone());
        let held: Vec<Hold> = (0..1_000).map(|_| open.hold(Uuid::now_v7())).collect();
        sleep(10 * SECOND).await;
        let asked = shelf.asked.load(Ordering::SeqCst);
        assert!((19..=20).contains(&asked), "{asked}");
        drop(held);
        sleep(10 * SECOND).await;
        assert_eq!(shelf.asked.load(Ordering::SeqCst), asked);
        assert!(open.lock().held.is_empty() && !open.lock().watched);
    }

    #[tokio::test(start_paused = true)]
    async fn what_opens_and_closes_often_is_asked_about_no_more_often() {
        let shelf = Arc::new(Shelf::default());
        let open = OpenTokens::new(shelf.clone());
        for _ in 0..1_000 {
            drop(open.hold(Uuid::now_v7()));
            let _short = open.hold(Uuid::now_v7());
            sleep(SECOND / 100).await;
        }
        let asked = shelf.asked.load(Ordering::SeqCst);
        assert!(asked <= 20, "{asked}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cant_be_found_out_now_is_asked_again() {
        let shelf = Arc::new(Shelf::default());
        let open = OpenTokens::new(shelf.clone());
        let token = Uuid::now_v7();
        shelf.withdrawn.lock().expect("unpoisoned").push(token);
        shelf.broken.store(true, Ordering::SeqCst);
        assert!(lasts(&open, token).await);
        shelf.broken.store(false, Ordering::SeqCst);
        assert!(!lasts(&open, token).await);
    }
}
