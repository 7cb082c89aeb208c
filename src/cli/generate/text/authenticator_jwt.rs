//! Callers sign in with tokens (JWT) that the company signs.
//!
//! Where a token's claims say the roles as the policy names them, no code is needed: `type: jwt` in config/tasker.yaml.

use std::sync::Arc;

use tasker::{auth::Jwt, orchestration::Clock, prelude::*};

/// Takes the company's tokens, and makes its groups into roles of the policy.
pub struct {{ authenticator }} {
    tokens: Jwt,
}

impl {{ authenticator }} {
    /// For tokens that are signed with this secret (HS256): claims `sub`, `roles` and `exp`.
    pub fn new(secret: &str) -> Result<Self, String> {
        let tokens = Jwt::with_secret(secret, Arc::new(|| Clock::System.now()))?;
        Ok(Self { tokens })
    }
}

#[tasker::async_trait]
impl Authenticator for {{ authenticator }} {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let Some(subject) = self.tokens.authenticate(credentials).await? else { return Ok(None) };
        let roles: Vec<&str> = subject.roles().iter().filter_map(|group| role(group)).collect();
        Ok(Some(subject.clone().with_roles(roles)))
    }

    fn challenge(&self) -> Option<&'static str> {
        self.tokens.challenge()
    }
}

/// The role of the policy that a group of the company has.
fn role(group: &str) -> Option<&'static str> {
    match group {
        "workflow-admins" => Some("admin"),
        "workflow-operators" => Some("operator"),
        "employees" => Some("viewer"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::{credentials, signed_token};

    use super::*;

    const SECRET: &str = "a secret of a test, with 32 bytes or more";

    async fn sign_in(token: &str) -> Result<Option<Subject>, Rejected> {
        let authenticator = {{ authenticator }}::new(SECRET).expect("it is long enough");
        let bearer = format!("Bearer {token}");
        authenticator.authenticate(&credentials([("authorization", bearer.as_str())])).await
    }

    #[tokio::test]
    async fn groups_of_the_company_become_roles() -> Result<(), Rejected> {
        let token = signed_token(SECRET, json!({ "sub": "ada", "roles": ["employees", "chess"] }));
        let ada = sign_in(&token).await?.expect("it is a token");
        assert_eq!(ada.name().map(|name| &**name), Some("ada"));
        assert_eq!(ada.roles().iter().map(|role| &**role).collect::<Vec<_>>(), ["viewer"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_token_of_somebody_else_or_of_the_past_is_refused() {
        let foreign = signed_token("another secret, also with 32 bytes or more", json!({ "sub": "ada" }));
        assert!(sign_in(&foreign).await.is_err());
        let expired = signed_token(SECRET, json!({ "sub": "ada", "exp": 1 }));
        assert!(sign_in(&expired).await.is_err());
        assert!({{ authenticator }}::new("short").is_err());
    }

    #[tokio::test]
    async fn who_shows_no_token_may_sign_in_otherwise() -> Result<(), Rejected> {
        let authenticator = {{ authenticator }}::new(SECRET).expect("it is long enough");
        assert_eq!(authenticator.authenticate(&credentials([])).await?, None);
        Ok(())
    }
}
