//! `subscribers.yaml` beside the templates and the code of this program.

use std::collections::BTreeSet;

use crate::{
    config::{
        Config, Variables,
        subscribers::{self, SubscriberSettings},
    },
    model::{
        event::EventName,
        template::{Problem, Templates},
    },
    orchestration::handler::{Found, Handlers},
};

/// What the file declares, and everything that is wrong with it.
pub fn load(
    config: &Config,
    templates: &Templates,
    handlers: &Handlers,
    variables: &Variables,
) -> (Vec<SubscriberSettings>, Vec<Problem>) {
    subscribers::load(&config.subscribers_file(), variables, &events(templates, handlers))
}

/// The names of all events there are: Tasker's own, and those that templates and handlers declare.
pub fn events(templates: &Templates, handlers: &Handlers) -> Vec<String> {
    let of_templates = templates.iter().flat_map(|template| {
        let of_steps = template.steps.iter().flat_map(|step| &step.custom_events);
        template.custom_events.iter().chain(of_steps).map(|event| event.name.clone())
    });
    let steps = templates.iter().flat_map(|template| &template.steps);
    let of_handlers = steps.flat_map(|step| match handlers.find(step) {
        Found::Handler(registered) | Found::Api(Some(registered)) => registered.declared.to_vec(),
        Found::Api(None) | Found::Sleep | Found::Worker => Vec::new(),
    });
    let own = EventName::SYSTEM.iter().map(|name| (*name).to_owned());
    own.chain(of_templates).chain(of_handlers).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The namespaces and names of the templates.
pub(super) fn names(templates: &Templates) -> Vec<(String, String)> {
    let names = templates.iter().map(|template| (template.namespace.clone(), template.name.clone()));
    names.collect::<BTreeSet<_>>().into_iter().collect()
}
