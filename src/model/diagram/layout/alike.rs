//! Steps that run after the same and before the same, put together.

use std::collections::HashMap;

use crate::model::{dag::Dag, id::StepNo};

/// As many alike as are worth a frame.
const MANY: usize = 8;

/// Steps and frames of steps, and what of them is after what.
pub(super) struct Blocks {
    /// In template order, and so are the blocks, by their first.
    pub members: Vec<Vec<StepNo>>,
    pub parents: Vec<Vec<usize>>,
    pub children: Vec<Vec<usize>>,
}

impl Blocks {
    pub fn of(dag: &Dag) -> Self {
        let mut alike: HashMap<(Vec<StepNo>, Vec<StepNo>), Vec<StepNo>> = HashMap::new();
        for no in dag.places() {
            let neighbours = (sorted(dag.parents(no)), sorted(dag.children(no)));
            alike.entry(neighbours).or_default().push(no);
        }
        let alone = |steps: Vec<StepNo>| match steps.len() {
            0..MANY => steps.into_iter().map(|step| vec![step]).collect(),
            _ => vec![steps],
        };
        let mut members: Vec<Vec<StepNo>> = alike.into_values().flat_map(alone).collect();
        members.sort_unstable_by_key(|steps| steps[0]);
        let mut block_of = vec![0_usize; dag.len()];
        for (block, steps) in members.iter().enumerate() {
            steps.iter().for_each(|step| block_of[step.index()] = block);
        }
        let blocks = |steps: &[StepNo]| {
            let mut found: Vec<usize> = steps.iter().map(|step| block_of[step.index()]).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let parents = members.iter().map(|steps| blocks(dag.parents(steps[0]))).collect();
        let children = members.iter().map(|steps| blocks(dag.children(steps[0]))).collect();
        Self { members, parents, children }
    }

    /// Each after all that it runs after.
    pub fn in_order(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..waiting.len()).filter(|&block| waiting[block] == 0).collect();
        let mut at = 0;
        while let Some(&block) = order.get(at) {
            at += 1;
            for &child in &self.children[block] {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    order.push(child);
                }
            }
        }
        order
    }
}

fn sorted(steps: &[StepNo]) -> Vec<StepNo> {
    let mut sorted = steps.to_vec();
    sorted.sort_unstable();
    sorted
}
