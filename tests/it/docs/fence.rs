//! Markdown, as far as it is needed: fences, links and what stands in backticks.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page of the guide.
pub struct Page {
    pub path: PathBuf,
    pub fences: Vec<Fence>,
    pub links: Vec<String>,
    /// What links may end in: `a-heading` of `## A heading`.
    pub anchors: Vec<String>,
    /// What stands in backticks, with its line.
    pub spans: Vec<(usize, String)>,
}

/// What stands between two fences.
pub struct Fence {
    pub file: String,
    pub line: usize,
    /// The first word after the opening fence.
    pub language: String,
    pub text: String,
}

impl Page {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a page");
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let (mut fences, mut links) = (Vec::new(), Vec::new());
        let (mut anchors, mut spans) = (Vec::new(), Vec::new());
        let mut open: Option<Fence> = None;
        for (line, text) in (1..).zip(text.lines()) {
            match (open.as_mut(), text.trim_start().strip_prefix("```")) {
                (None, Some(info)) => {
                    let language = info.split([' ', ',']).next().unwrap_or_default().to_owned();
                    open = Some(Fence { file: file.clone(), line, language, text: String::new() });
                }
                (Some(_), Some(_)) => fences.extend(open.take()),
                (Some(fence), None) => {
                    fence.text.push_str(text);
                    fence.text.push('\n');
                }
                (None, None) => {
                    anchors.extend(text.strip_prefix('#').map(anchor));
                    links.extend(targets(text));
                    let quoted = text.split('`').skip(1).step_by(2);
                    spans.extend(quoted.map(|span| (line, span.to_owned())));
                }
            }
        }
        assert!(open.is_none(), "{file}: a fence is not closed");
        Self { path: path.to_owned(), fences, links, anchors, spans }
    }
}

/// As GitHub makes it of a heading.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
}

/// `b` of `[a](b)`.
fn targets(line: &str) -> Vec<String> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.to_owned())
        .collect()
}
