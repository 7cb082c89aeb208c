//! Who calls, and what they may do.

mod authenticator;
mod coordinator;
mod grants;
mod permission;
mod permissions;
pub mod policy;
mod subject;
mod warden;

pub use crate::model::namespaces::Namespaces;
pub use authenticator::{Authenticator, Credentials, Rejected};
pub use coordinator::{AuthorizationCoordinator, CoordinatorError};
pub use grants::{Grant, Grants};
pub use permission::Permission;
pub use permissions::Permissions;
pub use policy::{Policy, PolicyCoordinator, PolicyFiles};
pub use subject::{Bounds, Subject};
pub use warden::Warden;
