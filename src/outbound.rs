//! Requests to addresses that somebody else chose: what keeps them from reaching into the network that Tasker runs in.
//!
//! An address in a setting or a template may name, or come to name, a machine that only this one can reach: a metadata
//! service, a database, this process itself. Each address that a name resolves to is looked at when the connection is
//! made, for the first request and for every other, so that a name that changes its mind in between gains nothing.

mod address;
mod drain;
mod failed;
mod guard;
mod pause;
mod trust;

pub use address::is_public;
pub use drain::drain;
pub use failed::{causes, forbidden};
pub use guard::{Forbidden, Guard, Permit, Resolve};
pub use pause::{is_used_up, rate_limit_reset, retry_after};
pub use trust::{NoTrust, Trust};
