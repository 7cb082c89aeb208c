//! Who reads what a program prints may stop in the middle, as `tasker openapi | head` does.

use std::{
    fs::OpenOptions,
    net::TcpListener,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::crash::client::Client;

#[test]
fn a_command_whose_reader_has_gone_is_over_without_a_word() {
    for words in [&["openapi"][..], &["event", "catalog", "--format", "json"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
        let mut child =
            command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{words:?}: {}: {said}", output.status);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_can_not_be_written_is_a_failure() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let output =
        Command::new(env!("CARGO_BIN_EXE_tasker")).arg("schema").stdout(full).output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("tasker: the answer can't be written: ") && !said.contains("panicked"),
        "{said}"
    );
}

#[tokio::test]
async fn a_service_whose_banner_nobody_reads_serves_all_the_same() {
    let home = TempDir::new().expect("a folder");
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("an address").port();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tasker"));
    command.args(["serve", "--database-url", "sqlite://t.db?mode=rwc", "--config"]).arg(home.path());
    command.args(["--listen", &format!("127.0.0.1:{port}")]).current_dir(home.path());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut service = command.spawn().expect("it starts");
    drop(service.stdout.take());
    Client::new(&format!("http://127.0.0.1:{port}")).until_ready().await;
    assert_eq!(service.try_wait().expect("asked"), None, "it serves");
    service.kill().await.expect("killed");
}
