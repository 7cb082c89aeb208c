//! What comes with a request, as the variables of the route's document. Everything that is wrong is told at once.

mod query;

use std::fmt;

use axum::http::{HeaderMap, header::HeaderName};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ready::{Kind, Known, Ready, put},
    route::{Include, Place, Written},
};
use query::{Pair, decoded};

/// Longer texts are not quoted back.
const LONGEST: usize = 100;

/// Problems that are told at once; after so many nothing more is looked at.
const MOST: usize = 20;

/// What a request asks of its route.
pub struct Input {
    /// Which of the route's documents.
    pub written: &'static Written,
    pub included: Vec<&'static Include>,
    /// A JSON object.
    pub variables: Value,
    /// Why nothing can come of it.
    pub problems: Vec<Problem>,
}

/// Something that a request must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Where in the body, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.parameter, &self.pointer) {
            (Some(parameter), _) => write!(f, "{parameter} {}", self.message),
            (None, Some(pointer)) if !pointer.is_empty() => {
                write!(f, "{pointer} in the body: {}", self.message)
            }
            _ => write!(f, "The body: {}", self.message),
        }
    }
}

/// Where values come from.
pub struct Sources<'a> {
    /// Names and values, decoded.
    pub path: &'a [(String, String)],
    /// As it is in the address.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    /// A JSON object, where the route has one.
    pub body: Option<Value>,
}

impl Ready {
    /// Reads what came. With problems the variables hold what could be read, and something that fits for what the
    /// document can't be without.
    pub fn read(&self, sources: Sources<'_>) -> Input {
        let mut reading =
            Reading { ready: self, values: Vec::new(), included: Vec::new(), problems: Vec::new() };
        reading.path(sources.path);
        reading.query(sources.query);
        reading.headers(sources.headers);
        let mut variables = json!({});
        if let (Some(known), Some(body)) = (&self.body, sources.body) {
            let misfits = known.misfits(&body).into_iter();
            reading.problems.extend(misfits.map(|misfit| Problem {
                parameter: None,
                pointer: Some(misfit.pointer),
                message: misfit.message,
            }));
            variables["input"] = body;
        }
        let written = reading.written();
        reading.finish(variables, written)
    }
}

struct Reading<'a> {
    ready: &'a Ready,
    /// Which parameters were given what.
    values: Vec<(&'a Known, Value)>,
    included: Vec<&'static Include>,
    problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    fn path(&mut self, path: &[(String, String)]) {
        for (name, text) in path {
            match self.known(Place::Path, name) {
                Some(known) => self.one(known, text),
                None => self.wrong(name, "is no parameter of this path"),
            }
        }
    }

    fn query(&mut self, query: &str) {
        let mut seen: Vec<String> = Vec::new();
        for Pair { name, value } in query::pairs(query) {
            if self.problems.len() >= MOST {
                return;
            }
            let Some(name) = name else {
                self.wrong("?", "has a name that is not UTF-8");
                continue;
            };
            if seen.contains(&name) {
                self.wrong(&name, "is given twice: write several values as one, with commas between them");
                continue;
            }
            match self.known(Place::Query, &name) {
                _ if name == "include" && !self.ready.includes.is_empty() => self.include(value),
                Some(known) => self.given(known, value),
                None => self.wrong(&name, "is not known here"),
            }
            seen.push(name);
        }
        for known in &self.ready.parameters {
            if known.required
                && known.given.place == Place::Query
                && !seen.iter().any(|name| name == known.given.name)
            {
                self.wrong(known.given.name, "is missing");
            }
        }
    }

    fn headers(&mut self, headers: &HeaderMap) {
        for known in self.ready.parameters.iter().filter(|known| known.given.place == Place::Header) {
            let Ok(name) = HeaderName::try_from(known.given.name) else { continue };
            let mut given = headers.get_all(name).iter();
            match (given.next(), given.next()) {
                (None, _) => {}
                (Some(_), Some(_)) => self.wrong(known.given.name, "is given twice"),
                (Some(value), None) => match value.to_str().ok().and_then(unquoted) {
                    Some(text) => self.one(known, &text),
                    None => self.wrong(known.given.name, "must be printable ASCII"),
                },
            }
        }
    }

    /// A parameter of the query, undecoded.
    fn given(&mut self, known: &'a Known, raw: &str) {
        let Kind::List(each) = &known.kind else {
            return match decoded(raw) {
                Some(text) => self.one(known, &text),
                None => self.wrong(known.given.name, "is not UTF-8"),
            };
        };
        let read = items(raw).map(|one| each.read(&decoded(one).ok_or("is not UTF-8")?));
        match read.collect::<Result<Vec<_>, String>>() {
            Ok(all) => self.values.push((known, json!(all))),
            Err(message) => self.wrong(known.given.name, message),
        }
    }

    fn one(&mut self, known: &'a Known, text: &str) {
        let value = match known.kind.read(text) {
            Ok(value) => value,
            Err(message) => return self.wrong(known.given.name, message),
        };
        match (known.given.range, value.as_i64()) {
            (Some((least, most)), Some(number)) if !(least..=most).contains(&number) => {
                self.wrong(known.given.name, format!("must be from {least} to {most}; it is {number}"));
            }
            _ => self.values.push((known, value)),
        }
    }

    fn include(&mut self, raw: &str) {
        for word in items(raw) {
            let word = decoded(word).unwrap_or_default();
            let known = self.ready.includes.iter().find(|(include, _)| include.name == word);
            match known {
                Some((include, _)) if self.included.iter().any(|there| there.name == include.name) => {
                    self.wrong("include", format!("names {} twice", include.name));
                }
                Some((include, _)) => self.included.push(include),
                // Not every caller may know of every word.
                None => self
                    .wrong("include", "has a word that means nothing here; /openapi.json has those that do"),
            }
        }
    }

    /// The document that is meant, and whether it takes what was given.
    fn written(&mut self) -> &'static Written {
        let given = |name: &str| self.values.iter().any(|(known, _)| known.given.name == name);
        let mut documents = self.ready.route.documents.iter().zip(&self.ready.declared);
        let meant = documents.find(|(written, _)| written.when.is_none_or(given));
        // The last of them has no condition.
        let (written, declared) = meant.unwrap_or((&self.ready.route.documents[0], &self.ready.declared[0]));
        let variable = |known: &Known| known.given.to.split('.').next().unwrap_or_default();
        let strange = self.values.iter().filter(|(known, _)| !declared.contains(variable(known)));
        let strange: Vec<&str> = strange.map(|(known, _)| known.given.name).collect();
        for name in strange {
            self.wrong(name, format!("can't be given together with {}", written.when.unwrap_or_default()));
        }
        written
    }

    fn finish(mut self, mut variables: Value, written: &'static Written) -> Input {
        for (known, value) in std::mem::take(&mut self.values) {
            let pointer = format!("/{}", known.given.to.replace('.', "/"));
            let there = variables.pointer(&pointer).filter(|there| !there.is_null());
            if known.given.place == Place::Header && there.is_some_and(|there| *there != value) {
                let other = known.given.to.trim_start_matches("input.");
                self.wrong(known.given.name, format!("is another one than {other} in the body"));
            }
            put(&mut variables, known.given.to, value);
        }
        if !self.problems.is_empty() {
            // What is asked for anyway, so that who may not do it at all is told that.
            for known in self.ready.parameters.iter().filter(|known| known.required && known.kind == Kind::Id)
            {
                let pointer = format!("/{}", known.given.to.replace('.', "/"));
                if variables.pointer(&pointer).is_none_or(|there| !there.is_string()) {
                    put(&mut variables, known.given.to, json!(Uuid::nil().to_string()));
                }
            }
        }
        Input { written, included: self.included, variables, problems: self.problems }
    }

    fn known(&self, place: Place, name: &str) -> Option<&'a Known> {
        self.ready.parameters.iter().find(|known| known.given.place == place && known.given.name == name)
    }

    fn wrong(&mut self, parameter: &str, message: impl Into<String>) {
        let mut parameter = parameter.to_owned();
        if parameter.len() > LONGEST {
            parameter.truncate(parameter.floor_char_boundary(LONGEST));
            parameter.push('…');
        }
        self.problems.push(Problem { parameter: Some(parameter), pointer: None, message: message.into() });
    }
}

/// What is between commas; nothing at all is no item.
fn items(raw: &str) -> impl Iterator<Item = &str> {
    raw.split(',').filter(move |_| !raw.is_empty())
}

/// A header as a structured field writes a text, `"k"`, or as it is.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let mut read = String::new();
    let mut characters = inner.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(read),
            '\\' => read.push(characters.next().filter(|next| ['"', '\\'].contains(next))?),
            other => read.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn a_header_is_a_text_with_or_without_quotes() {
        assert_eq!(unquoted("a-1").as_deref(), Some("a-1"));
        assert_eq!(unquoted(r#""a\"\\1""#).as_deref(), Some(r#"a"\1"#));
        for bad in [r#""a"#, r#""a"b"#, r#""a\b""#] {
            assert_eq!(unquoted(bad), None, "{bad}");
        }
    }
}
