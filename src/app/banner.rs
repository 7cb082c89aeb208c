//! What the service says when it is up: where it listens, where to try it, and a line that can be pasted.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{App, address::reachable, open::kind_name};
use crate::{config::mask_url, model::template::Template};

impl App {
    /// The text for a person at a terminal.
    pub(super) fn banner(&self, bound: SocketAddr) -> String {
        let address = reachable(bound);
        let database = self.engine.database();
        let mut text =
            format!("Tasker {} is up\n  GraphQL     {address}/graphql\n", env!("CARGO_PKG_VERSION"));
        if self.config.graphql.playground {
            text.push_str(&format!("  playground  {address}/graphiql\n"));
        }
        text.push_str(&format!(
            "  database    {} ({})\n{}  templates   {}\n  callers     {}\n",
            mask_url(self.config.database.own_url().as_str()),
            kind_name(database.kind()),
            self.primary(),
            self.names(),
            self.callers()
        ));
        if let Some(template) = self.example() {
            text.push_str(&format!(
                "\nStart a task:\n\n  {}\n\nWatch it:\n\n  {}\n",
                create(&address, self.credential(), &template),
                watch(&address, self.credential())
            ));
        }
        text
    }

    /// The application's database, where it is another one.
    fn primary(&self) -> String {
        let url = self.config.database.primary.url.as_str();
        let is_another = self.config.database.secondary().is_some();
        if is_another { format!("  primary     {}\n", mask_url(url)) } else { String::new() }
    }

    /// Whether anybody is asked who they are, and what follows from it.
    fn callers(&self) -> &'static str {
        match (
            self.config.authentication.enabled,
            self.config.server.listen.ip().to_canonical().is_loopback(),
        ) {
            (true, _) => {
                "sign in; `tasker token issue --role ROLE` makes a token where `api_token` is configured"
            }
            (false, true) => "are not asked who they are; only this machine reaches the service",
            (false, false) => "are NOT ASKED who they are: whoever reaches the service may do everything",
        }
    }

    /// For the examples. The shell puts the token in, so that it is in no one's history.
    fn credential(&self) -> &'static str {
        if self.config.authentication.enabled { " -H \"Authorization: Bearer $TASKER_TOKEN\"" } else { "" }
    }

    fn names(&self) -> String {
        let names: Vec<String> =
            self.engine.templates().iter().take(8).map(|template| template.full_name()).collect();
        let more = self.engine.templates().len().saturating_sub(names.len());
        match (names.is_empty(), more) {
            (true, _) => format!("none in {}", self.config.templates_directory().display()),
            (false, 0) => names.join(", "),
            (false, more) => format!("{} and {more} more", names.join(", ")),
        }
    }

    /// The guide's template if it is here, else the first.
    fn example(&self) -> Option<std::sync::Arc<Template>> {
        let guide = self.engine.templates().find("default", "order_process", None).ok();
        guide.or_else(|| self.engine.templates().iter().next()).cloned()
    }
}

fn create(address: &str, credential: &str, template: &Template) -> String {
    let input = json!({ "name": template.name, "namespace": template.namespace, "context": example_context(template) });
    let body = json!({
        "query": "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId status } }",
        "variables": { "input": input },
    });
    format!(
        "curl -s {address}/graphql{credential} -H 'Content-Type: application/json' -d '{}'",
        body.to_string().replace('\'', r"'\''")
    )
}

fn watch(address: &str, credential: &str) -> String {
    let body = json!({ "query": "subscription { workflowEvents { cursor name stepName toStatus } }" });
    format!(
        "curl -sN {address}/graphql{credential} -H 'Content-Type: application/json' -H 'Accept: text/event-stream' -d '{body}'"
    )
}

/// A context that the template's schema accepts, as far as that can be told from its required properties.
fn example_context(template: &Template) -> Value {
    let Some(schema) = &template.schema else { return json!({}) };
    let required =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let value = |name: &str| {
        let property = &schema["properties"][name];
        match (property["enum"].get(0), property["type"].as_str()) {
            (Some(first), _) => first.clone(),
            (None, Some("integer" | "number")) => property["minimum"].as_i64().unwrap_or(1).max(1).into(),
            (None, Some("boolean")) => true.into(),
            (None, Some("array")) => json!([]),
            (None, Some("object")) => json!({}),
            (None, _) => "example".into(),
        }
    };
    Value::Object(required.map(|name| (name.to_owned(), value(name))).collect())
}
