//! Imports point one way, and files stay readable.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Each module with those it may import. `config`, `auth` and `metrics` stand beside.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("auth", &["config", "metrics", "model"]),
    ("metrics", &["model"]),
    ("telemetry", &["config", "metrics", "model"]),
    ("data", &["metrics", "model"]),
    ("outbound", &[]),
    ("events", &["config", "data", "metrics", "model", "outbound"]),
    ("orchestration", &["auth", "config", "data", "events", "metrics", "model", "outbound", "telemetry"]),
    ("graphql", &["auth", "config", "data", "events", "metrics", "model", "orchestration", "telemetry"]),
    ("rest", &["auth", "graphql", "model"]),
    ("playground", &[]),
    ("samples", &["app", "model", "orchestration"]),
    (
        "testing",
        &["app", "auth", "config", "data", "events", "metrics", "model", "orchestration", "telemetry"],
    ),
    ("prelude", &["app", "auth", "events", "model", "orchestration"]),
    (
        "app",
        &[
            "auth",
            "cli",
            "config",
            "data",
            "events",
            "graphql",
            "metrics",
            "model",
            "orchestration",
            "outbound",
            "playground",
            "rest",
            "telemetry",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "auth",
            "config",
            "data",
            "events",
            "graphql",
            "metrics",
            "model",
            "orchestration",
            "rest",
            "telemetry",
        ],
    ),
];

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (module, files) in modules() {
        let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            wrong.push(format!("src/{module} is not in the list of modules above"));
            continue;
        };
        for file in files {
            for import in imports(&fs::read_to_string(&file).expect("a source file")) {
                if import != module && !allowed.contains(&&*import) {
                    wrong.push(format!("{} imports {import}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_holds_two_ideas() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|file| (fs::read_to_string(&file).expect("a source file").lines().count(), file))
        .filter(|(lines, file)| *lines > 450 && !file.ends_with("tests.rs"))
        .map(|(lines, file)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// There each says what it requires of who calls.
#[test]
fn routes_are_added_in_one_place() {
    let mut elsewhere = Vec::new();
    for file in sources().into_iter().filter(|file| !file.ends_with("app/routes.rs")) {
        let text = fs::read_to_string(&file).expect("a source file");
        let is_test = file.ends_with("tests.rs") || file.ends_with("fixture.rs");
        // What the service is measured beside is none of its routes.
        let is_test = is_test || file.ends_with("cli/bench/list.rs");
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        if !is_test && (code.contains("Router::new") || code.contains(".nest(")) {
            elsewhere.push(file.display().to_string());
        }
    }
    assert!(elsewhere.is_empty(), "{}", elsewhere.join("\n"));
}

/// The first segments after `crate::`, also in nested braces.
fn imports(text: &str) -> Vec<String> {
    let code =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            found.extend(first_segments(list));
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

/// Of `auth::Subject, data::{a, b}}`: `auth` and `data`.
fn first_segments(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut word = String::new();
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(std::mem::take(&mut word));
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            word.push(c);
        }
    }
    found.push(word);
    let first = |word: &String| {
        word.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned()
    };
    found.iter().map(first).filter(|word| !word.is_empty()).collect()
}

fn modules() -> BTreeMap<String, Vec<PathBuf>> {
    let mut modules: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in sources() {
        let inside = file.strip_prefix(root()).expect("below src");
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        if module != "lib" && module != "main" {
            modules.entry(module).or_default().push(file);
        }
    }
    modules
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
