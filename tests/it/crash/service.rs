//! A running service: a child process, told things by signals.

use std::{
    fs,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use super::{
    client::Client,
    home::{Home, PATIENCE},
    programs::Program,
};

/// A process that has said where it listens. Killed when it is dropped.
pub struct Service {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    pub client: Client,
    /// Its standard output.
    printed: Arc<Mutex<String>>,
    /// Its standard error.
    log: PathBuf,
}

impl Service {
    /// Starts `program` and waits until it answers.
    pub async fn start(home: &Home, program: Program) -> Self {
        Self::of(home, home.serve(program)).await
    }

    pub async fn of(home: &Home, mut command: Command) -> Self {
        let log = home.folder().join(format!("{}.log", uuid::Uuid::now_v7()));
        command.stdout(Stdio::piped()).stderr(fs::File::create(&log).expect("a file"));
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let printed = Arc::<Mutex<String>>::default();
        let listening = async {
            while let Some(line) = lines.next_line().await.ok().flatten() {
                note(&printed, &line);
                if let Some((_, url)) = line.split_once("GraphQL     ") {
                    return url.strip_suffix("/graphql").map(str::to_owned);
                }
            }
            None
        };
        let address = timeout(PATIENCE, listening).await.ok().flatten();
        let address = address.unwrap_or_else(|| panic!("it did not start:\n{}", read(&log)));
        let client = Client::new(&address);
        client.until_ready().await;
        let rest = printed.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                note(&rest, &line);
            }
        });
        Self { child, address, client, printed, log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// As `kill -NAME` does.
    pub async fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        let sent = Command::new("sh").args(["-c", &kill]).status().await.expect("a shell");
        assert!(sent.success(), "{kill}");
    }

    /// `kill -9`: no farewell.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
        self.has_not_panicked();
    }

    /// SIGTERM, and the end that follows from it.
    pub async fn stop(self) -> ExitStatus {
        self.signal("TERM").await;
        self.end().await
    }

    /// Waits until the process is gone.
    pub async fn end(mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status =
            ended.unwrap_or_else(|_| panic!("it does not end:\n{}", self.log())).expect("its status");
        self.has_not_panicked();
        status
    }

    /// What it has printed by now.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where its standard error goes.
    pub fn log_file(&self) -> PathBuf {
        self.log.clone()
    }

    pub fn log(&self) -> String {
        read(&self.log)
    }

    fn has_not_panicked(&self) {
        let log = self.log();
        assert!(!log.contains("panicked at"), "{log}");
    }
}

fn note(printed: &Mutex<String>, line: &str) {
    let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
    printed.push_str(line);
    printed.push('\n');
}

fn read(path: &PathBuf) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
