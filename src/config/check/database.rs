//! Which databases there are, and that each is meant.

use crate::config::{Database, DatabaseUrl, sources::Sources};

const ENABLED: &str = "database.enable_secondary_database";
const NAME: &str = "database.name";

/// Keys of the section that are no databases, and the one that is the application's.
const TAKEN: [&str; 6] =
    ["primary", "enable_secondary_database", "name", "max_connections", "migrate", "connect_timeout"];

pub(super) fn check(database: &Database, sources: &mut Sources) {
    address(&database.primary.url, "primary", sources);
    let name = database.name.as_str();
    if database.enable_secondary_database {
        if name.is_empty() {
            let message = "is on, and `database.name` does not say which database is meant; write `name: tasker`, and its url in `database.tasker`";
            sources.refuse(ENABLED, message.to_owned());
        } else if TAKEN.contains(&name) {
            let message = format!(
                "`{name}` can't be the tasks' own database; give that a name of its own, such as `tasker`"
            );
            sources.refuse(NAME, message);
        } else if !database.entries.contains_key(name) {
            let message = format!(
                "names `{name}`, and there is no `database.{name}`; write its url there: `{name}: {{ url: postgres://user@host/database }}`"
            );
            sources.refuse(NAME, message);
        }
    }
    for (entry, settings) in &database.entries {
        let key = format!("database.{entry}");
        if entry == name && database.enable_secondary_database {
            if sources.deciding(&format!("{key}.url")).is_none() {
                sources.refuse(&key, "has no `url`".to_owned());
            }
            address(&settings.url, entry, sources);
            if !(1..=1_000).contains(&settings.max_connections) {
                let written = sources.written(&format!("{key}.max_connections"));
                sources.refuse(
                    &format!("{key}.max_connections"),
                    format!("must be between 1 and 1000, not {written}"),
                );
            }
        } else if entry == name || name.is_empty() && entry == "tasker" {
            let message = format!(
                "is not used: tasks go to `database.primary` unless `enable_secondary_database: true` and `name: {entry}` say otherwise"
            );
            sources.refuse(&key, message);
        } else {
            let message = sources.unknown_database(entry);
            sources.refuse(&key, message);
        }
    }
}

fn address(url: &DatabaseUrl, entry: &str, sources: &mut Sources) {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if !known.iter().any(|scheme| url.as_str().starts_with(scheme)) {
        let key = format!("database.{entry}.url");
        let expected = "expected `sqlite://tasker.db?mode=rwc` or `postgres://user@host/database`";
        let message = format!("{expected}, not {}", sources.written(&key));
        sources.refuse(&key, message);
    }
}
