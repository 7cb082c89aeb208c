//! Who calls, and what can be permitted.

mod permission;
mod subject;

pub use permission::Permission;
pub use subject::Subject;
