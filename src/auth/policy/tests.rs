//! What a policy means, and what is said about one that can't be used.

mod equality;
mod reading;
mod reloading;

use crate::auth::{Grants, Namespaces, Permission, Subject};

use super::Policy;

/// A policy without mistakes.
fn policy(text: &str) -> Policy {
    Policy::read("policy.csv", text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn ada(policy: &Policy, roles: &[&str]) -> Grants {
    policy.grants(&Subject::named("ada").with_roles(roles.iter().copied()), 7)
}

fn shipped() -> Policy {
    policy(include_str!("../../../config/authorization/policy.csv"))
}

#[test]
fn deny_wins_over_every_allow() {
    let policy = policy(
        "p, role:admin, *, *, *, allow\n\
         p, user:ada, *, tasker.task, cancel, deny\n\
         p, role:guest, bank, *, *, deny",
    );
    let grants = ada(&policy, &["admin"]);
    assert!(!grants.any(Permission::TaskCancel), "also where a role permits everything");
    assert!(grants.of(Permission::TaskRetry).namespaces.is_all());
    let both = ada(&policy, &["admin", "guest"]);
    assert_eq!(both.of(Permission::TaskRetry).namespaces, Namespaces::only(["bank"]).not());
    assert_eq!(both.version(), 7);
}

#[test]
fn every_resource_leaves_out_what_hands_out_permissions() {
    let all = policy("p, role:admin, *, *, *, allow");
    let handed_out =
        |permission: &&Permission| ["tasker.api_token", "tasker.policy"].contains(&permission.resource());
    let grants = ada(&all, &["admin"]);
    for permission in Permission::ALL {
        assert_eq!(grants.any(*permission), !handed_out(&permission), "{permission}");
    }
    let written = policy("p, role:admin, *, tasker.policy, *, allow\np, user:ada, *, *, *, deny");
    assert!(written.grants(&Subject::named("bea").with_roles(["admin"]), 1).any(Permission::PolicyUpdate));
    assert_eq!(ada(&written, &["admin"]), Grants::of_version(7), "a deny for every resource has no holes");
}

#[test]
fn what_is_of_the_service_is_held_altogether_or_not_at_all() {
    let policy = policy(
        "p, role:shop, shop, *, *, allow\np, role:admin, *, *, *, allow\np, role:admin, bank, *, *, deny\n\
         p, role:admin, *, tasker.api_token, create, allow",
    );
    let held = |roles: &[&str]| ada(&policy, roles).of(Permission::MetricsIndex).namespaces.clone();
    assert_eq!(
        held(&["shop"]),
        Namespaces::NONE,
        "a permission for one namespace has nothing of the service"
    );
    assert_eq!(held(&["admin"]), Namespaces::ALL, "a deny in one namespace takes nothing of it away");

    let narrowed = ada(&policy, &["admin"]).narrowed(&Namespaces::only(["shop"]));
    assert!(!narrowed.any(Permission::MetricsIndex) && !narrowed.any(Permission::ApiTokenCreate));
    assert_eq!(narrowed.of(Permission::TaskIndex).namespaces, Namespaces::only(["shop"]));
}

#[test]
fn a_role_reaches_through_roles_where_all_of_the_way_holds() {
    let policy = policy(
        "g, user:ada, role:lead, shop\ng, user:ada, role:lead, bank\ng, role:lead, role:viewer, *\n\
         g, role:viewer, role:guest, bank\n\
         p, role:viewer, *, tasker.task, index, allow\np, role:guest, *, tasker.event, index, allow",
    );
    let grants = ada(&policy, &[]);
    assert_eq!(grants.of(Permission::TaskIndex).namespaces, Namespaces::only(["bank", "shop"]));
    assert_eq!(grants.of(Permission::EventIndex).namespaces, Namespaces::only(["bank"]));
}

#[test]
fn names_are_what_they_are_and_nothing_else() {
    let policy =
        policy("p, user:ada, *, tasker.task, index, allow\np, role:viewer, *, tasker.task, show, allow");
    let may = |subject: Subject| {
        let grants = policy.grants(&subject, 1);
        (grants.any(Permission::TaskIndex), grants.any(Permission::TaskShow))
    };
    assert_eq!(may(Subject::named("ada").with_roles(["viewer"])), (true, true));
    assert_eq!(may(Subject::anonymous()), (false, false));
    for name in
        ["Ada", "ada ", "аda", "ada\u{200b}", "user:ada", "*", "", "role:viewer", "ada, role:viewer, *"]
    {
        assert_eq!(may(Subject::named(name)), (false, false), "{name:?}");
    }
    for role in ["Viewer", "role:viewer", "view*", "*", "", "viewer\n", "nobody-defined-this"] {
        assert_eq!(may(Subject::named("eve").with_roles([role])), (false, false), "{role:?}");
    }
}

#[test]
fn ten_thousand_roles_are_one_policy() {
    let mut text = String::from("p, role:r9999, shop, tasker.task, index, allow\n");
    for no in 0..9_999 {
        text.push_str(&format!("g, role:r{no}, role:r{}, *\n", no + 1));
    }
    let policy = policy(&text);
    assert_eq!(ada(&policy, &["r0"]).of(Permission::TaskIndex).namespaces, Namespaces::only(["shop"]));

    let problems =
        Policy::read("policy.csv", &(text + "g, role:r9999, role:r0, shop\n")).expect_err("a cycle");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.starts_with("role:r"), "{}", problems[0]);
}

#[test]
fn the_policy_that_is_shipped_has_nothing_to_mend() {
    let policy = shipped();
    assert_eq!(policy.warnings(), []);
    let admin = policy.grants(&Subject::named("root").with_roles(["admin"]), 1);
    for permission in Permission::ALL {
        assert!(admin.of(*permission).namespaces.is_all(), "{permission}");
    }
    insta::assert_snapshot!(super::Table::of(&policy, &[]));
}

#[test]
fn the_model_that_is_shipped_is_the_one_that_is_built_in() {
    assert_eq!(include_str!("../../../config/authorization/model.conf"), super::language::MODEL);
}
