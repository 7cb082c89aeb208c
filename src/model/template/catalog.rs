//! The loaded templates: what can be run here.

use std::{collections::BTreeMap, sync::Arc};

use super::Template;

/// Names in a message about what was not found.
const MAX_NAMED: usize = 10;

/// Every loaded template, by namespace, name and version.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    /// Namespaces, their names, their versions: sorted, so that the last version is the highest.
    by_name: BTreeMap<String, BTreeMap<String, BTreeMap<semver::Version, Arc<Template>>>>,
}

/// There is no such template. Says what there is instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no template {wanted}; {}", listed(.existing, *.more))]
pub struct NotFound {
    /// As it was asked for: `namespace/name` or `namespace/name@version`.
    pub wanted: String,
    /// The nearest thing that exists, the first of them: versions, else names of the namespace, else all.
    pub existing: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

impl Templates {
    /// The template of that version; without one, the highest by semantic-version order.
    pub fn find(
        &self,
        namespace: &str,
        name: &str,
        version: Option<&semver::Version>,
    ) -> Result<&Arc<Template>, NotFound> {
        let versions = self.by_name.get(namespace).and_then(|names| names.get(name));
        let found = versions.and_then(|versions| match version {
            Some(version) => versions.get(version),
            None => versions.last_key_value().map(|(_, template)| template),
        });
        found.ok_or_else(|| {
            let wanted = match version {
                Some(version) => format!("{namespace}/{name}@{version}"),
                None => format!("{namespace}/{name}"),
            };
            self.not_found(namespace, name, wanted)
        })
    }

    /// All of them, by namespace, name and version.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Template>> {
        self.by_name.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values)
    }

    /// Each namespace that has any, with how many names and how many templates are in it.
    pub fn namespaces(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.by_name.iter().map(|(namespace, names)| {
            (namespace.as_str(), names.len(), names.values().map(BTreeMap::len).sum())
        })
    }

    /// The highest version of each name in a namespace, by name.
    pub fn latest(&self, namespace: &str) -> impl Iterator<Item = &Arc<Template>> {
        let names = self.by_name.get(namespace).into_iter().flat_map(BTreeMap::values);
        names.filter_map(|versions| versions.last_key_value().map(|(_, template)| template))
    }

    /// The versions of a name, lowest first.
    pub fn versions(&self, namespace: &str, name: &str) -> impl Iterator<Item = &semver::Version> {
        self.by_name.get(namespace).and_then(|names| names.get(name)).into_iter().flat_map(BTreeMap::keys)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    fn not_found(&self, namespace: &str, name: &str, wanted: String) -> NotFound {
        let named = |template: &Arc<Template>| template.namespace == namespace && template.name == name;
        let beside = |template: &Arc<Template>| template.namespace == namespace;
        let mut existing: Vec<String> = if self.iter().any(named) {
            self.iter().filter(|template| named(template)).map(|template| template.full_name()).collect()
        } else {
            // Of other namespaces who asks may not know.
            self.iter().filter(|template| beside(template)).map(|template| template.full_name()).collect()
        };
        let more = existing.len().saturating_sub(MAX_NAMED);
        existing.truncate(MAX_NAMED);
        NotFound { wanted, existing, more }
    }
}

impl FromIterator<Arc<Template>> for Templates {
    fn from_iter<I: IntoIterator<Item = Arc<Template>>>(templates: I) -> Self {
        let mut all = Self::default();
        for template in templates {
            let names = all.by_name.entry(template.namespace.clone()).or_default();
            names.entry(template.name.clone()).or_default().insert(template.version.clone(), template);
        }
        all
    }
}

fn listed(names: &[String], more: usize) -> String {
    match (names, more) {
        ([], _) => "its namespace has none".to_owned(),
        (_, 0) => format!("there is {}", names.join(", ")),
        (_, more) => format!("there is {} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn templates(names: &[(&str, &str, &str)]) -> Templates {
        let template = |(namespace, name, version): &(&str, &str, &str)| {
            let document = json!({
                "namespace_name": namespace, "name": name, "version": version,
                "step_templates": [{"name": "only", "handler_class": "tasker.noop"}],
            });
            Arc::new(Template::from_document(&document, &|_| None).expect("a template"))
        };
        names.iter().map(template).collect()
    }

    #[test]
    fn without_a_version_the_highest_is_found() {
        let loaded = templates(&[
            ("default", "a", "1.10.0"),
            ("default", "a", "1.9.0"),
            ("default", "a", "1.10.0-rc.1"),
        ]);
        assert_eq!(loaded.find("default", "a", None).expect("found").version, semver::Version::new(1, 10, 0));
        let version = semver::Version::new(1, 9, 0);
        assert_eq!(loaded.find("default", "a", Some(&version)).expect("found").version, version);
        let sorted: Vec<_> = loaded.iter().map(|template| template.full_name()).collect();
        assert_eq!(sorted, ["default/a@1.9.0", "default/a@1.10.0-rc.1", "default/a@1.10.0"]);
    }

    #[test]
    fn what_is_not_found_says_what_there_is() {
        let loaded =
            templates(&[("default", "a", "1.0.0"), ("default", "b", "1.0.0"), ("shop", "c", "1.0.0")]);
        let version = semver::Version::new(2, 0, 0);
        let told = |namespace, name, version| {
            loaded.find(namespace, name, version).expect_err("missing").to_string()
        };
        insta::assert_snapshot!(told("default", "a", Some(&version)), @"there is no template default/a@2.0.0; there is default/a@1.0.0");
        insta::assert_snapshot!(told("default", "x", None), @"there is no template default/x; there is default/a@1.0.0, default/b@1.0.0");
        insta::assert_snapshot!(told("nowhere", "x", None), @"there is no template nowhere/x; its namespace has none");
        let names: Vec<String> = (0..13).map(|no| format!("t{no}")).collect();
        let many: Vec<_> = names.iter().map(|name| ("default", name.as_str(), "1.0.0")).collect();
        insta::assert_snapshot!(templates(&many).find("default", "x", None).expect_err("missing"), @"there is no template default/x; there is default/t0@1.0.0, default/t1@1.0.0, default/t10@1.0.0, default/t11@1.0.0, default/t12@1.0.0, default/t2@1.0.0, default/t3@1.0.0, default/t4@1.0.0, default/t5@1.0.0, default/t6@1.0.0 and 3 more");
        insta::assert_snapshot!(Templates::default().find("default", "x", None).expect_err("missing"), @"there is no template default/x; its namespace has none");
    }
}
