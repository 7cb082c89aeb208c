//! The gate's answer beforehand: what a document needs, and whether somebody may run it.
//!
//! It goes the gate's own way: the same document, the same pass over it, the same comparison. What depends on where
//! stored tasks are is asked for; without an answer it is left open.

use std::{collections::BTreeSet, sync::Arc};

use async_graphql::{ServerError, Variables, parser::types::OperationType};
use serde::Serialize;

use super::{
    Requirements,
    questions::Questions,
    record, refusal,
    root::{Root, Who, out_of_reach},
    targets::{Places, Target},
    tokens,
};
use crate::{
    auth::{Grant, Namespaces, Subject, Warden},
    graphql::{
        Code,
        document::{Document, Limits, check_complexity, variables},
        introspection::{Introspection, Views},
        outline::Outline,
    },
    model::id::TaskId,
};

/// What is asked.
pub struct Question<'a> {
    /// The document.
    pub document: &'a str,
    /// Which of its operations; none where there is one.
    pub operation: Option<&'a str>,
    /// What it runs with.
    pub variables: &'a Variables,
    /// Who runs it.
    pub subject: &'a Subject,
    /// Who knows what that one may do.
    pub warden: &'a Warden,
    /// Where stored tasks are; those that are left out are unknown.
    pub places: Option<&'a Places>,
}

/// The answer: it may be run, or the first thing the gate would say instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether the gate lets it through.
    pub permitted: bool,
    /// What the operation is called.
    pub operation: Option<String>,
    /// Its root fields, in the order of the document.
    pub fields: Vec<ExplainedField>,
    /// Why it is refused.
    pub refusal: Option<ExplainedRefusal>,
    /// Stored tasks that it also depends on.
    pub depends_on: Vec<String>,
}

/// One root field with everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedField {
    /// Its name.
    pub field: String,
    /// What it needs.
    pub permissions: Vec<String>,
    /// Where the subject has all of that: `*`, names, or `* but` names.
    pub namespaces: String,
}

/// What the caller would be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedRefusal {
    /// The code of the answer.
    pub code: String,
    /// Its sentence.
    pub message: String,
    /// What the subject does not have.
    pub missing_permissions: Vec<String>,
}

/// Answers by the schema alone; nothing runs.
pub struct Explainer {
    requirements: Requirements,
    outline: Outline,
    limits: Limits,
    questions: Questions,
}

impl Explainer {
    /// Of the schema that these were read from.
    pub fn new(
        requirements: Requirements,
        outline: Outline,
        limits: Limits,
        (introspection, views): (Introspection, Views),
    ) -> Self {
        Self { requirements, outline, limits, questions: Questions::new(introspection, views) }
    }

    /// The stored tasks that the operation is about.
    pub fn tasks(&self, question: &Question<'_>) -> Vec<TaskId> {
        let Ok(document) = Document::parse(question.document, &self.limits) else { return Vec::new() };
        let Ok(operation) = document.operation(question.operation) else { return Vec::new() };
        let needs = self.requirements.collect(operation, question.variables);
        let mut roots: Vec<_> = needs.roots.iter().map(Root::unjudged).collect();
        self.requirements.aim(operation, question.variables, &mut roots);
        roots.iter().flat_map(Root::tasks).copied().collect()
    }

    /// What the gate would say.
    pub async fn explain(&self, question: &Question<'_>) -> Explanation {
        let mut answer = Explanation {
            permitted: false,
            operation: question.operation.map(str::to_owned),
            fields: Vec::new(),
            refusal: None,
            depends_on: Vec::new(),
        };
        match self.walk(question, &mut answer).await {
            Ok(()) => answer.permitted = true,
            Err(error) => answer.refusal = Some(told(&error)),
        }
        answer
    }

    async fn walk(&self, question: &Question<'_>, answer: &mut Explanation) -> Result<(), ServerError> {
        let Question { variables, subject, warden, places, .. } = *question;
        let document = Document::parse(question.document, &self.limits)?;
        let operation = document.operation(question.operation)?;
        variables::check(operation, variables)?;
        check_complexity(operation, variables, &self.outline, &self.limits)?;
        answer.operation = operation.name.map(ToString::to_string);
        let grants = &*warden.grants(subject).await.ok_or_else(refusal::undecided)?;
        let needs = self.requirements.collect(operation, variables);
        answer.fields = needs
            .roots
            .iter()
            .map(|root| ExplainedField {
                field: root.field.node.name.node.to_string(),
                permissions: record::names(root.needs.permissions),
                namespaces: reach(&root.needs.granted(grants)),
            })
            .collect();
        let who = Who { subject, grants, open: false };
        let mut roots = needs.judge(who)?;
        if needs.introspects {
            self.questions.view(&needs, who)?;
        }
        if operation.definition.node.ty != OperationType::Mutation {
            return Ok(());
        }
        self.requirements.aim(operation, variables, &mut roots);
        for root in &roots {
            if let Some(Target::Token(wanted)) = &root.target {
                tokens::may_give(warden, wanted, who).await?;
            }
        }
        if places.is_none() {
            // Of these nothing can be said.
            let (open, known) = roots.into_iter().partition(|root| !root.tasks().is_empty());
            roots = known;
            let open: Vec<Root<'_>> = open;
            answer.depends_on = open.iter().flat_map(Root::tasks).map(ToString::to_string).collect();
        }
        match out_of_reach(&roots, places.unwrap_or(&Places::new()), who) {
            Some(mut refused) => Err(refused.errors.swap_remove(0)),
            None => Ok(()),
        }
    }
}

/// `*`, names, or all but names; `own` where it holds for the subject's own tasks alone.
fn reach(grant: &Grant) -> String {
    let set = |set: &Namespaces| match set {
        Namespaces::Except(names) if names.is_empty() => "*".to_owned(),
        Namespaces::Except(names) => format!("* but {}", list(names)),
        Namespaces::Only(names) => list(names),
    };
    let beyond = grant.own.and(&grant.namespaces.not());
    let own = (!beyond.is_none()).then(|| format!("{} (own)", set(&beyond)));
    let all = (!grant.namespaces.is_none()).then(|| set(&grant.namespaces));
    let both: Vec<String> = all.into_iter().chain(own).collect();
    both.join(", ")
}

fn list(names: &BTreeSet<Arc<str>>) -> String {
    names.iter().map(|name| &**name).collect::<Vec<_>>().join(" ")
}

fn told(error: &ServerError) -> ExplainedRefusal {
    ExplainedRefusal {
        code: Code::of(error).map_or("GRAPHQL_VALIDATION_FAILED", Code::as_str).to_owned(),
        message: error.message.clone(),
        missing_permissions: record::missing(error),
    }
}
