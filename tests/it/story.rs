//! What became of a task, from its events alone, for people.

use tasker::{model::event::Recorded, testing::Story};

/// Asserts a task's story; each test tells it on both databases.
macro_rules! assert_story {
    ($app:expr, $task:expr, @$expected:literal) => {{
        let story = $app.story($task).await;
        insta::allow_duplicates! { insta::assert_snapshot!(story, @$expected) }
    }};
}

/// A line for each step and one for the task: every status it had, and why.
pub fn of(steps: &[String], events: &[Recorded]) -> String {
    Story::of(steps, events).to_string()
}
