//! The gate: decides, looks up what mutations are about, and has what it refuses written down.

use std::{collections::HashSet, sync::Arc};

use async_graphql::{Request, Response, ServerError, parser::types::OperationType};
use async_trait::async_trait;
use tokio::sync::watch;

use super::{
    Decision, Requirements,
    collect::Needs,
    decision::Basis,
    questions::Questions,
    record, refusal,
    root::{OutOfReach, Root, Who, out_of_reach},
    targets::{self, Target},
    tokens,
};
use crate::{
    auth::{Grants, Warden},
    data::Database,
    graphql::{
        executor::{Admission, Admitted, Asked},
        introspection::{Introspection, Views},
    },
    orchestration::{Place, Refusals},
};

/// The gate before a schema.
pub struct Gate {
    requirements: Requirements,
    warden: Warden,
    database: Database,
    questions: Questions,
    refusals: Refusals,
}

impl Gate {
    /// Before the schema that `requirements` and `views` were made of.
    pub fn new(
        requirements: Requirements,
        warden: Warden,
        database: Database,
        introspection: Introspection,
        views: Views,
        refusals: Refusals,
    ) -> Self {
        let questions = Questions::new(introspection, views);
        Self { requirements, warden, database, questions, refusals }
    }

    async fn decide(
        &self,
        asked: Asked<'_>,
        needs: &Needs<'_>,
        grants: &Arc<Grants>,
    ) -> Result<Admitted, No> {
        let Asked { operation, variables, subject, .. } = asked;
        let open = self.warden.is_open();
        let who = Who { subject, grants, open };
        let mut roots = needs.judge(who).map_err(No::whole)?;
        if needs.introspects
            && let Some(view) = self.questions.view(needs, who).map_err(No::whole)?
        {
            let mut question = Request::new("").variables(variables.clone());
            question.operation_name = operation.name.map(ToString::to_string);
            question.set_parsed_query(operation.document.parsed().clone());
            return Ok(Admitted::Answered(Box::new(view.execute(question).await)));
        }
        self.requirements.aim(operation, variables, &mut roots);
        let tasks = roots.iter().flat_map(Root::tasks).copied().collect();
        let places = targets::places(&self.database, tasks).await;
        let places = places.map_err(|error| No::whole(unread(&error)))?;
        for root in &roots {
            if let Some(Target::Token(wanted)) = &root.target {
                tokens::may_give(&self.warden, wanted, who).await.map_err(No::whole)?;
            }
        }
        if let Some(OutOfReach { errors, roots: refused }) = out_of_reach(&roots, &places, who) {
            let there = refused.into_iter().filter_map(|root| roots[root].place(&places));
            return Err(No::OutOfReach { errors, there: there.collect() });
        }
        // Only what changes something is recorded when it is permitted.
        let changes = operation.definition.node.ty == OperationType::Mutation;
        let act = (changes && !open).then(|| record::permitted(asked, grants));
        let basis = Basis { subject: subject.clone(), open, grants: Some(grants.clone()), act };
        let decided = roots.into_iter().map(|root| root.decided(subject, &places));
        Ok(Admitted::Runs(Arc::new(Decision::of(basis, decided))))
    }

    /// Says no, and has it written down.
    fn refuse(
        &self,
        asked: Asked<'_>,
        needs: &Needs<'_>,
        grants: &Grants,
        no: No,
    ) -> Result<Admitted, Vec<ServerError>> {
        match no {
            No::Whole(error) => {
                if record::is_refusal(&error) {
                    self.refusals.note(record::refused(asked, &needs.roots, &error, grants), None);
                }
                Err(vec![*error])
            }
            No::OutOfReach { errors, there } => {
                let said = errors.iter().any(record::is_refusal);
                // What is said to be unknown was refused if it is there.
                if said || !there.is_empty() {
                    let one = (there.len() == 1).then(|| there.into_iter().next()).flatten();
                    self.refusals.note(record::refused(asked, &needs.roots, &errors[0], grants), one);
                }
                match said {
                    true => Err(errors),
                    // As the resolver would have answered.
                    false => Ok(Admitted::Answered(Box::new(Response::from_errors(errors)))),
                }
            }
        }
    }
}

/// Why an operation does not run.
enum No {
    /// As it stands.
    Whole(Box<ServerError>),
    /// For what some of its root fields are about, of which these are there.
    OutOfReach { errors: Vec<ServerError>, there: HashSet<Place> },
}

impl No {
    fn whole(error: ServerError) -> Self {
        Self::Whole(Box::new(error))
    }
}

#[async_trait]
impl Admission for Gate {
    async fn admit(&self, asked: Asked<'_>) -> Result<Admitted, Vec<ServerError>> {
        let needs = self.requirements.collect(asked.operation, asked.variables);
        let Some(grants) = self.warden.grants(asked.subject).await else {
            return self.refuse(asked, &needs, &Grants::default(), No::whole(refusal::undecided()));
        };
        match self.decide(asked, &needs, &grants).await {
            Ok(admitted) => Ok(admitted),
            Err(no) => self.refuse(asked, &needs, &grants, no),
        }
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.warden.changes()
    }
}

fn unread(error: &crate::data::Error) -> ServerError {
    let fault = crate::graphql::error::internal(error);
    let mut refused = ServerError::new(fault.message, None);
    refused.extensions = fault.extensions;
    refused
}
