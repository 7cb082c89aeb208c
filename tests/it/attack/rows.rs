//! Everything that is stored: what it was before an attack, it has to be afterwards.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

/// The rows of each table, as text.
pub type Rows = BTreeMap<String, Vec<String>>;

/// Tables that live by themselves: a node's lease, and what is recorded about attacks.
const RESTLESS: [&str; 2] = ["tasker_nodes", "audit"];

/// Columns that change by themselves: who has a task in memory, and when a token was last used.
const RESTLESS_COLUMNS: [&str; 3] = ["owner", "wake_at", "last_used_at"];

/// Reads everything there is in the database at this address.
pub async fn all(url: &str) -> Rows {
    let mut database = Reader::open(url).await;
    let mut rows = Rows::new();
    for table in database.tables().await {
        if !RESTLESS.iter().any(|restless| table.contains(restless)) {
            let found = database.rows(&table).await;
            rows.insert(table, found);
        }
    }
    assert!(rows.len() > 5, "{:?}", rows.keys());
    rows
}

enum Reader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Reader {
    async fn open(url: &str) -> Self {
        match url.starts_with("sqlite") {
            true => Self::Sqlite(SqliteConnection::connect(url).await.expect("the file opens")),
            false => Self::Postgres(PgConnection::connect(url).await.expect("the server answers")),
        }
    }

    async fn texts(&mut self, statement: String) -> Vec<String> {
        let statement = AssertSqlSafe(statement);
        match self {
            Self::Sqlite(connection) => {
                let rows = sqlx::query(statement).fetch_all(connection).await.expect("rows");
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(connection) => {
                let rows = sqlx::query(statement).fetch_all(connection).await.expect("rows");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    async fn tables(&mut self) -> Vec<String> {
        let statement = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'tasker_%'",
            Self::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_name LIKE 'tasker_%'"
            }
        };
        self.texts(statement.to_owned()).await
    }

    async fn rows(&mut self, table: &str) -> Vec<String> {
        let columns = match self {
            Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
            Self::Postgres(_) => format!(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}'"
            ),
        };
        let quote = match self {
            Self::Sqlite(_) => "quote",
            Self::Postgres(_) => "quote_nullable",
        };
        let columns = self.texts(columns).await;
        let columns = columns.iter().filter(|column| !RESTLESS_COLUMNS.contains(&column.as_str()));
        let columns: Vec<String> = columns.map(|column| format!("{quote}({column})")).collect();
        self.texts(format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || ',' || "))).await
    }
}
