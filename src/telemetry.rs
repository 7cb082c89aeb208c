//! What the service tells about itself while it works: log lines, and traces.

mod collector;
mod export;
mod ids;
mod logs;
mod mask;
mod nested;
mod span;
mod tracer;

pub use logs::{Error, init};
pub use nested::Nested;
pub use span::{Beginning, Span, SpanKind};
pub use tracer::{NoTraces, Tracer};
