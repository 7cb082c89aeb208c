//! `authorization`: whether a policy decides who may do what, and where it is.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sources::Sources;

/// Whether a policy decides who may do what, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authorization {
    /// Whether anything is refused at all.
    pub enabled: bool,
    /// The policy file, relative to the configuration's folder.
    pub policy: PathBuf,
    /// The model beside it, which has to be the built-in one.
    pub model: PathBuf,
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            enabled: false,
            policy: PathBuf::from("authorization/policy.csv"),
            model: PathBuf::from("authorization/model.conf"),
        }
    }
}

impl Authorization {
    /// What is wrong with `authorization.enabled` beside `authentication.enabled`.
    ///
    /// Where nobody signs in, everybody is nobody, and nobody has a role: all would be refused, and whoever sees that
    /// is tempted to permit it to nobody in particular.
    pub const fn contradiction(&self, authentication_enabled: bool) -> Option<&'static str> {
        if self.enabled && !authentication_enabled {
            return Some(
                "nobody can be permitted anything while nobody signs in; \
                 set authentication.enabled to true as well, or this to false",
            );
        }
        None
    }
}

/// The files are looked at when they are loaded; here, whether they are named.
pub fn check(authorization: &Authorization, sources: &mut Sources) {
    let files =
        [("authorization.policy", &authorization.policy), ("authorization.model", &authorization.model)];
    for (key, path) in files {
        if path == Path::new("") || path.as_os_str().to_string_lossy().ends_with('/') {
            let message = format!("expected a file, not {}", sources.written(key));
            sources.refuse(key, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_needs_somebody_to_be_about() {
        let on = Authorization { enabled: true, ..Authorization::default() };
        assert!(on.contradiction(false).is_some_and(|message| message.contains("authentication.enabled")));
        assert_eq!(on.contradiction(true), None);
        assert_eq!(
            Authorization::default().contradiction(false),
            None,
            "both are off unless they are turned on"
        );
        assert_eq!(Authorization::default().contradiction(true), None);
    }
}
