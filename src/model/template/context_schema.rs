//! A task's context against its template's JSON Schema, draft 2020-12.
//!
//! Formats are asserted. Nothing is ever fetched: a `$ref` leads within the schema, or the schema is refused.

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use jsonschema::{Draft, ValidationError, Validator, draft202012};
use serde_json::Value;

use super::{
    path::{Path, pointed, pointer_keys},
    reading::{Purpose, Reading},
    variables::{any_variables, resolve_all},
};

/// Characters of a message; what would be longer quotes a large value.
const MAX_MESSAGE: usize = 200;

/// Violations that one validation tells.
const MAX_VIOLATIONS: usize = 1_000;

/// Faults of a schema that building it tells.
const MAX_FAULTS: usize = 20;

/// A compiled schema.
#[derive(Clone)]
pub(super) struct ContextSchema {
    validator: Arc<Validator>,
    /// It was made with variables, which may be secrets: messages don't quote it.
    secret: bool,
}

impl fmt::Debug for ContextSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextSchema").finish_non_exhaustive()
    }
}

/// One way in which a context does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to the value; empty for the whole context.
    pub pointer: String,
    /// What is wrong with it, in at most a few hundred characters.
    pub message: String,
}

impl ContextSchema {
    /// Compiles the schema at `path`. Everything that is wrong with it is reported.
    pub fn compile(reading: &Reading<'_>, path: &Path<'_>, schema: &Value) -> Option<Self> {
        if !schema.is_object() {
            reading.error(path, "must be a mapping: a JSON Schema");
            return None;
        }
        let secret = any_variables(schema);
        let report = &mut |path: &Path<'_>, fault: super::Fault| reading.error(path, fault.to_string());
        let schema = match reading.purpose() {
            Purpose::Load(vars) | Purpose::Resume(vars) => resolve_all(path, schema, vars, report),
            Purpose::Inspect => {
                let unresolved = resolve_all(path, schema, &|_| Some(String::new()), report);
                if secret {
                    return None;
                }
                unresolved
            }
        };
        let mut valid = true;
        for error in draft202012::meta::validator().iter_errors(&schema).take(MAX_VIOLATIONS) {
            valid = false;
            invalid(reading, path, &schema, &error, secret);
        }
        if !valid {
            return None;
        }
        if let Some(draft) = schema.get("$schema").and_then(Value::as_str).filter(|draft| !is_2020_12(draft))
        {
            let told = if secret { "this" } else { draft };
            reading
                .warning(&path.key("$schema"), format!("{told} is not draft 2020-12, which it is read as"));
        }
        let validator = build(schema, &mut |schema, error| invalid(reading, path, schema, error, secret))?;
        Some(Self { validator: Arc::new(validator), secret })
    }

    /// Every way in which `context` does not fit.
    pub fn validate(&self, context: &Value) -> Result<(), Vec<Violation>> {
        let violation = |error: ValidationError<'_>| Violation {
            pointer: error.instance_path().as_str().to_owned(),
            message: message(&error, self.secret),
        };
        let violations: Vec<_> =
            self.validator.iter_errors(context).take(MAX_VIOLATIONS).map(violation).collect();
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }
}

fn is_2020_12(draft: &str) -> bool {
    draft.trim_end_matches('#') == "https://json-schema.org/draft/2020-12/schema"
}

/// Building stops at the first thing that can't be compiled. Without that one, the next shows.
fn build(mut schema: Value, report: &mut dyn FnMut(&Value, &ValidationError<'_>)) -> Option<Validator> {
    let options =
        jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).offline();
    for found in 0..MAX_FAULTS {
        let error = match options.build(&schema) {
            Ok(validator) => return (found == 0).then_some(validator),
            Err(error) => error,
        };
        report(&schema, &error);
        let mut keys = pointer_keys(error.instance_path().as_str());
        let last = keys.pop()?;
        let parent: String =
            keys.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect();
        schema.pointer_mut(&parent)?.as_object_mut()?.remove(&last)?;
    }
    None
}

/// Reports the error where in the schema it is.
fn invalid(
    reading: &Reading<'_>,
    path: &Path<'_>,
    schema: &Value,
    error: &ValidationError<'_>,
    secret: bool,
) {
    let keys = pointer_keys(error.instance_path().as_str());
    let segments = [path.segments(), pointed(schema, &keys)].concat();
    reading.error_at(&segments, format!("is not a valid JSON Schema: {}", message(error, secret)));
}

fn message(error: &ValidationError<'_>, secret: bool) -> String {
    if secret {
        return format!("does not satisfy `{}`", error.kind().keyword());
    }
    let mut short = Short::default();
    // It stops as soon as the message is full, and that is no failure.
    let _ = write!(short, "{error}");
    short.text
}

/// Takes the first characters of what is written, and then no more.
#[derive(Default)]
struct Short {
    text: String,
    length: usize,
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.length == MAX_MESSAGE {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.length += 1;
            self.text.push(c);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::template::marks::Mark;

    fn compile(schema: &Value) -> Result<ContextSchema, String> {
        let marks = Mark::default();
        let reading = Reading::new("t.yaml", &marks, Purpose::Load(&|_| Some("s3cret".to_owned())));
        let compiled = ContextSchema::compile(&reading, &Path::Root.key("schema"), schema);
        compiled.ok_or_else(|| reading.into_problems().iter().map(|problem| format!("{problem}\n")).collect())
    }

    fn violations(schema: &Value, context: &Value) -> String {
        let violations = compile(schema).expect("a schema").validate(context).expect_err("does not fit");
        violations.iter().map(|Violation { pointer, message }| format!("{pointer}: {message}\n")).collect()
    }

    #[test]
    fn every_violation_is_told_with_its_pointer() {
        let schema = json!({
            "type": "object", "required": ["order_id", "customer_id"], "additionalProperties": false,
            "properties": {
                "order_id": {"type": "integer"},
                "customer_id": {},
                "mail": {"format": "email"},
                "a/b": {"items": {"enum": ["low", "high"]}},
            },
        });
        let context = json!({"order_id": "x", "mail": "nobody", "a/b": ["low", "top"], "more": 1});
        insta::assert_snapshot!(violations(&schema, &context), @r#"
        : "customer_id" is a required property
        /a~1b/1: "top" is not one of "low" or "high"
        /mail: "nobody" is not a "email"
        /order_id: "x" is not of type "integer"
        : Additional properties are not allowed ('more' was unexpected)
        "#);
        assert_eq!(
            compile(&schema).expect("a schema").validate(&json!({"order_id": 1, "customer_id": 2})),
            Ok(())
        );
    }

    #[test]
    fn a_huge_value_is_not_repeated() {
        let huge = json!({"a": "ä".repeat(1_000_000)});
        let text = violations(&json!({"properties": {"a": {"type": "integer"}}}), &huge);
        assert!(text.chars().count() < MAX_MESSAGE + 10, "{text}");
    }

    #[test]
    fn a_secret_in_a_schema_is_not_quoted() {
        insta::assert_snapshot!(violations(&json!({"const": "${KEY}"}), &json!(1)), @": does not satisfy `const`");
        insta::assert_snapshot!(compile(&json!({"pattern": "${KEY}["})).expect_err("invalid"), @"t.yaml: schema.pattern: is not a valid JSON Schema: does not satisfy `format`");
    }

    #[test]
    fn a_schema_that_is_none_says_all_that_is_wrong() {
        let schema = json!({"type": "objekt", "properties": {"a": {"minimum": "1"}, "b": {"required": 5}}});
        insta::assert_snapshot!(compile(&schema).expect_err("invalid"), @r#"
        t.yaml: schema.properties.a.minimum: is not a valid JSON Schema: "1" is not of type "number"
        t.yaml: schema.properties.b.required: is not a valid JSON Schema: 5 is not of type "array"
        t.yaml: schema.type: is not a valid JSON Schema: "objekt" is not valid under any of the schemas listed in the 'anyOf' keyword
        "#);
        insta::assert_snapshot!(compile(&json!({"pattern": "["})).expect_err("invalid"), @r#"t.yaml: schema.pattern: is not a valid JSON Schema: "[" is not a "regex""#);
        let patterns = json!({"properties": {"a/b": {"pattern": "("}, "c": {"patternProperties": {"[": {}}, "pattern": "["}}});
        insta::assert_snapshot!(compile(&patterns).expect_err("invalid"), @r#"
        t.yaml: schema.properties["a/b"].pattern: is not a valid JSON Schema: "(" is not a "regex"
        t.yaml: schema.properties.c.pattern: is not a valid JSON Schema: "[" is not a "regex"
        t.yaml: schema.properties.c.patternProperties["["]: is not a valid JSON Schema: "[" is not a "regex"
        "#);
        insta::assert_snapshot!(compile(&json!(true)).expect_err("invalid"), @"t.yaml: schema: must be a mapping: a JSON Schema");
    }

    #[test]
    fn another_draft_is_read_as_the_one_there_is() {
        let marks = Mark::default();
        let reading = Reading::new("t.yaml", &marks, Purpose::Inspect);
        let schema = json!({"$schema": "http://json-schema.org/draft-07/schema#", "prefixItems": [{"type": "integer"}]});
        let compiled =
            ContextSchema::compile(&reading, &Path::Root.key("schema"), &schema).expect("compiles");
        assert!(compiled.validate(&json!(["x"])).is_err());
        insta::assert_snapshot!(reading.into_problems()[0], @"t.yaml: schema.$schema: warning: http://json-schema.org/draft-07/schema# is not draft 2020-12, which it is read as");
    }

    #[test]
    fn nothing_is_fetched() {
        for elsewhere in ["https://example.org/schema.json", "file:///etc/passwd", "other.json"] {
            let refused = compile(&json!({"$ref": elsewhere})).expect_err("refused");
            assert!(refused.contains("is not a valid JSON Schema"), "{refused}");
        }
        insta::assert_snapshot!(compile(&json!({"$ref": "https://example.org/s.json"})).expect_err("refused"), @"t.yaml: schema: is not a valid JSON Schema: Resource 'https://example.org/s.json' is not present in a registry and retrieving it failed: Retrieval is disabled, cannot fetch https://example.org/s.json");
        assert!(compile(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}})).is_ok());
        insta::assert_snapshot!(compile(&json!({"$ref": "#/$defs/b"})).expect_err("refused"), @"t.yaml: schema: is not a valid JSON Schema: Pointer '/$defs/b' does not exist");
    }

    #[test]
    fn a_schema_that_refers_to_itself_comes_to_an_end() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}]}),
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
            json!({"$dynamicRef": "#"}),
        ] {
            if let Ok(schema) = compile(&schema) {
                let _ = schema.validate(&json!({"a": 1}));
            }
        }
        let tree = json!({"properties": {"next": {"$ref": "#"}, "leaf": {"type": "integer"}}});
        let deep = (0..120).fold(json!({"leaf": "x"}), |inner, _| json!({"next": inner}));
        assert_eq!(violations(&tree, &deep).lines().count(), 1);
    }

    #[test]
    fn a_deep_schema_is_compiled() {
        let deep = (0..120).fold(json!({"type": "integer"}), |inner, _| json!({"properties": {"a": inner}}));
        assert!(compile(&deep).is_ok());
        let wide = (0..24).map(|no| (format!("d{no}"), json!({"allOf": [{"$ref": format!("#/$defs/d{}", no + 1)}, {"$ref": format!("#/$defs/d{}", no + 1)}]})));
        let mut defs: serde_json::Map<String, Value> = wide.collect();
        defs.insert("d24".to_owned(), json!({"type": "object"}));
        assert!(compile(&json!({"$defs": defs, "$ref": "#/$defs/d0"})).is_ok());
    }
}
