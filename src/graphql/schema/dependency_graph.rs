//! What runs after what in a template.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};

use crate::model::{dag::Shape, id::StepNo, template::Template};

/// What runs after what in a template.
pub struct DependencyGraph {
    template: Arc<Template>,
    shape: Shape,
}

/// A step among the others.
#[derive(SimpleObject)]
pub struct DependencyNode {
    /// The step's name.
    name: String,
    /// The code that runs it; null where its configuration alone says what to do.
    handler_class: Option<String>,
    /// How many steps at least are before it, one after the other.
    level: i32,
    /// The names of the steps it runs after.
    depends_on: Vec<String>,
    /// The names of the steps that run after it.
    dependents: Vec<String>,
}

/// That one step runs after another.
#[derive(SimpleObject)]
pub struct Dependency {
    /// The name of the step that is first.
    from: String,
    /// The name of the step that runs after it.
    to: String,
}

impl DependencyGraph {
    /// Of this template.
    pub fn of(template: &Arc<Template>) -> Self {
        Self { template: template.clone(), shape: Shape::of(&template.dag) }
    }

    fn name(&self, no: StepNo) -> String {
        self.template.step(no).name.clone()
    }

    fn names(&self, steps: &[StepNo]) -> Vec<String> {
        steps.iter().map(|&no| self.name(no)).collect()
    }

    fn node(&self, no: StepNo) -> DependencyNode {
        let (step, dag) = (self.template.step(no), &self.template.dag);
        DependencyNode {
            name: step.name.clone(),
            handler_class: Some(step.handler_class.clone()).filter(|class| !class.is_empty()),
            level: i32::try_from(self.shape.levels[no.index()]).unwrap_or(i32::MAX),
            depends_on: self.names(dag.parents(no)),
            dependents: self.names(dag.children(no)),
        }
    }
}

/// What runs after what in a template. Everything here follows from the template alone.
#[Object]
impl DependencyGraph {
    /// Its steps, in the order of its file.
    async fn nodes(&self) -> Vec<DependencyNode> {
        self.template.dag.places().map(|no| self.node(no)).collect()
    }

    /// Which step runs after which.
    async fn edges(&self) -> Vec<Dependency> {
        let dag = &self.template.dag;
        let from = |from: StepNo| {
            let each = move |to: &StepNo| Dependency { from: self.name(from), to: self.name(*to) };
            dag.children(from).iter().map(each)
        };
        dag.places().flat_map(from).collect()
    }

    /// The names of the steps by level, from those that run after nothing.
    async fn levels(&self) -> Vec<Vec<String>> {
        let mut levels = vec![Vec::new(); self.shape.depth];
        for no in self.template.dag.places() {
            levels[self.shape.levels[no.index()] as usize].push(self.name(no));
        }
        levels
    }

    /// The names of the steps that run after nothing.
    async fn roots(&self) -> Vec<String> {
        self.names(&self.shape.roots)
    }

    /// The names of the steps that nothing runs after.
    async fn leaves(&self) -> Vec<String> {
        self.names(&self.shape.leaves)
    }

    /// The names of the steps of the longest chain, first to last: of the most steps, since how long a step takes a
    /// template does not say.
    async fn critical_path(&self) -> Vec<String> {
        self.names(&self.shape.heaviest(&self.template.dag, |_| Some(1)).0)
    }

    /// The names of all steps in an order in which each comes after what it runs after.
    async fn execution_order(&self) -> Vec<String> {
        self.names(&self.shape.order)
    }

    /// How many levels there are: as many as the longest chain has steps.
    async fn max_depth(&self) -> usize {
        self.shape.depth
    }

    /// How many steps the widest level has.
    async fn parallel_branches(&self) -> usize {
        self.shape.widest
    }
}
