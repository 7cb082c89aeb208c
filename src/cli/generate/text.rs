//! The texts that are written, with their places filled in.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

macro_rules! texts {
    ($($name:literal),* $(,)?) => {
        const TEXTS: &[(&str, &str)] = &[$(($name, include_str!(concat!("text/", $name)))),*];
    };
}

texts! {
    "app.gitignore",
    "app.rs",
    "app.toml",
    "app.yaml",
    "authenticator_api_token.rs",
    "authenticator_custom.rs",
    "authenticator_jwt.rs",
    "authenticator_oauth.rs",
    "authenticator_session.rs",
    "coordinator.rs",
    "metrics.rs",
    "step_handler.rs",
    "subscriber.rs",
    "task_handler.rs",
    "task_template.yaml",
    "task_tests.rs",
}

/// The text called `name`, with what `values` says in its places.
pub(super) fn fill(name: &str, values: impl Serialize) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_filter("quoted", |text: String| serde_json::Value::String(text).to_string());
    for (name, text) in TEXTS {
        environment.add_template(name, text)?;
    }
    Ok(environment.get_template(name)?.render(values)?)
}
