//! The guide says nothing that is not so: everything between fences in README.md, docs/ and the workers'
//! pages is read, run or looked up.

mod code;
mod curl;
mod fence;
mod names;
mod service;
mod shell;
mod signed;
mod yaml;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tasker::{auth::Policy, graphql::Code, model::event::EventName};

use self::{
    code::Sources,
    fence::{Fence, Page},
    names::Names,
    service::Documents,
};

/// Where it stands, and what is wrong with it.
type Complaint = String;

#[tokio::test]
async fn everything_between_fences_is_so() {
    let (sources, mut complaints) = (Sources::read(), Vec::new());
    let documents = Documents::start().await;
    let pages = pages();
    assert!(pages.len() > 1, "there is a guide");
    for fence in pages.iter().flat_map(|page| &page.fences) {
        let checked = match fence.language.as_str() {
            "yaml" => yaml::check(&fence.text),
            "sh" => match shell::check(&fence.text) {
                Ok(requests) => documents.run_curls(&requests).await,
                Err(why) => Err(why),
            },
            "json" => serde_json::from_str::<serde_json::Value>(&fence.text)
                .map(drop)
                .map_err(|error| error.to_string()),
            "csv" => policy(&fence.text),
            "rust" => sources.check("rs", &fence.text),
            "python" => sources.check("py", &fence.text),
            "typescript" => sources.check("ts", &fence.text),
            "graphql" => documents.run(&fence.text).await.map(drop),
            other => Err(format!("nobody checks a fence of the language {other:?}")),
        };
        complaints.extend(checked.err().map(|why| complaint(fence, &why)));
    }
    let names = Names::read(documents.page("/metrics").await.expect("metrics"));
    // What a library of another language has its own names for is not looked up here.
    let libraries = ["python/README.md", "typescript/README.md"];
    for page in pages.iter().filter(|page| !libraries.iter().any(|own| page.path.ends_with(own))) {
        for (line, span) in &page.spans {
            let checked = match names.check(span) {
                Ok(Some(path)) => documents.page(&path).await.map(drop),
                Ok(None) => Ok(()),
                Err(why) => Err(why),
            };
            complaints
                .extend(checked.err().map(|why| format!("{}:{line}: `{span}`: {why}", page.path.display())));
        }
    }
    documents.stop().await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn links_lead_somewhere() {
    let mut broken: Vec<Complaint> = Vec::new();
    let pages = pages();
    for page in &pages {
        let folder = page.path.parent().expect("a folder");
        for link in page.links.iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if file.is_empty() { page.path.clone() } else { folder.join(file) };
            let target = path.canonicalize();
            let other = pages.iter().find(|one| target.as_ref().is_ok_and(|path| one.path == *path));
            let has_anchor =
                anchor.is_empty() || other.is_some_and(|one| one.anchors.iter().any(|own| own == anchor));
            if target.is_err() || !has_anchor {
                broken.push(format!("{}: there is no {link}", page.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What a reader looks up is there whole: every code that an answer may have, every event that is Tasker's own.
#[test]
fn lists_are_whole() {
    let pages = pages();
    let missing = |page: &str, wanted: &[&str]| {
        let page = pages.iter().find(|one| one.path.ends_with(page)).expect(page);
        let is_there = |name: &str| page.spans.iter().any(|(_, span)| span == name);
        wanted.iter().filter(|name| !is_there(name)).map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(missing("docs/api.md", &codes), Vec::<String>::new());
    assert_eq!(missing("docs/events.md", EventName::SYSTEM), Vec::<String>::new());
}

fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().expect("a folder");
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("docs"))
        .expect("the guide")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    paths.insert(0, root.join("README.md"));
    paths.extend(
        ["", "python/", "typescript/"].map(|at| root.join(format!("examples/workers/{at}README.md"))),
    );
    paths.iter().map(|path| Page::read(path)).collect()
}

/// A policy has nothing wrong with it, not even a warning.
fn policy(text: &str) -> Result<(), Complaint> {
    let read = Policy::read("policy.csv", text);
    let problems = read.map(|policy| policy.warnings().to_vec()).unwrap_or_else(|problems| problems);
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

fn complaint(fence: &Fence, why: &str) -> Complaint {
    format!("{}:{}: {why}\n{}", fence.file, fence.line, fence.text)
}
