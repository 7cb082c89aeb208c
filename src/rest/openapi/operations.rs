//! One operation: its parameters, its body, and everything it can be answered with.

use async_graphql::parser::{parse_query, types::OperationDefinition};
use serde_json::Value;
use utoipa::openapi::{
    ArrayBuilder, ContentBuilder, KnownFormat, ObjectBuilder, RefOr, Required, ResponseBuilder, Schema,
    SchemaFormat,
    extensions::{Extensions, ExtensionsBuilder},
    link::LinkBuilder,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
    request_body::RequestBodyBuilder,
    schema::Type,
};

use super::{PERMISSIONS, listed, outputs::Outputs, reference, responses};
use crate::{
    auth::Permissions,
    rest::{
        accept::JSON,
        drawing,
        ready::{Kind, Known, Ready, root_field},
        route::{Include, Place, Success, Verb},
        types::{Types, text},
    },
};

/// What operations are about.
pub const TAGS: &[(&str, &str)] = &[
    ("tasks", "Runs of task templates."),
    ("workflow steps", "The steps of a task."),
    ("handlers", "Task templates, as they are registered."),
    ("events", "What happened, in order."),
    ("analytics", "What it adds up to."),
];

/// Values that a list may have.
const MOST_VALUES: usize = 100;

/// Statuses that any operation can be answered with.
const ALWAYS: [u16; 8] = [400, 401, 403, 406, 429, 500, 503, 504];

/// A route, and as much of it as its reader may use.
pub struct Visible<'a> {
    pub ready: &'a Ready,
    includes: Vec<(&'static Include, Permissions)>,
    parameters: Vec<&'a Known>,
}

impl<'a> Visible<'a> {
    /// Nothing where that one may not use it at all.
    pub fn to(ready: &'a Ready, held: Option<Permissions>) -> Option<Self> {
        let permits = |needs: Permissions| held.is_none_or(|held| held.covers(needs));
        permits(ready.needs).then(|| Self {
            ready,
            includes: ready.includes.iter().copied().filter(|(_, needs)| permits(*needs)).collect(),
            parameters: ready.parameters.iter().filter(|known| permits(known.needs)).collect(),
        })
    }

    pub fn tag(&self) -> &'static str {
        match self.ready.route.path {
            path if path.contains("/workflow_steps") => "workflow steps",
            path if path.starts_with("/api/v1/events") => "events",
            path if path.starts_with("/api/v1/analytics") => "analytics",
            path if path.starts_with("/api/v1/handlers") => "handlers",
            _ => "tasks",
        }
    }

    /// `others` are all that its reader may use: what can be done with what it makes.
    pub fn operation(&self, types: &Types, outputs: &mut Outputs<'_>, others: &[Self]) -> Operation {
        let route = self.ready.route;
        let plain = self.operations(&[]);
        let about = plain.first().map_or("", |operation| about(operation, types));
        let summary =
            about.split_inclusive(['.', ':']).next().unwrap_or_default().trim_end_matches(['.', ':']);
        let built = OperationBuilder::new()
            .operation_id(Some(route.id))
            .tag(self.tag())
            .summary(Some(summary))
            .description(Some(about))
            .extensions(Some(permissions(listed(self.ready.needs))));
        let built = self.parameters.iter().fold(built, |built, known| built.parameter(parameter(known)));
        let built = match self.includes.is_empty() {
            true => built,
            false => built.parameter(self.include()),
        };
        let body = self.ready.body.as_ref().map(|body| {
            let content = ContentBuilder::new().schema(Some(reference(&body.name))).build();
            RequestBodyBuilder::new().content(JSON, content).required(Some(Required::True)).build()
        });
        let built = self.success(built.request_body(body), (&plain, others), outputs);
        let errors = self.statuses(types).into_iter();
        let errors = errors.filter_map(|status| Some((status, responses::reference_to(status)?)));
        errors.fold(built, |built, (status, to)| built.response(status.to_string(), to)).build()
    }

    fn success(
        &self,
        built: OperationBuilder,
        (plain, others): (&[OperationDefinition], &[Self]),
        outputs: &mut Outputs<'_>,
    ) -> OperationBuilder {
        let chosen: Vec<&Include> = self.includes.iter().map(|(include, _)| *include).collect();
        // With everything that can be included as well: what is not always there is not required.
        let schema = outputs.answer(&[plain, &self.operations(&chosen)].concat());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let answer = |about: &str| {
            ResponseBuilder::new()
                .description(about)
                .header("X-Request-Id", responses::request_id())
                .content(JSON, content.clone())
        };
        match self.ready.route.success {
            Success::Drawn => {
                let drawn = ResponseBuilder::new()
                    .description("Done: as `format` says, or else as `Accept` does.")
                    .header("X-Request-Id", responses::request_id());
                let drawn =
                    drawing::contents().fold(drawn, |drawn, (media, content)| drawn.content(media, content));
                built.response("200", drawn.build())
            }
            Success::Answered => built.response("200", answer("Done.").build()),
            Success::Created => {
                let place = responses::header("Where it is.");
                let there = "Nothing was created: it was there before (`alreadyExisted`), or nothing was to be (`dryRun`).";
                let created = answer("Created.").header("Location", place);
                let created =
                    others.iter().filter(|other| other.is_about_a_task()).fold(created, |created, other| {
                        let link = LinkBuilder::new()
                            .operation_id(other.ready.route.id)
                            .parameter("task_id", "$response.body#/task/taskId")
                            .build();
                        created.link(other.ready.route.id, link)
                    });
                built.response("200", answer(there).build()).response("201", created.build())
            }
        }
    }

    /// Whether all that its path leaves open is a task.
    fn is_about_a_task(&self) -> bool {
        let mut open = self.parameters.iter().filter(|known| known.given.place == Place::Path);
        open.next().is_some_and(|known| known.given.name == "task_id") && open.next().is_none()
    }

    /// What it can be answered with instead of a success.
    pub fn statuses(&self, types: &Types) -> Vec<u16> {
        let route = self.ready.route;
        let nullable = self.operations(&[]).iter().any(|operation| is_nullable(operation, types));
        let mut statuses = ALWAYS.to_vec();
        let changes = route.method != Verb::Get;
        if nullable || changes {
            statuses.push(404);
        }
        if changes {
            statuses.push(409);
        }
        if self.ready.body.is_some() {
            statuses.extend([408, 413, 415]);
        }
        if route.success == Success::Created {
            statuses.push(422);
        }
        if route.path.starts_with("/api/v1/events") {
            statuses.push(410);
        }
        statuses.sort_unstable();
        statuses
    }

    fn operations(&self, included: &[&Include]) -> Vec<OperationDefinition> {
        let read = |written| {
            let parsed = parse_query(self.ready.route.document(written, included)).ok()?;
            parsed.operations.iter().next().map(|(_, operation)| operation.node.clone())
        };
        self.ready.route.documents.iter().filter_map(read).collect()
    }

    fn include(&self) -> Parameter {
        let words = self.includes.iter().map(|(include, _)| include.name);
        let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
        let list = ArrayBuilder::new().items(words).unique_items(true);
        let needs = self.includes.iter().filter(|(_, needs)| !needs.is_empty());
        let needs: serde_json::Map<String, Value> =
            needs.map(|(include, needs)| (include.name.to_owned(), listed(*needs))).collect();
        ParameterBuilder::new()
            .name("include")
            .parameter_in(ParameterIn::Query)
            .description(Some(
                "What the answer is to hold beyond the rest. Some of it needs more permissions.",
            ))
            .schema(Some(list))
            .style(Some(ParameterStyle::Form))
            .explode(Some(false))
            .extensions((!needs.is_empty()).then(|| permissions(Value::Object(needs))))
            .build()
    }
}

/// What the GraphQL field is for.
fn about<'a>(operation: &OperationDefinition, types: &'a Types) -> &'a str {
    let field = types.root(operation.ty).zip(root_field(operation));
    field
        .and_then(|(root, (field, _))| types.field(root, &field.name.node))
        .map_or("", |known| text(&known.description))
}

/// Whether there may be nothing to answer with.
fn is_nullable(operation: &OperationDefinition, types: &Types) -> bool {
    let field = types.root(operation.ty).zip(root_field(operation));
    let known = field.and_then(|(root, (field, _))| types.field(root, &field.name.node));
    known.is_some_and(|known| known.ty.node.nullable)
}

fn parameter(known: &Known) -> Parameter {
    let list = matches!(known.kind, Kind::List(_));
    let about = match known.kind {
        Kind::Json => format!("{} Read as JSON; what is no JSON is a text.", known.about),
        _ => known.about.clone(),
    };
    let built = ParameterBuilder::new()
        .name(known.given.name)
        .parameter_in(match known.given.place {
            Place::Path => ParameterIn::Path,
            Place::Query => ParameterIn::Query,
            Place::Header => ParameterIn::Header,
        })
        .required(if known.required { Required::True } else { Required::False })
        .description(Some(about))
        .schema(Some(schema(&known.kind, known)))
        .extensions((!known.needs.is_empty()).then(|| permissions(listed(known.needs))));
    match list {
        true => built.style(Some(ParameterStyle::Form)).explode(Some(false)).build(),
        false => built.build(),
    }
}

fn schema(kind: &Kind, known: &Known) -> RefOr<Schema> {
    let text = |format: Option<SchemaFormat>| ObjectBuilder::new().schema_type(Type::String).format(format);
    let plain = match kind {
        Kind::Whole => {
            let (least, most) = known.given.range.unwrap_or((i32::MIN.into(), i32::MAX.into()));
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
                .minimum(Some(least as i32))
                .maximum(Some(most as i32))
        }
        Kind::Truth => ObjectBuilder::new().schema_type(Type::Boolean),
        Kind::Text if known.given.place == Place::Header => {
            text(None).pattern(Some("^[!-~]+$")).max_length(Some(200))
        }
        Kind::Text | Kind::Json => text(None),
        Kind::Id => text(Some(SchemaFormat::Custom("uuid".to_owned()))),
        Kind::Moment => text(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        Kind::Word(words) => {
            let small = words.iter().map(|word| word.to_lowercase());
            text(None).enum_values(Some(words.iter().cloned().chain(small)))
        }
        Kind::List(each) => {
            return ArrayBuilder::new().items(schema(each, known)).max_items(Some(MOST_VALUES)).into();
        }
    };
    Schema::Object(plain.default(known.default.clone()).build()).into()
}

fn permissions(of: Value) -> Extensions {
    ExtensionsBuilder::new().add(PERMISSIONS, of).build()
}
