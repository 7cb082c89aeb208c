//! The template files below the configuration's folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    config::{Config, Variables},
    model::template::{Limits, Problem, Severity, Template, Templates},
    orchestration::handler::{Found, Handlers},
};

/// Reads and checks every template and what handlers declare, and warns of handlers that this binary does not have.
pub fn load(config: &Config, handlers: &Handlers, variables: &Variables) -> (Templates, Vec<Problem>) {
    let mut problems = Vec::new();
    let files = read(&config.templates_directory(), &mut problems);
    let limits = Limits { max_bytes: config.templates.max_file_bytes, max_steps: config.templates.max_steps };
    let vars = |name: &str| variables.get(name).map(str::to_owned);
    let (templates, found) = Templates::read(&files, config.environment.as_str(), &vars, limits);
    problems.extend(found);
    problems.extend(templates.iter().flat_map(|template| unknown_handlers(template, handlers)));
    problems.extend(handlers.mistakes().map(|(class, why)| wrong_declaration(class, why)));
    (templates, problems)
}

/// The text of every YAML file below `folder`, by its path.
pub(crate) fn read(folder: &Path, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut found = Vec::new();
    if let Err(error) = walk(folder, &mut found)
        && error.kind() != io::ErrorKind::NotFound
    {
        problems.push(problem(folder, &format!("the folder can't be read: {error}"), Severity::Error));
    }
    found.sort();
    for path in found {
        match fs::read_to_string(&path) {
            Ok(text) => files.push((path.display().to_string(), text)),
            Err(error) => {
                problems.push(problem(&path, &format!("the file can't be read: {error}"), Severity::Error))
            }
        }
    }
    files
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
    Ok(())
}

/// Steps without code here wait for a worker; a task handler without code has no hooks.
fn unknown_handlers(template: &Template, handlers: &Handlers) -> Vec<Problem> {
    let name = template.full_name();
    let mut warnings = Vec::new();
    if let Some(class) = template.task_handler_class.as_deref().filter(|class| handlers.task(class).is_none())
    {
        let message = format!("no task handler {class} is registered in this program: its hooks do not run");
        warnings.push(warning(&name, "task_handler_class", message));
    }
    for (index, step) in template.steps.iter().enumerate() {
        if matches!(handlers.find(step), Found::Worker) {
            let path = format!("step_templates[{index}].handler_class");
            let message = format!(
                "{} is not registered in this program: step {:?} waits for a worker",
                step.handler_class, step.name
            );
            warnings.push(warning(&name, &path, message));
        }
    }
    warnings
}

/// The handler is code of this program, so there is no file to go to.
fn wrong_declaration(class: &str, why: &str) -> Problem {
    Problem {
        file: format!("handler {class}"),
        line: None,
        path: "custom_events()".to_owned(),
        severity: Severity::Error,
        message: format!("the event {why}"),
    }
}

fn warning(template: &str, path: &str, message: String) -> Problem {
    Problem {
        file: template.to_owned(),
        line: None,
        path: path.to_owned(),
        severity: Severity::Warning,
        message,
    }
}

fn problem(path: &Path, message: &str, severity: Severity) -> Problem {
    Problem {
        file: path.display().to_string(),
        line: None,
        path: String::new(),
        severity,
        message: message.to_owned(),
    }
}
