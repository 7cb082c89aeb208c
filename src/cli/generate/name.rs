//! A name that was given, in the forms that Rust and YAML write it in.

use heck::{ToKebabCase, ToPascalCase, ToSnakeCase};

/// Longer ones are refused: so long a template's name may be.
const MOST_CHARS: usize = 64;

/// Words of Rust, of this edition and reserved ones: no module can be called so.
#[rustfmt::skip]
const RUST: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Modules and crates that generated code, or the program it goes into, has already.
const TAKEN: &[&str] =
    &["alloc", "app", "core", "lib", "main", "null", "std", "tasker", "test", "tests", "tokio"];

/// Types that generated code uses by these names.
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "Authenticator", "AuthorizationCoordinator", "Bounds", "Box", "Builder", "Credentials", "CustomEvent", "Err",
    "EventSubscriber", "None", "Ok", "Option", "Patterns", "Rejected", "Result", "Self", "Sequence", "Session", "Some",
    "StepError", "StepHandler", "StepSnapshot", "StepView", "String", "Subject", "SubscriberError", "TaskHandler",
    "TaskView", "Tasker", "Value", "Vec", "Violation", "WorkflowEvent",
];

/// A name in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// `order_process`: a module, a template.
    pub(super) snake: String,
    /// `OrderProcess`: a type.
    pub(super) pascal: String,
    /// `order-process`: a package.
    pub(super) kebab: String,
}

impl Name {
    /// What names a thing of the kind `what`, or why it can't.
    pub(super) fn parse(what: &str, text: &str) -> anyhow::Result<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let begins = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        let length = text.chars().count();
        if !begins || !text.chars().all(fits) || length > MOST_CHARS {
            anyhow::bail!(
                "{text:?} can't name {what}: write a letter, then letters, digits, - or _, at most {MOST_CHARS} in all, \
                 as in OrderProcess or order_process"
            );
        }
        let name =
            Self { snake: text.to_snake_case(), pascal: text.to_pascal_case(), kebab: text.to_kebab_case() };
        let snake = &name.snake;
        if snake.len() > MOST_CHARS {
            anyhow::bail!(
                "{snake} has more than {MOST_CHARS} characters and can't name {what}; choose a shorter one"
            );
        }
        if RUST.contains(&snake.as_str()) {
            anyhow::bail!(
                "{snake} is a word of Rust and can't name {what}; choose another, as in {snake}_it"
            );
        }
        if TAKEN.contains(&snake.as_str()) {
            anyhow::bail!(
                "{snake} means something else in a program already and can't name {what}; choose another"
            );
        }
        Ok(name)
    }

    /// The type's name with this ending, once; or why it can't be one.
    pub(super) fn with_ending(&self, what: &str, ending: &str) -> anyhow::Result<String> {
        let stem = self.pascal.strip_suffix(ending).unwrap_or(&self.pascal);
        let whole = format!("{stem}{ending}");
        if stem.is_empty() || TYPES.contains(&whole.as_str()) {
            anyhow::bail!("{whole} is the name of something else that {what} needs; choose another");
        }
        Ok(whole)
    }

    /// The module's name with this ending, once.
    pub(super) fn module(&self, ending: &str) -> String {
        let stem =
            self.snake.strip_suffix(ending).map_or(self.snake.as_str(), |stem| stem.trim_end_matches('_'));
        format!("{stem}_{ending}")
    }

    /// In words, for people: `Order process`.
    pub(super) fn words(&self) -> String {
        let words = self.snake.replace('_', " ");
        let mut chars = words.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_it_is_written_a_name_has_the_same_forms() {
        for text in ["OrderProcess", "order_process", "order-process", "orderProcess"] {
            let name = Name::parse("a task", text).expect("a name");
            let forms = (name.snake.as_str(), name.pascal.as_str(), name.kebab.as_str());
            assert_eq!(forms, ("order_process", "OrderProcess", "order-process"));
            assert_eq!(name.words(), "Order process");
        }
        let name = Name::parse("an authenticator", "CompanyJWT").expect("a name");
        assert_eq!((name.snake.as_str(), name.pascal.as_str()), ("company_jwt", "CompanyJwt"));
    }

    #[test]
    fn what_rust_or_the_program_has_already_is_refused_with_a_sentence() {
        let refused = |text: &str| Name::parse("a step", text).expect_err(text).to_string();
        assert_eq!(
            refused("Match"),
            "match is a word of Rust and can't name a step; choose another, as in match_it"
        );
        assert!(refused("tests").contains("means something else"));
        assert!(refused(&"Ab".repeat(30)).contains("has more than 64 characters"));
        for text in ["", "1st", "a b", "ünder", "a::b", "../up", &"x".repeat(65)] {
            assert!(refused(text).contains("write a letter, then letters"), "{text}");
        }
    }

    #[test]
    fn an_ending_is_there_once() {
        let name = |text: &str| Name::parse("a step", text).expect("a name");
        assert_eq!(name("ChargeCard").with_ending("a step", "Handler").expect("a type"), "ChargeCardHandler");
        assert_eq!(
            name("ChargeCardHandler").with_ending("a step", "Handler").expect("a type"),
            "ChargeCardHandler"
        );
        assert!(name("Step").with_ending("a step", "Handler").is_err(), "StepHandler is the trait");
        assert_eq!(name("metrics").module("subscriber"), "metrics_subscriber");
        assert_eq!(name("metrics_subscriber").module("subscriber"), "metrics_subscriber");
    }
}
