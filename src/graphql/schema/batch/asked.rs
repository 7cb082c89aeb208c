//! Which contents a selection wants, so that the others are not read.

use async_graphql::{Context, SelectionField};

use crate::data::tasks::Contents;

/// What the field in `ctx` is asked for, however deep. A document is bounded before it comes here.
pub fn asked(ctx: &Context<'_>) -> Contents {
    let mut contents = Contents::default();
    look(ctx.field(), &mut contents);
    contents
}

fn look(field: SelectionField<'_>, contents: &mut Contents) {
    for field in field.selection_set() {
        match field.name() {
            "context" => contents.contexts = true,
            // A step without inputs of its own has its task's context.
            "inputs" => *contents = Contents::ALL,
            "results" | "error" => contents.steps = true,
            // A diagram says what kind of error a step ended with.
            "content" => contents.kinds = true,
            _ => {}
        }
        look(field, contents);
    }
}
