//! Who asks for a change, and what the audit log is to say of it.

use std::sync::Arc;

use super::Engine;
use crate::{
    auth::Subject,
    data::{Error, audit},
    model::{
        audit::{Act, AuditRecord},
        time::Timestamp,
    },
};

/// A subject, with what is recorded of what it asked for. An application that calls a verb on its own account gives a
/// [`Subject`] alone: nothing is recorded but the change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Who asks.
    pub subject: Subject,
    /// What is recorded with the change, in its transaction.
    pub act: Option<Arc<Act>>,
}

impl Caller {
    /// The record of something that is done now.
    pub(super) fn record(&self, now: Timestamp) -> Option<AuditRecord> {
        self.act.as_deref().map(|act| AuditRecord::new(act.clone(), now))
    }
}

impl Engine {
    /// Records something that was done and changed no stored data.
    pub async fn record(&self, caller: Caller) -> Result<(), Error> {
        match caller.record(self.clock().now()) {
            Some(record) => audit::insert(self.database(), record).await,
            None => Ok(()),
        }
    }
}

impl From<Subject> for Caller {
    fn from(subject: Subject) -> Self {
        Self { subject, act: None }
    }
}

impl From<&Subject> for Caller {
    fn from(subject: &Subject) -> Self {
        subject.clone().into()
    }
}
