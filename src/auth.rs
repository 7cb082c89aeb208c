//! Who calls, and what they may do.

mod api_token;
mod authenticator;
mod chain;
mod coordinator;
mod grants;
mod jwt;
mod permission;
mod permissions;
pub mod policy;
mod proxy;
mod session;
mod shown;
mod subject;
mod throttle;
mod warden;

pub use crate::model::namespaces::Namespaces;
pub use api_token::{ApiToken, Secret, StoreError, StoredToken, TokenHash, TokenStore, Wanted};
pub use authenticator::{Authenticator, Credentials, Now, Rejected};
pub use chain::Chain;
pub use coordinator::{AuthorizationCoordinator, CoordinatorError};
pub use grants::{Grant, Grants};
pub use jwt::Jwt;
pub use permission::Permission;
pub use permissions::Permissions;
pub use policy::{Policy, PolicyCoordinator, PolicyFiles};
pub use proxy::Proxy;
pub use session::Session;
pub use shown::API_TOKEN;
pub(crate) use subject::admits;
pub use subject::{Bounds, Subject};
pub use throttle::{Address, Fingerprint, Throttle, Wait};
pub use warden::Warden;
