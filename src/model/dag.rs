//! The dependencies of a template's steps, in both directions.

mod shape;

use super::id::StepNo;
pub use shape::Shape;

/// Who waits for whom. Acyclic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dag {
    parents: Vec<Vec<StepNo>>,
    children: Vec<Vec<StepNo>>,
}

impl Dag {
    /// From each step's dependencies, in step order. On a cycle, answers with its steps, first one repeated last.
    pub fn new(parents: Vec<Vec<StepNo>>) -> Result<Self, Vec<StepNo>> {
        let mut children = vec![Vec::new(); parents.len()];
        for (child, own) in (0..).map(StepNo).zip(&parents) {
            for parent in own {
                children[parent.index()].push(child);
            }
        }
        let dag = Self { parents, children };
        match dag.cycle() {
            None => Ok(dag),
            Some(cycle) => Err(cycle),
        }
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// No steps at all.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// The places of all steps.
    pub fn places(&self) -> impl Iterator<Item = StepNo> + use<> {
        (0..).map(StepNo).take(self.len())
    }

    /// How many dependencies there are.
    pub fn edges(&self) -> usize {
        self.parents.iter().map(Vec::len).sum()
    }

    /// What `step` waits for.
    pub fn parents(&self, step: StepNo) -> &[StepNo] {
        &self.parents[step.index()]
    }

    /// What waits for `step`.
    pub fn children(&self, step: StepNo) -> &[StepNo] {
        &self.children[step.index()]
    }

    /// Everything that waits for `step`, directly or not, without `step` itself; each once.
    pub fn descendants(&self, step: StepNo) -> Vec<StepNo> {
        let mut seen = vec![false; self.len()];
        let mut open = vec![step];
        let mut found = Vec::new();
        while let Some(next) = open.pop() {
            for &child in self.children(next) {
                if !std::mem::replace(&mut seen[child.index()], true) {
                    found.push(child);
                    open.push(child);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Steps left over by a topological sort lie on or behind a cycle; walking their parents closes one.
    fn cycle(&self) -> Option<Vec<StepNo>> {
        let mut waiting: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        let mut open: Vec<StepNo> = (0..)
            .map(StepNo)
            .zip(&self.parents)
            .filter(|(_, own)| own.is_empty())
            .map(|(no, _)| no)
            .collect();
        while let Some(step) = open.pop() {
            for &child in self.children(step) {
                waiting[child.index()] -= 1;
                if waiting[child.index()] == 0 {
                    open.push(child);
                }
            }
        }
        let start = waiting.iter().position(|&count| count > 0)?;
        let mut path = vec![StepNo(u32::try_from(start).ok()?)];
        let mut visited = vec![None; self.len()];
        loop {
            let last = *path.last()?;
            visited[last.index()] = Some(path.len() - 1);
            let parent = *self.parents(last).iter().find(|parent| waiting[parent.index()] > 0)?;
            path.push(parent);
            if let Some(at) = visited[parent.index()] {
                path.drain(..at);
                path.reverse();
                return Some(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dag(parents: &[&[u32]]) -> Result<Dag, Vec<StepNo>> {
        Dag::new(parents.iter().map(|own| own.iter().copied().map(StepNo).collect()).collect())
    }

    #[test]
    fn a_diamond_knows_its_descendants() {
        let diamond = dag(&[&[], &[0], &[0], &[1, 2]]).expect("acyclic");
        assert_eq!(diamond.descendants(StepNo(0)), [StepNo(1), StepNo(2), StepNo(3)]);
        assert_eq!(diamond.descendants(StepNo(1)), [StepNo(3)]);
    }

    #[test]
    fn a_cycle_is_named_in_the_order_it_runs() {
        let cycle = dag(&[&[], &[0, 3], &[1], &[2]]).expect_err("cyclic");
        assert_eq!(cycle.first(), cycle.last());
        assert_eq!(cycle.len(), 4);
        assert_eq!(dag(&[&[0]]), Err(vec![StepNo(0), StepNo(0)]));
    }
}
