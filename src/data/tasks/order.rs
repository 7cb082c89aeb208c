//! The order of tasks, and a task's place in it. Equal on both databases; ties are broken by the id.

use sea_orm::{
    ColumnTrait, QueryOrder, Select,
    sea_query::{Expr, ExprTrait, NullOrdering, Order as SqlOrder, SimpleExpr},
};
use uuid::Uuid;

use crate::{
    data::{
        Error, Kind,
        entity::task::{Column, Entity, Model},
        load,
    },
    model::status::Status,
};

/// What tasks are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// When it was asked for.
    RequestedAt,
    /// When it was stored.
    CreatedAt,
    /// When its row last changed.
    UpdatedAt,
    /// When it was settled; what is not comes last.
    CompletedAt,
    /// The template's name, by code points.
    Name,
    /// Where it is, in the order of a task's life.
    Status,
    /// What is taken first.
    Priority,
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

/// An order of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: SortBy,
    /// From which end.
    pub direction: Direction,
}

/// The value that a task is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// It has none yet, and comes last.
    None,
}

/// A task's place in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is sorted by.
    pub key: Key,
    /// Which task.
    pub id: Uuid,
}

impl SortBy {
    /// The kind of key that tasks have in it: does this one fit?
    pub const fn fits(self, key: &Key) -> bool {
        match (self, key) {
            (Self::Name, Key::Text(_)) | (Self::CompletedAt, Key::None | Key::Number(_)) => true,
            (Self::Name | Self::CompletedAt, _) => false,
            (
                Self::RequestedAt | Self::CreatedAt | Self::UpdatedAt | Self::Status | Self::Priority,
                Key::Number(_),
            ) => true,
            (Self::RequestedAt | Self::CreatedAt | Self::UpdatedAt | Self::Status | Self::Priority, _) => {
                false
            }
        }
    }

    pub(super) fn expression(self, kind: Kind) -> SimpleExpr {
        let column = |column: Column| column.into_expr();
        match self {
            Self::RequestedAt => column(Column::RequestedAt),
            Self::CreatedAt => column(Column::CreatedAt),
            Self::UpdatedAt => column(Column::UpdatedAt),
            Self::CompletedAt => column(Column::CompletedAt),
            Self::Priority => column(Column::Priority),
            Self::Name => match kind {
                Kind::Sqlite => column(Column::Name),
                // Whatever the database's own language is.
                Kind::Postgres => Expr::cust(r#""name" COLLATE "C""#),
            },
            Self::Status => {
                let whens: Vec<String> = (0..)
                    .zip(Status::ALL)
                    .map(|(place, status)| format!("WHEN '{status}' THEN {place}"))
                    .collect();
                Expr::cust(format!("CASE status {} END", whens.join(" ")))
            }
        }
    }

    /// The same, in a form that no index has: a few tasks that are found already are put in order, instead of being looked
    /// for in an order.
    pub(super) fn of_few(self, kind: Kind) -> SimpleExpr {
        match self {
            Self::RequestedAt => Expr::cust("+requested_at"),
            Self::CreatedAt
            | Self::UpdatedAt
            | Self::CompletedAt
            | Self::Name
            | Self::Status
            | Self::Priority => self.expression(kind),
        }
    }

    const fn has_nulls(self) -> bool {
        matches!(self, Self::CompletedAt)
    }
}

impl Order {
    /// Newest requests first.
    pub const NEWEST: Self = Self { by: SortBy::RequestedAt, direction: Direction::Descending };

    /// Where `task` is in this order.
    pub fn place(self, task: &Model) -> Result<Place, Error> {
        let key = match self.by {
            SortBy::RequestedAt => Key::Number(task.requested_at),
            SortBy::CreatedAt => Key::Number(task.created_at),
            SortBy::UpdatedAt => Key::Number(task.updated_at),
            SortBy::CompletedAt => task.completed_at.map_or(Key::None, Key::Number),
            SortBy::Name => Key::Text(task.name.clone()),
            SortBy::Status => {
                let status = load::status(&task.status)?;
                let place = Status::ALL.iter().position(|one| *one == status).unwrap_or_default();
                Key::Number(place.try_into().unwrap_or_default())
            }
            SortBy::Priority => Key::Number(task.priority.into()),
        };
        Ok(Place { key, id: task.id })
    }

    /// In this order, or the other way round.
    pub(super) fn sort(self, select: Select<Entity>, key: SimpleExpr, forwards: bool) -> Select<Entity> {
        let (direction, nulls) = match forwards {
            true => (self.direction, NullOrdering::Last),
            false => (self.direction.reversed(), NullOrdering::First),
        };
        let select = if self.by.has_nulls() {
            select.order_by_with_nulls(key, direction.sql(), nulls)
        } else {
            select.order_by(key, direction.sql())
        };
        select.order_by(Column::Id, direction.sql())
    }
}

/// `(key, id) > (…)`: one comparison, so that an index over both serves it.
pub(super) fn beyond(key: SimpleExpr, place: &Place, direction: Direction) -> SimpleExpr {
    let value: sea_orm::Value = match &place.key {
        Key::Number(number) => (*number).into(),
        Key::Text(text) => text.as_str().into(),
        Key::None => sea_orm::Value::BigInt(None),
    };
    let own = Expr::tuple([key, Column::Id.into_expr()]);
    let other = Expr::tuple([Expr::val(value), Expr::val(place.id)]);
    direction.beyond(own, other)
}

impl Direction {
    /// The other way round.
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }

    pub(super) const fn sql(self) -> SqlOrder {
        match self {
            Self::Ascending => SqlOrder::Asc,
            Self::Descending => SqlOrder::Desc,
        }
    }

    pub(super) fn beyond(self, own: SimpleExpr, other: SimpleExpr) -> SimpleExpr {
        match self {
            Self::Ascending => own.gt(other),
            Self::Descending => own.lt(other),
        }
    }
}
