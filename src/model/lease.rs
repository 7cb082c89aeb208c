//! A worker's right to answer for one attempt, until a time.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    id::{StepNo, TaskId},
    template::Digest,
    time::Timestamp,
};

/// Names one lease of one attempt. Nobody guesses it: who shows it was given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseToken {
    /// Which task.
    pub task: TaskId,
    /// Which of its steps.
    pub no: StepNo,
    /// Which attempt of it.
    pub attempt: u32,
    /// What can't be guessed.
    pub secret: Uuid,
}

impl LeaseToken {
    /// A new one for this attempt.
    pub fn new(task: TaskId, no: StepNo, attempt: u32) -> Self {
        Self { task, no, attempt, secret: Uuid::from_bytes(rand::random()) }
    }

    /// Reads what [`Display`](fmt::Display) writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 40] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (task, rest) = bytes.split_first_chunk::<16>()?;
        let (no, rest) = rest.split_first_chunk::<4>()?;
        let (attempt, rest) = rest.split_first_chunk::<4>()?;
        let secret = rest.first_chunk::<16>()?;
        Some(Self {
            task: TaskId(Uuid::from_bytes(*task)),
            no: StepNo(u32::from_be_bytes(*no)),
            attempt: u32::from_be_bytes(*attempt),
            secret: Uuid::from_bytes(*secret),
        })
    }
}

impl fmt::Display for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 40];
        bytes[..16].copy_from_slice(self.task.0.as_bytes());
        bytes[16..20].copy_from_slice(&self.no.0.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.attempt.to_be_bytes());
        bytes[24..].copy_from_slice(self.secret.as_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// Who holds an attempt, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What an answer must show.
    pub token: LeaseToken,
    /// What the worker calls itself; for people.
    pub worker: Arc<str>,
    /// The subject that claimed it: nobody else may answer. None where nobody signs in.
    pub holder: Option<Arc<str>>,
    /// Without a heartbeat the attempt is given back then.
    pub expires_at: Timestamp,
    /// The attempt has failed then, whatever the worker says.
    pub deadline_at: Timestamp,
}

/// What is written of an attempt that a worker is to make.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteRow {
    /// Which step.
    pub no: StepNo,
    /// Which attempt of it.
    pub attempt: u32,
    /// Who can make it.
    pub handler_class: Arc<str>,
    /// `namespace/name` of the task's template: claims are fair among these.
    pub template: Arc<str>,
    /// The task's.
    pub priority: i32,
    /// Since when it waits for a worker, or when this was written.
    pub since: Timestamp,
    /// Where it is now.
    pub state: RemoteState,
    /// The lease, where it changed.
    pub lease: Option<Lease>,
}

/// Where a worker's attempt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteState {
    /// It may be claimed.
    Open,
    /// A worker makes it.
    Leased,
    /// A worker has answered; the same answer once more is welcome.
    Answered(Digest),
    /// It is nobody's any more: cancelled, or its lease is lost.
    Void,
}

impl RemoteState {
    /// The word as stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => OPEN,
            Self::Leased => LEASED,
            Self::Answered(_) => ANSWERED,
            Self::Void => VOID,
        }
    }
}

/// May be claimed.
pub const OPEN: &str = "open";
/// Held by a worker.
pub const LEASED: &str = "leased";
/// Answered.
pub const ANSWERED: &str = "answered";
/// Nobody's any more.
pub const VOID: &str = "void";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_nothing_else_does() {
        let token = LeaseToken::new(TaskId::new(), StepNo(7), 3);
        let text = token.to_string();
        assert_eq!(LeaseToken::parse(&text), Some(token));
        assert_eq!(text.len(), 54);
        for wrong in ["", "x", &text[1..], &format!("{text}A"), &text.replace(&text[..1], "%")] {
            assert_eq!(LeaseToken::parse(wrong), None, "{wrong}");
        }
        assert_ne!(LeaseToken::new(token.task, token.no, 3), token);
    }
}
