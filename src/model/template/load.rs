//! From the texts of all template files to the templates, and everything that is wrong with any of them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use super::{
    Template, Templates,
    build::{Built, Identity, build},
    marks::Mark,
    merge,
    path::Path,
    problem::{Problem, Severity},
    reading::{Purpose, Reading},
    variables::Vars,
    yaml,
};

/// What a file may be at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one file.
    pub max_bytes: usize,
    /// Steps of one template.
    pub max_steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 4 * 1024 * 1024, max_steps: 10_000 }
    }
}

impl Templates {
    /// Reads all files, each a path and its text, for one environment.
    ///
    /// Answers with every problem of every file, in the order of the files and their lines. A file with an error
    /// gives no template. What the *other* environments would change is checked as well, apart from their
    /// variables: a mistake in production's block is found in development.
    pub fn read(
        files: &[(String, String)],
        environment: &str,
        vars: Vars<'_>,
        limits: Limits,
    ) -> (Self, Vec<Problem>) {
        let mut read: Vec<_> =
            files.iter().map(|(file, text)| read_file(file, text, environment, vars, limits)).collect();
        refuse_duplicates(files, &mut read);
        let mut templates = Vec::new();
        let mut problems = Vec::new();
        for mut file in read {
            file.problems.sort_by_key(|problem| problem.line);
            if let Some(template) = file.template.filter(|_| !file.problems.iter().any(Problem::is_error)) {
                templates.push(Arc::new(template));
            }
            problems.append(&mut file.problems);
        }
        (templates.into_iter().collect(), problems)
    }
}

impl Template {
    /// A template as a task was created with it, from the document that is stored: same content, same digest.
    ///
    /// Variables are looked up anew, since a secret may have been replaced. One that is gone is an error only
    /// where the template itself needs it; a handler's configuration fails when it is used.
    pub fn from_document(document: &Value, vars: Vars<'_>) -> Result<Self, Vec<Problem>> {
        let marks = Mark::default();
        let reading = Reading::new("stored template", &marks, Purpose::Resume(vars));
        let built = build(&reading, document.clone(), usize::MAX);
        built.template.ok_or_else(|| reading.into_problems().into_iter().filter(Problem::is_error).collect())
    }
}

#[derive(Default)]
struct Read {
    identity: Option<Identity>,
    /// Of the template's name.
    line: Option<u32>,
    template: Option<Template>,
    problems: Vec<Problem>,
}

fn read_file(file: &str, text: &str, environment: &str, vars: Vars<'_>, limits: Limits) -> Read {
    let (document, mut problems) = yaml::read(file, text, limits.max_bytes);
    let Some(yaml::Document { value, marks }) = document else { return Read { problems, ..Read::default() } };
    let source = Reading::new(file, &marks, Purpose::Inspect);
    if value.is_null() {
        source
            .error(&Path::Root, "the file is empty; a template is a mapping with a name and step_templates");
        problems.extend(source.into_problems());
        return Read { problems, ..Read::default() };
    }
    let others = merge::environments(&source, &value);

    let (document, merged_marks) = merge::merged(&source, &value, &marks, environment);
    let reading = Reading::new(file, &merged_marks, Purpose::Load(vars));
    let Built { identity, template } = build(&reading, document, limits.max_steps);
    let line = reading.line(&Path::Root.key("name"));
    problems.extend(reading.into_problems());

    let mut told: HashSet<_> = problems.iter().map(place).collect();
    for other in others.into_iter().filter(|other| *other != environment) {
        let (document, merged_marks) = merge::merged(&source, &value, &marks, other);
        let reading = Reading::new(file, &merged_marks, Purpose::Inspect);
        build(&reading, document, limits.max_steps);
        for mut problem in reading.into_problems() {
            if !told.insert(place(&problem)) {
                continue;
            }
            if !problem.path.starts_with("environments.") {
                problem.message.push_str(&format!(" (in the environment {other})"));
            }
            problems.push(problem);
        }
    }
    problems.extend(source.into_problems());
    Read { identity, line, template, problems }
}

fn place(problem: &Problem) -> (Option<u32>, String, String) {
    (problem.line, problem.path.clone(), problem.message.clone())
}

/// Two files that define the same template: neither is used, and each names the other.
fn refuse_duplicates(files: &[(String, String)], read: &mut [Read]) {
    let mut same: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
    for (index, file) in read.iter().enumerate() {
        if let Some(identity) = &file.identity {
            same.entry(identity.clone()).or_default().push(index);
        }
    }
    for (Identity { namespace, name, version }, indices) in
        same.into_iter().filter(|(_, indices)| indices.len() > 1)
    {
        for &index in &indices {
            let others: Vec<String> = indices
                .iter()
                .filter(|other| **other != index)
                .map(|&other| match read[other].line {
                    Some(line) => format!("{}:{line}", files[other].0),
                    None => files[other].0.clone(),
                })
                .collect();
            let problem = Problem {
                file: files[index].0.clone(),
                line: read[index].line,
                path: "name".to_owned(),
                severity: Severity::Error,
                message: format!("{namespace}/{name}@{version} is also defined in {}", others.join(", ")),
            };
            read[index].problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests;
