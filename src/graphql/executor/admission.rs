//! Who may run what is decided here, for every transport, after the limits and before the library's validation.

use async_graphql::{Data, Request, ServerError};
use async_trait::async_trait;

use crate::graphql::document::Operation;

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
    ) -> Result<(), Vec<ServerError>>;
}

/// Admits every operation: a service whose authorization is turned off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

#[async_trait]
impl Admission for Open {
    async fn admit(&self, _: Operation<'_>, _: &mut Request, _: &Data) -> Result<(), Vec<ServerError>> {
        Ok(())
    }
}
