//! What stands above the drawing: what it shows, in words, and what its signs mean.

use std::fmt::{Result, Write};

use super::{MARGIN, shapes};
use crate::model::dag::Shape;
use crate::model::diagram::{
    Picture, label,
    look::Look,
    text::{columns, xml},
};

/// About the width of a character of the title, and of the lines below it.
const TITLE: f64 = 9.6;
const ABOUT: f64 = 6.9;
/// From one line to the next.
const LINE: f64 = 24.0;

/// The heading, placed.
pub(super) struct Heading {
    pub width: f64,
    pub height: f64,
    /// The same for who can't see it.
    pub description: String,
    title: String,
    about: String,
    /// A sign, its words, where: from the left and from the top.
    legend: Vec<(Look, String, f64, f64)>,
}

impl Heading {
    /// Above a drawing of this width.
    pub fn of(picture: &Picture, drawing: f64) -> Self {
        let title = picture.template.full_name();
        let about = about(picture);
        let counts = counts(picture);
        let least = (columns(&title) as f64 * TITLE).max(columns(&about) as f64 * ABOUT);
        let width = least.max(drawing).max(if counts.is_empty() { 0.0 } else { 480.0 });
        let mut legend = Vec::new();
        let (mut x, mut y) = (0.0, 2.0 * LINE + 18.0);
        for (look, count) in &counts {
            let words = format!("{} {count}", look.class().replace('_', " "));
            let room = 44.0 + columns(&words) as f64 * ABOUT;
            if x > 0.0 && x + room > width {
                (x, y) = (0.0, y + LINE);
            }
            legend.push((*look, words, x, y));
            x += room;
        }
        let words: Vec<&str> = legend.iter().map(|(_, words, _, _)| words.as_str()).collect();
        let description = match words.as_slice() {
            [] => about.clone(),
            words => format!("{about}. Steps: {}.", words.join(", ")),
        };
        let height = legend.last().map_or(2.0 * LINE, |(_, _, _, y)| y + 8.0) + 20.0;
        Self { width, height, description, title, about, legend }
    }

    pub fn write(&self, svg: &mut String) -> Result {
        let (title, about) = (MARGIN + 16.0, MARGIN + 16.0 + LINE);
        writeln!(svg, r#"<text class="title" x="{MARGIN}" y="{title}">{}</text>"#, xml(&self.title))?;
        writeln!(svg, r#"<text class="about" x="{MARGIN}" y="{about}">{}</text>"#, xml(&self.about))?;
        for (look, words, x, y) in &self.legend {
            let (x, y) = (x + MARGIN, y + MARGIN);
            write!(svg, r#"<g class="{}">"#, look.class())?;
            shapes::sign(*look, x + 9.0, y - 4.0, svg)?;
            writeln!(svg, r#"<text class="more" x="{:.1}" y="{y:.1}">{}</text></g>"#, x + 24.0, xml(words))?;
        }
        Ok(())
    }
}

fn about(picture: &Picture) -> String {
    let summary = label::summary(picture);
    match &picture.run {
        Some(run) => format!("task {}, {summary}", run.task),
        None => {
            let shape = Shape::of(picture.dag());
            match shape.widest {
                0 | 1 => format!("{summary}, one after the other"),
                wide => format!("{summary}, {} levels, up to {wide} side by side", shape.depth),
            }
        }
    }
}

/// How many steps look how; nothing for a template.
fn counts(picture: &Picture) -> Vec<(Look, usize)> {
    let mut counts = vec![0_usize; Look::ALL.len()];
    for look in picture.dag().places().map(|no| Look::of(picture, no)) {
        counts[look as usize] += 1;
    }
    let used = Look::ALL.into_iter().zip(counts).filter(|(look, count)| *count > 0 && *look != Look::Plain);
    used.collect()
}
