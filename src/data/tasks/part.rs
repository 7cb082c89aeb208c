//! An order of tasks as parts, each of which an index has in that order.
//!
//! Tasks that rest are indexed, those that don't are few and sorted, and where nearly all tasks are alike the others
//! are a part of their own. A page is the first few of each part, put in order. The words of a part's condition are
//! those of its index, even where another condition implies them: SQLite does not see otherwise that it may use it.

use std::cmp::Ordering;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Alias, Expr, Query, SelectStatement, SimpleExpr, UnionType},
};

use super::{Direction, Key, Order, Place, Range, SortBy, TaskFilter};
use crate::{
    data::{
        Kind,
        entity::task::{Column, Entity},
    },
    model::status::Status,
};

/// Tasks in some statuses.
struct Group {
    /// As an index says it.
    words: &'static str,
    statuses: &'static [Status],
}

const RESTING: Group = Group {
    words: "status IN ('complete', 'error', 'cancelled', 'resolved_manually')",
    statuses: &[Status::Complete, Status::Error, Status::Cancelled, Status::ResolvedManually],
};
const SETTLED: Group = Group {
    words: "status IN ('complete', 'cancelled', 'resolved_manually')",
    statuses: &[Status::Complete, Status::Cancelled, Status::ResolvedManually],
};
const BY_HAND: Group = Group {
    words: "status IN ('cancelled', 'resolved_manually')",
    statuses: &[Status::Cancelled, Status::ResolvedManually],
};
const MOVING: Group =
    Group { words: "status IN ('pending', 'in_progress')", statuses: &[Status::Pending, Status::InProgress] };
const UNSETTLED: Group = Group {
    words: "status IN ('pending', 'in_progress', 'error')",
    statuses: &[Status::Pending, Status::InProgress, Status::Error],
};
const EXCEPTIONAL: &str = "status IN ('error', 'cancelled', 'resolved_manually')";
const AS_SETTLED: &str = "coalesce(completed_at, 0) = updated_at";
const CHANGED_SINCE: &str = "coalesce(completed_at, 0) <> updated_at";

/// Some of the tasks.
struct Part {
    which: Vec<String>,
    /// In one of these.
    statuses: Vec<Status>,
    key: PartKey,
}

/// What the tasks of a part are sorted by, before their ids.
enum PartKey {
    /// By this, which an index has.
    Each(SimpleExpr),
    /// It is the same for all of them.
    Same(Key),
}

/// The ids of the first `limit` tasks of a range, in this direction, of an order that has parts.
pub(super) fn ids(
    filter: &TaskFilter,
    order: Order,
    range: &Range,
    direction: Direction,
    limit: u64,
    kind: Kind,
) -> Option<SelectStatement> {
    let parts = parts(filter, order.by, kind)?;
    let wanted = filter.condition(kind, order.by);
    let mut selects = parts
        .into_iter()
        .filter(|part| part.statuses.iter().any(|status| filter.wants(*status)))
        .filter_map(|part| Some((part.range(order, range)?, part)))
        .enumerate()
        .map(|(no, (range, part))| part.first(no, wanted.clone(), range, direction, limit));
    // Nothing is in no part.
    let Some(mut all) = selects.next() else {
        return Some(
            Query::select().expr(Expr::cust("id")).from(Entity).cond_where(Expr::cust("1 = 0")).take(),
        );
    };
    for select in selects {
        all.union(UnionType::All, select);
    }
    Some(all)
}

/// None where one index has all tasks in the order.
fn parts(filter: &TaskFilter, by: SortBy, kind: Kind) -> Option<Vec<Part>> {
    let key = || by.expression(kind);
    let resting = || Part::of(&RESTING, &[], key());
    let moving = || Part::of(&MOVING, &[UNSETTLED.words], key());
    Some(match by {
        // Most tasks are complete: the others are not looked for among them.
        SortBy::RequestedAt if !filter.wants(Status::Complete) => {
            vec![Part::of(&UNSETTLED, &[], key()), Part::of(&BY_HAND, &[], key())]
        }
        SortBy::RequestedAt if filter.name.is_some() => vec![resting(), moving()],
        SortBy::RequestedAt => return None,
        SortBy::CreatedAt | SortBy::Name | SortBy::Priority => vec![resting(), moving()],
        SortBy::CompletedAt => vec![
            Part::of(&SETTLED, &[], key()),
            Part {
                which: vec![UNSETTLED.words.into()],
                statuses: UNSETTLED.statuses.to_vec(),
                key: PartKey::Same(Key::None),
            },
        ],
        SortBy::UpdatedAt => vec![
            Part::of(&SETTLED, &[AS_SETTLED], Column::CompletedAt.into_expr()),
            Part::of(&RESTING, &[CHANGED_SINCE], key()),
            moving(),
        ],
        SortBy::Status => (0..)
            .zip(Status::ALL)
            .map(|(place, status)| {
                let indexed = match status {
                    Status::Pending | Status::InProgress => Some(UNSETTLED.words),
                    // Most tasks are: they are found by their ids.
                    Status::Complete => None,
                    Status::Error | Status::Cancelled | Status::ResolvedManually => Some(EXCEPTIONAL),
                };
                let which = indexed.into_iter().map(str::to_owned).chain([format!("status = '{status}'")]);
                Part {
                    which: which.collect(),
                    statuses: vec![status],
                    key: PartKey::Same(Key::Number(place)),
                }
            })
            .collect(),
    })
}

impl Part {
    /// Those of the group of which this holds as well, by a key that differs.
    fn of(group: &Group, and: &[&str], key: SimpleExpr) -> Self {
        Self {
            which: [&[group.words], and].concat().into_iter().map(str::to_owned).collect(),
            statuses: group.statuses.to_vec(),
            key: PartKey::Each(key),
        }
    }

    /// What of this part is in the range; none where nothing can be.
    fn range(&self, order: Order, range: &Range) -> Option<Condition> {
        let mut all = Condition::all();
        let bounds = [
            (&range.after, order.direction, Ordering::Greater),
            (&range.before, order.direction.reversed(), Ordering::Less),
        ];
        for (place, direction, wanted) in bounds {
            let Some(place) = place else { continue };
            match self.against(place, order.direction) {
                Some(Ordering::Equal) => {
                    all = all.add(direction.beyond(Column::Id.into_expr(), place.id.into()));
                }
                Some(side) if side == wanted => {}
                Some(_) => return None,
                None => all = all.add(self.beyond(place, direction)),
            }
        }
        Some(all)
    }

    /// Where all tasks of this part are in the order, seen from `place`; none where that depends.
    fn against(&self, place: &Place, direction: Direction) -> Option<Ordering> {
        match (&self.key, &place.key) {
            (PartKey::Each(_), Key::None) => Some(Ordering::Less),
            (PartKey::Each(_), _) => None,
            (PartKey::Same(Key::None), Key::None) => Some(Ordering::Equal),
            (PartKey::Same(Key::None), _) => Some(Ordering::Greater),
            (PartKey::Same(Key::Number(own)), Key::Number(other)) => Some(match direction {
                Direction::Ascending => own.cmp(other),
                Direction::Descending => other.cmp(own),
            }),
            // A cursor's key fits its order: it is a number where the part's is.
            (PartKey::Same(_), _) => Some(Ordering::Equal),
        }
    }

    fn beyond(&self, place: &Place, direction: Direction) -> SimpleExpr {
        match &self.key {
            PartKey::Each(key) => super::order::beyond(key.clone(), place, direction),
            PartKey::Same(_) => direction.beyond(Column::Id.into_expr(), place.id.into()),
        }
    }

    fn first(
        self,
        no: usize,
        wanted: Condition,
        range: Condition,
        direction: Direction,
        limit: u64,
    ) -> SelectStatement {
        let mut found = Entity::find().select_only().column(Column::Id).filter(wanted).filter(range);
        for which in self.which {
            found = found.filter(Expr::cust(which));
        }
        if let PartKey::Each(key) = self.key {
            found = found.order_by(key, direction.sql());
        }
        let found = found.order_by(Column::Id, direction.sql()).limit(limit).into_query();
        // SQLite knows no limit inside a union but in a table of its own.
        let name = Alias::new(format!("part_{no}"));
        Query::select().column(Alias::new("id")).from_subquery(found, name).take()
    }
}
