//! Who calls, and what they may do.

mod api_token;
mod authenticator;
mod chain;
mod coordinator;
mod grants;
mod jwt;
mod namespaces;
mod permission;
mod proxy;
mod shown;
mod subject;

pub use api_token::{ApiToken, Secret, StoreError, StoredToken, TokenHash, TokenStore, Wanted};
pub use authenticator::{Authenticator, Credentials, Now, Rejected};
pub use chain::Chain;
pub use coordinator::{AuthorizationCoordinator, CoordinatorError};
pub use grants::{Grant, Grants};
pub use jwt::Jwt;
pub use namespaces::Namespaces;
pub use permission::Permission;
pub use proxy::Proxy;
pub use shown::API_TOKEN;
pub use subject::{Bounds, Subject};
