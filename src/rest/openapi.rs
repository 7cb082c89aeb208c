//! `/openapi.json`, made of the routes and the GraphQL schema. It shows what its reader may use.

mod inputs;
mod operations;
mod outputs;
mod responses;
mod shape;
mod shown;

use std::collections::BTreeSet;

use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref,
    ServerBuilder,
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    tag::TagBuilder,
};

pub use inputs::Inputs;
pub use shown::{Documents, methods};

use super::ready::{Contradiction, Routes};
use crate::{auth::Permissions, graphql};
use operations::{TAGS, Visible};
use outputs::Outputs;

/// Says what an operation, a parameter or a word of `include` needs.
const PERMISSIONS: &str = "x-tasker-permissions";

const ABOUT: &str = "Tasker runs workflows that must finish. Every operation here is one of its GraphQL API, with the \
    same names, the same limits, and the same permissions: `x-tasker-permissions` lists what each needs. An operation is \
    carried out only when its caller has all of it. What a caller may not see is answered like what is not there.\n\n\
    Names in addresses are written `with_underscores`, those in bodies are GraphQL's. A parameter that takes several \
    values has commas between them, and may be given once. Bodies are JSON objects. Every answer carries `X-Request-Id`.";

/// The whole document, for everybody to read.
pub fn printed() -> Result<String, Contradiction> {
    let routes = Routes::from_sdl(&graphql::schema::sdl())?;
    Ok(text(&document(&routes, None)))
}

/// As it is sent and committed.
fn text(document: &OpenApi) -> String {
    let mut text = document.to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(%error, "an OpenAPI document could not be written");
        "{}".to_owned()
    });
    text.push('\n');
    text
}

/// What someone with these permissions may use; everything without.
fn document(routes: &Routes, held: Option<Permissions>) -> OpenApi {
    let mut outputs = Outputs::new(&routes.types);
    let mut inputs = Inputs::default();
    let mut paths = PathsBuilder::new();
    let (mut tags, mut statuses) = (Vec::new(), BTreeSet::new());
    let visible: Vec<Visible<'_>> = routes.all.iter().filter_map(|ready| Visible::to(ready, held)).collect();
    for one in &visible {
        let Visible { ready, .. } = one;
        inputs.extend(ready.body.as_ref().map(|body| &body.inputs));
        tags.push(one.tag());
        statuses.extend(one.statuses(&routes.types));
        let operation = one.operation(&routes.types, &mut outputs, &visible);
        let item = PathItem::new(ready.route.method.as_openapi(), operation);
        paths = paths.path(ready.route.path, item);
    }
    let components = responses::components(security(ComponentsBuilder::new()), &statuses);
    let components = inputs.iter().fold(components, |all, (name, schema)| all.schema(name, schema.clone()));
    let components =
        outputs.components().into_iter().fold(components, |all, (name, schema)| all.schema(name, schema));
    let tags = TAGS.iter().filter(|(tag, _)| tags.contains(tag));
    let tags = tags.map(|(tag, about)| TagBuilder::new().name(*tag).description(Some(*about)).build());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Tasker")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
                .build(),
        )
        .servers(Some([ServerBuilder::new().url("/").description(Some("Where this document is.")).build()]))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some([
            SecurityRequirement::new("bearer", [""; 0]),
            SecurityRequirement::new("apiToken", [""; 0]),
        ]))
        .tags(Some(tags.collect::<Vec<_>>()))
        .build()
}

/// Both ways to show a credential. Where the service asks for none, neither is needed.
fn security(components: ComponentsBuilder) -> ComponentsBuilder {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the service, or of an issuer that it trusts."))
        .build();
    let token = ApiKeyValue::with_description("X-API-Token", "A token of the service.");
    components
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("apiToken", SecurityScheme::ApiKey(ApiKey::Header(token)))
}

/// The component of that name.
pub fn reference(schema: &str) -> Ref {
    Ref::from_schema_name(schema)
}

/// As a list for [`PERMISSIONS`].
fn listed(needs: Permissions) -> serde_json::Value {
    needs.iter().map(|permission| permission.as_str()).collect()
}
