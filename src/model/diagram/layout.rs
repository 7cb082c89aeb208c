//! Where everything of a drawing is: layers from top to bottom, few crossings, short lines.
//!
//! Layers by the longest way from a root, crossings reduced by barycentre sweeps, long lines led around boxes through
//! bends that all lines of a step share, and places by least squares. The crates that lay out graphs like this forget
//! the bends, so that long lines run through boxes, or don't bound what they do for ten thousand steps.
//!
//! Steps that run after the same and before the same are put into one frame: a hundred of them are a block of boxes with
//! one line in and one out, instead of a row that nobody sees the end of. Effort and bends are bounded, so the time
//! is near linear in steps and dependencies.

mod alike;
mod grid;
mod layers;
mod order;
mod place;

use self::{alike::Blocks, grid::Grid};
use super::text::columns;
use crate::model::template::Template;

/// Columns of a name that a box has room for.
pub(super) const NAME_COLUMNS: usize = 30;
/// The width of such a column.
pub(super) const COLUMN: f64 = 7.6;
/// Room for the sign on the left, and as much as it needs on the right.
pub(super) const SIGN: f64 = 38.0;
const RIGHT: f64 = 14.0;
const LEAST_WIDTH: f64 = 244.0;
const HEIGHT: f64 = 50.0;
/// Between boxes of a frame.
const CLOSE: f64 = 14.0;
/// Between a frame's border and its boxes.
const INSET: f64 = 16.0;

/// Where everything is, in pixels from the upper left corner. The same for every task of a template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The box of each step, in template order.
    pub(super) boxes: Vec<Area>,
    /// Around steps with the same dependencies and dependents.
    pub(super) frames: Vec<Area>,
    /// Lines with bends where they pass a layer.
    pub(super) lines: Vec<Line>,
    /// Lines that would have too many bends: behind everything.
    pub(super) far: Vec<Line>,
    /// The points of arrows, where lines end.
    pub(super) arrows: Vec<(f64, f64)>,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// From one layer to the next: down from `start` to the layer's edge, over to the next layer, down to `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub start: (f64, f64),
    pub leaves: f64,
    pub arrives: f64,
    pub end: (f64, f64),
}

impl Area {
    pub fn middle(&self) -> f64 {
        self.x + self.width / 2.0
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

impl Layout {
    /// Of a template, and of all its tasks.
    pub fn of(template: &Template) -> Self {
        let widths: Vec<f64> = template.steps.iter().map(|step| width(&step.name)).collect();
        let blocks = Blocks::of(&template.dag);
        let sizes: Vec<Size> = blocks.members.iter().map(|steps| Size::of(steps, &widths)).collect();
        let mut grid = Grid::of(&blocks, &layers::assign(&blocks));
        order::settle(&mut grid);
        let lanes: Vec<f64> = sizes.iter().map(|size| size.width).collect();
        let across = place::across(&grid, &lanes);
        let rows = place::down(&grid, &sizes.iter().map(|size| size.height).collect::<Vec<_>>(), &across);
        let areas: Vec<Area> = (0..blocks.members.len())
            .map(|block| {
                let (Size { width, height, .. }, row) = (sizes[block], rows[grid.row_of[block]]);
                let y = row.top + (row.bottom - row.top - height) / 2.0;
                Area { x: across[block] - width / 2.0, y, width, height }
            })
            .collect();
        let mut layout = Self { boxes: vec![Area::default(); template.steps.len()], ..Self::default() };
        for ((area, size), steps) in areas.iter().zip(&sizes).zip(&blocks.members) {
            if steps.len() > 1 {
                layout.frames.push(*area);
            }
            for (index, step) in steps.iter().enumerate() {
                layout.boxes[step.index()] = size.inside(area, index);
            }
        }
        layout.lines = grid.lines(&areas, &across, &rows);
        let far = |&(from, to): &(usize, usize)| {
            let (start, end) =
                ((areas[from].middle(), areas[from].bottom()), (areas[to].middle(), areas[to].y));
            Line { start, leaves: start.1, arrives: end.1, end }
        };
        layout.far = grid.far.iter().map(far).collect();
        let led_to = |block: &usize| !blocks.parents[*block].is_empty();
        let arrows = (0..areas.len()).filter(led_to).map(|block| (areas[block].middle(), areas[block].y));
        layout.arrows = arrows.collect();
        // A line may run outside of every box.
        let right = areas.iter().map(|area| area.x + area.width).chain(across.iter().copied());
        layout.width = right.fold(0.0, f64::max);
        layout.height = rows.last().map_or(0.0, |row| row.bottom);
        layout
    }

    /// How much memory it is, in boxes and lines.
    pub fn parts(&self) -> usize {
        self.boxes.len() + self.lines.len() + self.far.len()
    }
}

fn width(name: &str) -> f64 {
    let text = columns(name).min(NAME_COLUMNS) as f64 * COLUMN;
    (SIGN + text + RIGHT).max(LEAST_WIDTH)
}

/// The size of a block, and of the boxes in it.
#[derive(Debug, Clone, Copy)]
struct Size {
    width: f64,
    height: f64,
    one: f64,
    columns: usize,
    inset: f64,
}

impl Size {
    fn of(steps: &[crate::model::id::StepNo], widths: &[f64]) -> Self {
        let one = steps.iter().map(|step| widths[step.index()]).fold(0.0, f64::max);
        if steps.len() == 1 {
            return Self { width: one, height: HEIGHT, one, columns: 1, inset: 0.0 };
        }
        // About twice as wide as high.
        let columns = (steps.len() as f64 * 2.0 * (HEIGHT + CLOSE) / (one + CLOSE)).sqrt().ceil().max(1.0);
        let rows = (steps.len() as f64 / columns).ceil();
        let all = |count: f64, size: f64| count * (size + CLOSE) - CLOSE + 2.0 * INSET;
        let (width, height) = (all(columns, one), all(rows, HEIGHT));
        Self { width, height, one, columns: columns as usize, inset: INSET }
    }

    /// The box at `index` within the block's area.
    fn inside(&self, area: &Area, index: usize) -> Area {
        let (column, row) = ((index % self.columns) as f64, (index / self.columns) as f64);
        Area {
            x: area.x + self.inset + column * (self.one + CLOSE),
            y: area.y + self.inset + row * (HEIGHT + CLOSE),
            width: self.one,
            height: HEIGHT,
        }
    }
}

#[cfg(test)]
mod tests;
