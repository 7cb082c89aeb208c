//! Callers sign in with a header of the application's own.

use tasker::prelude::*;

/// The header that callers show.
const HEADER: &str = "x-{{ stem }}";

/// Says who shows this in the header; nobody, where it is not known.
pub type FindUser = fn(&str) -> Option<Subject>;

/// Takes what `find_user` knows, and refuses everything else.
pub struct {{ authenticator }} {
    find_user: FindUser,
}

impl {{ authenticator }} {
    /// `find_user` is asked for every request. What it compares with must be hard to guess.
    pub fn new(find_user: FindUser) -> Self {
        Self { find_user }
    }
}

#[tasker::async_trait]
impl Authenticator for {{ authenticator }} {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        // Without the header the caller may sign in in another way.
        let Some(shown) = credentials.headers.get(HEADER) else { return Ok(None) };
        let user = shown.to_str().ok().and_then(self.find_user);
        user.map(Some).ok_or_else(|| Rejected::Invalid(format!("nobody is known by this {HEADER}")))
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::credentials;

    use super::*;

    fn find_user(shown: &str) -> Option<Subject> {
        (shown == "open sesame").then(|| Subject::named("ada").with_roles(["viewer"]))
    }

    #[tokio::test]
    async fn who_is_known_signs_in_and_nobody_else() {
        let authenticator = {{ authenticator }}::new(find_user);
        let ada = authenticator.authenticate(&credentials([(HEADER, "open sesame")])).await;
        assert_eq!(ada, Ok(Some(Subject::named("ada").with_roles(["viewer"]))));
        let guessed = authenticator.authenticate(&credentials([(HEADER, "open barley")])).await;
        assert!(matches!(guessed, Err(Rejected::Invalid(_))));
        assert_eq!(authenticator.authenticate(&credentials([])).await, Ok(None));
    }
}
