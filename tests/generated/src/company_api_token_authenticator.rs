//! Callers sign in with tokens that the application has given out itself.
//!
//! Tokens of the service (`tasker token issue`) need no code: `type: api_token` in config/tasker.yaml.

use std::collections::HashMap;

use tasker::{auth::TokenHash, prelude::*};

/// Takes tokens from `X-API-Token` or `Authorization: Bearer`. It knows them by their hashes alone.
pub struct CompanyApiTokenAuthenticator {
    holders: HashMap<TokenHash, Subject>,
}

impl CompanyApiTokenAuthenticator {
    /// `holders` says whose each token is, as the application's database has it: hashed.
    pub fn new(holders: HashMap<TokenHash, Subject>) -> Self {
        Self { holders }
    }
}

#[tasker::async_trait]
impl Authenticator for CompanyApiTokenAuthenticator {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let text = |name: &str| {
            credentials
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let bearer = || text("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(token) = text("x-api-token").or_else(bearer) else {
            return Ok(None);
        };
        match self.holders.get(&TokenHash::of(token)) {
            Some(holder) => Ok(Some(holder.clone())),
            None => Err(Rejected::Invalid(
                "there is no such token; ask for a new one".to_owned(),
            )),
        }
    }

    fn challenge(&self) -> Option<&'static str> {
        Some("Bearer")
    }
}

#[cfg(test)]
mod tests {
    use tasker::testing::credentials;

    use super::*;

    fn authenticator() -> CompanyApiTokenAuthenticator {
        let ada = Subject::named("ada").with_roles(["operator"]);
        CompanyApiTokenAuthenticator::new(HashMap::from([(TokenHash::of("s3cret"), ada)]))
    }

    #[tokio::test]
    async fn a_token_is_taken_from_either_header() -> Result<(), Rejected> {
        for shown in [
            ("x-api-token", "s3cret"),
            ("authorization", "Bearer s3cret"),
        ] {
            let ada = authenticator().authenticate(&credentials([shown])).await?;
            assert_eq!(
                ada.and_then(|ada| ada.name().cloned()).as_deref(),
                Some("ada")
            );
        }
        Ok(())
    }

    #[tokio::test]
    async fn an_unknown_token_is_refused_and_none_is_not() {
        let unknown = authenticator()
            .authenticate(&credentials([("x-api-token", "guessed")]))
            .await;
        assert!(matches!(unknown, Err(Rejected::Invalid(_))));
        assert_eq!(
            authenticator().authenticate(&credentials([])).await,
            Ok(None)
        );
    }
}
