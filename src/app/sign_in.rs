//! The ways to sign in: those of the program, then those of the configuration.

use std::sync::Arc;

use super::{Error, tokens::Tokens};
use crate::{
    auth::{ApiToken, Authenticator, Chain, Jwt, Now, Proxy, Throttle},
    config::{Config, SignIn},
    data::Database,
    graphql::{Anonymous, Authenticate, SignedIn, Throttled},
    metrics::Metrics,
    orchestration::{Clock, Refusals},
};

/// Where it is noted who was refused.
#[derive(Clone, Copy)]
pub(super) struct Noted<'a> {
    pub(super) refusals: &'a Refusals,
    pub(super) metrics: &'a Metrics,
}

/// Who looks at what callers show, and at how often they do.
pub(super) async fn open(
    config: &Config,
    own: Vec<Arc<dyn Authenticator>>,
    database: &Database,
    clock: &Clock,
    noted: Noted<'_>,
) -> Result<Arc<dyn Authenticate>, Error> {
    let Noted { refusals, metrics } = noted;
    let inner = ways(config, own, database, clock, refusals).await?;
    Ok(Arc::new(Throttled::new(inner, Throttle::new(&config.server, metrics.clone()))))
}

/// Who looks at what callers show. With authentication off nobody does.
async fn ways(
    config: &Config,
    own: Vec<Arc<dyn Authenticator>>,
    database: &Database,
    clock: &Clock,
    refusals: &Refusals,
) -> Result<Arc<dyn Authenticate>, Error> {
    if !config.authentication.enabled {
        return Ok(Arc::new(Anonymous));
    }
    let clock = clock.clone();
    let now: Now = Arc::new(move || clock.now());
    let configured = config.authentication.read(&config.directory).map_err(|mistakes| {
        let lines = mistakes
            .into_iter()
            .map(|(path, message)| format!("authentication.authenticators{path}: {message}"));
        Error::SignIn(lines.collect::<Vec<_>>().join("\n"))
    })?;
    let mut chain = own;
    for one in configured {
        chain.push(match one {
            SignIn::ApiToken => Arc::new(ApiToken::new(Arc::new(Tokens(database.clone())), now.clone())),
            SignIn::Proxy(settings) => Arc::new(Proxy::new(settings)),
            SignIn::Jwt(settings) => {
                let jwt =
                    Jwt::new(*settings, now.clone()).map_err(|error| Error::SignIn(error.to_string()))?;
                // Bounded by the time a fetch may take. Without keys its tokens are refused until there are some.
                jwt.ready().await;
                Arc::new(jwt)
            }
        });
    }
    if chain.is_empty() {
        return Err(Error::SignIn("authentication is on, and there is no way to sign in".to_owned()));
    }
    Ok(Arc::new(SignedIn::new(Chain::new(chain)).noting(refusals.clone())))
}
