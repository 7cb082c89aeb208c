//! What a step leaves of an answer: JSON pointers into its body.

use serde_json::{Map, Value};

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// The status, headers and body.
    All,
    /// What one pointer leads to.
    One(String),
    /// Under each name what its pointer leads to.
    Named(Vec<(String, String)>),
}

impl Keep {
    /// Reads `results`: a pointer, a list of them, or names with theirs.
    pub fn read(results: &Value) -> Result<Self, String> {
        match results {
            Value::String(pointer) => Ok(Self::One(checked(pointer)?)),
            Value::Array(pointers) => {
                let mut named: Vec<(String, String)> = Vec::new();
                for pointer in pointers {
                    let pointer = checked(pointer.as_str().ok_or_else(wrong)?)?;
                    let name = last(&pointer);
                    if named.iter().any(|(other, _)| *other == name) {
                        return Err(format!(
                            "two pointers end in {name}: give them names, as in {{a: {pointer}}}"
                        ));
                    }
                    named.push((name, pointer));
                }
                Ok(Self::Named(named))
            }
            Value::Object(names) => {
                let pair = |(name, pointer): (&String, &Value)| {
                    Ok((name.clone(), checked(pointer.as_str().ok_or_else(wrong)?)?))
                };
                names.iter().map(pair).collect::<Result<_, String>>().map(Self::Named)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Err(wrong()),
        }
    }

    /// What is left of `body`; nothing of it by [`Self::All`]. The pointer that leads nowhere is the error.
    pub fn of(&self, body: &Value) -> Result<Option<Value>, String> {
        let found = |pointer: &str| body.pointer(pointer).cloned().ok_or_else(|| pointer.to_owned());
        match self {
            Self::All => Ok(None),
            Self::One(pointer) => found(pointer).map(Some),
            Self::Named(named) => {
                let pair = |(name, pointer): &(String, String)| Ok((name.clone(), found(pointer)?));
                let kept: Result<Map<String, Value>, String> = named.iter().map(pair).collect();
                kept.map(|kept| Some(Value::Object(kept)))
            }
        }
    }
}

fn wrong() -> String {
    "must name JSON pointers, such as {total: /order/total}".to_owned()
}

fn checked(pointer: &str) -> Result<String, String> {
    let escapes = pointer.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if (pointer.is_empty() || pointer.starts_with('/')) && escapes {
        Ok(pointer.to_owned())
    } else {
        Err(wrong())
    }
}

/// The last part of a pointer, which is the name of what it leads to.
fn last(pointer: &str) -> String {
    match pointer.rsplit_once('/') {
        None => "body".to_owned(),
        Some((_, last)) => last.replace("~1", "/").replace("~0", "~"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_a_list_and_names_leave_what_they_lead_to() {
        let body = json!({"order": {"total": 5, "a/b": null}, "ids": [1, 2]});
        let kept =
            |results| Keep::read(&results).expect("readable").of(&body).expect("found").expect("something");
        assert_eq!(kept(json!("/order/total")), json!(5));
        assert_eq!(kept(json!("")), body);
        assert_eq!(
            kept(json!(["/order/total", "/order/a~1b", "/ids/1", ""])),
            json!({"total": 5, "a/b": null, "1": 2, "body": body})
        );
        assert_eq!(kept(json!({"sum": "/order/total"})), json!({"sum": 5}));
        assert_eq!(Keep::All.of(&body), Ok(None));
    }

    #[test]
    fn a_pointer_that_leads_nowhere_is_named() {
        let keep = Keep::read(&json!({"sum": "/order/sum"})).expect("readable");
        assert_eq!(keep.of(&json!({"order": {}})), Err("/order/sum".to_owned()));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for results in [
            json!(5),
            json!("order"),
            json!(["/a", "b"]),
            json!({"a": 1}),
            json!("/a~2"),
            json!(["/a/x", "/b/x"]),
        ] {
            assert!(Keep::read(&results).is_err(), "{results}");
        }
    }
}
