//! What mutations are about. The stored object decides, never what an argument claims about it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{Field, OperationType},
};

use super::{
    arguments::Given,
    requirements::{InputNeeds, Requirements},
    root::Root,
    tokens,
};
use crate::{
    auth::Wanted,
    data::{Database, Error, tasks},
    graphql::document::Operation,
    model::{id::TaskId, lease::LeaseToken},
};

/// Where a request without a namespace goes.
const DEFAULT_NAMESPACE: &str = "default";

/// Handlers that a worker has, in an input or as an argument.
const CLASSES: &str = "handlerClasses";

/// Leases that one root field may show.
const MOST_LEASES: usize = 1_000;

/// The input of the one mutation that is about what it will find.
const CLAIM: &str = "ClaimStepsInput";

/// What one root mutation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A stored task; none where the id is no id, which the resolver will say.
    Task(Option<TaskId>),
    /// Tasks that are to be, by their namespaces.
    Namespaces(Vec<Arc<str>>),
    /// A token that is to be.
    Token(Box<Wanted>),
    /// Stored tasks whose leases are shown. One that is out of reach is like one that is not there: the resolver says of
    /// both that the lease is not valid.
    Leases(Vec<TaskId>),
    /// Steps of these namespaces, or wherever the subject may claim, for handlers of these classes.
    Claim { namespaces: Vec<Arc<str>>, classes: Vec<String> },
    /// Nothing that is in a namespace.
    Everything,
}

/// Stored tasks: their namespaces and who created them.
pub(super) type Places = HashMap<TaskId, (String, Option<String>)>;

impl Requirements {
    /// Finds out what the root fields of a mutation are about.
    pub(super) fn aim(&self, operation: Operation<'_>, variables: &Variables, roots: &mut [Root<'_>]) {
        let given = Given::new(operation, variables);
        for root in roots {
            let field = root.field();
            root.target = match (operation.definition.node.ty, &self.mutation) {
                (OperationType::Mutation, Some(mutation)) => {
                    let known = self.field(mutation, &field.name.node);
                    known.map(|known| self.target(field, &known.arguments, &given))
                }
                // A worker that wants to be woken.
                (OperationType::Subscription, _) => field.get_argument(CLASSES).map(|value| {
                    let value = given.put_in(&value.node);
                    let classes = texts(value.as_ref()).into_iter().map(ToOwned::to_owned).collect();
                    Target::Claim { namespaces: Vec::new(), classes }
                }),
                (OperationType::Query | OperationType::Mutation, _) => None,
            };
        }
    }

    /// What a root mutation is about, told by its input's type and read from its values.
    fn target(&self, field: &Field, takes: &HashMap<Name, Name>, given: &Given<'_>) -> Target {
        let takes = takes.get("input");
        let input = takes.and_then(|takes| self.inputs.get(takes));
        let Some(input) = input else { return Target::Everything };
        let value = field.get_argument("input").and_then(|value| given.put_in(&value.node));
        let has = |name: &str| input.contains_key(name);
        if takes.is_some_and(|takes| takes == tokens::INPUT) {
            Target::Token(Box::new(tokens::wanted(&value.unwrap_or_default())))
        } else if takes.is_some_and(|takes| takes == CLAIM) {
            let namespaces = value.as_ref().and_then(|value| entry(value, "namespaces"));
            let classes = value.as_ref().and_then(|value| entry(value, CLASSES));
            Target::Claim {
                namespaces: texts(namespaces).into_iter().map(Into::into).collect(),
                classes: texts(classes).into_iter().map(ToOwned::to_owned).collect(),
            }
        } else if let Some(tokens) = self.lease_tokens(input, value.as_ref()) {
            let lease = |token: &str| LeaseToken::parse(token).map(|lease| lease.task);
            // Who shows more than the resolver takes is told so by that.
            let some = if tokens.len() <= MOST_LEASES { tokens } else { Vec::new() };
            let tasks: BTreeSet<TaskId> = some.into_iter().filter_map(lease).collect();
            Target::Leases(tasks.into_iter().collect())
        } else if has("taskId") {
            let id = value.as_ref().and_then(|value| text(value, "taskId")).and_then(TaskId::parse);
            Target::Task(id)
        } else if has("namespace") {
            Target::Namespaces(value.iter().map(namespace).collect())
        } else if input.get("tasks").is_some_and(|items| self.inputs[&items.takes].contains_key("namespace"))
        {
            Target::Namespaces(match value.as_ref().and_then(|value| entry(value, "tasks")) {
                Some(Value::List(tasks)) => tasks.iter().map(namespace).collect(),
                // One is as good as a list of one.
                Some(one) => vec![namespace(one)],
                None => Vec::new(),
            })
        } else {
            Target::Everything
        }
    }
}

impl Requirements {
    /// The leases that a worker shows, where the input is one that has leases.
    fn lease_tokens<'a>(
        &self,
        input: &HashMap<Name, InputNeeds>,
        value: Option<&'a Value>,
    ) -> Option<Vec<&'a str>> {
        if input.contains_key("leaseToken") {
            return Some(value.and_then(|value| text(value, "leaseToken")).into_iter().collect());
        }
        if input.contains_key("leaseTokens") {
            return Some(texts(value.and_then(|value| entry(value, "leaseTokens"))));
        }
        let several = input.get("completions")?;
        self.inputs.get(&several.takes).filter(|one| one.contains_key("leaseToken"))?;
        let list = value.and_then(|value| entry(value, "completions"));
        Some(items(list).filter_map(|one| text(one, "leaseToken")).collect())
    }
}

/// Reads where these tasks are. One statement.
pub(super) async fn places(database: &Database, tasks: Vec<TaskId>) -> Result<Places, Error> {
    if tasks.is_empty() {
        return Ok(Places::new());
    }
    tasks::places(database, &tasks).await
}

fn namespace(of: &Value) -> Arc<str> {
    text(of, "namespace").unwrap_or(DEFAULT_NAMESPACE).into()
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    match entry(object, name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The entries of a list; one is as good as a list of one.
fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    match list {
        Some(Value::List(items)) => items.as_slice(),
        Some(Value::Null) | None => &[],
        Some(one) => std::slice::from_ref(one),
    }
    .iter()
}

fn texts(list: Option<&Value>) -> Vec<&str> {
    let texts = items(list).filter_map(|item| match item {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn entry<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    match object {
        Value::Object(fields) => fields.get(name),
        _ => None,
    }
}
