//! Lines with their arrows, and the signs of a step's place.

use std::fmt::{Result, Write};

use crate::model::diagram::{
    layout::{Layout, Line},
    look::Look,
};

/// Behind the boxes: long lines first, then the others, then the arrows' heads.
pub(super) fn lines(layout: &Layout, svg: &mut String) -> Result {
    path("line far", &layout.far, svg)?;
    path("line", &layout.lines, svg)?;
    if layout.arrows.is_empty() {
        return Ok(());
    }
    svg.push_str(r#"<path class="arrow" d=""#);
    for (x, y) in &layout.arrows {
        write!(svg, "M{x:.1} {y:.1}l-4.5 -9h9z")?;
    }
    svg.push_str("\"/>\n");
    Ok(())
}

fn path(class: &str, lines: &[Line], svg: &mut String) -> Result {
    if lines.is_empty() {
        return Ok(());
    }
    write!(svg, r#"<path class="{class}" d=""#)?;
    for Line { start, leaves, arrives, end } in lines {
        write!(svg, "M{:.1} {:.1}", start.0, start.1)?;
        if leaves - start.1 > 0.05 {
            write!(svg, "V{leaves:.1}")?;
        }
        if (start.0 - end.0).abs() < 0.5 {
            write!(svg, "V{:.1}", end.1)?;
            continue;
        }
        let middle = f64::midpoint(*leaves, *arrives);
        write!(svg, "C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {arrives:.1}", start.0, end.0, end.0)?;
        if end.1 - arrives > 0.05 {
            write!(svg, "V{:.1}", end.1)?;
        }
    }
    svg.push_str("\"/>\n");
    Ok(())
}

/// A sign about `x` and `y`: each has a shape of its own, so that nobody needs its colour.
pub(super) fn sign(look: Look, x: f64, y: f64, svg: &mut String) -> Result {
    const RING: &str = "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0";
    let inside = match look {
        // A box on a line.
        Look::Plain => "m0 -9v4m-5 0h10v10h-10zm5 10v4",
        Look::Pending => RING,
        // A clock.
        Look::Waiting => "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0m8 -5v5l3.5 2.5",
        // An arrow that goes on.
        Look::InProgress => "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0m5.5 -3.8v7.6l6.2 -3.8z",
        Look::Complete => "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0m4.2 0.4l2.8 2.8l5 -5.6",
        // An exclamation mark in a triangle.
        Look::Error => "m0 -8.5l9 15.5h-18zm0 5.5v4.6m0 2.6v.1",
        Look::Cancelled => "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0m2.4 -5.6l11.2 11.2",
        // A check mark by hand, in a square.
        Look::Resolved => "m-7.5 -7.5h15v15h-15zm3.6 7.9l2.8 2.8l5 -5.6",
    };
    write!(svg, r#"<path class="sign" d="M{x:.1} {y:.1}{inside}"/>"#)
}
