//! Who calls, and what they may do.

mod authenticator;
mod coordinator;
mod grants;
mod namespaces;
mod permission;
pub mod policy;
mod subject;

pub use authenticator::{Authenticator, Credentials, Rejected};
pub use coordinator::{AuthorizationCoordinator, CoordinatorError};
pub use grants::{Grant, Grants};
pub use namespaces::Namespaces;
pub use permission::Permission;
pub use policy::{Policy, PolicyCoordinator, PolicyFiles};
pub use subject::{Bounds, Subject};
