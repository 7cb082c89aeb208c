//! A document's whole way: tokens, parser, limits, rules, variables, what it needs, the decision.
//!
//! The bytes are the document; behind a NUL its variables as JSON, behind another the operation's name. Whatever they
//! are, nothing panics, every refusal has a code, and somebody without any permission gets nothing executed but
//! `__typename`: what is selected at the root is looked up here by a reader of its own.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_graphql::{
    Data, Executor, Request, Response, Value, Variables,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet},
    },
};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tasker::{
    auth::{AuthorizationCoordinator, CoordinatorError, Grants, Subject, Warden},
    config::Introspection,
    data::Database,
    graphql::{
        Code, GraphqlSettings, Pipeline,
        gate::{Gate, Requirements},
        introspection::Views,
        outline::Outline,
        schema,
    },
    model::time::Timestamp,
    orchestration::{Clock, Refusals},
};
use tokio::{runtime::Runtime, sync::watch};

/// What `ran` in an answer says.
const RAN: &str = "ran";

struct World {
    runtime: Runtime,
    pipeline: Pipeline<Ran>,
    _folder: tempfile::TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// Instead of the schema: says that it was reached.
#[derive(Clone)]
struct Ran;

impl Executor for Ran {
    async fn execute(&self, _: Request) -> Response {
        Response::new(Value::String(RAN.to_owned()))
    }

    fn execute_stream(&self, request: Request, _: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let this = self.clone();
        stream::once(async move { this.execute(request).await }).boxed()
    }
}

/// Nobody may do anything.
struct Nothing(watch::Sender<u64>);

#[tasker::async_trait]
impl AuthorizationCoordinator for Nothing {
    async fn grants(&self, _: &Subject) -> Result<Arc<Grants>, CoordinatorError> {
        Ok(Arc::new(Grants::of_version(1)))
    }

    fn version(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::TempDir::new().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("empty.db").display());
        let database = runtime.block_on(Database::open(&url, 1, Duration::from_secs(5))).expect("a file");
        let sdl = schema::sdl();
        let warden = Warden::new(Arc::new(Nothing(watch::Sender::new(1))), Arc::new(|| Timestamp(0)));
        let gate = Gate::new(
            Requirements::from_sdl(&sdl).expect("the schema says what it needs"),
            warden,
            database.clone(),
            Introspection::Permitted,
            Views::from_sdl(&sdl).expect("a schema"),
            Refusals::new(database, Clock::System),
        );
        // Nothing is kept from one document to the next.
        let settings = GraphqlSettings { document_cache: 0, ..GraphqlSettings::default() };
        let outline = Outline::from_sdl(&sdl).expect("a schema");
        Self {
            runtime,
            pipeline: Pipeline::new(Ran, outline, &settings).with_admission(gate),
            _folder: folder,
        }
    }
}

pub fn check(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == 0).map(std::str::from_utf8);
    let Some(Ok(text)) = parts.next() else { return };
    let (Ok(variables), Ok(name)) = (parts.next().unwrap_or(Ok("")), parts.next().unwrap_or(Ok(""))) else {
        return;
    };
    let mut request = Request::new(text).data(Subject::named("nobody"));
    if let Ok(variables @ serde_json::Value::Object(_)) = serde_json::from_str(variables) {
        request = request.variables(Variables::from_json(variables));
    }
    if !name.is_empty() {
        request = request.operation_name(name);
    }
    let answer = match WORLD.pipeline.prepare(request) {
        Ok(prepared) => WORLD.runtime.block_on(async {
            WORLD.pipeline.stream(prepared, Arc::default()).next().await.expect("an answer")
        }),
        Err(error) => Response::from_errors(vec![error]),
    };
    for error in &answer.errors {
        let code = Code::of(error).unwrap_or_else(|| panic!("{error:?} has no code"));
        assert_ne!(code, Code::Internal, "{error:?}");
    }
    if answer.data == Value::String(RAN.to_owned()) {
        let document = parse_query(text).expect("it was run");
        let roots = roots(&document, name);
        // Names of the language itself are the library's to refuse, but for the two questions about the schema.
        let harmless = |root: &String| root.starts_with("__") && root != "__schema" && root != "__type";
        assert!(!roots.is_empty() && roots.iter().all(harmless), "{roots:?}");
    } else if answer.errors.is_empty() {
        // Whoever has signed in may ask about the schema: there is `viewer` in it for everybody.
        let roots = roots(&parse_query(text).expect("it was answered"), name);
        assert!(roots.iter().all(|root| root.starts_with("__")), "it is neither run nor refused: {roots:?}");
    }
}

/// The names of the selected operation's root fields.
fn roots(document: &ExecutableDocument, name: &str) -> HashSet<String> {
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => operation,
        DocumentOperations::Multiple(all) if all.len() == 1 => all.values().next().expect("one"),
        DocumentOperations::Multiple(all) => &all[name],
    };
    let mut found = HashSet::new();
    let mut seen = HashSet::new();
    let mut open: Vec<&SelectionSet> = vec![&operation.node.selection_set.node];
    while let Some(set) = open.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => drop(found.insert(field.node.name.node.to_string())),
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if seen.insert(name) {
                        open.push(&document.fragments[name].node.selection_set.node);
                    }
                }
            }
        }
    }
    found
}
