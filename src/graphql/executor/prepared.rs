//! A request whose document, operation and variables are known to be sound.

use std::any::Any;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Name, Request, ServerError, Variables};

use crate::graphql::document::{Document, Operation};
use crate::graphql::outline::Outline;
use crate::graphql::request_id::RequestId;

/// What a [`super::Pipeline`] made of a request and will execute.
pub struct Prepared {
    request: Request,
    document: Arc<Document>,
    kind: OperationType,
    roots: Vec<Name>,
}

impl Prepared {
    pub(super) fn new(request: Request, document: Arc<Document>) -> Result<Self, ServerError> {
        let operation = document.operation(request.operation_name.as_deref())?;
        let kind = operation.definition.node.ty;
        let roots = operation.roots().into_iter().map(|field| field.node.name.node.clone()).collect();
        Ok(Self { request, document, kind, roots })
    }

    /// Query, mutation or subscription.
    pub fn kind(&self) -> OperationType {
        self.kind
    }

    /// The names of its root fields.
    pub fn roots(&self) -> &[Name] {
        &self.roots
    }

    /// Its id in the log.
    pub fn request_id(&self) -> RequestId {
        RequestId::of(&self.request.data).cloned().unwrap_or_default()
    }

    /// Lets a subscription that can do so start after this cursor; any other operation is as it was.
    pub fn resume(mut self, cursor: &str, outline: &Outline) -> Self {
        if self.kind == OperationType::Subscription && self.roots.iter().all(|name| outline.resumes(name)) {
            let name = self.request.operation_name.as_deref();
            self.document = Arc::new(self.document.resumed(name, cursor, &mut self.request.variables));
        }
        self
    }

    pub(super) fn operation(&self) -> Result<Operation<'_>, ServerError> {
        self.document.operation(self.request.operation_name.as_deref())
    }

    pub(super) fn data(&self) -> &Data {
        &self.request.data
    }

    pub(super) fn insert(&mut self, data: impl Any + Send + Sync) {
        self.request.data.insert(data);
    }

    pub(super) fn variables(&self) -> &Variables {
        &self.request.variables
    }

    pub(super) fn into_parts(self) -> (Arc<Document>, Request) {
        (self.document, self.request)
    }
}
