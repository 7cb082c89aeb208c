//! Which layer each block is on.

use super::alike::Blocks;

/// As high as it can be; then down again where more lines lead out of it than into it, which makes them shorter.
pub(super) fn assign(blocks: &Blocks) -> Vec<usize> {
    let order = blocks.in_order();
    let mut layers = vec![0_usize; order.len()];
    for &block in &order {
        let above = blocks.parents[block].iter().map(|&parent| layers[parent] + 1);
        layers[block] = above.max().unwrap_or(0);
    }
    for &block in order.iter().rev() {
        let lowest = blocks.children[block].iter().map(|&child| layers[child] - 1).min();
        if let Some(lowest) = lowest.filter(|_| blocks.children[block].len() > blocks.parents[block].len()) {
            layers[block] = lowest;
        }
    }
    layers
}
