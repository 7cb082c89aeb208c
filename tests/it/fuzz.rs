//! What the fuzzer looks for, over the documents, policies and credentials it starts with: see `fuzz/`.

use std::{fs, path::Path};

#[path = "../../fuzz/entry/credential.rs"]
mod credential;
#[path = "../../fuzz/entry/document.rs"]
mod document;
#[path = "../../fuzz/entry/policy.rs"]
mod policy;

/// Every seed, whole and cut off and with each of its bytes changed.
fn over_seeds(of: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(of);
    let mut seeds = 0;
    for file in fs::read_dir(folder).expect("the seeds") {
        let seed = fs::read(file.expect("a seed").path()).expect("bytes");
        check(&seed);
        for at in (0..seed.len()).step_by(seed.len() / 40 + 1) {
            check(&seed[..at]);
            let mut changed = seed.clone();
            changed[at] ^= 0x15;
            check(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 3, "{seeds} seeds");
}

#[test]
fn a_document_is_refused_with_a_code_or_needs_nothing() {
    over_seeds("document", document::check);
}

#[test]
fn a_policy_is_refused_with_its_lines_or_means_what_it_says() {
    over_seeds("policy", policy::check);
}

#[test]
fn a_credential_is_refused_or_says_what_was_signed() {
    over_seeds("credential", credential::check);
}
