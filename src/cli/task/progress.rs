//! A task as it moves: a bar, a line a step, and the way it ended.

use std::{process::ExitCode, time::Duration};

use anyhow::bail;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::{client::Client, text};

const WATCH: &str = "subscription ($task: ID!) { taskUpdated(taskId: $task) { fullName status executionStatus
    completedSteps totalSteps workflowSteps { name status attempts retryLimit error { kind message } } } }";

/// Follows a task until it is settled or rests in error; fails where it did not complete.
pub(super) async fn watch(client: &Client, task: &str) -> anyhow::Result<ExitCode> {
    let mut view = View::new();
    let mut status = String::new();
    client
        .subscribe(WATCH, json!({ "task": task }), |answer| {
            let task = &answer["taskUpdated"];
            text(&task["status"]).clone_into(&mut status);
            view.show(task);
            !matches!(&*status, "COMPLETE" | "CANCELLED" | "RESOLVED_MANUALLY" | "ERROR")
        })
        .await?;
    view.finish();
    match &*status {
        "" => bail!("the stream ended before the task was seen"),
        "COMPLETE" | "RESOLVED_MANUALLY" => Ok(ExitCode::SUCCESS),
        other => {
            eprintln!("the task is {}", other.to_lowercase());
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Bars on a terminal; lines, when a step moves, anywhere else.
struct View {
    bars: MultiProgress,
    whole: Option<ProgressBar>,
    steps: Vec<(ProgressBar, String)>,
    lines: bool,
}

impl View {
    fn new() -> Self {
        let bars = MultiProgress::new();
        let lines = bars.is_hidden();
        Self { bars, whole: None, steps: Vec::new(), lines }
    }

    fn show(&mut self, task: &Value) {
        let total = task["totalSteps"].as_u64().unwrap_or(0);
        let whole = self.whole.get_or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new(total));
            bar.set_style(style("{prefix:.bold} [{bar:30}] {pos}/{len} {msg}"));
            bar.set_prefix(text(&task["fullName"]).to_owned());
            bar
        });
        whole.set_position(task["completedSteps"].as_u64().unwrap_or(0));
        whole.set_message(text(&task["status"]).to_lowercase());
        for (index, step) in task["workflowSteps"].as_array().into_iter().flatten().enumerate() {
            self.show_step(index, step);
        }
        if self.lines {
            say!(
                "{} {}/{} {}",
                text(&task["fullName"]),
                task["completedSteps"],
                total,
                text(&task["status"]).to_lowercase()
            );
        }
    }

    fn show_step(&mut self, index: usize, step: &Value) {
        if self.steps.len() <= index {
            let bar = self.bars.add(ProgressBar::new_spinner());
            bar.set_style(style("  {spinner} {msg}"));
            self.steps.push((bar, String::new()));
        }
        let (bar, shown) = &mut self.steps[index];
        let status = text(&step["status"]);
        let mark = match status {
            "COMPLETE" => "✔",
            "RESOLVED_MANUALLY" => "✓",
            "ERROR" => "✘",
            "CANCELLED" => "–",
            "IN_PROGRESS" => "▸",
            _ => "·",
        };
        let attempts = match (step["attempts"].as_u64(), step["retryLimit"].as_u64()) {
            (Some(attempts), Some(limit)) if attempts > 1 => format!("  attempt {attempts} of {limit}"),
            _ => String::new(),
        };
        let error = match step["error"]["message"].as_str() {
            Some(message) if status != "COMPLETE" => format!("  {message}"),
            _ => String::new(),
        };
        let line = format!("{mark} {:<30} {}{attempts}{error}", text(&step["name"]), status.to_lowercase());
        if line == *shown {
            return;
        }
        if self.lines && !shown.is_empty() {
            say!("  {line}");
        }
        bar.set_message(line.clone());
        if status == "IN_PROGRESS" {
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            bar.disable_steady_tick();
        }
        *shown = line;
    }

    fn finish(&self) {
        for (bar, _) in &self.steps {
            bar.abandon();
        }
        if let Some(bar) = &self.whole {
            bar.abandon();
        }
    }
}

/// The templates above are valid; a wrong one would only look plain.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}
