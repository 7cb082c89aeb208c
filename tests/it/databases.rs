//! The application's database beside that of the tasks: what goes where, and what is said when that is not clear.

use std::{path::PathBuf, time::Duration};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tasker::{
    app::{App, Error, Tasker},
    auth::Subject,
    config::{Config, Overrides, Variables},
    data::{Database, load},
    model::id::TaskId,
    orchestration::{
        TaskRequest,
        handler::{Sequence, StepError, StepHandler, StepView, TaskView},
    },
};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{app::PATIENCE, place::Place};

/// Books what it is told in the application's own table.
struct Book;

#[async_trait::async_trait]
impl StepHandler for Book {
    async fn process(&self, task: &TaskView, _: &Sequence, step: &StepView) -> Result<Value, StepError> {
        let database = task.primary_database();
        let sql = "INSERT INTO bookings (step, item) VALUES ($1, $2)";
        let values =
            [step.id().to_string().into(), task.context()["item"].as_str().unwrap_or_default().into()];
        let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
        let done = database.execute_raw(statement).await;
        done.map_err(|error| StepError::permanent(error.to_string()))?;
        Ok(json!({}))
    }
}

/// A folder with a configuration.
struct Folder(TempDir);

impl Folder {
    fn new(database: &Value) -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::create_dir_all(folder.path().join("tasks")).expect("a folder");
        let template =
            json!({ "name": "book", "step_templates": [{ "name": "book", "handler_class": "Book" }] });
        std::fs::write(folder.path().join("tasks/book.yaml"), template.to_string()).expect("a file");
        let settings = json!({ "database": database });
        std::fs::write(folder.path().join("tasker.yaml"), settings.to_string()).expect("a file");
        Self(folder)
    }

    fn load(&self) -> Result<Config, tasker::config::Error> {
        Config::load(self.0.path(), &Overrides::default(), &Variables::default())
    }

    async fn open(&self) -> Result<App, Error> {
        let config = self.load().expect("settings");
        Tasker::builder().step_handler("Book", Book).open(config, Variables::default()).await
    }

    /// A command of the real program, here.
    async fn run(&self, words: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
        for (name, _) in std::env::vars_os() {
            if matches!(name.to_str(), Some(name) if name.starts_with("TASKER_") || name == "DATABASE_URL") {
                command.env_remove(name);
            }
        }
        command.args(words).arg("--config").arg(self.0.path()).current_dir(self.0.path());
        let output = command.output().await.expect("it runs");
        let text =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        (output.status.success(), text)
    }
}

fn apart(primary: &Place, own: &Place) -> Value {
    json!({
        "primary": { "url": primary.url, "max_connections": 2 },
        "enable_secondary_database": true, "name": "tasker",
        "tasker": { "url": own.url, "max_connections": 3 },
    })
}

/// Its tables.
async fn tables(url: &str) -> Vec<String> {
    let database = Database::open(url, 1, PATIENCE).await.expect("it opens");
    let sql = match database.kind() {
        tasker::data::Kind::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
        tasker::data::Kind::Postgres => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name"
        }
    };
    let backend = database.upkeep.get_database_backend();
    let rows = database.upkeep.query_all_raw(Statement::from_string(backend, sql)).await.expect("readable");
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("a name")).collect();
    database.close().await;
    names
}

async fn execute(url: &str, sql: &str) {
    let database = Database::open(url, 1, PATIENCE).await.expect("it opens");
    database.upkeep.execute_unprepared(sql).await.expect(sql);
    database.close().await;
}

const BOOKINGS: &str = "CREATE TABLE bookings (step text PRIMARY KEY, item text NOT NULL)";

/// A handler books in the primary database; everything of Tasker's is in the other.
async fn each_has_its_own(primary: Place, own: Place) {
    execute(&primary.url, BOOKINGS).await;
    let folder = Folder::new(&apart(&primary, &own));
    // By hand, before anything runs: into the right one.
    let (done, said) = folder.run(&["migrate"]).await;
    assert!(done && said.contains("migration(s) applied"), "{said}");
    assert_eq!(tables(&primary.url).await, ["bookings"]);
    let (done, said) = folder.run(&["token", "issue", "--role", "admin"]).await;
    assert!(done, "{said}");
    let (done, said) = folder.run(&["prune", "--dry-run"]).await;
    assert!(done && said.contains("nothing would be removed"), "{said}");
    let (done, said) = folder.run(&["subscriber", "list"]).await;
    assert!(done, "{said}");

    let app = folder.open().await.expect("it starts");
    let request = TaskRequest::new("book", json!({ "item": "a room" }));
    let task = app.engine().create_task(&Subject::anonymous(), request).await.expect("created").task.id;
    let complete = async {
        loop {
            let rows = load::rows(app.engine().database(), &[TaskId(task)]).await.expect("readable");
            if rows[0].0.status == "complete" {
                break rows[0].1[0].id;
            }
            assert_ne!(rows[0].0.status, "error", "{:?}", rows[0].1[0].error);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let step = tokio::time::timeout(PATIENCE, complete).await.expect("it completes");
    app.stop().await;

    let database = Database::open(&primary.url, 1, PATIENCE).await.expect("it opens");
    let backend = database.upkeep.get_database_backend();
    let sql = "SELECT step, item FROM bookings";
    let rows = database.upkeep.query_all_raw(Statement::from_string(backend, sql)).await.expect("readable");
    let booked: Vec<(String, String)> = rows
        .iter()
        .map(|row| (row.try_get_by_index(0).expect("a step"), row.try_get_by_index(1).expect("an item")))
        .collect();
    assert_eq!(booked, [(step.to_string(), "a room".to_owned())]);
    database.close().await;
    assert_eq!(tables(&primary.url).await, ["bookings"], "nothing of Tasker's is there");
    let own = tables(&own.url).await;
    assert!(
        own.contains(&"tasker_migrations".to_owned()) && own.contains(&"tasker_tasks".to_owned()),
        "{own:?}"
    );
    assert!(!own.contains(&"bookings".to_owned()), "{own:?}");
}

#[tokio::test]
async fn two_sqlite_files() {
    each_has_its_own(Place::sqlite(), Place::sqlite()).await;
}

#[tokio::test]
async fn two_postgresql_databases() {
    if let (Some(primary), Some(own)) = (Place::postgres().await, Place::postgres().await) {
        each_has_its_own(primary, own).await;
    }
}

#[tokio::test]
async fn an_application_on_postgresql_and_tasks_in_a_file() {
    if let Some(primary) = Place::postgres().await {
        each_has_its_own(primary, Place::sqlite()).await;
    }
}

#[tokio::test]
async fn an_application_on_a_file_and_tasks_on_postgresql() {
    if let Some(own) = Place::postgres().await {
        each_has_its_own(Place::sqlite(), own).await;
    }
}

on_both_databases![without_a_second_database_handlers_share_the_one, health_shows_both];

async fn without_a_second_database_handlers_share_the_one(place: Place) {
    execute(&place.url, BOOKINGS).await;
    let folder = Folder::new(&json!({ "primary": { "url": place.url } }));
    let app = folder.open().await.expect("it starts");
    let request = TaskRequest::new("book", json!({ "item": "a seat" }));
    let task = app.engine().create_task(&Subject::anonymous(), request).await.expect("created").task.id;
    let complete = async {
        while load::rows(app.engine().database(), &[TaskId(task)]).await.expect("readable")[0].0.status
            != "complete"
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, complete).await.expect("it completes");
    app.stop().await;
    assert!(tables(&place.url).await.contains(&"bookings".to_owned()));
}

async fn health_shows_both(primary: Place) {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;
    let own = Place::sqlite();
    let folder = Folder::new(&apart(&primary, &own));
    execute(&primary.url, BOOKINGS).await;
    let app = folder.open().await.expect("it starts");
    let router = app.router("127.0.0.1:80".parse().expect("an address")).expect("routes");
    let ask = |path: &'static str| {
        let router = router.clone();
        async move {
            let request =
                Request::get(path).header("host", "127.0.0.1:80").body(Body::empty()).expect("a request");
            let answer = router.oneshot(request).await.expect("answered");
            let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
            String::from_utf8(body.to_vec()).expect("text")
        }
    };
    let ready: Value = serde_json::from_str(&ask("/health/ready").await).expect("JSON");
    assert_eq!(
        (&ready["status"], &ready["databases"]),
        (&json!("ready"), &json!({ "tasker": "up", "primary": "up" }))
    );
    let idle = "tasker_database_connections{pool=\"primary\",state=\"idle\"} ";
    let settled = async {
        // A connection is given back by a task of its own, a moment after the answer that it was for.
        loop {
            let metrics = ask("/metrics").await;
            let open = metrics.lines().find_map(|line| line.strip_prefix(idle)?.parse::<u32>().ok());
            if open.is_some_and(|open| (1..=2).contains(&open)) {
                return metrics;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let metrics = tokio::time::timeout(PATIENCE, settled).await.expect("the pool's connections come to rest");
    assert!(metrics.contains("\ntasker_primary_database_up 1\n"), "{metrics}");
    app.stop().await;
}

#[tokio::test]
async fn an_application_without_its_database_is_told_so_at_the_start() {
    let own = Place::sqlite();
    let mut settings = apart(&Place::sqlite(), &own);
    settings["primary"]["url"] = "postgres://nobody@127.0.0.1:1/nothing".into();
    let refused = Folder::new(&settings).open().await.err().expect("refused").to_string();
    assert!(
        refused.starts_with("database.primary, which handlers work with: PostgreSQL at 127.0.0.1:1"),
        "{refused}"
    );
    settings["primary"]["url"] = "sqlite:///no/such/folder/app.db".into();
    let refused = Folder::new(&settings).open().await.err().expect("refused").to_string();
    assert!(refused.contains("/no/such/folder/app.db can't be opened"), "{refused}");
    let file = own.url.trim_start_matches("sqlite://").trim_end_matches("?mode=rwc");
    assert!(!PathBuf::from(file).exists(), "nothing is made before");
}

#[test]
fn what_is_not_clear_is_refused_in_words() {
    let url = "sqlite://own.db?mode=rwc";
    for (settings, said) in [
        (
            json!({ "enable_secondary_database": true }),
            "database.enable_secondary_database: is on, and `database.name` does not say which database is meant",
        ),
        (
            json!({ "enable_secondary_database": true, "name": "tasker" }),
            "database.name: names `tasker`, and there is no `database.tasker`; write its url there",
        ),
        (
            json!({ "enable_secondary_database": true, "name": "primary" }),
            "database.name: `primary` can't be the tasks' own database",
        ),
        (
            json!({ "tasker": { "url": url } }),
            "database.tasker: is not used: tasks go to `database.primary` unless `enable_secondary_database: true` and `name: tasker`",
        ),
        (json!({ "name": "mine", "mine": { "url": url } }), "database.mine: is not used"),
        (
            json!({ "primry": { "url": url } }),
            "database.primry: unknown key; did you mean `database.primary`?",
        ),
        (
            json!({ "enable_secondary_database": true, "name": "tasker", "tasker": {} }),
            "database.tasker: has no `url`",
        ),
        (
            json!({ "enable_secondary_database": true, "name": "tasker", "tasker": { "url": "mysql://ada:hunter2@db/t" } }),
            "database.tasker.url: expected `sqlite://tasker.db?mode=rwc` or `postgres://user@host/database`, not `mysql://ada:***@db/t`",
        ),
        (
            json!({ "enable_secondary_database": true, "name": "tasker", "tasker": { "url": url, "max_connections": 0 } }),
            "database.tasker.max_connections: must be between 1 and 1000, not `0`",
        ),
        (
            json!({ "enable_secondary_database": true, "name": "tasker", "tasker": { "url": url, "pool": 3 } }),
            "database.tasker.pool: unknown key",
        ),
    ] {
        let refused = Folder::new(&settings).load().expect_err("refused").to_string();
        assert!(refused.contains(said), "{settings}: {refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[test]
fn an_environment_variable_names_the_tasks_own_database_too() {
    let variables = [
        ("TASKER__DATABASE__ENABLE_SECONDARY_DATABASE", "true"),
        ("TASKER__DATABASE__NAME", "tasker"),
        ("TASKER__DATABASE__TASKER__URL", "postgres://tasker@db/tasker"),
        ("TASKER__DATABASE__TASKER__MAX_CONNECTIONS", "3"),
        ("DATABASE_URL", "postgres://app@db/app"),
    ];
    let folder = TempDir::new().expect("a folder");
    let config = Config::load(folder.path(), &Overrides::default(), &variables.into_iter().collect());
    let database = config.expect("settings").database;
    assert_eq!(database.own_url().as_str(), "postgres://tasker@db/tasker");
    assert_eq!((database.own_connections(), database.primary.url.as_str()), (3, "postgres://app@db/app"));
}
