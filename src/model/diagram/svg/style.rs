//! Colours and letters, for light and for dark pages.

use std::fmt::{Result, Write};

use crate::model::diagram::look::{Colours, Look};

const LETTERS: &str = "\
.tasker-diagram text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}
.tasker-diagram .name{font:600 12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}
.tasker-diagram .more{font-size:11px}
.tasker-diagram .title{font-size:17px;font-weight:600}
.tasker-diagram .about{font-size:12.5px}
.tasker-diagram .box{stroke-width:1.4}
.tasker-diagram .cancelled .box{stroke-dasharray:5 4}
.tasker-diagram .sign{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.tasker-diagram .line{fill:none;stroke-width:1.5}
.tasker-diagram .far{stroke-width:1;stroke-dasharray:2 4}
.tasker-diagram .frame{fill:none;stroke-width:1.2;stroke-dasharray:6 5}
";

/// What is not a step: the page, the heading, lines, frames.
struct Paper {
    page: &'static str,
    ink: &'static str,
    soft: &'static str,
    line: &'static str,
}

const LIGHT: Paper = Paper { page: "#ffffff", ink: "#1b2733", soft: "#566272", line: "#8492a3" };
const DARK: Paper = Paper { page: "#0d1117", ink: "#e6edf3", soft: "#9aa7b5", line: "#6b7989" };

/// The style sheet for boxes that look like these.
pub(super) fn write(looks: &[Look], svg: &mut String) -> Result {
    svg.push_str("<style>\n");
    svg.push_str(LETTERS);
    let used: Vec<Look> = Look::ALL.into_iter().filter(|look| looks.contains(look)).collect();
    colours(&LIGHT, &used, Look::light, svg)?;
    svg.push_str("@media (prefers-color-scheme:dark){\n");
    colours(&DARK, &used, Look::dark, svg)?;
    svg.push_str("}\n</style>\n");
    Ok(())
}

fn colours(paper: &Paper, used: &[Look], of: impl Fn(Look) -> Colours, svg: &mut String) -> Result {
    let Paper { page, ink, soft, line } = paper;
    writeln!(svg, ".tasker-diagram .page{{fill:{page}}}")?;
    writeln!(svg, ".tasker-diagram .title{{fill:{ink}}}")?;
    writeln!(svg, ".tasker-diagram .about{{fill:{soft}}}")?;
    writeln!(svg, ".tasker-diagram .line,.tasker-diagram .frame{{stroke:{line}}}")?;
    writeln!(svg, ".tasker-diagram .arrow{{fill:{line}}}")?;
    for look in used {
        let (class, Colours { ground, border, text }) = (look.class(), of(*look));
        writeln!(svg, ".tasker-diagram .{class} .box{{fill:{ground};stroke:{border}}}")?;
        writeln!(svg, ".tasker-diagram .{class} .sign{{stroke:{border}}}")?;
        writeln!(svg, ".tasker-diagram .{class} text{{fill:{text}}}")?;
    }
    Ok(())
}
