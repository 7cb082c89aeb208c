//! Why a request failed, without the address, which may hold a secret.

use std::{error::Error, fmt::Write};

use super::Forbidden;

/// What the library says of the causes: `: connection refused`. Nothing where it knows of none.
pub fn causes(error: &reqwest::Error) -> String {
    let mut causes = String::new();
    for cause in chain(error) {
        let _ = write!(causes, ": {cause}");
    }
    causes
}

/// Whether the guard refused an address that a name resolved to.
pub fn forbidden(error: &reqwest::Error) -> Option<&Forbidden> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}
