//! Everything wrong is said at once, with its line.

use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::super::{Policy, PolicyFiles};
use super::policy;

fn said(text: &str) -> String {
    let problems = match Policy::read("policy.csv", text) {
        Ok(policy) => policy.warnings().to_vec(),
        Err(problems) => problems,
    };
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// F02: a mistake is an error with its line, never left out.
#[test]
fn everything_wrong_is_said_with_its_line() {
    let text = "\
# a comment

p, role:viewer, *, tasker.task, index, allow   # and a comment behind
p, role:viewer, *, tasker.tsk, index, allow
p, role:viewer, *, tasker.task, indx, allow
p, role:viewer, *, tasker.task, index
p, role:viewer, *, tasker.task, index, allow, please
p, role:viewer, *, tasker.task, index, Alow
p, role:viewer, *, *, fly, deny
p, viewer, *, tasker.task, index, allow
p, *, *, tasker.task, index, allow
p, user:, *, tasker.task, index, allow
p, role:viewer, shop, tasker.policy, update, allow
P, role:viewer, *, tasker.task, index, allow
g, user:ada, role:viewr, *
g, user:ada, user:bea, *
g, user:ada, role:viewer
p, \"role:viewer\", *, tasker.task, index, allow
p, Role:viewer, sh*p, Tasker.Task, list, maybe
nonsense";
    assert_snapshot!(said(text));
}

#[test]
fn a_namespace_is_a_name_and_never_a_pattern() {
    let line = |namespace: &str| format!("p, role:viewer, {namespace}, tasker.task, index, allow");
    let refused = [
        ".*",
        "shop*",
        "a,b",
        "r.sub == \"x\"",
        "[",
        "(a+)+$",
        "sh op",
        "ｓhop",
        "sһop",
        "shop\u{200b}",
        "\u{a0}shop",
        "sh\u{1b}[31mop",
        "",
        "regexMatch(r.dom, p.dom)",
        "shop/../bank",
        "eval(true)",
    ];
    for namespace in refused {
        assert!(Policy::read("policy.csv", &line(namespace)).is_err(), "{namespace:?}");
    }
    assert!(Policy::read("policy.csv", &line(&"n".repeat(65))).is_err());
    for namespace in ["shop", "Shop", "a.b-c_9", "...", &"n".repeat(64)] {
        assert_eq!(policy(&line(namespace)).namespaces().collect::<Vec<_>>(), [namespace]);
    }
    let odd: Vec<String> = refused[7..12].iter().map(|name| line(name)).collect();
    assert_snapshot!(said(&odd.join("\n")));
}

#[test]
fn what_was_probably_not_meant_is_a_warning() {
    let text = "\
p, role:admin, *, *, *, allow
p, role:admin,*,*,*,allow
p, role:admin, *, *, *, deny
p, role:Admin, Shop, tasker.task, index, allow
p, role:admin, shop, tasker.task, index, allow";
    assert_snapshot!(said(text));
}

#[test]
fn what_cannot_be_a_name_is_not_suggested() {
    let text = "p, role:view\u{1b}er, *, tasker.task, index, allow\ng, user:ada, role:viewer, *";
    let said = said(text);
    assert!(said.contains("nothing is said about role:viewer") && !said.contains("did you mean"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn cycles_are_said_with_the_way_around() {
    let text = "\
p, role:a, *, tasker.task, index, allow
g, role:a, role:b, *
g, role:b, role:c, shop
g, role:c, role:a, *
g, role:d, role:d, *
g, role:b, role:e, shop
g, role:e, role:b, bank";
    assert_snapshot!(said(text), @r"
    policy.csv:4: role:a is part of itself: role:a → role:b → role:c → role:a (lines 2, 3, 4); remove one of these lines
    policy.csv:5: role:d is part of itself: role:d → role:d (lines 5); remove one of these lines
    ");
}

#[test]
fn without_a_policy_nothing_is_allowed() {
    assert_snapshot!(said("\n# nothing yet\n"), @"policy.csv: the policy is empty, so that nobody may do anything; write who may, such as `p, role:admin, *, *, *, allow`");
    let folder = TempDir::new().expect("a folder");
    let files =
        PolicyFiles { policy: folder.path().join("policy.csv"), model: folder.path().join("model.conf") };
    let load = || {
        let problems = Policy::load(&files).expect_err("it is refused");
        let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        said.replace(&format!("{}/", folder.path().display()), "")
    };
    assert_snapshot!(load(), @"policy.csv: the policy can't be read: No such file or directory (os error 2); authorization.policy names it, and without one nobody may do anything");
    fs::create_dir(&files.policy).expect("a folder");
    assert_snapshot!(load(), @"policy.csv: the policy can't be read: Is a directory (os error 21); authorization.policy names it, and without one nobody may do anything");
    fs::remove_dir(&files.policy).expect("removed");
    fs::write(&files.policy, b"p, role:a, *, tasker.task, index, allow\np, role:\xff").expect("written");
    assert_snapshot!(load(), @"policy.csv:2: this is not UTF-8; save the file as UTF-8");
}

#[test]
fn another_model_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let files =
        PolicyFiles { policy: folder.path().join("policy.csv"), model: folder.path().join("model.conf") };
    fs::write(&files.policy, "p, role:admin, *, tasker.policy, *, allow").expect("written");
    let with = |model: &str| {
        fs::write(&files.model, model).expect("written");
        Policy::load(&files).map(drop).map_err(|problems| {
            let said = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            said.replace(&format!("{}/", folder.path().display()), "")
        })
    };
    let model = super::super::language::MODEL;
    assert_eq!(with(model), Ok(()));
    assert_eq!(
        with(&format!("; mine\n{}", model.replace(" = ", "  =  "))),
        Ok(()),
        "spaces and comments are free"
    );
    let default_allow = with(&model.replace("some(where (p.eft == allow)) && ", ""));
    assert_snapshot!(default_allow.expect_err("it is refused"), @"model.conf:15: the model is not the one that is built in, beginning with `e = !some(where (p.eft == deny))`; it can't be changed: restore the file, or delete it");
    assert!(with(&model.replace("&& \\\n", "|| \\\n")).is_err());
    assert!(with("").is_err());
    assert!(with(&format!("{model}\nm2 = true")).is_err());
    fs::remove_file(&files.model).expect("removed");
    assert!(Policy::load(&files).is_ok(), "it is built in");
}
