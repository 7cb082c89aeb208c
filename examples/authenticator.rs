//! A Tasker with a way to sign in of one's own: `cargo run --example authenticator -- serve --config
//! examples/authenticator`, then `curl -H 'Cookie: session=ada' …`.

use tasker::prelude::*;

/// Believes the session that a cookie names. A real one would look it up where sessions are kept.
struct Session;

#[tasker::async_trait]
impl Authenticator for Session {
    async fn authenticate(&self, credentials: &Credentials) -> Result<Option<Subject>, Rejected> {
        let Some(cookie) = credentials.headers.get("cookie") else { return Ok(None) };
        let cookie = cookie.to_str().map_err(|_| Rejected::Invalid("the cookie is not text".into()))?;
        let Some(session) = cookie.split("; ").find_map(|pair| pair.strip_prefix("session=")) else {
            return Ok(None);
        };
        match session {
            "ada" => Ok(Some(Subject::named("ada").with_roles(["operator"]))),
            _ => Err(Rejected::Invalid("the session has ended; sign in again".into())),
        }
    }
}

fn main() -> std::process::ExitCode {
    Tasker::builder().authenticator(Session).run()
}
