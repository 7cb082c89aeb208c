//! Opaque cursors: base64url over a version and a place. What was made for another list is refused.

use async_graphql::Result;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::given::bad;
use crate::data::tasks::{Direction, Key, Order, Place, SortBy};

/// Longer ones were not made here.
const MAX_LENGTH: usize = 1_000;

/// A place in the event log.
pub fn of_event(position: i64) -> String {
    crate::model::event::cursor(position)
}

/// The position in the event log that a cursor stands for.
pub fn event(cursor: &str) -> Result<i64> {
    let text = decoded(cursor)?;
    let position: Option<i64> = text.strip_prefix("e1:").and_then(|position| position.parse().ok());
    // One place has one cursor: `+1` and `01` were not made here.
    position.filter(|position| *position >= 0 && of_event(*position) == cursor).ok_or_else(foreign)
}

/// A place in the audit log.
pub fn of_audit(record: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("a1:{record}"))
}

/// The record that a cursor stands for.
pub fn audit(cursor: &str) -> Result<Uuid> {
    let text = decoded(cursor)?;
    let record = text.strip_prefix("a1:").and_then(|record| Uuid::try_parse(record).ok());
    record.filter(|record| of_audit(*record) == cursor).ok_or_else(foreign)
}

/// A task's place in an order.
pub fn of_task(order: Order, place: &Place) -> String {
    let key = match &place.key {
        Key::Number(number) => json!(number),
        Key::Text(text) => json!(text),
        Key::None => Value::Null,
    };
    URL_SAFE_NO_PAD.encode(json!(["t1", tag(order), key, place.id]).to_string())
}

/// The place that a cursor stands for in this order.
pub fn task(cursor: &str, order: Order) -> Result<Place> {
    let read: (String, String, Value, Uuid) =
        serde_json::from_str(&decoded(cursor)?).map_err(|_| foreign())?;
    let (version, made_for, key, id) = read;
    if version != "t1" {
        return Err(foreign());
    }
    if made_for != tag(order) {
        return Err(bad("this cursor was made for another order; use it with the orderBy it came from"));
    }
    let key = match key {
        Value::Null => Key::None,
        Value::String(text) if !text.contains('\0') => Key::Text(text),
        other => Key::Number(other.as_i64().ok_or_else(foreign)?),
    };
    if !order.by.fits(&key) {
        return Err(foreign());
    }
    Ok(Place { key, id })
}

fn tag(order: Order) -> String {
    let by = match order.by {
        SortBy::RequestedAt => "requested_at",
        SortBy::CreatedAt => "created_at",
        SortBy::UpdatedAt => "updated_at",
        SortBy::CompletedAt => "completed_at",
        SortBy::Name => "name",
        SortBy::Status => "status",
        SortBy::Priority => "priority",
    };
    let direction = match order.direction {
        Direction::Ascending => "asc",
        Direction::Descending => "desc",
    };
    format!("{by} {direction}")
}

fn decoded(cursor: &str) -> Result<String> {
    if cursor.len() > MAX_LENGTH {
        return Err(foreign());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
    String::from_utf8(bytes).map_err(|_| foreign())
}

fn foreign() -> async_graphql::Error {
    bad("this is not a cursor of this list; pass one on exactly as it was answered")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_its_place() {
        for (by, key) in [
            (SortBy::RequestedAt, Key::Number(-5)),
            (SortBy::Name, Key::Text("a|b".into())),
            (SortBy::CompletedAt, Key::None),
        ] {
            let order = Order { by, direction: Direction::Ascending };
            let place = Place { key, id: Uuid::now_v7() };
            assert_eq!(task(&of_task(order, &place), order).unwrap(), place);
        }
        assert_eq!(event(&of_event(42)).unwrap(), 42);
    }

    #[test]
    fn a_cursor_that_was_not_made_for_this_is_refused() {
        let place = Place { key: Key::Number(1), id: Uuid::now_v7() };
        let cursor = of_task(Order::NEWEST, &place);
        let oldest = Order { direction: Direction::Ascending, ..Order::NEWEST };
        assert!(task(&cursor, oldest).unwrap_err().message.contains("another order"));
        let text = Place { key: Key::Text("x".into()), ..place };
        let foreign =
            [of_task(Order::NEWEST, &text), of_event(1), "ß".into(), String::new(), "A".repeat(2_000)];
        for cursor in foreign {
            assert!(task(&cursor, Order::NEWEST).is_err(), "{cursor}");
        }
        for cursor in [&cursor, "", "ZTE6LTE", "zzz"] {
            assert!(event(cursor).is_err(), "{cursor}");
        }
    }
}
