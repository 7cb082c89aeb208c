//! What the dependencies look like as a whole: levels, ends, an order, the longest way.

use super::Dag;
use crate::model::id::StepNo;

/// The dependencies, measured. Each part takes one pass over steps and dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The level of each step, in template order: how many steps at least are before it, one after the other.
    pub levels: Vec<u32>,
    /// Every step after all that it runs after; steps of a level side by side, in template order.
    pub order: Vec<StepNo>,
    /// Steps that run after nothing.
    pub roots: Vec<StepNo>,
    /// Steps that nothing runs after.
    pub leaves: Vec<StepNo>,
    /// How many levels there are.
    pub depth: usize,
    /// How many steps the widest level has.
    pub widest: usize,
}

impl Shape {
    /// Of these dependencies.
    pub fn of(dag: &Dag) -> Self {
        let mut waiting: Vec<usize> = dag.places().map(|no| dag.parents(no).len()).collect();
        let mut levels = vec![0_u32; dag.len()];
        let mut open: Vec<StepNo> = dag.places().filter(|&no| dag.parents(no).is_empty()).collect();
        let mut order = open.clone();
        while !open.is_empty() {
            let mut next = Vec::new();
            for &no in &open {
                for &child in dag.children(no) {
                    waiting[child.index()] -= 1;
                    if waiting[child.index()] == 0 {
                        levels[child.index()] = levels[no.index()] + 1;
                        next.push(child);
                    }
                }
            }
            next.sort_unstable();
            order.extend_from_slice(&next);
            open = next;
        }
        let depth = levels.iter().max().map_or(0, |&deepest| deepest as usize + 1);
        let mut widths = vec![0_usize; depth];
        levels.iter().for_each(|&level| widths[level as usize] += 1);
        Self {
            roots: dag.places().filter(|&no| dag.parents(no).is_empty()).collect(),
            leaves: dag.places().filter(|&no| dag.children(no).is_empty()).collect(),
            widest: widths.into_iter().max().unwrap_or(0),
            levels,
            order,
            depth,
        }
    }

    /// The heaviest chain of dependent steps, first to last, and what it weighs. Steps without a weight are in no
    /// chain. Of chains that weigh the same, one of the steps that come first in the template.
    pub fn heaviest(&self, dag: &Dag, weight: impl Fn(StepNo) -> Option<u64>) -> (Vec<StepNo>, u64) {
        let mut best: Vec<Option<(u64, Option<StepNo>)>> = vec![None; dag.len()];
        let mut end: Option<(u64, StepNo)> = None;
        for &no in &self.order {
            let Some(own) = weight(no) else { continue };
            let before = dag.parents(no).iter().filter_map(|&parent| Some((best[parent.index()]?.0, parent)));
            // The last of equals wins in `max_by_key`, and the first is wanted.
            let before = before.max_by_key(|&(total, parent)| (total, std::cmp::Reverse(parent)));
            let total = own.saturating_add(before.map_or(0, |(total, _)| total));
            best[no.index()] = Some((total, before.map(|(_, parent)| parent)));
            if end.is_none_or(|(most, _)| total > most) {
                end = Some((total, no));
            }
        }
        let Some((total, last)) = end else { return (Vec::new(), 0) };
        let back = |no: &StepNo| best[no.index()].and_then(|(_, before)| before);
        let mut chain: Vec<StepNo> = std::iter::successors(Some(last), back).collect();
        chain.reverse();
        (chain, total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dag(parents: &[&[u32]]) -> Dag {
        Dag::new(parents.iter().map(|own| own.iter().copied().map(StepNo).collect()).collect())
            .expect("acyclic")
    }

    fn numbers(steps: &[StepNo]) -> Vec<u32> {
        steps.iter().map(|no| no.0).collect()
    }

    #[test]
    fn a_template_in_any_order_has_its_levels_and_ends() {
        // 3 → 0 → 2, 3 → 2, and 1 alone.
        let dag = dag(&[&[3], &[], &[0, 3], &[]]);
        let shape = Shape::of(&dag);
        assert_eq!(shape.levels, [1, 0, 2, 0]);
        assert_eq!(numbers(&shape.order), [1, 3, 0, 2]);
        assert_eq!((numbers(&shape.roots), numbers(&shape.leaves)), (vec![1, 3], vec![1, 2]));
        assert_eq!((shape.depth, shape.widest), (3, 2));
        assert_eq!(shape.heaviest(&dag, |_| Some(1)), (vec![StepNo(3), StepNo(0), StepNo(2)], 3));
        assert_eq!(Shape::of(&Dag::default()), Shape::default());
    }

    #[test]
    fn what_has_no_weight_is_in_no_chain() {
        let dag = dag(&[&[], &[0], &[1], &[0]]);
        let shape = Shape::of(&dag);
        let weight = |no: StepNo| [Some(5), None, Some(7), Some(2)][no.index()];
        assert_eq!(shape.heaviest(&dag, weight), (vec![StepNo(0), StepNo(3)], 7));
        assert_eq!(shape.heaviest(&dag, |_| None), (vec![], 0));
    }

    proptest! {
        #[test]
        fn an_order_is_one_and_a_level_is_behind_its_parents(edges in prop::collection::vec((0_u32..40, 0_u32..40), 0..200)) {
            let mut parents = vec![std::collections::BTreeSet::new(); 40];
            for (a, b) in edges.into_iter().filter(|(a, b)| a != b) {
                parents[a.max(b) as usize].insert(StepNo(a.min(b)));
            }
            let dag = Dag::new(parents.into_iter().map(|own| own.into_iter().collect()).collect()).expect("acyclic");
            let shape = Shape::of(&dag);
            let mut place = vec![usize::MAX; 40];
            shape.order.iter().enumerate().for_each(|(at, no)| place[no.index()] = at);
            for no in dag.places() {
                let deepest = dag.parents(no).iter().map(|parent| shape.levels[parent.index()] + 1).max();
                prop_assert_eq!(shape.levels[no.index()], deepest.unwrap_or(0));
                prop_assert!(dag.parents(no).iter().all(|parent| place[parent.index()] < place[no.index()]));
            }
            let (chain, length) = shape.heaviest(&dag, |_| Some(1));
            prop_assert_eq!((chain.len(), length as usize), (shape.depth, shape.depth));
            prop_assert!(chain.windows(2).all(|pair| dag.children(pair[0]).contains(&pair[1])));
        }
    }
}
