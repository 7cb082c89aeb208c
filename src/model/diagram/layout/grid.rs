//! Blocks and the bends of lines, row by row.

use super::{Area, Line, alike::Blocks, place::Row};

/// Bends of one drawing. Beyond, the longest lines have none and run behind everything.
const MOST_BENDS: usize = 60_000;

/// What is in which row, from left to right, and joined with what in the rows above and below.
pub(super) struct Grid {
    /// How many of the items are blocks; they are the first. The others are bends.
    pub blocks: usize,
    pub rows: Vec<Vec<usize>>,
    pub row_of: Vec<usize>,
    pub up: Vec<Vec<usize>>,
    pub down: Vec<Vec<usize>>,
    /// Lines without bends although they pass layers.
    pub far: Vec<(usize, usize)>,
}

impl Grid {
    pub fn of(blocks: &Blocks, layers: &[usize]) -> Self {
        let count = layers.len();
        let depth = layers.iter().max().map_or(0, |&deepest| deepest + 1);
        let mut grid = Self {
            blocks: count,
            rows: vec![Vec::new(); depth],
            row_of: layers.to_vec(),
            up: vec![Vec::new(); count],
            down: vec![Vec::new(); count],
            far: Vec::new(),
        };
        let reach = reach(blocks, layers);
        for block in 0..count {
            grid.lead(block, &blocks.children[block], reach);
        }
        grid.fill();
        grid
    }

    pub fn is_bend(&self, item: usize) -> bool {
        item >= self.blocks
    }

    /// How much there is to do.
    pub fn size(&self) -> usize {
        self.row_of.len() + self.down.iter().map(Vec::len).sum::<usize>()
    }

    /// The lines from `block` to its children, which part where they have to.
    fn lead(&mut self, block: usize, children: &[usize], reach: usize) {
        let own = self.row_of[block];
        let (mut near, far): (Vec<usize>, Vec<usize>) =
            children.iter().partition(|&&child| self.row_of[child] - own <= reach);
        self.far.extend(far.into_iter().map(|child| (block, child)));
        near.sort_by_key(|&child| self.row_of[child]);
        let (mut last, mut row) = (block, own + 1);
        for child in near {
            while row < self.row_of[child] {
                let bend = self.row_of.len();
                self.row_of.push(row);
                self.up.push(Vec::new());
                self.down.push(Vec::new());
                self.join(last, bend);
                (last, row) = (bend, row + 1);
            }
            self.join(last, child);
        }
    }

    fn join(&mut self, above: usize, below: usize) {
        self.down[above].push(below);
        self.up[below].push(above);
    }

    /// Each row in the order in which a walk down from the roots comes by: a tree has no crossings then.
    fn fill(&mut self) {
        let mut seen = vec![false; self.row_of.len()];
        let mut open: Vec<usize> =
            (0..self.blocks).filter(|&block| self.up[block].is_empty()).rev().collect();
        while let Some(item) = open.pop() {
            if std::mem::replace(&mut seen[item], true) {
                continue;
            }
            self.rows[self.row_of[item]].push(item);
            open.extend(self.down[item].iter().rev().filter(|&&below| !seen[below]));
        }
    }

    /// From item to item, once every one has its place.
    pub fn lines(&self, areas: &[Area], across: &[f64], rows: &[Row]) -> Vec<Line> {
        let mut lines = Vec::new();
        for (from, to) in
            self.down.iter().enumerate().flat_map(|(from, to)| to.iter().map(move |&to| (from, to)))
        {
            let (above, below) = (rows[self.row_of[from]], rows[self.row_of[to]]);
            let begins = if self.is_bend(from) { above.top } else { areas[from].bottom() };
            let ends = if self.is_bend(to) { below.top } else { areas[to].y };
            lines.push(Line {
                start: (across[from], begins),
                leaves: above.bottom,
                arrives: below.top,
                end: (across[to], ends),
            });
        }
        lines
    }
}

/// Over how many layers lines may go with bends, so that there are not too many of these.
fn reach(blocks: &Blocks, layers: &[usize]) -> usize {
    let bends = |reach: usize| -> usize {
        let of = |block: usize| {
            let spans = blocks.children[block].iter().map(|&child| layers[child] - layers[block]);
            spans.filter(|&span| span <= reach).max().unwrap_or(1) - 1
        };
        (0..layers.len()).map(of).sum()
    };
    [usize::MAX, 256, 64, 16, 4].into_iter().find(|&reach| bends(reach) <= MOST_BENDS).unwrap_or(1)
}
