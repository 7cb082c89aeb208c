//! Looking for events.

use super::Definition;

/// What an event's category can be.
pub const CATEGORIES: [&str; 5] = ["task", "step", "workflow", "observability", "custom"];

/// Which events; everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Of this category.
    pub category: Option<String>,
    /// With a name that begins so.
    pub prefix: Option<String>,
    /// With this in their name or description, upper or lower case.
    pub text: Option<String>,
    /// Declared by a template or a handler, or not.
    pub custom: Option<bool>,
}

impl Search {
    /// Whether the event is looked for.
    pub fn finds(&self, event: &Definition) -> bool {
        let has = |text: &String| {
            let text = text.to_lowercase();
            event.name.contains(&text) || event.description.to_lowercase().contains(&text)
        };
        self.category.as_ref().is_none_or(|category| *category == event.category)
            && self.prefix.as_ref().is_none_or(|prefix| event.name.starts_with(prefix.as_str()))
            && self.text.as_ref().is_none_or(has)
            && self.custom.is_none_or(|custom| custom == event.custom)
    }
}
