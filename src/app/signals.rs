//! SIGTERM and Ctrl-C, heard on a thread of its own: handlers that block every other thread can't keep it from ending
//! the process.

use std::{io, process, thread, time::Duration};

use tokio::{runtime, sync::oneshot, time::sleep};

/// The first signal. A second one ends the process, for as long as this is held.
pub(super) struct Signals {
    told: oneshot::Receiver<()>,
    _held: oneshot::Sender<()>,
}

impl Signals {
    /// Listens from now on. A process that was told to stop is given `patience`.
    pub(super) fn listen(patience: Duration) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (tell, told) = oneshot::channel();
        let (held, gone) = oneshot::channel::<()>();
        let work = async move {
            let mut listener = Listener::new()?;
            listener.next().await;
            let _ = tell.send(());
            tokio::select! {
                () = listener.next() => leave("told to stop a second time: what still runs is recovered at the next start"),
                () = sleep(patience) => leave("stopping takes too long: what still runs is recovered at the next start"),
                _ = gone => Ok(()),
            }
        };
        thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(work))?;
        Ok(Self { told, _held: held })
    }

    /// Waits for it.
    pub(super) async fn told(&mut self) {
        if (&mut self.told).await.is_err() {
            tracing::error!("signals can't be heard");
            std::future::pending::<()>().await;
        }
    }
}

fn leave(why: &str) -> io::Result<()> {
    eprintln!("tasker: {why}");
    process::exit(1)
}

#[cfg(unix)]
struct Listener {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Listener;

#[cfg(not(unix))]
impl Listener {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
