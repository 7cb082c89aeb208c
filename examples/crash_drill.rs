//! A Tasker for crash drills: its handlers write down each call, outside the database, so that somebody can
//! check afterwards what really ran. Used by `tests/it/crash`.
//!
//! The ledger is the file named in `CRASH_DRILL_LEDGER`: one JSON object a line, written before the handler does
//! anything and after it has done it.

use std::{fs, io::Write, path::PathBuf, time::Duration};

use tasker::prelude::*;

/// Works for `handler_config.milliseconds`, fails the first `fails` attempts, and leaves a token that no other
/// call has. Whoever depends on it writes down the token that it saw.
struct Work;

/// Blocks its thread for `handler_config.milliseconds`.
struct Block;

/// Takes its process with it for the first `aborts` calls of a step, then completes.
struct Abort;

#[tasker::async_trait]
impl StepHandler for Work {
    async fn process(&self, _: &TaskView, sequence: &Sequence, step: &StepView) -> Result<Value, StepError> {
        let token = format!("{}-{}", std::process::id(), rand::random::<u64>());
        begin(sequence, step, &token)?;
        tokio::time::sleep(Duration::from_millis(number(step, "milliseconds"))).await;
        if u64::from(step.attempt()) <= number(step, "fails") {
            end(step, "failed")?;
            return Err(StepError::retryable("as the template asked"));
        }
        end(step, "complete")?;
        Ok(json!({ "token": token }))
    }
}

#[tasker::async_trait]
impl StepHandler for Block {
    async fn process(&self, _: &TaskView, sequence: &Sequence, step: &StepView) -> Result<Value, StepError> {
        begin(sequence, step, "none")?;
        std::thread::sleep(Duration::from_millis(number(step, "milliseconds")));
        Ok(json!({ "token": "none" }))
    }
}

#[tasker::async_trait]
impl StepHandler for Abort {
    async fn process(&self, _: &TaskView, sequence: &Sequence, step: &StepView) -> Result<Value, StepError> {
        begin(sequence, step, "none")?;
        let own = step.id().to_string();
        let calls = fs::read_to_string(ledger())?.lines().filter(|line| line.contains(&own)).count();
        if calls as u64 <= number(step, "aborts") {
            std::process::abort();
        }
        Ok(json!({ "token": "none" }))
    }
}

fn begin(sequence: &Sequence, step: &StepView, token: &str) -> Result<(), StepError> {
    let depends_on = step.handler_config()["reads"].as_array().cloned().unwrap_or_default();
    let saw = depends_on.iter().filter_map(Value::as_str).map(|name| {
        let token = sequence.results(name, "token").cloned();
        (name.to_owned(), token.unwrap_or(Value::Null))
    });
    let saw: serde_json::Map<String, Value> = saw.collect();
    write(json!({
        "step": step.id(), "attempt": step.attempt(), "phase": "begin", "pid": std::process::id(),
        "token": token, "saw": saw,
    }))
}

fn end(step: &StepView, outcome: &str) -> Result<(), StepError> {
    write(json!({
        "step": step.id(), "attempt": step.attempt(), "phase": "end", "pid": std::process::id(),
        "outcome": outcome,
    }))
}

/// One write a line: lines of several processes do not mix.
fn write(line: Value) -> Result<(), StepError> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(ledger())?;
    Ok(file.write_all(format!("{line}\n").as_bytes())?)
}

fn ledger() -> PathBuf {
    std::env::var_os("CRASH_DRILL_LEDGER").expect("CRASH_DRILL_LEDGER names the ledger").into()
}

fn number(step: &StepView, key: &str) -> u64 {
    step.handler_config()[key].as_u64().unwrap_or(0)
}

fn main() -> std::process::ExitCode {
    Tasker::builder()
        .step_handler("Work", Work)
        .step_handler("Abort", Abort)
        .step_handler("Block", Block)
        .run()
}
