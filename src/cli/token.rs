//! `tasker token`: tokens in the database itself, also while a service runs on it.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::Place;
use crate::{
    auth::{Permission, Subject, Wanted},
    config::{Config, Overrides, SignIn, Variables},
    data::{Database, api_tokens, entity::api_token::Model, load, migrate},
    model::{
        audit::{Act, Verdict, Way},
        time::Timestamp,
    },
    orchestration::{Caller, Clock, api_tokens as verbs},
};

/// What to do with tokens.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum Token {
    /// Makes a token and shows it, this once.
    Issue(Issue),
    /// Lists the tokens there are, without their secrets.
    List(Place),
    /// Withdraws a token: within a second nobody takes it any more.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Token id, as `token list` shows it
        id: Uuid,
    },
}

/// What the token is to be.
#[derive(Debug, Clone, Args)]
pub(super) struct Issue {
    #[command(flatten)]
    place: Place,
    /// Who it stands for; its first role without it
    #[arg(long)]
    name: Option<String>,
    /// What it may do: a role of the policy, as in `viewer`. Several times for several
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<String>,
    /// Only in this namespace; in all of them without it
    #[arg(long = "namespace", value_name = "NAMESPACE")]
    namespaces: Vec<String>,
    /// Only steps of this handler class; of any without it
    #[arg(long = "handler-class", value_name = "CLASS")]
    handler_classes: Vec<String>,
    /// How long it lives, as in 90d; until it is revoked without it
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    expires_in: Option<Duration>,
}

impl Token {
    pub(super) async fn run(self, variables: &Variables) -> anyhow::Result<ExitCode> {
        let place = match &self {
            Self::Issue(issue) => &issue.place,
            Self::List(place) | Self::Revoke { place, .. } => place,
        };
        let config = place.load(Overrides::of_tool(), variables)?;
        let database = open(&config).await?;
        let done = match self {
            Self::Issue(issue) => issue.run(&config, &database).await,
            Self::List(_) => list(&database).await,
            Self::Revoke { id, .. } => revoke(&database, id).await,
        };
        database.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

impl Issue {
    async fn run(self, config: &Config, database: &Database) -> anyhow::Result<()> {
        let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
        let wanted = Wanted {
            name: self.name.or_else(|| self.roles.first().cloned()).unwrap_or_default(),
            roles: self.roles,
            namespaces: some(self.namespaces),
            handler_classes: some(self.handler_classes),
            expires_in: self.expires_in,
        };
        let caller = by_command("issueApiToken", Permission::ApiTokenCreate);
        let (secret, token) = verbs::issue(database, caller, wanted, Clock::System.now()).await?;
        eprintln!("{}", line(&token, Clock::System.now())?);
        if !takes_tokens(config) {
            eprintln!(
                "No service takes it yet: turn `authentication.enabled` on and add `{{ type: api_token }}` to \
                 `authentication.authenticators`."
            );
        }
        eprintln!("The token follows. It is shown only now:");
        say!("{}", secret.reveal());
        Ok(())
    }
}

async fn list(database: &Database) -> anyhow::Result<()> {
    const PAGE: u64 = 500;
    let now = Clock::System.now();
    let mut shown = 0;
    loop {
        let page = api_tokens::list(database, PAGE, shown).await?;
        for token in &page {
            say!("{}", line(token, now)?);
        }
        shown += page.len() as u64;
        if (page.len() as u64) < PAGE {
            break;
        }
    }
    if shown == 0 {
        eprintln!("there are no tokens; `tasker token issue --role admin` makes one");
    }
    Ok(())
}

async fn revoke(database: &Database, id: Uuid) -> anyhow::Result<()> {
    let now = Clock::System.now();
    let caller = by_command("revokeApiToken", Permission::ApiTokenDestroy);
    match verbs::revoke(database, caller, id, now).await? {
        Some(token) => say!("{}", line(&token, now)?),
        None => bail!("there is no token {id}; `tasker token list` shows those there are"),
    }
    Ok(())
}

/// Who has the database may do everything; that it was done is recorded like any other change.
fn by_command(field: &str, permission: Permission) -> Caller {
    let act = Act {
        verdict: Verdict::Allowed,
        code: None,
        subject: None,
        credential: None,
        operation: None,
        way: Way::Command,
        fields: vec![field.to_owned()],
        permissions: vec![permission.to_string()],
        missing: Vec::new(),
        policy_version: None,
        request_id: None,
    };
    Caller { subject: Subject::anonymous(), act: Some(Arc::new(act)) }
}

async fn open(config: &Config) -> anyhow::Result<Database> {
    let url = config.database.own_url();
    let database = Database::open(url.as_str(), 1, config.database.connect_timeout).await?;
    if config.database.migrate {
        migrate::migrate(&database).await?;
    } else {
        migrate::check(&database).await?;
    }
    Ok(database)
}

fn takes_tokens(config: &Config) -> bool {
    let ways = config.authentication.read(&config.directory).unwrap_or_default();
    config.authentication.enabled && ways.iter().any(|way| matches!(way, SignIn::ApiToken))
}

/// `id  name  active  roles`, and what narrows it.
fn line(token: &Model, now: Timestamp) -> anyhow::Result<String> {
    let moment = |at: i64| Timestamp(at).to_rfc3339();
    let state = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked {}", moment(at)),
        (None, Some(at)) if now.0 >= at => format!("expired {}", moment(at)),
        (None, Some(at)) => format!("until {}", moment(at)),
        (None, None) => "until revoked".to_owned(),
    };
    let unreadable = || format!("token {} can't be read", token.id);
    let mut text = format!("{}  {:<24}  {state}  roles", token.id, token.name);
    let mut names = |list: Option<&serde_json::Value>, word: &str| -> anyhow::Result<()> {
        let Some(list) = list.filter(|list| !list.is_null()) else { return Ok(()) };
        let names: BTreeSet<String> = load::texts(list).with_context(unreadable)?.into_iter().collect();
        text.push_str(&format!("{word} {}", names.into_iter().collect::<Vec<_>>().join(", ")));
        Ok(())
    };
    names(Some(&token.roles), "")?;
    names(token.namespaces.as_ref(), "; namespaces")?;
    names(token.handler_classes.as_ref(), "; handler classes")?;
    let used = token.last_used_at.map(|at| format!("; last used {}", moment(at)));
    Ok(text + used.unwrap_or_default().as_str())
}
