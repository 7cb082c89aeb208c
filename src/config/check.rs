//! What a setting may be, beyond its type. Everything is looked at, and everything wrong is said.

mod database;

use tracing_subscriber::EnvFilter;

use super::authorization;
use super::range;
use super::sources::Sources;
use super::{Config, Overrides, OwnSignIn};

/// Looks at everything.
pub fn all(config: &Config, overrides: &Overrides, sources: &mut Sources) {
    range::all(config, sources);
    listen(config, sources);
    authentication(config, overrides, sources);
    origins(config, sources);
    hosts(config, sources);
    proxies(config, sources);
    database::check(&config.database, sources);
    authorization::check(&config.authorization, sources);
    level(config, sources);
    otlp(config, sources);
}

/// Where nobody has to say who they are, nobody else may reach it by accident.
fn listen(config: &Config, sources: &mut Sources) {
    let address = config.server.listen.ip();
    let open = !config.authentication.enabled && !config.server.insecure;
    if open && !address.to_canonical().is_loopback() {
        let message = format!(
            "listening on {address} without authentication is refused; turn `authentication.enabled` on, bind to \
             127.0.0.1, or pass --insecure"
        );
        sources.refuse("server.listen", message);
    }
}

/// Every way to sign in is sound, and whether there is any was somebody's decision where it matters.
fn authentication(config: &Config, overrides: &Overrides, sources: &mut Sources) {
    const ENABLED: &str = "authentication.enabled";
    const LIST: &str = "authentication.authenticators";
    let settings = &config.authentication;
    if let Err(mistakes) = settings.read(&config.directory) {
        for (path, message) in mistakes {
            sources.refuse(&format!("{LIST}{path}"), message);
        }
    }
    let decided = sources.deciding(ENABLED).is_some();
    if config.environment.is_production() && !decided {
        let message = "production needs a decision: write `true`, and how to sign in, or `false`";
        sources.refuse(ENABLED, message.to_owned());
    } else if overrides.own_sign_in == OwnSignIn::Some && !settings.enabled && !decided {
        let message = "this program brings a way to sign in: write `true` to use it, or `false`";
        sources.refuse(ENABLED, message.to_owned());
    }
    if let Some(message) = config.authorization.contradiction(settings.enabled) {
        sources.refuse("authorization.enabled", message.to_owned());
    }
    // One that is written and can't be used is not missing too.
    let written = sources
        .deciding(LIST)
        .is_some_and(|(_, value)| value.as_sequence().is_none_or(|list| !list.is_empty()));
    if settings.enabled && overrides.own_sign_in == OwnSignIn::None && !written {
        let message = "is on, and nobody could sign in; add one to `authentication.authenticators`, such as `{ type: api_token }`";
        sources.refuse(ENABLED, message.to_owned());
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

/// Who is believed about where a request comes from.
fn proxies(config: &Config, sources: &mut Sources) {
    for (index, network) in config.server.trusted_proxies.iter().enumerate() {
        if network.is_everything() {
            let message = "is every address there is: anybody could say where they are";
            sources.refuse(&format!("server.trusted_proxies[{index}]"), message.to_owned());
        }
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
}

/// The collector's address, and what is sent along.
fn otlp(config: &Config, sources: &mut Sources) {
    let settings = &config.telemetry.otlp;
    let address = settings.endpoint.parse::<axum::http::Uri>().ok();
    let spoken =
        |uri: &axum::http::Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if !address.as_ref().is_some_and(spoken) {
        let expected =
            "expected the address of a collector that takes OTLP over HTTP, such as `http://localhost:4318`";
        let message = format!("{expected}, not {}", sources.written("telemetry.otlp.endpoint"));
        sources.refuse("telemetry.otlp.endpoint", message);
    }
    if settings.service_name.trim().is_empty() {
        sources.refuse(
            "telemetry.otlp.service_name",
            "is empty: give the service a name, such as `tasker`".to_owned(),
        );
    }
    for (name, value) in &settings.headers.0 {
        let fits = name.parse::<axum::http::HeaderName>().is_ok()
            && value.parse::<axum::http::HeaderValue>().is_ok();
        if !fits {
            let message = format!(
                "`{name}` can't be sent as a header: a name has letters, digits and `-`, a value no line breaks"
            );
            sources.refuse("telemetry.otlp.headers", message);
        }
    }
}

fn level(config: &Config, sources: &mut Sources) {
    if EnvFilter::builder().parse(&config.logging.level).is_err() {
        let expected = "expected a level, such as `info`, or directives, such as `info,tasker=debug`";
        let message = format!("{expected}, not {}", sources.written("logging.level"));
        sources.refuse("logging.level", message);
    }
}
