//! The decision itself: what the operation needs, against what the subject has.

use std::sync::Arc;

use async_graphql::{
    Pos, Request, Response, ServerError,
    parser::types::{Field, OperationType},
};
use async_trait::async_trait;
use tokio::sync::watch;

use super::{
    Decision, Requirements, RootDecision,
    arguments::Given,
    collect::{Needs, RootNeeds},
    refusal,
    targets::{self, Places, Target},
};
use crate::{
    auth::{Grant, Grants, Permission, Permissions, Subject, Warden},
    data::Database,
    graphql::{
        executor::{Admission, Admitted, Asked},
        introspection::{Introspection, Views},
    },
    model::{id::TaskId, scope::Scope},
};

/// The gate before a schema.
pub struct Gate {
    requirements: Requirements,
    warden: Warden,
    database: Database,
    introspection: Introspection,
    views: Views,
}

/// One root field, with what it is about.
struct Root<'a> {
    needs: &'a RootNeeds<'a>,
    grant: Grant,
    target: Option<Target>,
}

/// Why the target of a mutation is out of the subject's reach.
enum Beyond {
    /// It may know of it, and has not these permissions there.
    Lacks(Permissions),
    /// It may not know whether it is there.
    Unknown(ServerError),
}

impl Gate {
    /// Before the schema that `requirements` and `views` were made of.
    pub fn new(
        requirements: Requirements,
        warden: Warden,
        database: Database,
        introspection: Introspection,
        views: Views,
    ) -> Self {
        Self { requirements, warden, database, introspection, views }
    }

    /// Refuses what the subject may not do anywhere, and says where it may do the rest.
    fn roots<'a>(
        &self,
        needs: &'a Needs<'a>,
        subject: &Subject,
        grants: &Grants,
    ) -> Result<Vec<Root<'a>>, ServerError> {
        let all = needs.roots.iter().fold(Permissions::NONE, |all, root| all.or(root.needs.permissions));
        let missing: Vec<Permission> = all.iter().filter(|&permission| !grants.any(permission)).collect();
        if !missing.is_empty() {
            return Err(refusal::missing(subject, missing));
        }
        if subject.is_anonymous() && needs.roots.iter().any(|root| root.needs.signed_in) {
            return Err(refusal::sign_in());
        }
        let mut roots = Vec::with_capacity(needs.roots.len());
        for root in &needs.roots {
            let permissions = root.needs.permissions;
            let granted = permissions.iter().map(|permission| grants.of(permission).clone());
            let grant = granted.reduce(|one, other| one.and(&other)).unwrap_or(Grant::NONE);
            if grant.is_none() && !permissions.is_empty() {
                return Err(refusal::nowhere(subject, permissions));
            }
            roots.push(Root { needs: root, grant, target: None });
        }
        match &needs.unknown {
            Some(error) => Err(error.clone()),
            None => Ok(roots),
        }
    }

    /// Reads what the mutations are about and refuses the whole operation where one of them is out of reach.
    async fn reach(
        &self,
        asked: Asked<'_>,
        roots: &mut [Root<'_>],
        grants: &Grants,
    ) -> Result<(), Vec<ServerError>> {
        let Asked { operation, variables, subject } = asked;
        if operation.definition.node.ty != OperationType::Mutation {
            return Ok(());
        }
        let given = Given::new(operation, variables);
        let mutation = self.requirements.mutation.as_ref();
        for root in roots.iter_mut() {
            let field = &root.needs.field.node;
            let known = mutation.and_then(|owner| self.requirements.field(owner, &field.name.node));
            root.target = known.map(|known| self.requirements.target(field, &known.arguments, &given));
        }
        let tasks = roots.iter().filter_map(|root| match root.target {
            Some(Target::Task(task)) => task,
            _ => None,
        });
        let places =
            targets::places(&self.database, tasks.collect()).await.map_err(|error| vec![unread(&error)])?;
        let (mut lacking, mut unknown) = (None, Vec::new());
        for beyond in roots.iter().filter_map(|root| root.beyond(&places, subject, grants)) {
            match beyond {
                Beyond::Lacks(more) => lacking = Some(lacking.unwrap_or(Permissions::NONE).or(more)),
                Beyond::Unknown(error) => unknown.push(error),
            }
        }
        // All that is missing is said at once, and alone: of what is not there nobody learns anything.
        match lacking {
            Some(lacking) => Err(vec![refusal::missing(subject, lacking.iter())]),
            None if unknown.is_empty() => Ok(()),
            None => Err(unknown),
        }
    }
}

impl Root<'_> {
    fn field(&self) -> &Field {
        &self.needs.field.node
    }

    fn pos(&self) -> Pos {
        self.needs.field.pos
    }

    fn scope(&self, subject: &Subject) -> Scope {
        Scope {
            namespaces: self.grant.namespaces.clone(),
            own: self.grant.own.clone(),
            creator: subject.name().cloned(),
        }
    }

    fn beyond(&self, places: &Places, subject: &Subject, grants: &Grants) -> Option<Beyond> {
        let scope = self.scope(subject);
        let without = |covers: &dyn Fn(&Grant) -> bool| {
            let lacking = self.needs.needs.permissions.iter().filter(|&one| !covers(grants.of(one)));
            Beyond::Lacks(lacking.collect())
        };
        match self.target.as_ref()? {
            Target::Task(None) => None,
            Target::Task(Some(task)) => {
                let key = &self.field().response_key().node;
                let unknown = || Beyond::Unknown(refusal::unknown(*task, key, self.pos()));
                let Some((namespace, creator)) = places.get(task) else { return Some(unknown()) };
                if scope.covers(namespace, creator.as_deref()) {
                    return None;
                }
                let own = creator.is_some() && creator.as_deref() == subject.name().map(|name| &**name);
                let shown = grants.of(Permission::TaskShow).covers(namespace, own);
                Some(if shown { without(&|grant| grant.covers(namespace, own)) } else { unknown() })
            }
            Target::Namespaces(wanted) => {
                let creator = subject.name().map(|name| &**name);
                let refused = wanted.iter().any(|namespace| !scope.covers(namespace, creator));
                refused
                    .then(|| without(&|grant| wanted.iter().all(|namespace| grant.covers(namespace, true))))
            }
            Target::Everything => {
                (!scope.namespaces.is_all()).then(|| without(&|grant| grant.namespaces.is_all()))
            }
        }
    }

    fn decided(self, subject: &Subject) -> (String, RootDecision) {
        let key = self.field().response_key().node.to_string();
        let scope = self.scope(subject);
        let (mut targets, mut namespaces): (Vec<TaskId>, Vec<Arc<str>>) = (Vec::new(), Vec::new());
        match self.target {
            Some(Target::Task(task)) => targets.extend(task),
            Some(Target::Namespaces(wanted)) => namespaces = wanted,
            Some(Target::Everything) | None => {}
        }
        (key, RootDecision { permissions: self.needs.needs.permissions, scope, targets, namespaces })
    }
}

#[async_trait]
impl Admission for Gate {
    async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Vec<ServerError>> {
        let Asked { operation, variables, subject } = asked;
        let one = |error| vec![error];
        let grants = self.warden.grants(subject).await.ok_or_else(|| one(refusal::undecided()))?;
        let needs = self.requirements.collect(operation, variables);
        let mut roots = self.roots(&needs, subject, &grants).map_err(one)?;
        if needs.introspects
            && let Some(answer) = self.introspect(asked, &needs, &grants).await.map_err(one)?
        {
            return Ok(Admitted::Answered(Box::new(answer)));
        }
        if let Err(errors) = self.reach(asked, &mut roots, &grants).await {
            return match errors.iter().all(|error| error.path.is_empty()) {
                true => Err(errors),
                // As the resolver would have answered.
                false => Ok(Admitted::Answered(Box::new(Response::from_errors(errors)))),
            };
        }
        let decided: Vec<_> = roots.into_iter().map(|root| root.decided(subject)).collect();
        Ok(Admitted::Runs(Arc::new(Decision::of(subject.clone(), decided))))
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.warden.changes()
    }
}

impl Gate {
    /// The schema as this subject may use it; nothing where the whole schema is to be shown.
    async fn introspect(
        &self,
        asked: Asked<'_>,
        needs: &Needs<'_>,
        grants: &Grants,
    ) -> Result<Option<Response>, ServerError> {
        let Asked { operation, variables, subject } = asked;
        match self.introspection {
            Introspection::None => Err(refusal::no_introspection(subject)),
            Introspection::Full => Ok(None),
            Introspection::Permitted if grants.any(Permission::SchemaShow) => Ok(None),
            Introspection::Permitted if !needs.roots.is_empty() => Err(refusal::mixed()),
            Introspection::Permitted => {
                let held =
                    Permission::ALL.iter().copied().filter(|&permission| grants.any(permission)).collect();
                let view = self.views.of(held, !subject.is_anonymous());
                let view = view.ok_or_else(|| refusal::no_introspection(subject))?;
                let mut question = Request::new("").variables(variables.clone());
                question.operation_name = operation.name.map(ToString::to_string);
                question.set_parsed_query(operation.document.parsed().clone());
                Ok(Some(view.execute(question).await))
            }
        }
    }
}

fn unread(error: &crate::data::Error) -> ServerError {
    let fault = crate::graphql::error::internal(error);
    let mut refused = ServerError::new(fault.message, None);
    refused.extensions = fault.extensions;
    refused
}
