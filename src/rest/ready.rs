//! The table, held to the schema: what each parameter is, what each body may hold, what each route needs.

mod body;
mod kind;

use std::{collections::HashSet, sync::Arc};

use async_graphql::{
    Name, Variables,
    parser::types::{OperationDefinition, OperationType, Type},
};
use async_graphql_value::Value;
use serde_json::json;

pub use body::Body;
pub use kind::Kind;

use super::{
    route::{Include, Parameter, Place, Route, Success, Verb, Written},
    table::ROUTES,
    types::{Types, base, text},
};
use crate::{
    auth::Permissions,
    graphql::{
        document::{Document, Limits},
        gate::{Incomplete, Requirements},
    },
};

/// The routes and the schema do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum Contradiction {
    /// The schema can't be read.
    #[error("the schema can't be read")]
    Schema(#[from] async_graphql::parser::Error),
    /// The schema does not say what its fields need.
    #[error(transparent)]
    Unguarded(#[from] Incomplete),
    /// The route asks for something that the schema does not have.
    #[error("the route {route} does not fit the schema: {why}")]
    Route {
        /// Its name.
        route: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// All routes, ready to be answered.
pub struct Routes {
    pub(super) all: Vec<Arc<Ready>>,
    pub(super) types: Types,
}

/// A route of which everything is known.
pub struct Ready {
    pub route: &'static Route,
    pub parameters: Vec<Known>,
    pub body: Option<Body>,
    /// The variables of each of its documents.
    pub declared: Vec<HashSet<String>>,
    /// What it needs, whatever is asked for beyond.
    pub needs: Permissions,
    /// Words of `include`, each with what it needs beyond that.
    pub includes: Vec<(&'static Include, Permissions)>,
}

/// A parameter of which everything is known.
pub struct Known {
    pub given: &'static Parameter,
    pub kind: Kind,
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<serde_json::Value>,
    pub about: String,
    /// What giving it needs beyond what the route needs.
    pub needs: Permissions,
}

impl Routes {
    /// Of the schema with this text.
    pub fn from_sdl(sdl: &str) -> Result<Self, Contradiction> {
        let types = Types::from_sdl(sdl)?;
        let requirements = Requirements::from_sdl(sdl)?;
        let ready = |route| {
            let maker = Maker { types: &types, requirements: &requirements, route };
            let made = maker.ready().map(Arc::new);
            made.map_err(|why| Contradiction::Route { route: route.id, why })
        };
        let all = ROUTES.iter().map(ready).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { all, types })
    }

    /// Each path with its routes, in the order of the table.
    pub(super) fn by_path(&self) -> Vec<(&'static str, Vec<Arc<Ready>>)> {
        let mut paths: Vec<(&'static str, Vec<Arc<Ready>>)> = Vec::new();
        for ready in &self.all {
            match paths.iter_mut().find(|(path, _)| *path == ready.route.path) {
                Some((_, routes)) => routes.push(ready.clone()),
                None => paths.push((ready.route.path, vec![ready.clone()])),
            }
        }
        paths
    }

    /// Every route with what it needs, and with what each word of `include` and each parameter needs beyond that.
    pub fn table(&self) -> Vec<(String, Vec<&'static str>)> {
        let words = |needs: Permissions| needs.iter().map(|one| one.as_str()).collect::<Vec<_>>();
        let mut table = Vec::new();
        for ready in &self.all {
            let name = format!("{} {}", ready.route.method.as_str(), ready.route.path);
            let includes =
                ready.includes.iter().map(|(include, needs)| (format!("include={}", include.name), *needs));
            let parameters =
                ready.parameters.iter().map(|known| (format!("{}=…", known.given.name), known.needs));
            let more: Vec<_> =
                includes.chain(parameters).filter(|(_, needs)| *needs != Permissions::NONE).collect();
            table.push((name.clone(), words(ready.needs)));
            table.extend(more.into_iter().map(|(more, needs)| (format!("{name}?{more}"), words(needs))));
        }
        table
    }
}

/// Makes a route ready, or says what the schema does not have.
struct Maker<'a> {
    types: &'a Types,
    requirements: &'a Requirements,
    route: &'static Route,
}

impl Maker<'_> {
    fn ready(&self) -> Result<Ready, String> {
        let documents = self.documents(&[])?;
        let operations = documents.iter().map(operation).collect::<Result<Vec<_>, _>>()?;
        let needs = self.needs(&documents, &Variables::default())?;
        let parameters = self.route.parameters.iter().map(|given| {
            let known = operations.iter().find_map(|operation| self.parameter(given, operation));
            let mut known =
                known.ok_or_else(|| format!("nothing has the type of its parameter {}", given.name))?;
            // A sample shows the gate that it is given.
            let mut sample = json!({});
            put(&mut sample, given.to, json!("?"));
            known.needs = self.needs(&documents, &Variables::from_json(sample))?.without(needs);
            Ok::<_, String>(known)
        });
        let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        let includes = self.route.includes.iter().map(|include| {
            let beyond = self.needs(&self.documents(&[include])?, &Variables::default())?;
            Ok::<_, String>((include, beyond.without(needs)))
        });
        let includes = includes.collect::<Result<Vec<_>, _>>()?;
        let body = match self.route.method {
            Verb::Post | Verb::Patch => Some(self.body(operations[0])?),
            Verb::Get | Verb::Delete => None,
        };
        let declared = operations.iter().map(|operation| {
            let variables = operation.variable_definitions.iter();
            variables.map(|definition| definition.node.name.node.to_string()).collect()
        });
        let declared = declared.collect();
        Ok(Ready { route: self.route, parameters, body, declared, needs, includes })
    }

    fn documents(&self, included: &[&Include]) -> Result<Vec<Document>, String> {
        let read = |written: &Written| {
            let text = self.route.document(written, included);
            Document::parse(&text, &Limits::default()).map_err(|error| error.message)
        };
        self.route.documents.iter().map(read).collect()
    }

    /// What any of the documents needs.
    fn needs(&self, documents: &[Document], variables: &Variables) -> Result<Permissions, String> {
        documents.iter().try_fold(Permissions::NONE, |all, document| {
            let operation = document.operation(Some(self.route.id)).map_err(|error| error.message)?;
            let needs = self.requirements.permissions(operation, variables);
            needs.map(|needs| all.or(needs)).map_err(|error| error.message)
        })
    }

    fn parameter(&self, given: &'static Parameter, operation: &OperationDefinition) -> Option<Known> {
        let (variable, rest) = given.to.split_once('.').map_or((given.to, None), |(a, b)| (a, Some(b)));
        let declared = operation
            .variable_definitions
            .iter()
            .map(|definition| &definition.node)
            .find(|definition| definition.name.node == variable)?;
        let (of, about) = match rest {
            None => (&declared.var_type.node, self.usage(operation, variable)?),
            Some(rest) => self.within(base(&declared.var_type.node), rest)?,
        };
        // Where `Accept` may say it, there is no default.
        let shown = rest.is_none() && self.route.success != Success::Drawn;
        let default = declared.default_value.as_ref().filter(|_| shown);
        let optional = rest.is_some() || of.nullable || declared.default_value.is_some();
        Some(Known {
            given,
            kind: Kind::of(of, self.types)?,
            required: given.place == Place::Path || !optional,
            default: default.and_then(|value| value.node.clone().into_json().ok()),
            about: given.about.unwrap_or(about).to_owned(),
            needs: Permissions::NONE,
        })
    }

    /// What an entry of an input object is, behind any number of dots.
    fn within(&self, of: &Name, path: &str) -> Option<(&Type, &str)> {
        match path.split_once('.') {
            None => {
                let input = self.types.input(of, path)?;
                Some((&input.ty.node, text(&input.description)))
            }
            Some((first, rest)) => self.within(base(&self.types.input(of, first)?.ty.node), rest),
        }
    }

    /// The description of the argument that a variable is given for.
    fn usage(&self, operation: &OperationDefinition, variable: &str) -> Option<&str> {
        let root = self.types.root(operation.ty)?;
        let (field, _) = root_field(operation)?;
        let known = self.types.field(root, &field.name.node)?;
        field.arguments.iter().find_map(|(name, value)| {
            let argument = known.arguments.iter().find(|known| known.node.name.node == name.node)?;
            match &value.node {
                Value::Variable(used) if used == variable => Some(text(&argument.node.description)),
                Value::Object(entries) => {
                    let (entry, _) = entries.iter().find(|(_, value)| match value {
                        Value::Variable(used) => used == variable,
                        _ => false,
                    })?;
                    let input = self.types.input(base(&argument.node.ty.node), entry)?;
                    Some(text(&input.description))
                }
                _ => None,
            }
        })
    }

    /// What is left of the input when the path has said its part.
    fn body(&self, operation: &OperationDefinition) -> Result<Body, String> {
        let declared = operation.variable_definitions.iter().map(|definition| &definition.node);
        let mut declared = declared.filter(|definition| definition.name.node == "input");
        let of =
            declared.next().map(|definition| base(&definition.var_type.node)).ok_or("it has no $input")?;
        let filled = self.route.parameters.iter().filter(|given| given.place == Place::Path);
        let filled: Vec<&str> = filled.filter_map(|given| given.to.strip_prefix("input.")).collect();
        Body::of(of, &filled, self.types)
    }
}

/// The only operation of a document.
fn operation(document: &Document) -> Result<&OperationDefinition, String> {
    let mut operations = document.parsed().operations.iter();
    match operations.next() {
        Some((Some(_), operation)) if operation.node.ty != OperationType::Subscription => Ok(&operation.node),
        _ => Err("its operation has no name".to_owned()),
    }
}

/// The only root field of an operation, and the key it answers under.
pub fn root_field(operation: &OperationDefinition) -> Option<(&async_graphql::parser::types::Field, &str)> {
    let item = operation.selection_set.node.items.first()?;
    match &item.node {
        async_graphql::parser::types::Selection::Field(field) => {
            Some((&field.node, field.node.response_key().node.as_str()))
        }
        _ => None,
    }
}

/// Puts a value where a dotted path leads, and makes what is on the way.
pub fn put(into: &mut serde_json::Value, path: &str, value: serde_json::Value) {
    let mut place = into;
    for key in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key];
    }
    *place = value;
}
