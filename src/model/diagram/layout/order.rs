//! The order within each row: with few crossings.

use super::grid::Grid;

/// Items and lines that are looked at for one drawing.
const EFFORT: usize = 1_500_000;
/// Rows longer than this are not looked at pair by pair.
const SHORT: usize = 300;

/// Sweeps down and up, each row by the middle of its neighbours, and keeps the best that was seen.
pub(super) fn settle(grid: &mut Grid) {
    let sweeps = (EFFORT / grid.size().max(1)).clamp(2, 20);
    let mut places = places(grid);
    let mut best = (crossings(grid, &places), grid.rows.clone());
    for sweep in 0..sweeps {
        if best.0 == 0 {
            break;
        }
        let downwards = sweep % 2 == 0;
        for row in 0..grid.rows.len() {
            let row = if downwards { row } else { grid.rows.len() - 1 - row };
            sort(grid, row, downwards, &mut places);
        }
        swap(grid, &mut places);
        let now = crossings(grid, &places);
        if now < best.0 {
            best = (now, grid.rows.clone());
        }
    }
    grid.rows = best.1;
}

/// The place of each item in its row.
fn places(grid: &Grid) -> Vec<usize> {
    let mut places = vec![0; grid.row_of.len()];
    for row in &grid.rows {
        row.iter().enumerate().for_each(|(place, &item)| places[item] = place);
    }
    places
}

fn sort(grid: &mut Grid, row: usize, downwards: bool, places: &mut [usize]) {
    let joined = if downwards { &grid.up } else { &grid.down };
    let middle = |item: usize| match joined[item].as_slice() {
        // What is joined with nothing there stays where it is.
        [] => places[item] as f64,
        some => some.iter().map(|&other| places[other] as f64).sum::<f64>() / some.len() as f64,
    };
    let mut keyed: Vec<(f64, usize)> = grid.rows[row].iter().map(|&item| (middle(item), item)).collect();
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (place, (_, item)) in keyed.iter().enumerate() {
        places[*item] = place;
        grid.rows[row][place] = *item;
    }
}

/// Neighbours change places where that undoes crossings.
fn swap(grid: &mut Grid, places: &mut [usize]) {
    let Grid { rows, up, down, .. } = grid;
    for row in rows.iter_mut().filter(|row| row.len() <= SHORT) {
        for at in 1..row.len() {
            let (left, right) = (row[at - 1], row[at]);
            let cost = |one: usize, other: usize, places: &[usize]| {
                between(&up[one], &up[other], places) + between(&down[one], &down[other], places)
            };
            if cost(right, left, places) < cost(left, right, places) {
                row.swap(at - 1, at);
                places.swap(left, right);
            }
        }
    }
}

/// How many lines of the left one cross lines of the right one.
fn between(left: &[usize], right: &[usize], places: &[usize]) -> usize {
    // Few lines each, or it is not worth it.
    if left.len() * right.len() > 1_000 {
        return 0;
    }
    let crossed = |&one: &usize| right.iter().filter(|&&other| places[other] < places[one]).count();
    left.iter().map(crossed).sum()
}

/// How often lines cross, between all rows.
fn crossings(grid: &Grid, places: &[usize]) -> u64 {
    let mut total = 0;
    for pair in grid.rows.windows(2) {
        let mut seen = Counts::new(pair[1].len());
        for below in pair[0].iter().map(|&item| &grid.down[item]) {
            total += below.iter().map(|&item| seen.behind(places[item])).sum::<u64>();
            below.iter().for_each(|&item| seen.add(places[item]));
        }
    }
    total
}

/// Counts places, and how many were counted behind one: a binary indexed tree.
struct Counts {
    sums: Vec<u64>,
    all: u64,
}

impl Counts {
    fn new(places: usize) -> Self {
        Self { sums: vec![0; places + 1], all: 0 }
    }

    fn add(&mut self, place: usize) {
        self.all += 1;
        let mut at = place + 1;
        while let Some(sum) = self.sums.get_mut(at) {
            *sum += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn behind(&self, place: usize) -> u64 {
        let (mut at, mut before) = (place + 1, 0);
        while at > 0 {
            before += self.sums[at];
            at &= at - 1;
        }
        self.all - before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grid(upper: usize, lower: usize, lines: &[(usize, usize)]) -> Grid {
        let count = upper + lower;
        let mut grid = Grid {
            blocks: count,
            rows: vec![(0..upper).collect(), (upper..count).collect()],
            row_of: (0..count).map(|item| usize::from(item >= upper)).collect(),
            up: vec![Vec::new(); count],
            down: vec![Vec::new(); count],
            far: Vec::new(),
        };
        for &(from, to) in lines {
            grid.down[from].push(upper + to);
            grid.up[upper + to].push(from);
        }
        grid
    }

    proptest! {
        #[test]
        fn crossings_are_counted_as_one_by_one_and_never_become_more(lines in prop::collection::btree_set((0_usize..8, 0_usize..9), 0..40)) {
            let lines: Vec<_> = lines.into_iter().collect();
            let mut grid = grid(8, 9, &lines);
            let naive = lines.iter().enumerate().flat_map(|(at, one)| lines[at + 1..].iter().map(move |other| (one, other)));
            let naive = naive.filter(|(one, other)| (one.0 < other.0 && one.1 > other.1) || (one.0 > other.0 && one.1 < other.1));
            let before = crossings(&grid, &places(&grid));
            prop_assert_eq!(before, naive.count() as u64);
            settle(&mut grid);
            prop_assert!(crossings(&grid, &places(&grid)) <= before);
        }
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        let mut crossed = grid(3, 3, &[(0, 2), (1, 1), (2, 0)]);
        settle(&mut crossed);
        assert_eq!(crossings(&crossed, &places(&crossed)), 0);
    }
}
