//! `tasker task`: a client of a running service, over GraphQL.

mod client;
mod progress;

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::client::Client;
use super::template::Drawn;
use crate::config::Variables;

/// Starts and steers tasks on a running service. Where callers sign in, TASKER_TOKEN is the token.
#[derive(Debug, Clone, Args)]
pub(super) struct Task {
    /// Where the service is
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, Subcommand)]
enum Verb {
    /// Creates a task from a template.
    Create {
        /// Template name
        name: String,
        /// Input, as a JSON object
        #[arg(long, default_value = "{}")]
        context: String,
        /// Template namespace
        #[arg(long)]
        namespace: Option<String>,
        /// Template version; the highest without it
        #[arg(long)]
        version: Option<String>,
        /// The same key again answers with the first task
        #[arg(long)]
        idempotency_key: Option<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Stay and watch it
        #[arg(long)]
        watch: bool,
    },
    /// Shows a task's steps as they move, until it rests.
    Watch {
        /// Task id
        task: String,
    },
    /// Lists the newest tasks.
    List {
        /// Only these: pending, in_progress, complete, error, cancelled, resolved_manually
        #[arg(long)]
        status: Vec<String>,
        /// How many, up to 100
        #[arg(long, default_value_t = 20)]
        limit: u8,
    },
    /// Cancels a task.
    Cancel {
        /// Task id
        task: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Gives a failed task more attempts.
    Retry {
        /// Task id
        task: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// How many for each failed step; the template's limit without it
        #[arg(long)]
        additional_attempts: Option<u32>,
    },
    /// Draws a task as it is now: what runs after what, and where each step is.
    Diagram {
        /// Task id
        task: String,
        #[command(flatten)]
        drawn: Drawn,
    },
}

const CREATE: &str = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { taskId fullName status alreadyExisted } }";
const CANCEL: &str =
    "mutation ($input: CancelTaskInput!) { cancelTask(input: $input) { taskId fullName status } }";
const RETRY: &str =
    "mutation ($input: RetryTaskInput!) { retryTask(input: $input) { taskId fullName status } }";
const LIST: &str = "query ($limit: Int!, $filter: TaskFilter) { tasks(limit: $limit, filter: $filter) {
    taskId fullName status completionPercentage requestedAt } }";

const DIAGRAM: &str = "query ($task: ID!, $format: DiagramFormat!) {
    taskDiagram(taskId: $task, format: $format) { content } }";

impl Task {
    pub(super) async fn run(self, variables: &Variables) -> anyhow::Result<ExitCode> {
        let token = variables.get("TASKER_TOKEN").filter(|token| !token.is_empty());
        let client = Client::new(&self.url, token)?;
        match self.verb {
            Verb::Create { name, context, namespace, version, idempotency_key, reason, watch } => {
                let context: Value = serde_json::from_str(&context).context("--context is not JSON")?;
                let input = json!({ "name": name, "context": context, "namespace": namespace, "version": version,
                    "idempotencyKey": idempotency_key, "reason": reason });
                let created = client.run(CREATE, json!({ "input": input })).await?["createTask"].take();
                let existed = created["alreadyExisted"] == json!(true);
                say!("{}{}", line(&created), if existed { "  (existed already)" } else { "" });
                if !watch {
                    return Ok(ExitCode::SUCCESS);
                }
                progress::watch(&client, text(&created["taskId"])).await
            }
            Verb::Watch { task } => progress::watch(&client, &task).await,
            Verb::List { status, limit } => {
                let statuses: Vec<String> = status.iter().map(|word| word.to_uppercase()).collect();
                let filter = if statuses.is_empty() { json!({}) } else { json!({ "statuses": statuses }) };
                let answer = client.run(LIST, json!({ "limit": limit, "filter": filter })).await?;
                for task in answer["tasks"].as_array().into_iter().flatten() {
                    say!(
                        "{}  {:>6} %  {}",
                        line(task),
                        task["completionPercentage"],
                        text(&task["requestedAt"])
                    );
                }
                Ok(ExitCode::SUCCESS)
            }
            Verb::Cancel { task, reason } => {
                let input = json!({ "taskId": task, "reason": reason });
                say!("{}", line(&client.run(CANCEL, json!({ "input": input })).await?["cancelTask"]));
                Ok(ExitCode::SUCCESS)
            }
            Verb::Retry { task, reason, additional_attempts } => {
                if additional_attempts == Some(0) {
                    bail!("--additional-attempts must be at least 1");
                }
                let input =
                    json!({ "taskId": task, "reason": reason, "additionalAttempts": additional_attempts });
                say!("{}", line(&client.run(RETRY, json!({ "input": input })).await?["retryTask"]));
                Ok(ExitCode::SUCCESS)
            }
            Verb::Diagram { task, drawn } => {
                let variables = json!({ "task": task, "format": drawn.format.word() });
                let diagram = client.run(DIAGRAM, variables).await?["taskDiagram"].take();
                let Some(content) = diagram["content"].as_str() else { bail!("there is no task {task}") };
                drawn.write(content)
            }
        }
    }
}

fn line(task: &Value) -> String {
    format!(
        "{}  {:<36}  {:<17}",
        text(&task["taskId"]),
        text(&task["fullName"]),
        text(&task["status"]).to_lowercase()
    )
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
