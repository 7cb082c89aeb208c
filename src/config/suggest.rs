//! What someone may have meant by a key that doesn't exist.

use serde_yaml::Value;

use super::tree;

/// The rest of "unknown key", for `name` in the section at `parent`.
pub fn known(defaults: &Value, parent: &str, name: &str) -> String {
    match sibling(defaults, parent, name).or_else(|| elsewhere(defaults, parent, name)) {
        Some(key) => format!("unknown key; did you mean `{key}`?"),
        None => format!("unknown key; known here: {}", names(defaults, parent).join(", ")),
    }
}

/// A key misspelt.
fn sibling(defaults: &Value, parent: &str, name: &str) -> Option<String> {
    let names = names(defaults, parent);
    closest(name, names.iter().map(|known| (known.clone(), tree::join(parent, known))))
}

/// A key in the wrong section, or `TASKER__SERVER_LISTEN` with too few underscores.
fn elsewhere(defaults: &Value, parent: &str, name: &str) -> Option<String> {
    let keys = tree::settings(defaults);
    let last = |key: &String| key.rsplit('.').next().unwrap_or_default().to_owned();
    closest(name, keys.iter().map(|key| (last(key), key.clone()))).or_else(|| {
        let flat = |key: &str| key.replace('.', "_");
        closest(&flat(&tree::join(parent, name)), keys.iter().map(|key| (flat(key), key.clone())))
    })
}

/// What belongs to the candidate nearest to `name`, if one is near.
fn closest(name: &str, candidates: impl Iterator<Item = (String, String)>) -> Option<String> {
    let distances =
        candidates.map(|(candidate, answer)| (strsim::damerau_levenshtein(name, &candidate), answer));
    let (distance, answer) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().div_ceil(4)).then_some(answer)
}

fn names(defaults: &Value, parent: &str) -> Vec<String> {
    let (_, node) = tree::setting(defaults, parent);
    tree::section(node).into_iter().flatten().map(|(name, _)| tree::text(name)).collect()
}
