//! Waiting until nothing happens any more.

use std::time::Duration;

use crate::orchestration::{Activity, Engine};

/// Waits until nothing will happen in `engine` until time passes or somebody acts. Attempts that are `held` on purpose
/// are at rest. What still goes on, where that takes longer than `patience`.
pub async fn run_until_idle(
    engine: &Engine,
    held: impl Fn() -> usize,
    patience: Duration,
) -> Result<(), Activity> {
    let idle = async {
        let mut quiet = 0;
        while quiet < 3 {
            tokio::time::sleep(Duration::from_micros(200)).await;
            let now = engine.activity();
            let still = now.busy == 0 && now.attempts == held() && now.unwritten == 0 && !now.claiming;
            quiet = if still { quiet + 1 } else { 0 };
        }
    };
    tokio::time::timeout(patience, idle).await.map_err(|_| engine.activity())
}
