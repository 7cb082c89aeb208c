//! Who waits for whom: names become places, and cycles are found.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

use serde_json::Value;

use super::{
    path::Path,
    reading::{Reading, Text},
    section::{Section, kind, text},
};
use crate::model::{dag::Dag, id::StepNo};

/// Cycles that one reading tells. Breaking these shows the rest.
const MAX_CYCLES: usize = 10;

/// Names of a cycle that are printed.
const MAX_PRINTED: usize = 20;

/// The names of a template's steps and the place of each.
#[derive(Default)]
pub(super) struct Names {
    /// In the order of the steps; empty where a step has none.
    written: Vec<String>,
    places: HashMap<String, StepNo>,
}

impl Names {
    /// Takes the next step's name. Answers with the step that has it already.
    pub fn add(&mut self, name: Option<&Text>) -> Option<StepNo> {
        let place = StepNo(u32::try_from(self.written.len()).unwrap_or(u32::MAX));
        self.written.push(name.map(|name| name.written.clone()).unwrap_or_default());
        let name = name?;
        if let Some(&first) = self.places.get(&name.value) {
            return Some(first);
        }
        self.places.insert(name.value.clone(), place);
        None
    }

    pub fn place(&self, name: &str) -> Option<StepNo> {
        self.places.get(name).copied()
    }

    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.written.iter().map(String::as_str)
    }

    pub fn into_places(self) -> HashMap<String, StepNo> {
        self.places
    }
}

/// What `step` says it runs after: `depends_on_step` and `depends_on_steps` together.
pub(super) fn of_step(step: &Section<'_>, own: StepNo, names: &Names) -> Vec<StepNo> {
    let mut found = Found { reading: step.reading, own, names, seen: HashSet::new(), list: Vec::new() };
    match step.value("depends_on_step") {
        None => {}
        Some(Value::Array(_)) => {
            step.error("depends_on_step", "must be one step's name; depends_on_steps takes a list")
        }
        Some(one) => found.take(&step.path.key("depends_on_step"), one),
    }
    match step.value("depends_on_steps") {
        None => {}
        Some(Value::Array(many)) => {
            let path = step.path.key("depends_on_steps");
            many.iter().enumerate().for_each(|(index, one)| found.take(&path.index(index), one));
        }
        Some(Value::String(_)) => {
            step.error("depends_on_steps", "must be a list of steps' names; depends_on_step takes one");
        }
        Some(other) => {
            step.error("depends_on_steps", format!("must be a list of steps' names, not {}", kind(other)))
        }
    }
    found.list
}

struct Found<'a> {
    reading: &'a Reading<'a>,
    own: StepNo,
    names: &'a Names,
    seen: HashSet<StepNo>,
    list: Vec<StepNo>,
}

impl Found<'_> {
    fn take(&mut self, path: &Path<'_>, value: &Value) {
        let Some(name) = text(self.reading, path, value) else { return };
        let written = &name.written;
        match self.names.place(&name.value) {
            Some(place) if place == self.own => {
                self.reading.error(path, "a step can't run after itself");
            }
            Some(place) if !self.seen.insert(place) => {
                self.reading.error(path, format!("the dependency {written:?} is given twice"));
            }
            Some(place) => self.list.push(place),
            None if name.known => {
                let suggestion = self.reading.suggestion(written, self.names.written());
                self.reading.error(path, format!("there is no step {written:?}{suggestion}"));
            }
            None => {}
        }
    }
}

/// The dependencies in both directions. Every cycle is reported, and printed in the order in which it would run.
pub(super) fn graph(
    reading: &Reading<'_>,
    steps: &Path<'_>,
    mut parents: Vec<Vec<StepNo>>,
    names: &Names,
) -> Option<Dag> {
    let mut cycles = 0;
    loop {
        let cycle = match Dag::new(parents.clone()) {
            Ok(dag) => return (cycles == 0).then_some(dag),
            Err(cycle) => cycle,
        };
        let (Some(&first), Some(&before)) = (cycle.first(), cycle.iter().nth_back(1)) else { return None };
        reading.error(
            &steps.index(first.index()),
            format!("the steps wait for each other in a cycle: {}", printed(&cycle, names)),
        );
        cycles += 1;
        if cycles == MAX_CYCLES {
            return None;
        }
        // Without this dependency the next cycle shows.
        parents[first.index()].retain(|&parent| parent != before);
    }
}

fn printed(cycle: &[StepNo], names: &Names) -> String {
    let name = |step: StepNo| names.written.get(step.index()).map_or("?", String::as_str);
    let mut text = String::new();
    for (index, &step) in cycle.iter().enumerate() {
        let separator = if index == 0 { "" } else { " -> " };
        let _ = match index {
            MAX_PRINTED if cycle.len() > MAX_PRINTED + 1 => {
                write!(text, "{separator}… {} more …", cycle.len() - MAX_PRINTED - 1)
            }
            _ if index > MAX_PRINTED && index + 1 < cycle.len() => Ok(()),
            _ => write!(text, "{separator}{}", name(step)),
        };
    }
    text
}
