//! The audit log: who did what, and what was refused to whom.

use std::time::Duration;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::{
    authorize::authorize,
    caller::{Needs, scope},
    cursor, given,
    page_info::PageInfo,
    refusal::unread,
    scalar::DateTime,
};
use crate::{
    auth::Permission,
    data::audit,
    model::audit as model,
    orchestration::{Engine, Refusals},
};

/// Whether something was done.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Verdict")]
pub enum AuditVerdict {
    /// It was permitted, and done.
    Allowed,
    /// It was refused, and nothing of it was done.
    Refused,
}

/// How something was asked for.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Way")]
pub enum AuditWay {
    /// By a query.
    Query,
    /// By a mutation.
    Mutation,
    /// By a subscription.
    Subscription,
    /// By the REST API; `operation` says by which of its operations.
    Rest,
    /// On the command line, beside the service.
    Command,
    /// By showing a credential that is none.
    SignIn,
    /// By nobody: what is no longer kept was removed, as the service's settings say.
    Retention,
}

/// Which records. Everything that is given must hold; what is left out or null does not matter.
#[derive(InputObject, Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this subject.
    pub subject: Option<String>,
    /// Done, or refused.
    pub verdict: Option<AuditVerdict>,
    /// With this root field, such as `cancelTask`.
    pub field: Option<String>,
    /// About this task, which may be gone.
    pub task_id: Option<ID>,
    /// With this request.
    pub request_id: Option<String>,
    /// At this moment or later.
    pub since: Option<DateTime>,
    /// Before this moment.
    pub until: Option<DateTime>,
}

impl AuditFilter {
    fn read(self) -> Result<audit::AuditFilter> {
        let is_name = |field: &String| field.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if self.field.as_ref().is_some_and(|field| !is_name(field)) {
            return Err(given::bad("field is the name of a root field, such as cancelTask"));
        }
        Ok(audit::AuditFilter {
            subject: given::text("subject", self.subject)?,
            verdict: self.verdict.map(Into::into),
            field: self.field,
            task: self.task_id.as_ref().map(given::task_id).transpose()?,
            request_id: given::text("requestId", self.request_id)?,
            since: self.since.map(|at| at.0),
            until: self.until.map(|at| at.0),
            namespaces: None,
        })
    }
}

/// What waits to be written is waited for so long.
const SOON: Duration = Duration::from_secs(1);

/// Queries of the audit log.
#[derive(Default)]
pub struct AuditQueries;

#[Object]
impl AuditQueries {
    /// Who did what, and what was refused to whom, newest first. What is in no single namespace is for those who may
    /// look into all. What was done stays; refusals are kept for 90 days.
    #[graphql(guard = "Needs(Permission::AuditIndex)", directive = authorize::apply(Permission::AuditIndex))]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which records; all without it.")] filter: Option<AuditFilter>,
        #[graphql(desc = "How many, from 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "Only what comes after this cursor, which is what happened before.")] after: Option<
            String,
        >,
    ) -> Result<AuditRecordConnection> {
        let filter = filter.unwrap_or_default().read()?;
        let filter = audit::AuditFilter { namespaces: Some(scope(ctx)?.namespaces), ..filter };
        let limit = given::size("first", first)?;
        let place = after.as_deref().map(cursor::audit).transpose()?;
        if let Some(refusals) = ctx.data_opt::<Refusals>() {
            // What was refused a moment ago is there, where the database takes it soon.
            let _ = tokio::time::timeout(SOON, refusals.write()).await;
        }
        let database = ctx.data::<Engine>()?.database();
        let mut found = audit::list(database, &filter, place, limit + 1).await.map_err(unread)?;
        let more = found.len() as u64 > limit;
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let nodes: Vec<AuditRecord> = found.into_iter().map(AuditRecord).collect();
        let cursor = |record: &AuditRecord| cursor::of_audit(record.0.id);
        let page_info = PageInfo {
            has_next_page: more,
            has_previous_page: place.is_some(),
            start_cursor: nodes.first().map(cursor),
            end_cursor: nodes.last().map(cursor),
        };
        Ok(AuditRecordConnection { nodes, page_info })
    }
}

/// A page of the audit log, newest first.
#[derive(SimpleObject)]
pub struct AuditRecordConnection {
    /// The records of this page.
    nodes: Vec<AuditRecord>,
    /// Where this page is.
    page_info: PageInfo,
}

/// That somebody did something, or was refused it. What was sent along is never in it.
pub struct AuditRecord(model::AuditRecord);

/// That somebody did something, or was refused it. What was sent along is never in it.
#[Object]
impl AuditRecord {
    /// Its id.
    async fn record_id(&self) -> ID {
        self.0.id.into()
    }

    /// When; the first time, of several.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.occurred_at)
    }

    /// The last time, of several.
    async fn last_at(&self) -> DateTime {
        DateTime(self.0.last_at)
    }

    /// How often: refusals that are alike are counted in one record, up to a minute long.
    async fn count(&self) -> i32 {
        i32::try_from(self.0.count).unwrap_or(i32::MAX)
    }

    /// Whether it was done.
    async fn verdict(&self) -> AuditVerdict {
        self.0.act.verdict.into()
    }

    /// Why it was refused: the code of the answer. Null where it was not.
    async fn code(&self) -> Option<&str> {
        self.0.act.code.as_deref()
    }

    /// Who asked; null for nobody in particular.
    async fn subject(&self) -> Option<&str> {
        self.0.act.subject.as_deref()
    }

    /// The id of the token that it was done with; null where it was none of the service's tokens.
    async fn credential(&self) -> Option<&str> {
        self.0.act.credential.as_deref()
    }

    /// What the caller calls the operation; null for nothing.
    async fn operation(&self) -> Option<&str> {
        self.0.act.operation.as_deref()
    }

    /// How it was asked for.
    async fn way(&self) -> AuditWay {
        self.0.act.way.into()
    }

    /// The root fields: of a mutation the one that was carried out, of a refusal all of them.
    async fn fields(&self) -> &[String] {
        &self.0.act.fields
    }

    /// What they need.
    async fn permissions(&self) -> &[String] {
        &self.0.act.permissions
    }

    /// What of that the subject does not have.
    async fn missing_permissions(&self) -> &[String] {
        &self.0.act.missing
    }

    /// The version of the policy that it was decided by, counted on its node from its start; null without a policy.
    async fn policy_version(&self) -> Option<i32> {
        self.0.act.policy_version.map(|version| i32::try_from(version).unwrap_or(i32::MAX))
    }

    /// The request that it came with; the first, of several. Null for the command line.
    async fn request_id(&self) -> Option<&str> {
        self.0.act.request_id.as_deref()
    }

    /// The namespace that it is about; null for no single one.
    async fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// The task that it is about, which may be gone; null for no single one.
    async fn task_id(&self) -> Option<ID> {
        self.0.task.map(|task| task.0.into())
    }

    /// The token that it is about; null for none.
    async fn token_id(&self) -> Option<ID> {
        self.0.token.map(Into::into)
    }
}
