//! The handlers of the guide's `order_process`: a small shop to try things out on, and code to learn from.

mod order_process;

pub use order_process::handlers;
