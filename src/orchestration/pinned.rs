//! Templates by digest: a task runs with the exact content it was created with, whatever the files say now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::Engine;
use crate::{
    data::{Error, named_task},
    model::template::{Digest, Template, Templates},
};

/// Templates that some task was pinned to, parsed once.
#[derive(Default)]
pub(super) struct Pinned {
    by_digest: Mutex<HashMap<Digest, Arc<Template>>>,
}

impl Pinned {
    pub(super) fn of(templates: &Templates) -> Self {
        let by_digest =
            templates.iter().map(|template| (template.digest.clone(), template.clone())).collect();
        Self { by_digest: Mutex::new(by_digest) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Template>>> {
        self.by_digest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// The template with this digest, from memory or as it was stored.
    pub async fn pinned_template(&self, digest: &str) -> Result<Arc<Template>, Error> {
        if let Some(known) = self.pinned().lock().get(digest) {
            return Ok(known.clone());
        }
        let stored = named_task::find(self.database(), digest)
            .await?
            .ok_or_else(|| Error::Corrupt(format!("no template has the digest {digest}")))?;
        let read = Template::from_document(&stored.document, &|name| self.variable(name));
        let template = Arc::new(read.map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Error::Corrupt(format!(
                "{}/{}@{}: {}",
                stored.namespace,
                stored.name,
                stored.version,
                all.join("; ")
            ))
        })?);
        self.pinned().lock().insert(template.digest.clone(), template.clone());
        Ok(template)
    }
}
