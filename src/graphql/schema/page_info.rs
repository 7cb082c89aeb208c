//! Where a page is among the others.

use async_graphql::SimpleObject;

/// Where a page is among the others.
#[derive(SimpleObject, Debug, Clone)]
pub struct PageInfo {
    /// There is something after this page.
    pub has_next_page: bool,
    /// There is something before this page.
    pub has_previous_page: bool,
    /// The cursor of the first on this page; null when it is empty.
    pub start_cursor: Option<String>,
    /// The cursor of the last on this page; null when it is empty.
    pub end_cursor: Option<String>,
}
