//! Tokens that callers sign in with: what is known of them, issuing and revoking them.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject, Object, Result};
use uuid::Uuid;

use super::{
    authorize::authorize,
    caller::{Needs, caller, may_issue},
    given,
    refusal::unread,
    scalar::DateTime,
};
use crate::{
    auth::{Permission, Secret, Wanted},
    data::{api_tokens, entity::api_token::Model, load},
    graphql::error::{Code, internal},
    model::time::Timestamp,
    orchestration::{Engine, api_tokens as verbs},
};

/// A token that is to be issued.
#[derive(InputObject, Debug, Clone)]
pub struct IssueApiTokenInput {
    /// Who it stands for: 1 to 64 letters, digits, `_`, `.` or `-`. What is done with it is recorded under this name.
    pub name: String,
    /// What it may do: names of the policy's roles, as in `viewer`. At least one.
    pub roles: Vec<String>,
    /// Only in these namespaces; wherever its roles may without them.
    pub namespaces: Option<Vec<String>>,
    /// As a worker, only steps of these handler classes; of any without them.
    pub handler_classes: Option<Vec<String>>,
    /// How long it lives, up to ten years; until it is revoked without it.
    pub expires_in_seconds: Option<f64>,
}

/// A token that is to be withdrawn.
#[derive(InputObject, Debug, Clone)]
pub struct RevokeApiTokenInput {
    /// Which token.
    pub token_id: ID,
}

/// A token of this service. Revoked and expired ones stay listed.
pub struct ApiToken {
    row: Model,
    secret: Option<Secret>,
}

/// A token of this service. Revoked and expired ones stay listed.
#[Object]
impl ApiToken {
    /// Its id.
    async fn token_id(&self) -> ID {
        self.row.id.into()
    }

    /// Who it stands for.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// The roles it has.
    async fn roles(&self) -> Result<Vec<String>> {
        load::texts(&self.row.roles).map_err(unread)
    }

    /// Only in these namespaces; null where its roles alone decide.
    async fn namespaces(&self) -> Option<Result<Vec<String>>> {
        narrowed(self.row.namespaces.as_ref())
    }

    /// Only steps of these handler classes; null for any.
    async fn handler_classes(&self) -> Option<Result<Vec<String>>> {
        narrowed(self.row.handler_classes.as_ref())
    }

    /// The token itself, to be kept safe: only in the answer to `issueApiToken`, null ever after.
    async fn secret(&self) -> Option<&str> {
        self.secret.as_ref().map(Secret::reveal)
    }

    /// When it was issued.
    async fn created_at(&self) -> DateTime {
        DateTime(Timestamp(self.row.created_at))
    }

    /// Who issued it; null for the command line.
    async fn created_by(&self) -> Option<&str> {
        self.row.created_by.as_deref()
    }

    /// When it ends by itself; null for never.
    async fn expires_at(&self) -> Option<DateTime> {
        moment(self.row.expires_at)
    }

    /// When it was revoked; null while it is not.
    async fn revoked_at(&self) -> Option<DateTime> {
        moment(self.row.revoked_at)
    }

    /// When it was used last, to the minute; null for never.
    async fn last_used_at(&self) -> Option<DateTime> {
        moment(self.row.last_used_at)
    }
}

/// Queries of tokens.
#[derive(Default)]
pub struct ApiTokenQueries;

#[Object]
impl ApiTokenQueries {
    /// The tokens there are, newest first, without their secrets.
    #[graphql(guard = "Needs(Permission::ApiTokenIndex)", directive = authorize::apply(Permission::ApiTokenIndex))]
    async fn api_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] limit: i32,
        #[graphql(desc = "How many to leave out, up to 10000.", default = 0)] offset: i32,
    ) -> Result<Vec<ApiToken>> {
        let (limit, offset) = (given::size("limit", limit)?, given::offset(offset)?);
        let database = ctx.data::<Engine>()?.database();
        let rows = api_tokens::list(database, limit, offset).await.map_err(unread)?;
        Ok(rows.into_iter().map(|row| ApiToken { row, secret: None }).collect())
    }
}

/// Mutations of tokens.
#[derive(Default)]
pub struct ApiTokenMutations;

#[Object]
impl ApiTokenMutations {
    /// Makes a token. Its secret is in this answer and nowhere else. It can do nothing that its issuer can't: every
    /// permission of its roles must be the issuer's too, wherever the token has it; and who has a credential that is
    /// narrowed to namespaces or handler classes makes only tokens that are narrowed to some of them.
    #[graphql(guard = "Needs(Permission::ApiTokenCreate)", directive = authorize::apply(Permission::ApiTokenCreate))]
    async fn issue_api_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is to be.")] input: IssueApiTokenInput,
    ) -> Result<ApiToken> {
        let engine = ctx.data::<Engine>()?;
        let expires_in: Option<Duration> =
            given::seconds("expiresInSeconds", input.expires_in_seconds, false)?;
        let wanted = Wanted {
            name: input.name,
            roles: input.roles,
            namespaces: input.namespaces,
            handler_classes: input.handler_classes,
            expires_in,
        };
        may_issue(ctx, &wanted)?;
        let issued = verbs::issue(engine.database(), caller(ctx)?, wanted, engine.clock().now()).await;
        match issued {
            Ok((secret, row)) => Ok(ApiToken { row, secret: Some(secret) }),
            Err(error @ verbs::Error::Unsound(_)) => Err(given::bad(error.to_string())),
            Err(error @ verbs::Error::Data(_)) => Err(internal(&error)),
        }
    }

    /// Withdraws a token, for good: within a second no node takes it any more. One that was revoked before stays as
    /// it was.
    #[graphql(guard = "Needs(Permission::ApiTokenDestroy)", directive = authorize::apply(Permission::ApiTokenDestroy))]
    async fn revoke_api_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: RevokeApiTokenInput,
    ) -> Result<ApiToken> {
        let id = Uuid::parse_str(&input.token_id);
        let id = id.map_err(|_| {
            given::bad("tokenId is not an id: a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057")
        })?;
        let engine = ctx.data::<Engine>()?;
        let revoked = verbs::revoke(engine.database(), caller(ctx)?, id, engine.clock().now()).await;
        let row = revoked
            .map_err(unread)?
            .ok_or_else(|| Code::NotFound.error(format!("there is no token {id}")))?;
        Ok(ApiToken { row, secret: None })
    }
}

fn narrowed(list: Option<&serde_json::Value>) -> Option<Result<Vec<String>>> {
    let list = list.filter(|list| !list.is_null())?;
    Some(load::texts(list).map_err(unread))
}

fn moment(at: Option<i64>) -> Option<DateTime> {
    at.map(|at| DateTime(Timestamp(at)))
}
