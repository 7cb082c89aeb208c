//! The custom events that templates and handlers declare, as the catalogue has them.

use std::collections::BTreeSet;

use super::handler::Handlers;
use crate::{
    events::{Catalogue, catalogue::Declaration},
    model::template::{CustomEvent, Template, Templates},
};

/// Every event there is, with these templates and handlers.
pub fn catalogue(templates: &Templates, handlers: &Handlers) -> Catalogue {
    let of_templates = templates.iter().flat_map(|template| of_template(template));
    let of_handlers = handlers.custom_events().flat_map(|(class, event)| {
        let places = namespaces(templates, class);
        places.into_iter().map(move |namespace| declaration(event, format!("handler {class}"), namespace))
    });
    Catalogue::of(of_templates.chain(of_handlers))
}

fn of_template(template: &Template) -> impl Iterator<Item = Declaration> {
    let (name, namespace) = (template.full_name(), Some(template.namespace.clone()));
    let whole = template.custom_events.iter().map(|event| (event, format!("template {name}")));
    let steps = template.steps.iter().flat_map(|step| {
        let by = format!("step {} of {name}", step.name);
        step.custom_events.iter().map(move |event| (event, by.clone()))
    });
    let all: Vec<_> = whole.chain(steps).collect();
    all.into_iter().map(move |(event, by)| declaration(event, by, namespace.clone()))
}

/// Where the handler is used: a single none where it is not.
fn namespaces(templates: &Templates, class: &str) -> BTreeSet<Option<String>> {
    let uses = |template: &Template| template.steps.iter().any(|step| step.handler_class == class);
    let used = templates.iter().filter(|template| uses(template));
    let used: BTreeSet<_> = used.map(|template| Some(template.namespace.clone())).collect();
    if used.is_empty() { [None].into() } else { used }
}

fn declaration(event: &CustomEvent, by: String, namespace: Option<String>) -> Declaration {
    Declaration { name: event.name.clone(), description: event.description.clone(), by, namespace }
}
