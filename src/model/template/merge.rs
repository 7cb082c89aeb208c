//! The document of one environment: `environments.<env>` laid over the rest.
//!
//! Mappings merge key by key, `step_templates` by the steps' names; anything else replaces what was there. Names
//! are compared as they are written, since variables are replaced only afterwards.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{
    marks::Mark,
    path::{Path, Segment},
    reading::Reading,
};

/// The key that holds the environments; the merged document has none.
pub(super) const ENVIRONMENTS: &str = "environments";

const STEPS: &str = "step_templates";

/// Most environments in a file: each is checked on its own.
const MAX_ENVIRONMENTS: usize = 32;

/// The names of the environments that the file has something to say about.
pub(super) fn environments<'a>(reading: &Reading<'_>, document: &'a Value) -> Vec<&'a str> {
    let path = Path::Root;
    let path = path.key(ENVIRONMENTS);
    match document.get(ENVIRONMENTS) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(map)) => {
            if map.len() > MAX_ENVIRONMENTS {
                reading.error(&path, format!("more than {MAX_ENVIRONMENTS} environments"));
            }
            map.keys().take(MAX_ENVIRONMENTS).map(String::as_str).collect()
        }
        Some(_) => {
            reading.error(&path, "must be a mapping from an environment's name to what is different there");
            Vec::new()
        }
    }
}

/// The document as `environment` runs it, and the places of everything in it. `marks` are those of `document`.
pub(super) fn merged(
    reading: &Reading<'_>,
    document: &Value,
    marks: &Mark,
    environment: &str,
) -> (Value, Mark) {
    let mut marks = marks.clone();
    let Value::Object(map) = document else { return (document.clone(), marks) };
    let mut base: Map<String, Value> = map
        .iter()
        .filter(|(key, _)| *key != ENVIRONMENTS)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();

    let (root, over_marks) = (Path::Root, marks.clone());
    let (all, at) = (root.key(ENVIRONMENTS), [Segment::Key(ENVIRONMENTS), Segment::Key(environment)]);
    let over = Over { path: all.key(environment), mark: over_marks.locate(&at).0 };
    match map.get(ENVIRONMENTS).and_then(|environments| environments.get(environment)) {
        None | Some(Value::Null) => {}
        Some(Value::Object(overrides)) => {
            for (key, value) in overrides {
                let over = over.key(key);
                if key == ENVIRONMENTS {
                    reading.error(&over.path, "an environment can't hold environments");
                    continue;
                }
                match base.get_mut(key) {
                    Some(Value::Array(steps)) if key == STEPS => {
                        merge_steps(reading, steps, marks.key_mut(STEPS), value, &over);
                    }
                    Some(beneath) => merge(beneath, marks.key_mut(key), value, &over),
                    None => insert(&mut base, &mut marks, key, value, &over),
                }
            }
        }
        Some(_) => reading.error(&over.path, "must be a mapping of what is different in this environment"),
    }
    (Value::Object(base), marks)
}

/// Where an overriding value is.
#[derive(Clone, Copy)]
struct Over<'a> {
    path: Path<'a>,
    mark: &'a Mark,
}

impl Over<'_> {
    fn key<'b>(&'b self, key: &'b str) -> Over<'b> {
        Over { path: self.path.key(key), mark: self.mark.child(Segment::Key(key)).unwrap_or(self.mark) }
    }

    fn index(&self, index: usize) -> Over<'_> {
        Over {
            path: self.path.index(index),
            mark: self.mark.child(Segment::Index(index)).unwrap_or(self.mark),
        }
    }

    fn moved(&self) -> Mark {
        self.mark.moved_from(self.path.to_string())
    }
}

fn merge(base: &mut Value, mark: &mut Mark, value: &Value, over: &Over<'_>) {
    match (base, value) {
        (Value::Object(base), Value::Object(overrides)) => {
            for (key, value) in overrides {
                let over = over.key(key);
                match base.get_mut(key) {
                    Some(beneath) => merge(beneath, mark.key_mut(key), value, &over),
                    None => insert(base, mark, key, value, &over),
                }
            }
        }
        (base, value) => {
            *base = value.clone();
            *mark = over.moved();
        }
    }
}

fn insert(base: &mut Map<String, Value>, mark: &mut Mark, key: &str, value: &Value, over: &Over<'_>) {
    base.insert(key.to_owned(), value.clone());
    *mark.key_mut(key) = over.moved();
}

fn merge_steps(reading: &Reading<'_>, steps: &mut [Value], mark: &mut Mark, value: &Value, over: &Over<'_>) {
    let Value::Array(overrides) = value else {
        return reading.error(&over.path, "must be a list of steps");
    };
    let mut places = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        if let Some(name) = step.get("name").and_then(Value::as_str) {
            places.entry(name.to_owned()).or_insert(index);
        }
    }
    let mut seen = HashSet::new();
    for (index, value) in overrides.iter().enumerate() {
        let over = over.index(index);
        if !value.is_object() {
            reading
                .error(&over.path, "must be a mapping with the name of a step and what is different in it");
            continue;
        }
        let Some(name) = value.get("name").and_then(Value::as_str) else {
            reading.error(&over.path, "must name the step that it changes");
            continue;
        };
        let named = over.path.key("name");
        let Some(&place) = places.get(name) else {
            let suggestion = reading.suggestion(name, places.keys().map(String::as_str));
            reading.error(&named, format!("there is no step {name:?} to change{suggestion}"));
            continue;
        };
        if !seen.insert(name) {
            reading.error(&named, format!("the step {name:?} is changed twice in this environment"));
        }
        merge(&mut steps[place], mark.item_mut(place), value, &over);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::template::{reading::Purpose, yaml};

    const TEXT: &str = "\
name: a
schema: {type: object}
step_templates:
  - name: one
    handler_config: {x: {y: 1, z: [1, 2]}, w: 1}
  - name: two
environments:
  test:
    schema: {required: [id]}
    step_templates:
      - name: one
        handler_config:
          x: {z: [3]}
          v: 2
";

    fn merge_text(text: &str, environment: &str) -> (Value, Mark, Vec<String>) {
        let document = yaml::read("t.yaml", text, 10_000).0.expect("a document");
        let reading = Reading::new("t.yaml", &document.marks, Purpose::Inspect);
        let (value, marks) = merged(&reading, &document.value, &document.marks, environment);
        (value, marks, reading.into_problems().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_environment_lies_over_the_rest() {
        let (value, marks, problems) = merge_text(TEXT, "test");
        assert_eq!(problems, [] as [&str; 0]);
        insta::assert_snapshot!(crate::model::template::canonical_json(&value), @r#"{"name":"a","schema":{"required":["id"],"type":"object"},"step_templates":[{"handler_config":{"v":2,"w":1,"x":{"y":1,"z":[3]}},"name":"one"},{"name":"two"}]}"#);
        let step = [Segment::Key("step_templates"), Segment::Index(0), Segment::Key("handler_config")];
        let (mark, path) =
            marks.locate(&[&step[..], &[Segment::Key("x"), Segment::Key("z"), Segment::Index(0)]].concat());
        assert_eq!(mark.line(), Some(13));
        assert_eq!(path, "environments.test.step_templates[0].handler_config.x.z[0]");
        assert_eq!(marks.locate(&[&step[..], &[Segment::Key("w")]].concat()).0.line(), Some(5));
    }

    #[test]
    fn without_its_own_block_an_environment_is_the_rest() {
        let (value, _, _) = merge_text(TEXT, "production");
        assert_eq!(value.get(ENVIRONMENTS), None);
        assert_eq!(value["step_templates"][0]["handler_config"]["w"], 1);
    }

    #[test]
    fn an_override_names_a_step_once() {
        let text = "\
step_templates: [{name: fetch_order}]
environments:
  test:
    step_templates:
      - name: fetch_ordr
      - skippable: true
      - 5
      - {name: fetch_order}
      - {name: fetch_order}
  production: 7
";
        insta::assert_snapshot!(merge_text(text, "test").2.join("\n"), @r#"
        t.yaml:5: environments.test.step_templates[0].name: there is no step "fetch_ordr" to change; did you mean fetch_order?
        t.yaml:6: environments.test.step_templates[1]: must name the step that it changes
        t.yaml:7: environments.test.step_templates[2]: must be a mapping with the name of a step and what is different in it
        t.yaml:9: environments.test.step_templates[4].name: the step "fetch_order" is changed twice in this environment
        "#);
        insta::assert_snapshot!(merge_text(text, "production").2.join("\n"), @"t.yaml:10: environments.production: must be a mapping of what is different in this environment");
    }

    proptest! {
        #[test]
        fn merging_twice_is_merging_once(
            base in crate::model::template::canonical::tests::any_json(),
            over in crate::model::template::canonical::tests::any_json(),
        ) {
            let (path, mark) = (Path::Root, Mark::default());
            let over_at = Over { path, mark: &mark };
            let (mut once, mut marks) = (base, Mark::default());
            merge(&mut once, &mut marks, &over, &over_at);
            let mut twice = once.clone();
            merge(&mut twice, &mut marks, &over, &over_at);
            prop_assert_eq!(twice, once);
        }
    }
}
