//! Where a test's templates come from.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use crate::{
    app::template_files,
    model::template::{Limits, Problem, Severity, Template, Templates},
};

/// Template texts, and what they are read with.
#[derive(Debug, Clone)]
pub(super) struct Source {
    files: Vec<(String, String)>,
    unread: Vec<Problem>,
    pub(super) environment: String,
    pub(super) variables: BTreeMap<String, String>,
}

impl Source {
    pub(super) fn new() -> Self {
        Self {
            files: Vec::new(),
            unread: Vec::new(),
            environment: "test".to_owned(),
            variables: BTreeMap::new(),
        }
    }

    pub(super) fn add_text(&mut self, text: &str) {
        let name = match self.files.iter().filter(|(name, _)| name.starts_with("template")).count() {
            0 => "template".to_owned(),
            others => format!("template {}", others + 1),
        };
        self.files.push((name, text.to_owned()));
    }

    pub(super) fn add_file(&mut self, path: &Path) {
        match fs::read_to_string(path) {
            Ok(text) => self.files.push((path.display().to_string(), text)),
            Err(error) => self.unread(path, &format!("the file can't be read: {error}")),
        }
    }

    pub(super) fn add_folder(&mut self, path: &Path) {
        if path.is_dir() {
            self.files.extend(template_files::read(path, &mut self.unread));
        } else {
            self.unread(path, "there is no such folder");
        }
    }

    fn unread(&mut self, path: &Path, why: &str) {
        let here = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
        let why =
            if path.is_relative() { format!("{why}; this test runs in {here}") } else { why.to_owned() };
        self.unread.push(Problem {
            file: path.display().to_string(),
            line: None,
            path: String::new(),
            severity: Severity::Error,
            message: why,
        });
    }

    /// The templates, or everything that is wrong with any of them.
    ///
    /// Retries come exactly when the formula says: a wait that differs from run to run can't be told in a test.
    pub(super) fn read(&self) -> Result<Templates, Vec<Problem>> {
        let variable = |name: &str| self.variables.get(name).cloned();
        let (templates, found) =
            Templates::read(&self.files, &self.environment, &variable, Limits::default());
        let problems: Vec<Problem> =
            self.unread.iter().cloned().chain(found.into_iter().filter(Problem::is_error)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let exact = |template: &Arc<Template>| {
            let mut template = Template::clone(template);
            template.steps.iter_mut().for_each(|step| step.backoff.jitter = 0.0);
            Arc::new(template)
        };
        Ok(templates.iter().map(exact).collect())
    }
}
