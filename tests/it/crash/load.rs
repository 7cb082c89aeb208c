//! Clients that create tasks until there is nobody to answer them.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tasker::model::id::TaskId;
use tokio::task::JoinSet;

use super::client::Client;

/// Clients at once.
const CLIENTS: u64 = 3;

/// Tasks that one client asks for at most, so that a test ends on a fast machine as well.
const EACH: usize = 40;

/// Clients at work.
pub struct Load {
    clients: JoinSet<Vec<TaskId>>,
}

impl Load {
    /// Asks for tasks of these templates, in an order that `seed` decides.
    pub fn start(client: &Client, templates: &[Value], seed: u64) -> Self {
        let names: Vec<String> =
            templates.iter().filter_map(|template| template["name"].as_str().map(str::to_owned)).collect();
        let mut clients = JoinSet::new();
        for no in 0..CLIENTS {
            clients.spawn(create(client.clone(), names.clone(), seed ^ no));
        }
        Self { clients }
    }

    /// What was acknowledged, when every client is through or has lost its service.
    pub async fn acknowledged(self) -> Vec<TaskId> {
        self.clients.join_all().await.into_iter().flatten().collect()
    }
}

async fn create(client: Client, names: Vec<String>, seed: u64) -> Vec<TaskId> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut acknowledged = Vec::new();
    let mut unanswered = 0;
    for no in 0..EACH {
        let name = &names[dice.random_range(0..names.len())];
        match client.try_create(name, json!({ "no": no })).await {
            Some(task) => acknowledged.push(task),
            None => unanswered += 1,
        }
        if unanswered > 3 {
            break;
        }
    }
    acknowledged
}

/// Random, and printed, so that a failure can be looked for again with `CRASH_SEED`.
pub fn seed() -> u64 {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(rand::random);
    eprintln!("CRASH_SEED={seed}");
    seed
}
