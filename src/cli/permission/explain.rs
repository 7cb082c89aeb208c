//! `tasker permission explain`: what a document needs, and whether somebody may run it.

use std::{collections::HashMap, fs, io::Read, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use async_graphql::Variables;
use clap::Args;

use crate::{
    app,
    auth::{Bounds, PolicyCoordinator, PolicyFiles, Subject, Warden},
    cli::Place,
    config::Config,
    data::{Database, migrate, tasks},
    graphql::{
        self,
        gate::{Explainer, Explanation, Question, Requirements},
        introspection::Views,
        outline::Outline,
    },
    model::id::TaskId,
    orchestration::Clock,
};

/// Who, and what.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    place: Place,
    /// Who runs it, as in `ada`; nobody in particular without it
    #[arg(long)]
    subject: Option<String>,
    /// A role that the credential names, as in `viewer`; may be given several times
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// The credential is for this namespace only; may be given several times
    #[arg(long = "namespace", value_name = "NAMESPACE")]
    namespaces: Vec<String>,
    /// Which operation of the document, where it has several
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// Variables, as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    variables: String,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// The document; `-` reads it from standard input
    #[arg(value_name = "FILE.graphql")]
    document: PathBuf,
}

impl Explain {
    pub(in crate::cli) fn place(&self) -> &Place {
        &self.place
    }

    /// Succeeds where the gate would let it through.
    pub(in crate::cli) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let text = read(&self.document)?;
        let variables: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.variables).context("--variables must be a JSON object")?;
        let variables = Variables::from_json(variables.into());
        let subject = self.subject();
        let (policy, model) = config.policy_files();
        let Ok(coordinator) = PolicyCoordinator::open(PolicyFiles { policy, model }) else {
            anyhow::bail!("the policy can't be used; `tasker permission check` says why");
        };
        let warden = Warden::new(Arc::new(coordinator), Arc::new(|| Clock::System.now()));
        let explainer = explainer(config)?;
        let question = Question {
            document: &text,
            operation: self.operation.as_deref(),
            variables: &variables,
            subject: &subject,
            warden: &warden,
            places: None,
        };
        let about = explainer.tasks(&question);
        let places = match about.is_empty() {
            true => None,
            false => match places(config, &about).await {
                Ok(places) => Some(places),
                Err(error) => {
                    eprintln!("the database can't be asked where the tasks are: {error:#}");
                    None
                }
            },
        };
        let answer = explainer.explain(&Question { places: places.as_ref(), ..question }).await;
        match self.json {
            true => say!("{}", serde_json::to_string_pretty(&answer)?),
            false => self.print(&answer),
        }
        Ok(if answer.permitted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn subject(&self) -> Subject {
        let subject = self.subject.as_ref().map_or_else(Subject::anonymous, |name| Subject::named(&**name));
        let namespaces: Arc<[Arc<str>]> = self.namespaces.iter().map(|name| (&**name).into()).collect();
        let namespaces = (!namespaces.is_empty()).then_some(namespaces);
        let subject = subject.with_roles(self.roles.iter().map(String::as_str));
        subject.within(Bounds { namespaces, ..Bounds::default() })
    }

    fn print(&self, answer: &Explanation) {
        let who = self.subject.as_deref().unwrap_or("nobody in particular");
        for field in &answer.fields {
            let needs = match field.permissions.is_empty() {
                true => "nothing".to_owned(),
                false => field.permissions.join(" and "),
            };
            let held = match field.namespaces.is_empty() {
                true => String::new(),
                false => format!("; held in {}", field.namespaces),
            };
            say!("{:<24} needs {needs}{held}", field.field);
        }
        for task in &answer.depends_on {
            say!("It also depends on the namespace that the task {task} is in.");
        }
        match &answer.refusal {
            None if !answer.depends_on.is_empty() => say!("{who} may run it where that is one of these."),
            None => say!("{who} may run it."),
            Some(refusal) => say!("{who} may not run it: {} {}", refusal.code, refusal.message),
        }
    }
}

fn read(document: &PathBuf) -> anyhow::Result<String> {
    if document.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input can't be read")?;
        return Ok(text);
    }
    fs::read_to_string(document).with_context(|| format!("{} can't be read", document.display()))
}

fn explainer(config: &Config) -> anyhow::Result<Explainer> {
    let sdl = graphql::schema::sdl();
    Ok(Explainer::new(
        Requirements::from_sdl(&sdl)?,
        Outline::from_sdl(&sdl)?,
        app::limits(config),
        (config.graphql.introspection, Views::from_sdl(&sdl)?),
    ))
}

/// Looks up where the tasks are, in a database that is there.
async fn places(
    config: &Config,
    about: &[TaskId],
) -> anyhow::Result<HashMap<TaskId, (String, Option<String>)>> {
    let url = config.database.own_url().as_str().replace("mode=rwc", "mode=rw");
    let database = Database::open(&url, 1, config.database.connect_timeout).await?;
    let found = match migrate::check(&database).await {
        Ok(()) => tasks::places(&database, about).await,
        Err(error) => Err(error),
    };
    database.close().await;
    Ok(found?)
}
