//! A value inside a task's context, found by its path on both databases alike.
//!
//! Keys and values are parameters. A key is an index only where there is a list, and only if it is written as one:
//! `0`, not `00` or `-1`, which PostgreSQL alone would take.

use sea_orm::sea_query::Expr;

use crate::data::Kind;

/// The value at `path` is this one.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextEquals {
    /// Keys from the outside in.
    pub path: Vec<String>,
    /// What is there.
    pub equals: Scalar,
}

/// What can be compared in the same way everywhere: numbers by their value, all else exactly.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number, as JSON writes it.
    Number(serde_json::Number),
    /// A truth value.
    Bool(bool),
}

impl ContextEquals {
    pub(super) fn condition(&self, kind: Kind) -> Expr {
        match kind {
            Kind::Sqlite => self.sqlite(),
            Kind::Postgres => self.postgres(),
        }
    }

    /// `jsonb_extract_path(context -> 'a', '0') = '"x"'`, where `->` takes keys of objects only. Brackets, as in
    /// `ARRAY[$1]`, would quote a name for the query builder, which then leaves the parameter out.
    fn postgres(&self) -> Expr {
        let mut sql = "context".to_owned();
        let mut values: Vec<sea_orm::Value> = Vec::new();
        for key in &self.path {
            values.push(key.as_str().into());
            let place = values.len();
            sql = if is_index(key) {
                format!("jsonb_extract_path({sql}, ${place}::text)")
            } else {
                format!("({sql} -> ${place}::text)")
            };
        }
        values.push(self.equals.json().into());
        Expr::cust_with_values(format!("{sql} = ${}::jsonb", values.len()), values)
    }

    /// One `json_each` a key. What is no object and no list has no keys.
    fn sqlite(&self) -> Expr {
        let mut from = Vec::new();
        let mut which = Vec::new();
        let mut values: Vec<sea_orm::Value> = Vec::new();
        let mut inside = "context".to_owned();
        for (level, key) in self.path.iter().enumerate() {
            from.push(format!("json_each({inside}) AS at{level}"));
            // A list's keys are integers, which equal no text.
            which.push(if is_index(key) {
                format!("CAST(at{level}.key AS text) = ?")
            } else {
                format!("at{level}.key = ?")
            });
            values.push(key.as_str().into());
            inside =
                format!("CASE WHEN at{level}.type IN ('object', 'array') THEN at{level}.value ELSE '[]' END");
        }
        let last = format!("at{}", self.path.len().saturating_sub(1));
        which.push(match &self.equals {
            Scalar::Text(_) => format!("{last}.type = 'text' AND {last}.value = ?"),
            Scalar::Number(_) => format!("{last}.type IN ('integer', 'real') AND {last}.value = ?"),
            Scalar::Bool(_) => format!("{last}.type = ?"),
        });
        values.push(self.equals.sqlite());
        let sql = format!("EXISTS (SELECT 1 FROM {} WHERE {})", from.join(", "), which.join(" AND "));
        Expr::cust_with_values(sql, values)
    }
}

impl Scalar {
    fn json(&self) -> String {
        match self {
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
        }
    }

    fn sqlite(&self) -> sea_orm::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => match number.as_i64() {
                Some(whole) => whole.into(),
                None => number.as_f64().into(),
            },
            Self::Bool(truth) => if *truth { "true" } else { "false" }.into(),
        }
    }
}

/// Written as the place in a list: digits without a zero in front.
fn is_index(key: &str) -> bool {
    key == "0"
        || (key.len() <= 9
            && !key.starts_with('0')
            && !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_digit()))
}
