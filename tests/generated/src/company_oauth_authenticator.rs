//! Callers have signed in elsewhere (OAuth, OpenID Connect): the application keeps who they are there, by a cookie.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tasker::prelude::*;

/// The cookie that names a login.
const COOKIE: &str = "login";

/// Who somebody is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Where they signed in, as in `github`.
    pub provider: String,
    /// What they are called there.
    pub uid: String,
}

/// Says whom of ours an identity is.
pub type FindUser = fn(&Identity) -> Option<Subject>;

/// Takes logins that the application has brought to their end. A clone knows the same ones.
#[derive(Clone)]
pub struct CompanyOauthAuthenticator {
    find_user: FindUser,
    logins: Arc<RwLock<HashMap<String, Identity>>>,
}

impl CompanyOauthAuthenticator {
    /// `find_user` is asked for every request, so that a user who is gone is gone at once.
    pub fn new(find_user: FindUser) -> Self {
        Self {
            find_user,
            logins: Arc::default(),
        }
    }

    /// The provider has said who it is; they have a cookie with this id: long, random, and nobody else's.
    pub fn begin(&self, id: impl Into<String>, identity: Identity) {
        self.logins
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.into(), identity);
    }

    /// They have signed out.
    pub fn end(&self, id: &str) {
        self.logins
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }
}

#[tasker::async_trait]
impl Authenticator for CompanyOauthAuthenticator {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let Some(id) = cookie(credentials) else {
            return Ok(None);
        };
        let identity = self
            .logins
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned();
        let user = identity.and_then(|identity| (self.find_user)(&identity));
        user.map(Some)
            .ok_or_else(|| Rejected::Invalid("the login has ended; sign in again".to_owned()))
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

    fn find_user(identity: &Identity) -> Option<Subject> {
        let known = identity.provider == "github" && identity.uid == "4711";
        known.then(|| Subject::named("ada").with_roles(["operator"]))
    }

    fn identity(uid: &str) -> Identity {
        Identity {
            provider: "github".to_owned(),
            uid: uid.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_login_elsewhere_is_a_user_of_ours() -> Result<(), Rejected> {
        let logins = CompanyOauthAuthenticator::new(find_user);
        logins.begin("r4nd0m", identity("4711"));
        let shown = credentials([("cookie", "login=r4nd0m")]);
        let ada = logins.authenticate(&shown).await?;
        assert_eq!(
            ada.and_then(|ada| ada.name().cloned()).as_deref(),
            Some("ada")
        );

        logins.end("r4nd0m");
        assert!(logins.authenticate(&shown).await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn whom_nobody_knows_is_refused() {
        let logins = CompanyOauthAuthenticator::new(find_user);
        logins.begin("r4nd0m", identity("1"));
        assert!(
            logins
                .authenticate(&credentials([("cookie", "login=r4nd0m")]))
                .await
                .is_err()
        );
        assert_eq!(logins.authenticate(&credentials([])).await, Ok(None));
    }
}
