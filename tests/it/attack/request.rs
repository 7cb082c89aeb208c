//! What goes over the wire.

use serde_json::{Value, json};

/// A request that means the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub query: String,
    pub variables: Value,
    pub operation_name: Option<&'static str>,
}

impl Request {
    /// As it is.
    pub fn plain(query: &str) -> Self {
        Self { query: query.to_owned(), variables: json!({}), operation_name: None }
    }

    /// As it goes over the wire.
    pub fn body(&self) -> Value {
        let Self { query, variables, operation_name } = self;
        json!({ "query": query, "variables": variables, "operationName": operation_name })
    }
}

/// What `@skip` and `@include` say. The same choices make the same document otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conditions {
    AsTheyCome,
    AllOn,
}
