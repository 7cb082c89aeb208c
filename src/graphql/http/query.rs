//! A query in a URL.

use async_graphql::{Extensions, Request};
use axum::extract::Query;
use axum::http::{HeaderMap, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Headers for which a browser asks before it sends them to another origin.
const PREFLIGHTED: [&str; 3] = ["x-requested-with", "apollo-require-preflight", "graphql-require-preflight"];

/// Whether the caller is no form and no picture of another site.
pub fn is_preflighted(headers: &HeaderMap) -> bool {
    PREFLIGHTED.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// Reads a request from a URL, or says in a sentence what is wrong with it.
pub fn parse(uri: &Uri) -> Result<Request, String> {
    let Query(parameters) =
        Query::<Parameters>::try_from_uri(uri).map_err(|_| "The parameters could not be read".to_owned())?;
    let query = parameters.query.filter(|query| !query.trim().is_empty()).ok_or("The query is missing")?;
    let variables = json("variables", parameters.variables)?;
    let mut request = Request::new(query).variables(variables.unwrap_or_default());
    request.operation_name = parameters.operation_name;
    request.extensions = Extensions(json("extensions", parameters.extensions)?.unwrap_or_default());
    Ok(request)
}

fn json<T: DeserializeOwned>(name: &str, text: Option<String>) -> Result<Option<T>, String> {
    let read =
        |text: String| serde_json::from_str(&text).map_err(|_| format!("The {name} are not a JSON object"));
    text.filter(|text| !text.is_empty()).map(read).transpose()
}
