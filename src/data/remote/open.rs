//! What may be claimed, as an index has it: by the handler's class, template by template, the most urgent first.

use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use crate::{
    data::{Database, Error},
    model::{
        id::{StepNo, TaskId},
        time::Timestamp,
    },
};

/// Parts of one statement; a database has a limit.
const PARTS: usize = 50;

/// An attempt that waits for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Which task.
    pub task: TaskId,
    /// Which of its steps.
    pub no: StepNo,
    /// Which attempt of it.
    pub attempt: u32,
    /// The task's.
    pub priority: i32,
    /// Since when it waits.
    pub since: Timestamp,
}

/// Classes of handlers and templates (`namespace/name`) of which something waits. A look at the index for each, however
/// much waits.
pub async fn waiting(database: &Database, classes: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for classes in classes.chunks(PARTS) {
        let parts: Vec<String> = (1..=classes.len())
            .map(|at| {
                let least = "(SELECT min(template) FROM tasker_remote_attempts WHERE state = 'open'";
                format!(
                    "SELECT CAST(${at} AS text) AS class, template FROM (
                        WITH RECURSIVE known (template) AS (
                            SELECT {least} AND handler_class = ${at})
                            UNION ALL
                            SELECT {least} AND handler_class = ${at} AND template > known.template)
                            FROM known WHERE known.template IS NOT NULL)
                        SELECT template FROM known WHERE template IS NOT NULL) AS part{at}"
                )
            })
            .collect();
        let values = classes.iter().map(|class| Value::from(class.as_str()));
        for row in read(database, &parts.join(" UNION ALL "), values).await? {
            found.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        }
    }
    Ok(found)
}

/// Up to `limit` attempts of each of these classes and templates, in their order.
pub async fn open(
    database: &Database,
    wanted: &[(String, String)],
    limit: u64,
) -> Result<Vec<Vec<Open>>, Error> {
    let mut lists: Vec<Vec<Open>> = vec![Vec::new(); wanted.len()];
    for (chunk, wanted) in wanted.chunks(PARTS).enumerate() {
        let parts: Vec<String> = (0..wanted.len())
            .map(|at| {
                let (class, template) = (at * 2 + 2, at * 2 + 3);
                format!(
                    "SELECT * FROM (SELECT {at} AS part, task_id, no, attempt, priority, since
                        FROM tasker_remote_attempts
                        WHERE state = 'open' AND handler_class = ${class} AND template = ${template}
                        ORDER BY priority DESC, since, task_id, no LIMIT $1) AS part{at}"
                )
            })
            .collect();
        let pairs =
            wanted.iter().flat_map(|(class, template)| [class.as_str().into(), template.as_str().into()]);
        let values = std::iter::once(limit.into()).chain(pairs);
        for row in read(database, &parts.join(" UNION ALL "), values).await? {
            let part: i32 = row.try_get_by_index(0)?;
            let place = chunk * PARTS + usize::try_from(part).unwrap_or(0);
            lists[place].push(attempt(&row)?);
        }
    }
    Ok(lists)
}

fn attempt(row: &QueryResult) -> Result<Open, Error> {
    let (no, attempt): (i32, i32) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    let corrupt = |_| Error::Corrupt(format!("the place {no} or the attempt {attempt} of a step"));
    Ok(Open {
        task: TaskId(row.try_get_by_index(1)?),
        no: StepNo(u32::try_from(no).map_err(corrupt)?),
        attempt: u32::try_from(attempt).map_err(corrupt)?,
        priority: row.try_get_by_index(4)?,
        since: Timestamp(row.try_get_by_index(5)?),
    })
}

async fn read(
    database: &Database,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(database.reader.get_database_backend(), sql, values);
    Ok(database.reader.query_all_raw(statement).await?)
}
