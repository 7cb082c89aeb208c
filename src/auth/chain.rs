//! Several ways to sign in, in order.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;

use super::{Authenticator, Credentials, Rejected, Subject, shown::Shown};

/// The ways to sign in that a service has. Cheap to clone.
#[derive(Clone, Default)]
pub struct Chain {
    authenticators: Arc<[Arc<dyn Authenticator>]>,
}

impl Chain {
    /// In this order.
    pub fn new(authenticators: impl IntoIterator<Item = Arc<dyn Authenticator>>) -> Self {
        Self { authenticators: authenticators.into_iter().collect() }
    }

    /// Who calls: whom the first authenticator that recognises something says; nobody where nothing is shown.
    ///
    /// Every authenticator is asked, so that what one of them refuses is refused even where another would do. A
    /// credential that nobody recognises is refused too: its owner believes to be signed in.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Subject, Rejected> {
        let shown = Shown::of(&credentials.headers)?;
        let mut found = None;
        for authenticator in self.authenticators.iter() {
            let asked = AssertUnwindSafe(authenticator.authenticate(credentials)).catch_unwind().await;
            // Of one that panicked nobody knows what it would have said.
            found = found.or(asked.unwrap_or(Err(Rejected::Unavailable))?);
        }
        match found {
            Some(subject) => Ok(subject),
            None if shown.is_nothing() => Ok(Subject::anonymous()),
            None => Err(Rejected::Invalid("the credential is none that is accepted here".to_owned())),
        }
    }

    /// For `WWW-Authenticate`: what a caller can be asked for, each once.
    pub fn challenge(&self) -> String {
        let mut challenges: Vec<&str> = Vec::new();
        for challenge in self.authenticators.iter().filter_map(|one| one.challenge()) {
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        if challenges.is_empty() { BEARER.to_owned() } else { challenges.join(", ") }
    }
}

/// The challenge of everything that takes a bearer token.
pub(super) const BEARER: &str = "Bearer realm=\"tasker\"";

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use axum::http::HeaderMap;

    use super::*;

    /// Recognises one bearer token, and refuses another.
    struct Knows(&'static str, &'static str);

    #[async_trait]
    impl Authenticator for Knows {
        async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
            match Shown::of(&credentials.headers)?.bearer() {
                Some(token) if token == self.0 => Ok(Some(Subject::named(self.0))),
                Some("panic") => panic!("it is confused"),
                Some(token) if token == self.1 => Err(Rejected::Invalid("no good".to_owned())),
                _ => Ok(None),
            }
        }

        fn challenge(&self) -> Option<&'static str> {
            Some(self.0)
        }
    }

    async fn ask(authorization: Option<&str>) -> Result<Subject, Rejected> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert("authorization", value.parse().expect("a header"));
        }
        let chain = Chain::new([Knows("ada", "eve"), Knows("bob", "ada"), Knows("bob", "")].map(shared));
        chain.authenticate(&Credentials { headers, peer: None }).await
    }

    fn shared(one: Knows) -> Arc<dyn Authenticator> {
        Arc::new(one)
    }

    #[tokio::test]
    async fn who_recognises_the_credential_says_who_it_is() {
        assert_eq!(ask(Some("Bearer bob")).await, Ok(Subject::named("bob")));
    }

    #[tokio::test]
    async fn nothing_shown_is_nobody() {
        assert_eq!(ask(None).await, Ok(Subject::anonymous()));
    }

    #[tokio::test]
    async fn what_one_refuses_or_nobody_recognises_is_refused() {
        for value in
            ["Bearer eve", "Bearer ada", "Bearer nothing", "Basic YWRhOnB3", "Bearer", "Bearer panic"]
        {
            assert!(ask(Some(value)).await.is_err(), "{value}");
        }
    }

    #[test]
    fn challenges_are_joined_once_each() {
        let chain = Chain::new([Knows("a", ""), Knows("b", ""), Knows("a", "")].map(shared));
        assert_eq!(chain.challenge(), "a, b");
        assert_eq!(Chain::default().challenge(), BEARER);
    }
}
