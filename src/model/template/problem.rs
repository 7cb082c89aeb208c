//! What is wrong with a template file, said so that its author can go there and mend it.

use std::fmt;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The file as it was named to the loader.
    pub file: String,
    /// Counted from one. `None` where there is no text, as in a stored template.
    pub line: Option<u32>,
    /// Where in the document: `step_templates[2].handler_class`; empty for the whole file.
    pub path: String,
    /// Does it keep the service from starting?
    pub severity: Severity,
    /// What is wrong and, where that is known, what to write instead. Never a value that came from a variable.
    pub message: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The template can't be used.
    Error,
    /// The template can be used, but probably does not say what its author meant.
    Warning,
}

impl Problem {
    /// Keeps the template from being used.
    pub const fn is_error(&self) -> bool {
        match self.severity {
            Severity::Error => true,
            Severity::Warning => false,
        }
    }
}

/// `file:line: path: sentence`, as editors and terminals make links of it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)
    }
}

/// `; did you mean x?` for the candidate nearest to `word`, or nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    const NEAR_ENOUGH: f64 = 0.8;
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR_ENOUGH)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| format!("; did you mean {candidate}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_a_line_that_editors_can_follow() {
        let problem = Problem {
            file: "config/tasks/x.yaml".into(),
            line: Some(12),
            path: "step_templates[2].handler_clas".into(),
            severity: Severity::Error,
            message: format!("unknown key{}", did_you_mean("handler_clas", ["name", "handler_class"])),
        };
        insta::assert_snapshot!(
            problem,
            @"config/tasks/x.yaml:12: step_templates[2].handler_clas: unknown key; did you mean handler_class?"
        );
        insta::assert_snapshot!(
            Problem { line: None, path: String::new(), severity: Severity::Warning, ..problem },
            @"config/tasks/x.yaml: warning: unknown key; did you mean handler_class?"
        );
    }

    #[test]
    fn nothing_near_means_no_suggestion() {
        assert_eq!(did_you_mean("colour", ["name", "version"]), "");
    }
}
