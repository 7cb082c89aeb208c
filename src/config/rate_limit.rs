//! `server.rate_limit`: how often one caller may ask.

use serde::{Deserialize, Serialize};

/// How often one caller may ask before the answer is `RATE_LIMITED`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Whether anybody is ever told to wait.
    pub enabled: bool,
    /// Requests and new sockets of one address in a second, on the average.
    pub per_address: u32,
    /// How many of them may come at once.
    pub per_address_burst: u32,
    /// Requests of one subject in a second, on the average.
    pub per_subject: u32,
    /// How many of them may come at once.
    pub per_subject_burst: u32,
    /// Refused credentials from one address in a minute, on the average.
    pub failed_sign_ins: u32,
    /// How many of them may come at once.
    pub failed_sign_ins_burst: u32,
    /// Whether callers from this machine are counted too.
    pub loopback: bool,
    /// How many callers are remembered, of each kind.
    pub max_keys: usize,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            enabled: true,
            per_address: 500,
            per_address_burst: 1_000,
            per_subject: 500,
            per_subject_burst: 1_000,
            failed_sign_ins: 60,
            failed_sign_ins_burst: 20,
            loopback: false,
            max_keys: 100_000,
        }
    }
}
