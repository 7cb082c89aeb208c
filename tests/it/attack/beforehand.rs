//! What `tasker permission explain` says of a document: one more of those who have to agree.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::Variables;
use tasker::{
    auth::{Subject, Warden},
    graphql::{
        document::Limits,
        gate::{Explainer, Question},
    },
    model::time::Timestamp,
};

use super::{ground::Ground, request::Request};

/// What `tasker permission explain` would say.
pub struct Beforehand {
    explainer: Explainer,
    warden: Warden,
}

impl Beforehand {
    /// With limits as far away as the service's.
    pub fn of(ground: &Ground) -> Self {
        let far = 1_000_000;
        let limits = Limits {
            tokens: far,
            nodes: far,
            depth: 1_000,
            aliases: far,
            root_fields: far,
            ..Limits::default()
        };
        let limits = Limits { directives: far, complexity: 100_000_000, ..limits };
        let policy = ground.service.app.policy().expect("a policy decides").clone();
        let warden = Warden::new(policy, Arc::new(|| Timestamp(0)));
        Self { explainer: crate::gate::explain::explainer(limits), warden }
    }

    /// What nobody in particular lacks.
    pub async fn missing(&self, request: &Request) -> BTreeSet<String> {
        let variables = Variables::from_json(request.variables.clone());
        let subject = Subject::named("nobody").with_roles(["nobody"]);
        let question = Question {
            document: &request.query,
            operation: request.operation_name,
            variables: &variables,
            subject: &subject,
            warden: &self.warden,
            places: None,
        };
        let said = self.explainer.explain(&question).await;
        said.refusal.into_iter().flat_map(|refusal| refusal.missing_permissions).collect()
    }
}
