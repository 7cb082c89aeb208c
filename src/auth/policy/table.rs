//! Role × permission, for people and for machines.

use std::fmt;

use serde::Serialize;

use crate::auth::{Grants, Namespaces, Permission, Subject};

use super::Policy;

/// What each role may do by itself.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    roles: Vec<Row>,
}

#[derive(Debug, Clone, Serialize)]
struct Row {
    role: String,
    permissions: Vec<Cell>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Cell {
    permission: &'static str,
    /// `*`, or the names; with `except`, all but these.
    namespaces: Where,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Where {
    Only(Vec<String>),
    Except(Vec<String>),
}

impl Table {
    /// Of these roles, or of every role of the policy where none is named.
    pub fn of(policy: &Policy, roles: &[String]) -> Self {
        let all: Vec<String> = policy.roles().map(str::to_owned).collect();
        let roles = if roles.is_empty() { &all } else { roles };
        let row = |role: &String| {
            let grants = policy.grants(&Subject::anonymous().with_roles([role.as_str()]), 0);
            Row { role: role.clone(), permissions: cells(&grants) }
        };
        Self { roles: roles.iter().map(row).collect() }
    }
}

fn cells(grants: &Grants) -> Vec<Cell> {
    let granted = Permission::ALL.iter().filter(|permission| grants.any(**permission));
    let cell = |permission: &Permission| {
        let names = |names: &std::collections::BTreeSet<std::sync::Arc<str>>| {
            names.iter().map(|name| (**name).to_owned()).collect()
        };
        let namespaces = match &grants.of(*permission).namespaces {
            Namespaces::Only(only) => Where::Only(names(only)),
            Namespaces::Except(except) => Where::Except(names(except)),
        };
        Cell { permission: permission.as_str(), namespaces }
    };
    granted.map(cell).collect()
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Except(names) if names.is_empty() => f.write_str("✔"),
            Self::Except(names) => write!(f, "✔ but {}", names.join(" ")),
            Self::Only(names) => f.write_str(&names.join(" ")),
        }
    }
}

/// A line for each permission, a column for each role: ✔ is every namespace, names are those namespaces, ✘ is none.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permission = "permission".to_owned();
        let mut columns = vec![Permission::ALL.iter().fold(vec![permission], |mut column, permission| {
            column.push(permission.to_string());
            column
        })];
        for row in &self.roles {
            let cell = |permission: &Permission| {
                let cell = row.permissions.iter().find(|cell| cell.permission == permission.as_str());
                cell.map_or_else(|| "✘".to_owned(), |cell| cell.namespaces.to_string())
            };
            columns.push(std::iter::once(row.role.clone()).chain(Permission::ALL.iter().map(cell)).collect());
        }
        for line in 0..=Permission::ALL.len() {
            let mut text = String::new();
            for column in &columns {
                let width = column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
                text.push_str(&format!("{:<width$}  ", column[line]));
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}
