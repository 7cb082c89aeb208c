//! The one who asks for something.

use std::sync::Arc;

/// Who calls: recorded with everything they change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    name: Option<Arc<str>>,
}

impl Subject {
    /// Nobody in particular: the service runs without authentication.
    pub const fn anonymous() -> Self {
        Self { name: None }
    }

    /// Someone who is known by name.
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self { name: Some(name.into()) }
    }

    /// The name, where there is one.
    pub const fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }
}
