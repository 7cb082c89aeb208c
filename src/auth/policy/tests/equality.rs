//! What is looked up is what casbin's `enforce` says, with casbin's own role manager, on random small policies.

use std::sync::Arc;

use casbin::{CoreApi, DefaultModel, DefaultRoleManager, Enforcer, MgmtApi};
use futures_util::FutureExt;
use parking_lot::RwLock;
use proptest::prelude::*;

use crate::auth::Permission;

use super::super::{
    index::Index,
    language::{self, Language},
    line::{Effect, Line, Statement},
    roles::Roles,
};

const NAMESPACES: [&str; 3] = ["bank", "shop", "somewhere-else"];

const PERMISSIONS: [Permission; 7] = [
    Permission::TaskIndex,
    Permission::TaskShow,
    Permission::WorkflowStepIndex,
    Permission::AuditIndex,
    Permission::ApiTokenIndex,
    Permission::ApiTokenCreate,
    Permission::PolicyUpdate,
];

/// Members can have the roles behind them only, so there are no cycles.
const PRINCIPALS: [&str; 6] = ["user:ada", "user:bea", "role:a", "role:b", "role:c", "role:d"];

fn rule() -> impl Strategy<Value = Statement> {
    let word = |words: &'static [&'static str]| prop::sample::select(words).prop_map(str::to_owned);
    (
        word(&PRINCIPALS),
        word(&["*", "bank", "shop"]),
        word(&["*", "*", "tasker.task", "tasker.api_token", "tasker.policy"]),
        word(&["*", "*", "index", "update"]),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(subject, namespace, resource, action, deny)| {
            let effect = if deny { Effect::Deny } else { Effect::Allow };
            Statement::Rule { subject, namespace, resource, action, effect }
        })
}

fn membership() -> impl Strategy<Value = Statement> {
    (0..5_usize, any::<prop::sample::Index>(), prop::sample::select(&["*", "*", "bank", "shop"][..]))
        .prop_map(|(member, role, namespace)| {
            let from = member.max(1) + 1;
            Statement::Membership {
                member: PRINCIPALS[member].to_owned(),
                role: PRINCIPALS[from + role.index(PRINCIPALS.len() - from)].to_owned(),
                namespace: namespace.to_owned(),
            }
        })
}

fn policy() -> impl Strategy<Value = Vec<Line>> {
    let rules = prop::collection::vec(rule(), 1..8);
    let memberships = prop::collection::vec(membership(), 0..8);
    (rules, memberships).prop_flat_map(|(rules, memberships)| {
        Just(rules.into_iter().chain(memberships).collect::<Vec<_>>()).prop_shuffle().prop_map(|statements| {
            (1..).zip(statements).map(|(number, statement)| Line { number, statement }).collect()
        })
    })
}

/// Nothing of ours but the model: `*` is a namespace that matches all, and the caller is whoever it says it is.
fn casbins_own(lines: &[Line], starts: &[&str]) -> Enforcer {
    let build = async {
        let mut enforcer = Enforcer::new(DefaultModel::from_str(language::MODEL).await?, ()).await?;
        let mut roles = DefaultRoleManager::new(100);
        casbin::RoleManager::matching_fn(
            &mut roles,
            None,
            Some(|asked, of_line| of_line == "*" || asked == of_line),
        );
        enforcer.set_role_manager(Arc::new(RwLock::new(roles)))?;
        for line in lines {
            match language::words(&line.statement) {
                ("p", words) => enforcer.add_policy(words).await?,
                (_, words) => enforcer.add_grouping_policy(words).await?,
            };
        }
        for start in starts {
            enforcer
                .add_grouping_policy(vec!["caller".to_owned(), (*start).to_owned(), "*".to_owned()])
                .await?;
        }
        Ok::<_, casbin::Error>(enforcer)
    };
    build.now_or_never().expect("nothing waits").expect("casbin takes the policy")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn grants_are_what_casbin_enforces(
        lines in policy(),
        starts in prop::sample::subsequence(&PRINCIPALS[..], 0..4),
    ) {
        let roles = Arc::new(RwLock::new(Roles::default()));
        let language = Language::new(&lines, roles.clone()).expect("casbin takes the policy");
        let index = Index::new(&language, roles);
        let casbin = casbins_own(&lines, &starts);
        let grants = index.grants(starts.iter().copied(), 1);
        for permission in PERMISSIONS {
            for namespace in NAMESPACES {
                let domain = if permission.is_of_the_service() { language::NO_NAMESPACE } else { namespace };
                let asked = ("caller", domain, permission.resource(), permission.action());
                let said = casbin.enforce(asked).expect("an answer");
                let found = grants.of(permission).namespaces.contains(namespace);
                prop_assert_eq!(found, said, "{} in {} for {:?}", permission, namespace, &starts);
                if let [one] = starts[..] {
                    prop_assert_eq!(language.enforce(one, namespace, permission), Ok(said));
                }
            }
        }
    }
}
