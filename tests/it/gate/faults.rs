//! A coordinator that fails permits nothing, and is counted.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use serde_json::json;
use tasker::{
    app::Tasker,
    auth::{AuthorizationCoordinator, CoordinatorError, Grants, Subject},
};
use tokio::sync::watch;

use super::service::Service;
use crate::place::Place;

on_both_databases![an_error_or_a_panic_of_a_coordinator_permits_nothing_and_is_counted];

const FINE: u8 = 0;
const FAILS: u8 = 1;
const PANICS: u8 = 2;

/// Permits everything, unless it breaks.
struct Brittle {
    mood: Arc<AtomicU8>,
    version: watch::Sender<u64>,
}

#[tasker::async_trait]
impl AuthorizationCoordinator for Brittle {
    async fn grants(&self, _: &Subject) -> Result<Arc<Grants>, CoordinatorError> {
        match self.mood.load(Ordering::SeqCst) {
            FAILS => Err(CoordinatorError("the directory is down".into())),
            PANICS => panic!("a mistake"),
            _ => Ok(Arc::new(Grants::everything())),
        }
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

async fn an_error_or_a_panic_of_a_coordinator_permits_nothing_and_is_counted(place: Place) {
    let mood = Arc::new(AtomicU8::new(FINE));
    let coordinator = Brittle { mood: mood.clone(), version: watch::Sender::new(0) };
    let service =
        Service::built(place, serde_json::json!({}), Tasker::builder().authorization(coordinator)).await;
    let errors = || service.app.engine().metrics().authz_errors.get();
    for broken in [FAILS, PANICS] {
        // What was worked out before is kept; this one is new.
        let somebody = service.token(&format!("somebody-{broken}")).await;
        let before = errors();
        mood.store(broken, Ordering::SeqCst);
        let answer = service.ask(&somebody, "{ tasks { taskId } }").await;
        assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{}", answer.body);
        assert!(!answer.body.to_string().contains("directory"), "{}", answer.body);
        assert_eq!(service.get(&somebody, "/metrics").await.0, 403);
        assert_eq!(errors(), before + 2);
        mood.store(FINE, Ordering::SeqCst);
        assert_eq!(service.ask(&somebody, "{ tasks { taskId } }").await.data("tasks"), &json!([]));
        let (status, page) = service.get(&somebody, "/metrics").await;
        let line = format!("tasker_authz_errors_total {}", before + 2);
        assert!(status == 200 && page.contains(&line), "{page}");
    }
}
