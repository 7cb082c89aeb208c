//! Callers sign in with the cookie of the application's own sessions.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tasker::prelude::*;

/// The cookie that names a session.
const COOKIE: &str = "session";

/// Takes sessions that the application has begun. A clone knows the same ones: one signs in, the other is registered.
#[derive(Clone, Default)]
pub struct CompanySessionAuthenticator {
    sessions: Arc<RwLock<HashMap<String, Subject>>>,
}

impl CompanySessionAuthenticator {
    /// `user` has signed in, and has a cookie with this id: long, random, and nobody else's.
    pub fn begin(&self, id: impl Into<String>, user: Subject) {
        self.sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.into(), user);
    }

    /// The session is over.
    pub fn end(&self, id: &str) {
        self.sessions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}

#[tasker::async_trait]
impl Authenticator for CompanySessionAuthenticator {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let Some(id) = cookie(credentials) else {
            return Ok(None);
        };
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        match sessions.get(id) {
            Some(user) => Ok(Some(user.clone())),
            None => Err(Rejected::Invalid(
                "the session has ended; sign in again".to_owned(),
            )),
        }
    }
}

/// The id that the caller shows.
fn cookie(credentials: &Credentials) -> Option<&str> {
    let cookies = credentials.headers.get("cookie")?.to_str().ok()?;
    cookies
        .split("; ")
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, id)| (name == COOKIE).then_some(id))
}

#[cfg(test)]
mod tests {
    use tasker::testing::credentials;

    use super::*;

    #[tokio::test]
    async fn a_session_is_good_until_it_ends() -> Result<(), Rejected> {
        let sessions = CompanySessionAuthenticator::default();
        sessions.begin("r4nd0m", Subject::named("ada").with_roles(["viewer"]));
        let shown = credentials([("cookie", "theme=dark; session=r4nd0m")]);
        let ada = sessions.authenticate(&shown).await?;
        assert_eq!(
            ada.and_then(|ada| ada.name().cloned()).as_deref(),
            Some("ada")
        );

        sessions.end("r4nd0m");
        assert!(sessions.authenticate(&shown).await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn who_shows_no_session_may_sign_in_otherwise() {
        let sessions = CompanySessionAuthenticator::default();
        assert_eq!(
            sessions
                .authenticate(&credentials([("cookie", "theme=dark")]))
                .await,
            Ok(None)
        );
        assert_eq!(sessions.authenticate(&credentials([])).await, Ok(None));
    }
}
