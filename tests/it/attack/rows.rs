//! Everything that is stored: what it was before an attack, it has to be afterwards.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

/// The rows of each table, as text.
pub type Rows = BTreeMap<String, Vec<String>>;

/// Tables that live by themselves: a node's lease and duties, figures that follow the log, and what is recorded about
/// attacks.
const RESTLESS: [&str; 6] =
    ["tasker_nodes", "audit", "tasker_duties", "tasker_rollups", "tasker_rolled", "tasker_totals"];

/// Columns that change by themselves: who has a task in memory, and when a token was last used.
const RESTLESS_COLUMNS: [&str; 3] = ["owner", "wake_at", "last_used_at"];

/// A look at the database, past the service.
pub struct Reader {
    connection: Connected,
    /// For each table, the statement that reads it.
    tables: Vec<(String, String)>,
}

enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Reader {
    /// Of the database at this address, whose tables are there.
    pub async fn open(url: &str) -> Self {
        let connection = match url.starts_with("sqlite") {
            true => Connected::Sqlite(SqliteConnection::connect(url).await.expect("the file opens")),
            false => Connected::Postgres(PgConnection::connect(url).await.expect("the server answers")),
        };
        let mut reader = Self { connection, tables: Vec::new() };
        for table in reader.names().await {
            if !RESTLESS.iter().any(|restless| table.contains(restless)) {
                let statement = reader.statement(&table).await;
                reader.tables.push((table, statement));
            }
        }
        assert!(reader.tables.len() > 5, "{:?}", reader.tables);
        reader
    }

    /// Everything there is.
    pub async fn all(&mut self) -> Rows {
        let mut rows = Rows::new();
        for (table, statement) in &self.tables {
            rows.insert(table.clone(), self.connection.texts(statement.clone()).await);
        }
        rows
    }

    async fn names(&mut self) -> Vec<String> {
        let statement = match self.connection {
            Connected::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'tasker_%'"
            }
            Connected::Postgres(_) => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_name LIKE 'tasker_%'"
            }
        };
        self.connection.texts(statement.to_owned()).await
    }

    async fn statement(&mut self, table: &str) -> String {
        let (columns, quote) = match self.connection {
            Connected::Sqlite(_) => (format!("SELECT name FROM pragma_table_info('{table}')"), "quote"),
            Connected::Postgres(_) => {
                let from = "SELECT column_name::text FROM information_schema.columns";
                (format!("{from} WHERE table_name = '{table}'"), "quote_nullable")
            }
        };
        let columns = self.connection.texts(columns).await;
        let columns = columns.iter().filter(|column| !RESTLESS_COLUMNS.contains(&column.as_str()));
        let columns: Vec<String> = columns.map(|column| format!("{quote}({column})")).collect();
        format!("SELECT {} FROM {table} ORDER BY 1", columns.join(" || ',' || "))
    }
}

impl Connected {
    /// The first column of what the statement finds.
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
}
