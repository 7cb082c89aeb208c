//! One at a time for requests with the same key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Keys that are being worked on.
#[derive(Default)]
pub(in crate::orchestration) struct KeyLocks {
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
}

/// The turn of some keys; passes on when it is dropped.
pub(super) struct Held<'a> {
    locks: &'a KeyLocks,
    turns: Vec<(String, OwnedMutexGuard<()>)>,
}

impl KeyLocks {
    /// Waits for the turn of every key, in their own order, so that two callers can't wait for each other.
    pub(super) async fn hold(&self, keys: impl Iterator<Item = String>) -> Held<'_> {
        let mut keys: Vec<String> = keys.collect();
        keys.sort_unstable();
        keys.dedup();
        let mut held = Held { locks: self, turns: Vec::with_capacity(keys.len()) };
        for key in keys {
            let turn = self.lock().entry(key.clone()).or_default().clone();
            held.turns.push((key, turn.lock_owned().await));
        }
        held
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Turn<()>>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut turns = self.locks.lock();
        for (key, guard) in self.turns.drain(..) {
            drop(guard);
            // Nobody else holds it: the map's own and none beside it.
            if turns.get(&key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
                turns.remove(&key);
            }
        }
    }
}
