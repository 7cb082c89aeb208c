//! Who may run what is decided here, for every transport, after the limits and before the library's validation.

use std::sync::Arc;

use async_graphql::{Data, Request, Response, ServerError};
use async_trait::async_trait;

use crate::auth::Subject;
use crate::graphql::document::Operation;
use crate::graphql::gate::Decision;

/// What becomes of an operation that is not refused.
#[derive(Debug)]
pub enum Admitted {
    /// It runs.
    Runs,
    /// It was answered in place of the schema, and does not run.
    Answered(Response),
}

/// Decides whether an operation runs, whole or not at all.
#[async_trait]
pub trait Admission: Send + Sync + 'static {
    /// Admits the operation, or refuses it with errors that have a code.
    ///
    /// The caller is in `request.data` for HTTP and in `session` for a WebSocket. What resolvers need of the
    /// decision goes into `request.data`; `request.introspection_mode` may be narrowed. The document is read only:
    /// what was decided about is what runs.
    async fn admit(
        &self,
        operation: Operation<'_>,
        request: &mut Request,
        session: &Data,
    ) -> Result<Admitted, Vec<ServerError>>;
}

/// Admits every operation: a service whose authorization is turned off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

#[async_trait]
impl Admission for Open {
    async fn admit(
        &self,
        _: Operation<'_>,
        request: &mut Request,
        session: &Data,
    ) -> Result<Admitted, Vec<ServerError>> {
        let caller = subject(&request.data).or_else(|| subject(session)).cloned().unwrap_or_default();
        request.data.insert(Arc::new(Decision::open(caller)));
        Ok(Admitted::Runs)
    }
}

/// Who calls, as the transport found out.
pub(in crate::graphql) fn subject(data: &Data) -> Option<&Subject> {
    data.get(&std::any::TypeId::of::<Subject>())?.downcast_ref()
}
