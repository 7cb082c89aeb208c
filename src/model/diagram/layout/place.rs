//! How far to the right each item is, and how far down each row.

use super::grid::Grid;

/// Between boxes side by side.
const BESIDE: f64 = 30.0;
/// Room for a line between boxes.
const LANE: f64 = 10.0;
/// Between two rows at least, and at most.
const GAP: (f64, f64) = (52.0, 170.0);
/// Items and lines that are looked at for one drawing.
const EFFORT: usize = 3_000_000;

/// A row's upper and lower edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub top: f64,
    pub bottom: f64,
}

/// The middle of each item. Row by row, down and up again and again, each item goes to the middle of its neighbours as
/// far as there is room: least squares, with the order and the distances given.
pub(super) fn across(grid: &Grid, widths: &[f64]) -> Vec<f64> {
    let half = |item: usize| if grid.is_bend(item) { LANE / 2.0 } else { widths[item] / 2.0 };
    let room = |left: usize, right: usize| {
        let lines = grid.is_bend(left) && grid.is_bend(right);
        half(left) + half(right) + if lines { LANE / 2.0 } else { BESIDE }
    };
    let offsets: Vec<Vec<f64>> = grid
        .rows
        .iter()
        .map(|row| {
            let steps = row.windows(2).scan(0.0, |sum, pair| {
                *sum += room(pair[0], pair[1]);
                Some(*sum)
            });
            std::iter::once(0.0).chain(steps).take(row.len()).collect()
        })
        .collect();
    let mut at = vec![0.0; grid.row_of.len()];
    for (row, offsets) in grid.rows.iter().zip(&offsets) {
        let middle = offsets.last().map_or(0.0, |last| last / 2.0);
        row.iter().zip(offsets).for_each(|(&item, offset)| at[item] = offset - middle);
    }
    let rounds = (EFFORT / grid.size().max(1)).clamp(4, 30);
    for round in 0..rounds {
        let last = round + 2 >= rounds;
        for index in 0..grid.rows.len() {
            let downwards = round % 2 == 0;
            let index = if downwards { index } else { grid.rows.len() - 1 - index };
            settle(
                grid,
                &grid.rows[index],
                &offsets[index],
                (downwards || last, !downwards || last),
                &mut at,
            );
        }
    }
    let left = (0..at.len()).map(|item| at[item] - half(item)).fold(f64::INFINITY, f64::min);
    at.iter_mut().for_each(|middle| *middle -= left);
    at
}

/// One row, by its neighbours above, below, or both.
fn settle(grid: &Grid, row: &[usize], offsets: &[f64], (above, below): (bool, bool), at: &mut [f64]) {
    let mut wishes = Vec::with_capacity(row.len());
    for (&item, offset) in row.iter().zip(offsets) {
        let (mut sum, mut pull) = (0.0, 0.0);
        let up = grid.up[item].iter().filter(|_| above);
        for &other in up.chain(grid.down[item].iter().filter(|_| below)) {
            let weight = match (grid.is_bend(item), grid.is_bend(other)) {
                // A line is to be straight.
                (true, true) => 8.0,
                (true, false) | (false, true) => 2.0,
                (false, false) => 1.0,
            };
            sum += at[other] * weight;
            pull += weight;
        }
        // What nothing pulls would rather stay.
        let (wish, weight) = if pull > 0.0 { (sum / pull, pull) } else { (at[item], 0.05) };
        wishes.push((wish - offset, weight));
    }
    for ((&item, offset), place) in row.iter().zip(offsets).zip(rising(&wishes)) {
        at[item] = place + offset;
    }
}

/// The numbers that never fall and are nearest to these, by their weights: neighbours that would fall become one.
fn rising(wishes: &[(f64, f64)]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(wishes.len());
    for &(wish, weight) in wishes {
        let mut pool = (wish, weight, 1);
        while let Some(&(before, heavy, count)) = pools.last().filter(|last| last.0 > pool.0) {
            pools.pop();
            let weight = heavy + pool.1;
            pool = ((before * heavy + pool.0 * pool.1) / weight, weight, count + pool.2);
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

/// The rows, with room for lines that go far to the side.
pub(super) fn down(grid: &Grid, heights: &[f64], across: &[f64]) -> Vec<Row> {
    let mut top = 0.0;
    let mut rows = Vec::with_capacity(grid.rows.len());
    for row in &grid.rows {
        let height = row.iter().filter(|&&item| !grid.is_bend(item)).map(|&item| heights[item]);
        let bottom = top + height.fold(0.0, f64::max);
        rows.push(Row { top, bottom });
        let lines = row.iter().flat_map(|&item| grid.down[item].iter().map(move |&below| (item, below)));
        let widest = lines.map(|(item, below)| (across[item] - across[below]).abs()).fold(0.0, f64::max);
        top = bottom + (GAP.0 + widest * 0.06).min(GAP.1);
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_fall_meets_in_the_middle() {
        assert_eq!(rising(&[(0.0, 1.0), (4.0, 1.0), (2.0, 1.0), (9.0, 1.0)]), [0.0, 3.0, 3.0, 9.0]);
        assert_eq!(rising(&[(4.0, 3.0), (0.0, 1.0)]), [3.0, 3.0]);
    }

    proptest! {
        #[test]
        fn it_rises_and_keeps_the_weight_where_it_was(wishes in prop::collection::vec((-1e3_f64..1e3, 0.1_f64..10.0), 0..50)) {
            let settled = rising(&wishes);
            prop_assert!(settled.is_sorted_by(|one, other| one <= other));
            let moved: f64 = wishes.iter().zip(&settled).map(|((wish, weight), place)| (wish - place) * weight).sum();
            prop_assert!(moved.abs() < 1e-6);
        }
    }
}
