//! Arguments, checked. What makes no sense is `BAD_USER_INPUT` with a sentence that says what would.
//!
//! One rule for ids: text that is no UUID is `BAD_USER_INPUT` wherever an id is expected, and a UUID that nothing
//! has is unknown: null from a query, `NOT_FOUND` from a mutation or a subscription.

use std::time::Duration;

use async_graphql::{ID, Result};

use crate::{
    graphql::error::Code,
    model::id::{StepId, TaskId},
};

/// Ten years. Nothing that waits longer was meant.
const MAX_SECONDS: f64 = 315_360_000.0;

/// The task that `id` names.
pub fn task_id(id: &ID) -> Result<TaskId> {
    TaskId::parse(id).ok_or_else(|| not_an_id("taskId"))
}

/// The step that `id` names.
pub fn step_id(id: &ID) -> Result<StepId> {
    StepId::parse(id).ok_or_else(|| not_an_id("stepId"))
}

/// A number of results.
pub fn size(what: &str, number: i32) -> Result<u64> {
    within(what, number, 1, 100)
}

/// A number of results to leave out.
pub fn offset(number: i32) -> Result<u64> {
    within("offset", number, 0, 10_000)
}

/// A text to look for. No stored text has the character U+0000, and PostgreSQL would not even be asked.
pub fn text(what: &str, text: Option<String>) -> Result<Option<String>> {
    match text {
        Some(text) if text.contains('\0') => {
            Err(bad(format!("{what} contains the character U+0000, which no stored text has")))
        }
        Some(text) if text.len() > MOST_BYTES => {
            Err(bad(format!("{what} has {} bytes, and nothing that long is stored", text.len())))
        }
        text => Ok(text),
    }
}

/// Of a text to look for.
const MOST_BYTES: usize = 16 << 10;

/// A name for people and programs: one line of text that is stored as it is.
pub fn printable(what: &str, text: &str, most: usize) -> Result<()> {
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.chars().count() > most {
        return Err(bad(format!("{what} must be 1 to {most} printable characters")));
    }
    Ok(())
}

/// The same for each of a list of at most 100.
pub fn texts(what: &str, list: Option<Vec<String>>) -> Result<Option<Vec<String>>> {
    let Some(list) = list else { return Ok(None) };
    if list.len() > 100 {
        return Err(bad(format!("{what} has {} entries, and at most 100 are looked for", list.len())));
    }
    let checked: Result<Vec<_>> = list.into_iter().map(|one| text(what, Some(one))).collect();
    Ok(Some(checked?.into_iter().flatten().collect()))
}

/// A number of seconds; `zero` says whether none is allowed.
pub fn seconds(what: &str, number: Option<f64>, zero: bool) -> Result<Option<Duration>> {
    let Some(number) = number else { return Ok(None) };
    if !(0.0..=MAX_SECONDS).contains(&number) || (!zero && number < 0.001) {
        let least = if zero { "0" } else { "0.001" };
        return Err(bad(format!("{what} must be from {least} to {MAX_SECONDS} seconds; it is {number}")));
    }
    Ok(Some(Duration::from_secs_f64(number)))
}

/// A number that can't be negative; the engine checks the rest.
pub fn count(what: &str, number: Option<i32>) -> Result<Option<u32>> {
    let negative = |_| bad(format!("{what} must be at least 1"));
    number.map(u32::try_from).transpose().map_err(negative)
}

/// The error for an argument.
pub fn bad(message: impl Into<String>) -> async_graphql::Error {
    Code::BadUserInput.error(message)
}

fn not_an_id(what: &str) -> async_graphql::Error {
    bad(format!("{what} is not an id: a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057"))
}

/// A number between two others.
pub fn within(what: &str, number: i32, least: i32, most: i32) -> Result<u64> {
    if (least..=most).contains(&number) {
        return Ok(number.unsigned_abs().into());
    }
    Err(bad(format!("{what} must be from {least} to {most}; it is {number}")))
}
