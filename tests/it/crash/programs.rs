//! The programs under test: `tasker` itself, and the examples, which are applications of their own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Which program.
#[derive(Debug, Clone, Copy)]
pub enum Program {
    /// The service as it is shipped.
    Tasker,
    /// `examples/crash_drill.rs`: handlers that write down their calls.
    Drill,
    /// `examples/greeter.rs`: the smallest application.
    Greeter,
}

impl Program {
    pub fn path(self) -> PathBuf {
        match self {
            Self::Tasker => tasker().to_owned(),
            Self::Drill => example("crash_drill"),
            Self::Greeter => example("greeter"),
        }
    }
}

fn tasker() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tasker"))
}

fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(build);
    tasker().parent().expect("the folder of the profile").join("examples").join(name)
}

/// `cargo test --test it` builds `tasker` but no examples. Where they are up to date this does nothing.
fn build() {
    let profile = tasker().parent().expect("the folder of the profile");
    let target = profile.parent().expect("the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    // What describes this test's package to it would make build scripts that look at it run once more.
    for (name, _) in std::env::vars_os() {
        let about_us =
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_", "CARGO_CRATE_", "CARGO_PRIMARY_", "OUT_DIR"];
        if matches!(name.to_str(), Some(name) if about_us.iter().any(|prefix| name.starts_with(prefix))) {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.args(["build", "--quiet", "--example", "crash_drill", "--example", "greeter", "--target-dir"]);
    cargo.arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
