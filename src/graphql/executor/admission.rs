//! Who may run what is decided here, for every transport, after the limits and before the library's validation.

use std::sync::Arc;

use async_graphql::{Data, Response, ServerError, Variables};
use async_trait::async_trait;
use tokio::sync::watch;

use crate::{
    auth::{Address, Subject},
    graphql::{RequestId, document::Operation, gate::Decision},
    model::audit::Way,
};

/// An operation, and who asks for it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// What is to run. What is decided about is what runs.
    pub operation: Operation<'a>,
    /// The variables it runs with.
    pub variables: &'a Variables,
    /// Who asks.
    pub subject: &'a Subject,
    /// The request that it came with.
    pub request_id: &'a RequestId,
    /// How it came, where that is not by what it is.
    pub way: Option<Way>,
}

/// What becomes of an operation that is not refused.
#[derive(Debug)]
pub enum Admitted {
    /// It runs, and its resolvers look at this again.
    Runs(Arc<Decision>),
    /// It was answered in place of the schema, and does not run.
    Answered(Box<Response>),
}

/// Decides whether an operation runs, whole or not at all.
#[async_trait]
pub trait Admission: Send + Sync + 'static {
    /// Admits the operation, or refuses it with errors that have a code.
    async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Vec<ServerError>>;

    /// Told when a decision may be different from before: open subscriptions are decided about again.
    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }
}

/// Admits every operation: a service whose authorization is turned off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

#[async_trait]
impl Admission for Open {
    async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Vec<ServerError>> {
        Ok(Admitted::Runs(Arc::new(Decision::open(asked.subject.clone()))))
    }
}

/// Who calls, as the transport found out; nobody in particular where it found nobody.
pub fn caller(data: &Data) -> Subject {
    known(data).unwrap_or_default()
}

/// The same, with the request or once for a whole socket.
pub(super) fn caller_of(request: &Data, session: &Data) -> Subject {
    known(request).or_else(|| known(session)).unwrap_or_default()
}

/// Where the caller is, where the transport knows.
pub(super) fn address_of(request: &Data, session: &Data) -> Option<Address> {
    known(request).or_else(|| known(session))
}

/// How the request came, where its transport says.
pub(super) fn way_of(request: &Data) -> Option<Way> {
    known(request)
}

fn known<T: Clone + 'static>(data: &Data) -> Option<T> {
    data.get(&std::any::TypeId::of::<T>())?.downcast_ref().cloned()
}
