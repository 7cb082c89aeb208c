//! A token that somebody asks for, checked: what a credential may say, and what it may not.

use std::time::Duration;

/// Nothing that lives longer was meant.
const MOST: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
const MOST_NAMES: usize = 100;

/// What a token is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its subject's name.
    pub name: String,
    /// Its subject's roles.
    pub roles: Vec<String>,
    /// Only these namespaces; none means that it narrows nothing.
    pub namespaces: Option<Vec<String>>,
    /// Only steps of these handler classes; none means any.
    pub handler_classes: Option<Vec<String>>,
    /// How long it lives; none means until it is revoked.
    pub expires_in: Option<Duration>,
}

impl Wanted {
    /// Everything that is wrong with it, in words.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if !is_name(&self.name) {
            mistakes
                .push(format!("the name {:?} must be 1 to 64 letters, digits, `_`, `.` or `-`", self.name));
        }
        if self.roles.is_empty() {
            mistakes.push("a token needs at least one role: without one it grants nothing".to_owned());
        }
        mistakes.extend(self.roles.iter().filter_map(|role| role_mistake(role)));
        let lists = [
            ("roles", Some(&self.roles)),
            ("namespaces", self.namespaces.as_ref()),
            ("handler classes", self.handler_classes.as_ref()),
        ];
        for (what, list) in lists {
            mistakes.extend(list.and_then(|list| list_mistake(what, list)));
        }
        for namespace in self.namespaces.iter().flatten().filter(|name| !is_name(name)) {
            mistakes.push(format!("the namespace {namespace:?} must be 1 to 64 letters, digits, `_`, `.` or `-`; for all of them, name none"));
        }
        for class in self.handler_classes.iter().flatten().filter(|class| !is_class(class)) {
            mistakes.push(format!("the handler class {class:?} must be 1 to 200 printable characters"));
        }
        if self.expires_in.is_some_and(|time| time.is_zero() || time > MOST) {
            mistakes.push("a token lives for at least a moment and at most ten years".to_owned());
        }
        mistakes
    }
}

fn role_mistake(role: &str) -> Option<String> {
    match role.strip_prefix("role:") {
        Some(name) => Some(format!("the role {role:?} is written without `role:`, as in {name:?}")),
        None if role.contains(':') => {
            Some(format!("{role:?} is no role: a token has roles, and the policy says what these may do"))
        }
        None if !is_name(role) => {
            Some(format!("the role {role:?} must be 1 to 64 letters, digits, `_`, `.` or `-`"))
        }
        None => None,
    }
}

fn list_mistake(what: &str, list: &[String]) -> Option<String> {
    if list.len() > MOST_NAMES {
        return Some(format!("there are {} {what}, and a token has at most {MOST_NAMES}", list.len()));
    }
    let again = list.iter().enumerate().find(|(at, item)| list[..*at].contains(item))?.1;
    Some(format!("{again:?} is named twice among the {what}"))
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

fn is_class(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted { name: "billing-worker".into(), roles: vec!["worker".into()], ..Wanted::default() }
    }

    #[test]
    fn a_sound_one_has_no_mistakes() {
        let narrowed = Wanted {
            namespaces: Some(vec!["billing".into()]),
            handler_classes: Some(vec!["Billing::StepHandler::Charge".into()]),
            expires_in: Some(Duration::from_secs(1)),
            ..wanted()
        };
        assert!(wanted().mistakes().is_empty() && narrowed.mistakes().is_empty());
    }

    #[test]
    fn permissions_and_policy_names_are_no_roles() {
        for role in
            ["tasks:creat", "tasker.task:create", "role:viewer", "user:ada", "*", "", "a b", "ad\u{0}min"]
        {
            let odd = Wanted { roles: vec![role.into()], ..wanted() };
            assert_eq!(odd.mistakes().len(), 1, "{role:?}");
        }
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let odd = Wanted {
            name: String::new(),
            roles: vec!["a".into(), "a".into()],
            namespaces: Some(vec!["*".into()]),
            handler_classes: Some(vec!["\n".into()]),
            expires_in: Some(Duration::ZERO),
        };
        assert_eq!(odd.mistakes().len(), 5, "{:?}", odd.mistakes());
        assert_eq!(Wanted { roles: vec![], ..wanted() }.mistakes().len(), 1);
    }
}
