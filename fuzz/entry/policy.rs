//! A policy file, whatever is in it: it is refused with what is wrong in which line, or it means what it says.

use tasker::auth::{Permission, Policy, Subject};

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let policy = match Policy::read("policy.csv", text) {
        Ok(policy) => policy,
        Err(problems) => {
            assert!(!problems.is_empty(), "it says what is wrong");
            for problem in problems {
                let said = problem.to_string();
                assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
            }
            return;
        }
    };
    let lines = text.lines().filter(|line| line.contains(',')).count();
    assert!(policy.lines() <= lines, "no line comes from nowhere");
    let nobody = policy.grants(&Subject::anonymous(), 1);
    let stranger = policy.grants(&Subject::named("*").with_roles(["*", "", "role:admin", "no such role"]), 1);
    let shown = ["user:", "role:"].iter().any(|kind| text.contains(kind));
    for permission in Permission::ALL {
        assert!(!nobody.any(*permission) && !stranger.any(*permission), "{permission} is for everybody");
    }
    for role in policy.roles() {
        let grants = policy.grants(&Subject::named("ada").with_roles([role]), 1);
        for permission in Permission::ALL {
            assert!(
                !grants.any(*permission) || shown && text.contains("allow"),
                "{permission} is not written"
            );
        }
    }
    let again = Policy::read("again.csv", text).expect("it was good before");
    assert_eq!(again.digest(), policy.digest());
}
