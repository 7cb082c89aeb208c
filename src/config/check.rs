//! What a setting may be, beyond its type. Everything is looked at, and everything wrong is said.

use tracing_subscriber::EnvFilter;

use super::Config;
use super::authorization;
use super::range;
use super::sources::Sources;

/// Looks at everything.
pub fn all(config: &Config, sources: &mut Sources) {
    range::all(config, sources);
    listen(config, sources);
    origins(config, sources);
    hosts(config, sources);
    database(config, sources);
    authorization::check(&config.authorization, sources);
    level(config, sources);
}

/// Nobody has to say who they are yet, so nobody else may reach it by accident.
fn listen(config: &Config, sources: &mut Sources) {
    let address = config.server.listen.ip();
    if !address.to_canonical().is_loopback() && !config.server.insecure {
        let message = format!(
            "listening on {address} without authentication is refused; bind to 127.0.0.1 or pass --insecure"
        );
        sources.refuse("server.listen", message);
    }
}

/// An origin is compared with the header as it is, so a path or a closing slash would never match.
fn origins(config: &Config, sources: &mut Sources) {
    for (index, origin) in config.server.allowed_origins.iter().enumerate() {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        if !host.is_some_and(is_host) {
            let key = format!("server.allowed_origins[{index}]");
            let message =
                "expected a scheme and a host, such as `https://app.example.com`, without a path or `*`";
            sources.refuse(&key, message.to_owned());
        }
    }
}

fn hosts(config: &Config, sources: &mut Sources) {
    for (index, host) in config.server.allowed_hosts.iter().enumerate() {
        if !is_host(host) {
            let key = format!("server.allowed_hosts[{index}]");
            let message = "expected a host, such as `tasker.example.com`, without a scheme, a path or `*`";
            sources.refuse(&key, message.to_owned());
        }
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}

fn database(config: &Config, sources: &mut Sources) {
    let url = config.database.primary.url.as_str();
    if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        let expected = "expected `sqlite://tasker.db?mode=rwc` or `postgres://user@host/database`";
        let message = format!("{expected}, not {}", sources.written("database.primary.url"));
        sources.refuse("database.primary.url", message);
    }
}

fn level(config: &Config, sources: &mut Sources) {
    if EnvFilter::builder().parse(&config.logging.level).is_err() {
        let expected = "expected a level, such as `info`, or directives, such as `info,tasker=debug`";
        let message = format!("{expected}, not {}", sources.written("logging.level"));
        sources.refuse("logging.level", message);
    }
}
