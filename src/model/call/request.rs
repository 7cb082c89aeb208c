//! The request of one attempt: every text of the configuration put in words.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use url::Url;

use super::{Fault, Keep, Mistake, Scope, Secrets, language, url as address};
use crate::model::template::Vars;

/// What a request may do.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Header fields that belong to the connection, or say whom the request is for.
const NOT_OURS: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authorization",
];

const FORM: &str = "application/x-www-form-urlencoded";

/// What is to be sent, and what is to be made of the answer.
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Without a user, and without a fragment.
    pub url: Url,
    /// Those that the template gives, checked, with names in lower case; and what the body is.
    pub headers: Vec<(String, String)>,
    /// None is sent where there is none.
    pub body: Option<Vec<u8>>,
    /// How long the exchange may take; as long as the attempt, without one.
    pub timeout: Option<Duration>,
    /// Statuses that are a success; 2xx where there are none.
    pub expect: Vec<u16>,
    /// What is left of the answer.
    pub keep: Keep,
    /// Bytes that the answer may have; as the service is set, without it.
    pub max_response_bytes: Option<usize>,
    /// Whether it may go to private networks; as the service is set, without it.
    pub allow_private_networks: Option<bool>,
    /// How messages call it: the method and the address as the template has it, without query and user.
    pub shown: String,
    /// What variables held.
    pub secrets: Secrets,
}

/// Headers and body may hold what variables hold.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.shown)
    }
}

/// Makes the request of `config`, which is as the template has it; `resolved` has its variables put in, for what is
/// no text.
pub fn prepare(config: &Value, resolved: &Value, vars: Vars<'_>, scope: &Scope) -> Result<Request, Mistake> {
    let mut secrets = Secrets::default();
    let written = config.get("url").and_then(Value::as_str).unwrap_or_default();
    let address::Address { mut url, user } =
        address::address(written, vars, scope, &mut secrets).map_err(|fault| fault.at("url"))?;
    let mut words = Words { vars, scope, secrets: &mut secrets, left: language::MOST_BYTES };

    words.params(config.get("params"), &mut url)?;
    let mut headers = words.headers(config.get("headers"))?;
    if let Some(user) = user
        && !headers.iter().any(|(name, _)| name == "authorization")
    {
        headers.push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(user))));
    }
    let body = match config.get("body").filter(|body| !body.is_null()) {
        Some(body) => Some(body_of(words.json("body", body)?, &mut headers)?),
        None => None,
    };
    let method = match resolved.get("method").and_then(Value::as_str) {
        Some(method) => method.trim().to_ascii_uppercase(),
        None if body.is_some() => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    if !METHODS.contains(&method.as_str()) {
        return Err(Fault::Wrong(format!("must be one of {}", METHODS.join(", "))).at("method"));
    }
    let settings = Settings(resolved);
    Ok(Request {
        shown: format!("{method} {}", shown(written)),
        method,
        url,
        headers,
        body,
        timeout: settings.timeout()?,
        expect: settings.expect()?,
        keep: match resolved.get("results").filter(|results| !results.is_null()) {
            Some(results) => Keep::read(results).map_err(|why| Fault::Wrong(why).at("results"))?,
            None => Keep::All,
        },
        max_response_bytes: settings.number("max_response_bytes")?.map(|bytes: u64| bytes as usize),
        allow_private_networks: settings.number("allow_private_networks")?,
        secrets,
    })
}

/// The address as the template has it, as far as anybody may see it.
fn shown(written: &str) -> String {
    let end = written.find(['?', '#']).unwrap_or(written.len());
    let address = written[..end].trim();
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
            format!("{scheme}://{host}{}", &rest[end..])
        }
        None => address.to_owned(),
    }
}

/// Puts texts into words, all of them within one bound.
struct Words<'a> {
    vars: Vars<'a>,
    scope: &'a Scope,
    secrets: &'a mut Secrets,
    left: usize,
}

impl Words<'_> {
    fn text(&mut self, path: &str, written: &str) -> Result<Value, Mistake> {
        let value = language::value(written, self.vars, self.scope, self.secrets);
        let value = value.map_err(|fault| fault.at(path))?;
        let size = value.as_str().map_or_else(|| value.to_string().len(), str::len);
        let most = language::MOST_BYTES;
        self.left = self
            .left
            .checked_sub(size)
            .ok_or_else(|| Fault::Wrong(format!("the request comes to more than {most} bytes")).at(path))?;
        Ok(value)
    }

    /// Every text in a value.
    fn json(&mut self, path: &str, value: &Value) -> Result<Value, Mistake> {
        Ok(match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(written) => self.text(path, written)?,
            Value::Array(items) => {
                let mut made = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    made.push(self.json(&format!("{path}[{index}]"), item)?);
                }
                Value::Array(made)
            }
            Value::Object(entries) => {
                let mut made = Map::new();
                for (key, item) in entries {
                    made.insert(key.clone(), self.json(&format!("{path}.{key}"), item)?);
                }
                Value::Object(made)
            }
        })
    }

    /// Adds them to the query. A list is the same name several times, nothing is no parameter.
    fn params(&mut self, params: Option<&Value>, url: &mut Url) -> Result<(), Mistake> {
        for (name, value) in params.and_then(Value::as_object).into_iter().flatten() {
            let path = format!("params.{name}");
            let values = match self.json(&path, value)? {
                Value::Array(values) => values,
                one => vec![one],
            };
            for value in values {
                if let Some(text) = scalar(&value).map_err(|fault| fault.at(&path))? {
                    url.query_pairs_mut().append_pair(name, &text);
                }
            }
        }
        Ok(())
    }

    fn headers(&mut self, headers: Option<&Value>) -> Result<Vec<(String, String)>, Mistake> {
        let mut made = Vec::new();
        for (name, value) in headers.and_then(Value::as_object).into_iter().flatten() {
            let path = format!("headers.{name}");
            header_name(name).map_err(|why| Fault::Wrong(why).at(&path))?;
            let value = self.json(&path, value)?;
            let Some(text) = scalar(&value).map_err(|fault| fault.at(&path))? else { continue };
            if text.chars().any(|c| c.is_control() && c != '\t') {
                let why = "has a line break or another character that no header can have";
                return Err(Fault::wrong(why).at(&path));
            }
            made.push((name.to_ascii_lowercase(), text));
        }
        Ok(made)
    }
}

/// Whether a header can be called so; if not, why.
pub(super) fn header_name(name: &str) -> Result<(), String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err("is no name of a header: it has letters, digits and `-`".to_owned());
    }
    if NOT_OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err("is set by the connection, and can't be given".to_owned());
    }
    Ok(())
}

/// A value that stands in a header or a parameter; none where it is nothing.
fn scalar(value: &Value) -> Result<Option<String>, Fault> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Array(_) => Err(Fault::wrong("gives a list, and text, a number, true or false is needed")),
        Value::Object(_) => Err(Fault::wrong("gives a mapping, and text, a number, true or false is needed")),
    }
}

/// Text as it is, a form where the header says so, anything else as JSON.
fn body_of(body: Value, headers: &mut Vec<(String, String)>) -> Result<Vec<u8>, Mistake> {
    let declared = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.clone());
    let is_form = declared.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().starts_with(FORM));
    let (kind, bytes) = match body {
        Value::String(text) => ("text/plain; charset=utf-8", text.into_bytes()),
        Value::Object(fields) if is_form => (FORM, form(&fields)?.into_bytes()),
        other => ("application/json", other.to_string().into_bytes()),
    };
    if declared.is_none() {
        headers.push(("content-type".to_owned(), kind.to_owned()));
    }
    Ok(bytes)
}

fn form(fields: &Map<String, Value>) -> Result<String, Mistake> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            if let Some(text) = scalar(value).map_err(|fault| fault.at(format!("body.{name}")))? {
                form.append_pair(name, &text);
            }
        }
    }
    Ok(form.finish())
}

/// Keys that are no texts. A variable gives text, also for a number.
struct Settings<'a>(&'a Value);

impl Settings<'_> {
    fn number<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Mistake> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| Fault::wrong("can't be read").at(key)),
        }
    }

    fn timeout(&self) -> Result<Option<Duration>, Mistake> {
        let seconds: Option<f64> = self.number("timeout")?;
        let limit = |seconds: f64| Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero());
        seconds
            .map(|seconds| limit(seconds).ok_or_else(|| Fault::wrong("must be more than 0").at("timeout")))
            .transpose()
    }

    fn expect(&self) -> Result<Vec<u16>, Mistake> {
        let statuses = match self.0.get("expect") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(statuses)) => statuses.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let status = |value| read(value).filter(|status| (100..=599).contains(status));
        let wrong = || Fault::wrong("must be HTTP statuses from 100 to 599").at("expect");
        statuses.iter().map(|value| status(value).ok_or_else(wrong)).collect()
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    match value {
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        other => serde_json::from_value(other.clone()).ok(),
    }
}

#[cfg(test)]
mod tests;
