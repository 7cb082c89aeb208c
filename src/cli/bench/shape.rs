//! The workflows that are measured: no-op steps in three shapes.

use std::sync::Arc;

use anyhow::Context;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::sustained::Load;
use crate::model::template::{Template, Templates};

/// How the steps depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shape {
    /// Five steps, one after the other.
    Linear5,
    /// One, then four at once, then one.
    Diamond,
    /// One, then a hundred at once, then one.
    Fanout100,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::Linear5, Self::Diamond, Self::Fanout100];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Linear5 => "linear5",
            Self::Diamond => "diamond",
            Self::Fanout100 => "fanout100",
        }
    }

    const fn steps(self) -> usize {
        match self {
            Self::Linear5 => 5,
            Self::Diamond => 6,
            Self::Fanout100 => 102,
        }
    }

    /// Tasks in one `createTasks`, so that their rows are about a flush.
    const fn bulk(self) -> usize {
        match self {
            Self::Linear5 | Self::Diamond => 100,
            Self::Fanout100 => 10,
        }
    }

    pub(super) const fn load(self) -> Load {
        Load { name: self.name(), steps: self.steps(), bulk: self.bulk() }
    }

    /// As it stands in a template file.
    pub(super) fn document(self) -> Value {
        let step = |name: String, after: Vec<String>| json!({ "name": name, "handler_class": "tasker.noop", "depends_on_steps": after });
        let fan = |width: usize| {
            let middle = |n: usize| format!("middle_{n}");
            let mut steps = vec![step("first".into(), vec![])];
            steps.extend((0..width).map(|n| step(middle(n), vec!["first".into()])));
            steps.push(step("last".into(), (0..width).map(middle).collect()));
            steps
        };
        let steps = match self {
            Self::Linear5 => (0..5)
                .map(|n| {
                    step(format!("step_{n}"), if n == 0 { vec![] } else { vec![format!("step_{}", n - 1)] })
                })
                .collect(),
            Self::Diamond => fan(4),
            Self::Fanout100 => fan(100),
        };
        json!({ "name": self.name(), "namespace_name": "bench", "step_templates": steps })
    }
}

/// All shapes, as templates.
pub(super) fn templates() -> anyhow::Result<Templates> {
    let read = |shape: Shape| {
        let template = Template::from_document(&shape.document(), &|_| None);
        template.map(Arc::new).ok().context("a shape of the benchmark is not a valid template")
    };
    Shape::ALL.into_iter().map(read).collect()
}
