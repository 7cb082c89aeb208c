//! YAML: a template, settings, subscribers, or services of `docker compose`, by the keys it has.

use std::fs;

use tasker::{
    cli,
    config::{Config, Overrides, Variables, subscribers},
    model::{
        event::EventName,
        template::{Limits, Templates},
    },
};
use tempfile::TempDir;

/// Every variable that the guide's examples use.
const VARIABLES: &[(&str, &str)] = &[
    ("DATABASE_PASSWORD", "secret"),
    ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ("COLLECTOR_TOKEN", "secret"),
    ("ORDERS_WEBHOOK_SECRET", "0123456789abcdef"),
    ("PAYMENT_KEY", "secret"),
    ("PRICES_TOKEN", "secret"),
    ("SHOP_URL", "https://shop.example.com"),
    ("TASKER_DATABASE_PASSWORD", "secret"),
];

pub fn check(text: &str) -> Result<(), String> {
    let value: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let keys = value.as_mapping().ok_or("a mapping was expected: a template, settings or subscribers")?;
    if keys.contains_key("step_templates") {
        template(text)
    } else if keys.contains_key("subscribers") {
        declared(text)
    } else if let Some(services) = keys.get("services") {
        composed(services)
    } else {
        settings(text)
    }
}

/// Read in every environment that it could be meant for.
fn template(text: &str) -> Result<(), String> {
    let variable =
        |name: &str| VARIABLES.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
    for environment in ["development", "production", "test"] {
        let files = [("template.yaml".to_owned(), text.to_owned())];
        let (_, problems) = Templates::read(&files, environment, &variable, Limits::default());
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        if !problems.is_empty() {
            return Err(problems.join("\n"));
        }
    }
    Ok(())
}

/// As `tasker.yaml`, beside the policy that comes with the service.
fn settings(text: &str) -> Result<(), String> {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("tasker.yaml"), text).expect("written");
    let variables: Variables = VARIABLES.iter().copied().collect();
    let config = Config::load(folder.path(), &Overrides::of_tool(), &variables);
    config.map(drop).map_err(|error| error.to_string())
}

/// As `subscribers.yaml`; a custom event's name is one that some template might declare.
fn declared(text: &str) -> Result<(), String> {
    let variables: Variables = VARIABLES.iter().copied().collect();
    let custom = ["order.fulfilled", "payment.processed"];
    let known: Vec<String> = EventName::SYSTEM.iter().copied().chain(custom).map(str::to_owned).collect();
    let (_, problems) = subscribers::read("subscribers.yaml", text, &variables, &known);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// What containers of the service are started with, beside the settings that come with it.
fn composed(services: &serde_yaml::Value) -> Result<(), String> {
    let words = |value: &serde_yaml::Value| serde_yaml::from_value::<Vec<String>>(value.clone());
    for service in services.as_mapping().into_iter().flat_map(|all| all.values()) {
        if let Some(command) = service.get("command") {
            let command = words(command).map_err(|error| error.to_string())?;
            let own = command.strip_prefix(&["tasker".to_owned()]).ok_or("the command is not tasker's")?;
            cli::understand(own.iter().map(String::as_str))?;
        }
        let set = service.get("environment").and_then(serde_yaml::Value::as_mapping);
        let set: Vec<(&str, &str)> = set
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str()?, value.as_str()?)))
            .collect();
        let variables: Variables = VARIABLES.iter().copied().chain(set).collect();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let listen = Overrides { listen: Some("0.0.0.0:8080".into()), ..Overrides::default() };
        Config::load(&folder, &listen, &variables).map_err(|error| error.to_string())?;
    }
    Ok(())
}
