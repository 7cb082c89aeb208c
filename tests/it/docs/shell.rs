//! Command lines: those of `tasker` are parsed by it, what `curl` sends is sent, the others begin in a way that is known
//! to work.

use tasker::cli;

use super::curl::Curl;

/// How other lines may begin. Cargo's subcommands and the repository's own scripts.
const KNOWN: &[&[&str]] = &[
    &["cargo", "add"],
    &["cargo", "bench"],
    &["cargo", "build"],
    &["cargo", "test"],
    &["bash", ".ci/run"],
    &["cd"],
    &["docker", "compose", "up"],
    &["export"],
    &["git", "clone"],
    &["kill", "-HUP"],
    &["kill", "-TERM"],
    &["node", "examples/workers/typescript/run.js"],
    &["npm", "ci"],
    &["npm", "run", "build"],
    &["npm", "test"],
    &["openssl", "rand"],
    &["pg_dump", "--format=custom", "--file"],
    &["pip", "install"],
    &["pytest"],
    &["python3", "examples/workers/python/run.py"],
    &["sqlite3", "tasker.db", ".backup tasker-backup.db"],
];

/// The requests that are sent; or what is wrong with a line.
pub fn check(text: &str) -> Result<Vec<Curl>, String> {
    let mut requests = Vec::new();
    for line in commands(text) {
        // Comments are the shell's business; `shlex` leaves them out.
        let words = shlex::split(&line).ok_or_else(|| format!("the quotes of {line:?} don't match"))?;
        for command in words.split(|word| word == "&&") {
            requests.extend(one(command)?);
        }
    }
    Ok(requests)
}

/// Lines as the shell sees them: quotes and backslashes go on.
fn commands(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        open.push_str(line.strip_suffix('\\').unwrap_or(line));
        let goes_on = line.ends_with('\\') || open.matches('\'').count() % 2 == 1;
        open.push(if goes_on && !line.ends_with('\\') { '\n' } else { ' ' });
        if !goes_on {
            found.push(std::mem::take(&mut open));
        }
    }
    found.push(open);
    found.retain(|line| !line.trim().is_empty());
    found
}

fn one(command: &[String]) -> Result<Option<Curl>, String> {
    let is_variable = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let words: Vec<&str> = command.iter().skip_while(is_variable).map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(None),
        ["tasker", own @ ..] => understood(own),
        ["cargo", "run", rest @ ..] => match rest.iter().position(|word| *word == "--") {
            Some(at) => understood(&rest[at + 1..]),
            None => Ok(None),
        },
        ["curl", rest @ ..] => Curl::read(rest).map(Some),
        other if KNOWN.iter().any(|known| other.starts_with(known)) => Ok(None),
        other => Err(format!("nobody knows whether `{}` works", other.join(" "))),
    }
}

fn understood(words: &[&str]) -> Result<Option<Curl>, String> {
    cli::understand(words.iter().copied()).map(|()| None)
}
