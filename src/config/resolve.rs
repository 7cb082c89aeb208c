//! From what the sources say to typed settings: `${VAR}` is put in, then every value is read as its type.

use serde_yaml::Value;

use super::Config;
use super::environment::Variables;
use super::sources::{Sources, read_as};
use super::tree;
use crate::model::template::{Fault, substitute};

impl Sources {
    /// The settings. One that can't be used is refused and has its default, so that the others are looked at.
    pub fn resolve(&mut self, variables: &Variables) -> Config {
        let mut settings = self.defaults.clone();
        let merged = self.merged();
        for key in tree::settings(&self.defaults) {
            if let Some(value) = tree::find(&merged, &key)
                && let Some(value) = self.value(&key, value, variables)
            {
                tree::merge(&mut settings, &tree::nest(&key, value));
            }
        }
        self.read(settings)
    }

    /// A setting's value with its variables put in, or nothing and a refusal.
    fn value(&mut self, key: &str, written: &Value, variables: &Variables) -> Option<Value> {
        let (_, default) = tree::setting(&self.defaults, key);
        let from_file = self.deciding(key).is_some_and(|(layer, _)| layer.is_file);
        let mut put_in = Vec::new();
        let value =
            if from_file { substituted(written, variables, &mut put_in) } else { Ok(written.clone()) };
        match value {
            Ok(value) => {
                let value = fitted(default, written, value);
                self.concealed.extend(put_in.into_iter().map(|text| (key.to_owned(), text)));
                Some(value)
            }
            Err(faults) => {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                self.refuse(key, faults.join("; "));
                None
            }
        }
    }

    /// Reads the tree. Each round either succeeds or puts one default back.
    fn read(&mut self, mut settings: Value) -> Config {
        loop {
            let error = match serde_path_to_error::deserialize::<_, Config>(settings.clone()) {
                Ok(config) => return config,
                Err(error) => error,
            };
            let path = error.path().to_string();
            let (key, default) = tree::setting(&self.defaults, &path);
            let default = default.clone();
            let is_reset = tree::find(&settings, &key) == Some(&default);
            let message = self.misfit(&key, &default, &error.inner().to_string());
            self.refuse(&path, message);
            if is_reset || tree::section(&default).is_some() {
                return Config::default();
            }
            tree::put(&mut settings, &key, default);
        }
    }

    /// What was expected instead. Shows what is written, never what a variable made of it.
    fn misfit(&self, key: &str, default: &Value, said: &str) -> String {
        let written = self.deciding(key).map(|(_, written)| written);
        let example = tree::text(default);
        let expected = match default {
            Value::Bool(_) => "expected `true` or `false`".to_owned(),
            Value::Number(number) if number.is_f64() => format!("expected a number, such as `{example}`"),
            Value::Number(_) => format!("expected a whole number, such as `{example}`"),
            // Any scalar is a text, so it is a type of ours that refused it and says what it expects.
            Value::String(_) if written.is_some_and(|value| tree::scalar(value).is_some()) => said.to_owned(),
            Value::String(_) => format!("expected a text, such as `{example}`"),
            Value::Sequence(_) if written.is_some_and(Value::is_sequence) => return self.conceal(key, said),
            Value::Sequence(_) => "expected a list, such as `[one, two]`".to_owned(),
            Value::Null | Value::Mapping(_) | Value::Tagged(_) => return self.conceal(key, said),
        };
        format!("{expected}, not {}", self.written(key))
    }

    /// What the library said about a part of a setting, without what variables put there.
    fn conceal(&self, key: &str, said: &str) -> String {
        let of_key = self.concealed.iter().filter(|(owner, text)| owner == key && !text.is_empty());
        of_key.fold(said.to_owned(), |said, (_, text)| {
            said.replace(text.as_str(), "***").replace(text.escape_debug().to_string().as_str(), "***")
        })
    }
}

/// Puts the variables into every text of a value, and notes the texts that came of it.
fn substituted(value: &Value, variables: &Variables, put_in: &mut Vec<String>) -> Result<Value, Vec<Fault>> {
    match value {
        Value::String(text) if text.contains("${") => {
            let resolved = substitute(text, &|name| variables.get(name).map(str::to_owned))?;
            put_in.push(resolved.clone());
            Ok(resolved.into())
        }
        Value::Sequence(items) => items.iter().map(|item| substituted(item, variables, put_in)).collect(),
        Value::Mapping(entries) => {
            let entry =
                |(name, value): (&Value, &Value)| Ok((name.clone(), substituted(value, variables, put_in)?));
            entries.iter().map(entry).collect::<Result<_, Vec<Fault>>>().map(Value::Mapping)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {
            Ok(value.clone())
        }
    }
}

/// A scalar as the type that the default has: `"${CONNECTIONS}"` is a number in the end, `65536` can be a text.
fn fitted(default: &Value, written: &Value, value: Value) -> Value {
    match (default, &value) {
        (Value::String(_), Value::Bool(_) | Value::Number(_)) => tree::text(&value).into(),
        (_, Value::String(text)) if *written != value => read_as(default, text),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::Sources;

    #[test]
    fn what_the_library_says_about_an_item_hides_what_a_variable_put_there() {
        let mut sources = Sources::new().expect("the defaults");
        for secret in ["hunter2", "with \"quotes\"", ""] {
            sources.concealed.push(("server.allowed_hosts".to_owned(), secret.to_owned()));
        }
        let said = format!("invalid type: string {:?} or {:?}, expected u16", "hunter2", "with \"quotes\"");
        let shown = sources.conceal("server.allowed_hosts", &said);
        assert_eq!(shown, "invalid type: string \"***\" or \"***\", expected u16");
        assert_eq!(
            sources.conceal("server.listen", &said),
            said,
            "another setting's value is no secret here"
        );
    }
}
