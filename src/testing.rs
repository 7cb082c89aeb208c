//! For an application's tests: its workflows run for real, on a database that vanishes, by a clock that is moved by hand.
//!
//! - [`TestKit`] starts an engine with templates and handlers, scripted or real. No server, no configuration, no sleeping.
//! - [`StepTest`] calls one step handler by itself.
//! - [`EventTest`] tells a subscriber of one event; [`TaskReport::tell`] of everything that really happened to a task.
//! - [`credentials`] and [`signed_token`] are what callers show to an authenticator.
//!
//! ```
//! use tasker::{prelude::*, testing::{self, TestKit, ok, retry}};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let kit = TestKit::new()
//!     .template("name: order\nstep_templates:\n  - { name: pay, handler_class: Pay }")
//!     .script("Pay", [retry("network down"), ok(json!({ "paid": true }))])
//!     .start()
//!     .await?;
//! let task = kit.create("order", json!({})).await?;
//!
//! kit.run_until_idle().await?;
//! assert_eq!(kit.story(task).await?, "
//!     pay   pending → in_progress → pending (retryable: network down) (again in 1.0 s)
//!     task  pending → in_progress
//! ");
//!
//! kit.advance_secs(1.0).await?;
//! let order = kit.task(task).await?;
//! order.assert_complete();
//! assert_eq!(order.step("pay").results(), &json!({ "paid": true }));
//! # testing::Result::Ok(()) }).unwrap();
//! ```

mod command;
mod credential;
mod engine;
mod error;
mod event;
mod idle;
mod kit;
mod report;
mod script;
mod source;
mod step;
mod story;

pub use credential::{credentials, signed_token};
pub use engine::TestEngine;
pub use error::{Error, Result};
pub use event::EventTest;
pub use idle::run_until_idle;
pub use kit::TestKit;
pub use report::{StepReport, TaskReport};
pub use script::{Answer, Call, computed, hangs, ok, panics, permanent, retry, retry_after};
pub use step::{StepRun, StepTest};
pub use story::Story;
