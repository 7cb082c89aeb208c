//! The picture as a drawing: one SVG with nothing outside of itself, no script, and no name that another drawing on the
//! same page could have.

mod heading;
mod shapes;
mod style;

use std::fmt::Write;

use self::heading::Heading;
use super::{
    Layout, Picture, StepNo, label,
    layout::{Area, COLUMN, NAME_COLUMNS, SIGN},
    look::Look,
    text::{ending, shortened, xml},
};

/// Around everything.
const MARGIN: f64 = 28.0;
/// The width of a character of the second line in a box.
const SMALL: f64 = 6.1;

pub(super) fn write(picture: &Picture, layout: &Layout) -> String {
    let mut svg = String::with_capacity(2_000 + 500 * layout.parts());
    let written = compose(picture, layout, &mut svg);
    debug_assert!(written.is_ok(), "a text takes what is written");
    svg
}

fn compose(picture: &Picture, layout: &Layout, svg: &mut String) -> std::fmt::Result {
    let heading = Heading::of(picture, layout.width);
    let width = layout.width.max(heading.width) + 2.0 * MARGIN;
    let height = layout.height + heading.height + 2.0 * MARGIN;
    let (left, top) = ((width - layout.width) / 2.0, heading.height + MARGIN);
    let looks: Vec<Look> = picture.dag().places().map(|no| Look::of(picture, no)).collect();
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="tasker-diagram" role="img" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}">"#
    )?;
    writeln!(svg, "<title>{}</title>", xml(&picture.template.full_name()))?;
    writeln!(svg, "<desc>{}</desc>", xml(&heading.description))?;
    style::write(&looks, svg)?;
    writeln!(svg, r#"<rect class="page" width="100%" height="100%"/>"#)?;
    heading.write(svg)?;
    writeln!(svg, r#"<g transform="translate({left:.1} {top:.1})">"#)?;
    shapes::lines(layout, svg)?;
    for Area { x, y, width, height } in &layout.frames {
        writeln!(
            svg,
            r#"<rect class="frame" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="14"/>"#
        )?;
    }
    for ((no, area), look) in picture.dag().places().zip(&layout.boxes).zip(looks) {
        step(picture, no, look, area, svg)?;
    }
    svg.push_str("</g>\n</svg>\n");
    Ok(())
}

/// A step's box: its sign, its name and where it is. Who points at it reads all of what is shortened.
fn step(picture: &Picture, no: StepNo, look: Look, area: &Area, svg: &mut String) -> std::fmt::Result {
    let (name, details) = (picture.name(no), label::details(picture, no));
    let room = ((area.width - SIGN - 8.0) / SMALL) as usize;
    let shown = if look == Look::Plain { ending(&details, room) } else { shortened(&details, room) };
    let Area { x, y, width, height } = area;
    write!(svg, r#"<g class="{}"><title>{}: {}</title>"#, look.class(), xml(name), xml(&details))?;
    write!(
        svg,
        r#"<rect class="box" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="9"/>"#
    )?;
    shapes::sign(look, x + 20.0, y + height / 2.0, svg)?;
    let (text, upper, lower) = (x + SIGN, y + 21.0, y + 38.0);
    let most = (((width - SIGN - 8.0) / COLUMN) as usize).min(NAME_COLUMNS);
    let name = xml(&shortened(name, most));
    write!(svg, r#"<text class="name" x="{text:.1}" y="{upper:.1}">{name}</text>"#)?;
    writeln!(svg, r#"<text class="more" x="{text:.1}" y="{lower:.1}">{}</text></g>"#, xml(&shown))
}
