//! Labels that name a template. Templates come and go with versions of the configuration, and each costs a series: the
//! first so many have their own, the others share one.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use prometheus_client::encoding::EncodeLabelSet;

/// Templates with series of their own.
const MOST: usize = 100;

/// What the others are called.
const OTHER: &str = "other";

/// Of what is measured by template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByTemplate {
    namespace: Arc<str>,
    template: Arc<str>,
}

/// Those of one namespace.
type OfNamespace = HashMap<Arc<str>, ByTemplate>;

/// The labels that were given out.
#[derive(Debug)]
pub struct TemplateLabels {
    known: RwLock<HashMap<Arc<str>, OfNamespace>>,
    /// The one that the others share: made once, since it is asked for as often as anything happens.
    other: ByTemplate,
}

impl Default for TemplateLabels {
    fn default() -> Self {
        let other = ByTemplate { namespace: OTHER.into(), template: OTHER.into() };
        Self { known: RwLock::default(), other }
    }
}

impl TemplateLabels {
    /// The labels of a template.
    pub fn label(&self, namespace: &str, template: &str) -> ByTemplate {
        let is_full =
            |known: &HashMap<Arc<str>, OfNamespace>| known.values().map(HashMap::len).sum::<usize>() >= MOST;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(label) = known.get(namespace).and_then(|templates| templates.get(template)) {
            return label.clone();
        }
        if is_full(&known) {
            return self.other.clone();
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if is_full(&known) {
            return self.other.clone();
        }
        let label = ByTemplate { namespace: namespace.into(), template: template.into() };
        let templates = known.entry(label.namespace.clone()).or_default();
        templates.entry(label.template.clone()).or_insert(label).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, OTHER, TemplateLabels};

    #[test]
    fn whoever_comes_too_late_shares_the_label_of_the_others() {
        let labels = TemplateLabels::default();
        let first = labels.label("shop", "order");
        for n in 0..MOST + 50 {
            labels.label("shop", &format!("t{n}"));
        }
        assert_eq!(labels.label("shop", "order"), first, "who has one keeps it");
        let late = labels.label("bank", "order");
        assert_eq!((&*late.namespace, &*late.template), (OTHER, OTHER));
        assert_eq!(labels.label("shop", &format!("t{}", MOST + 1)), late);
    }
}
