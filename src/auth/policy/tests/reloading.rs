//! Another policy takes the place of the one before, whole or not at all.

use std::{fs, sync::Arc};

use futures_util::FutureExt;
use tempfile::TempDir;

use crate::auth::{AuthorizationCoordinator, Grants, Permission, PolicyCoordinator, PolicyFiles, Subject};

struct Place {
    folder: TempDir,
    coordinator: Arc<PolicyCoordinator>,
}

const SHOW: &str = "p, role:viewer, *, tasker.task, show, allow";
const INDEX: &str = "p, role:viewer, *, tasker.task, index, allow";

fn files(folder: &TempDir) -> PolicyFiles {
    PolicyFiles { policy: folder.path().join("policy.csv"), model: folder.path().join("model.conf") }
}

impl Place {
    fn with(text: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(files(&folder).policy, text).expect("written");
        let coordinator = PolicyCoordinator::open(files(&folder)).expect("a policy");
        Self { folder, coordinator: Arc::new(coordinator) }
    }

    fn write(&self, text: &str) {
        fs::write(files(&self.folder).policy, text).expect("written");
    }

    fn grants(&self) -> Arc<Grants> {
        grants(&self.coordinator)
    }
}

fn grants(coordinator: &PolicyCoordinator) -> Arc<Grants> {
    let viewer = Subject::named("ada").with_roles(["viewer"]);
    coordinator.grants(&viewer).now_or_never().expect("nothing waits").expect("grants")
}

#[test]
fn a_reload_is_a_new_version_and_says_so() {
    let place = Place::with(SHOW);
    let mut version = place.coordinator.version();
    assert!(place.grants().any(Permission::TaskShow));
    assert!(Arc::ptr_eq(&place.grants(), &place.grants()), "worked out once");

    place.write(INDEX);
    assert!(place.grants().any(Permission::TaskShow), "nothing changes by itself");
    let loaded = place.coordinator.reload().expect("a policy");
    assert_eq!((loaded.number, version.has_changed().expect("it lives")), (2, true));
    assert_eq!(*version.borrow_and_update(), 2);
    let grants = place.grants();
    assert_eq!(
        (grants.any(Permission::TaskShow), grants.any(Permission::TaskIndex), grants.version()),
        (false, true, 2)
    );

    assert_eq!(place.coordinator.reload().as_ref(), Ok(&loaded), "the same text is the same version");
    assert!(!version.has_changed().expect("it lives"));
}

#[test]
fn a_broken_reload_keeps_the_policy_before() {
    let place = Place::with(SHOW);
    let before = place.grants();
    for broken in ["", "# nothing", "p, role:viewer, *, tasker.task, fly, allow", "allow everything"] {
        place.write(broken);
        assert!(!place.coordinator.reload().expect_err("it is refused").is_empty());
        assert_eq!((place.grants(), place.coordinator.in_force().number), (before.clone(), 1));
    }
    fs::remove_file(files(&place.folder).policy).expect("removed");
    place.coordinator.reload().expect_err("there is none");
    assert_eq!(place.grants(), before);
    place.write(INDEX);
    assert_eq!(place.coordinator.reload().expect("mended").number, 2);
}

#[test]
fn without_a_policy_there_is_no_coordinator() {
    let folder = TempDir::new().expect("a folder");
    PolicyCoordinator::open(files(&folder)).expect_err("there is none");
    fs::write(files(&folder).policy, "").expect("written");
    PolicyCoordinator::open(files(&folder)).expect_err("it is empty");
}

#[test]
fn every_decision_is_made_by_exactly_one_version() {
    let place = Place::with(SHOW);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let ask = |coordinator: Arc<PolicyCoordinator>| {
        let stop = stop.clone();
        move || {
            let mut last = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let grants = grants(&coordinator);
                // Odd versions show, even ones list; never both, never neither, never backwards.
                let odd = grants.version() % 2 == 1;
                assert_eq!(
                    (grants.any(Permission::TaskShow), grants.any(Permission::TaskIndex)),
                    (odd, !odd)
                );
                assert!(grants.version() >= last);
                last = grants.version();
            }
        }
    };
    let askers: Vec<_> = (0..4).map(|_| std::thread::spawn(ask(place.coordinator.clone()))).collect();
    for number in 2..40 {
        place.write(if number % 2 == 1 { SHOW } else { INDEX });
        assert_eq!(place.coordinator.reload().expect("a policy").number, number);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    askers.into_iter().for_each(|asker| asker.join().expect("no asker saw a mixture"));
}
