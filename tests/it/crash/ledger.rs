//! What the handlers of `examples/crash_drill.rs` wrote down: what really ran, whatever the database says.

use std::{collections::HashMap, fs, path::Path};

use serde::Deserialize;
use tasker::model::id::StepId;

/// A handler was called, or had done its work.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    pub step: StepId,
    pub attempt: u32,
    pub phase: Phase,
    pub pid: u32,
    /// What this call leaves if its outcome is recorded; no other call leaves the same.
    #[serde(default)]
    pub token: String,
    /// What it found of the steps it depends on.
    #[serde(default)]
    pub saw: HashMap<String, Option<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Begin,
    End,
}

/// Every line, in the order it was written.
#[derive(Debug, Default)]
pub struct Ledger {
    pub lines: Vec<Line>,
}

impl Ledger {
    /// None was written yet where there is no file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        Self { lines: text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect() }
    }

    pub fn begins(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.phase == Phase::Begin)
    }

    pub fn by_step(&self) -> HashMap<StepId, Vec<&Line>> {
        let mut lines: HashMap<StepId, Vec<&Line>> = HashMap::new();
        for line in &self.lines {
            lines.entry(line.step).or_default().push(line);
        }
        lines
    }

    /// How often the handler of `step` was called.
    pub fn calls(&self, step: StepId) -> usize {
        self.begins().filter(|line| line.step == step).count()
    }
}
