//! Who calls, and what it may do.

use async_graphql::{Context, Object, Result, SimpleObject};

use super::{
    authorize::signed_in,
    caller::{SignedIn, decision},
    scalar::DateTime,
};
use crate::{
    auth::{Grants, Namespaces, Permission, Subject},
    graphql::error::Code,
};

/// Who calls.
#[derive(SimpleObject)]
pub struct Viewer {
    /// The name it is recorded under; null where the service asks nobody to sign in.
    subject: Option<String>,
    /// The roles that its credential names. One that the policy does not define grants nothing.
    roles: Vec<String>,
    /// What it may do, and where. Permissions that are held nowhere are left out.
    permissions: Vec<GrantedPermission>,
    /// When its credential ends; null for not by itself.
    expires_at: Option<DateTime>,
}

/// A permission that is held somewhere.
#[derive(SimpleObject)]
pub struct GrantedPermission {
    /// Its name, as a policy writes it.
    permission: String,
    /// Where it is held for everything.
    namespaces: NamespaceSet,
    /// Where it is held, beyond that, for the caller's own tasks; null where it is not.
    own: Option<NamespaceSet>,
}

/// Some namespaces, or all but some.
#[derive(SimpleObject)]
pub struct NamespaceSet {
    /// These and no others; null for every namespace, those in `except` apart.
    only: Option<Vec<String>>,
    /// Not these.
    except: Vec<String>,
}

/// Queries of who calls.
#[derive(Default)]
pub struct ViewerQueries;

#[Object]
impl ViewerQueries {
    /// Who calls, and what it may do.
    #[graphql(guard = "SignedIn", directive = signed_in::apply(true))]
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        let decision = decision(ctx)?;
        let grants = decision.grants().ok_or_else(|| Code::Internal.error("nothing was decided"))?;
        Ok(Viewer::of(decision.subject(), grants))
    }
}

impl Viewer {
    fn of(subject: &Subject, grants: &Grants) -> Self {
        let held = Permission::ALL.iter().filter(|&&permission| grants.any(permission));
        let granted = held.map(|&permission| {
            let grant = grants.of(permission);
            GrantedPermission {
                permission: permission.to_string(),
                namespaces: NamespaceSet::of(&grant.namespaces),
                own: (!grant.own.is_none()).then(|| NamespaceSet::of(&grant.own)),
            }
        });
        Self {
            subject: subject.name().map(ToString::to_string),
            roles: subject.roles().iter().map(ToString::to_string).collect(),
            permissions: granted.collect(),
            expires_at: subject.expires_at().map(DateTime),
        }
    }
}

impl NamespaceSet {
    fn of(namespaces: &Namespaces) -> Self {
        let (only, except) = match namespaces {
            Namespaces::Only(names) => (Some(names.iter().map(ToString::to_string).collect()), Vec::new()),
            Namespaces::Except(names) => (None, names.iter().map(ToString::to_string).collect()),
        };
        Self { only, except }
    }
}
