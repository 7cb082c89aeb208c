//! The wire between a service and its PostgreSQL server, which can be cut so that only the service notices.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Passes everything on until it is cut.
pub struct Wire {
    /// The database's address through this wire.
    pub url: String,
    cut: watch::Sender<()>,
    silence: watch::Sender<()>,
}

impl Wire {
    /// In front of the server in `url`.
    pub async fn to(url: &str) -> Self {
        let (credentials, rest) = url.split_once('@').expect("a user");
        let (server, name) = rest.split_once('/').expect("a name");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let near = listener.local_addr().expect("its address");
        let (cut, silence) = (watch::Sender::new(()), watch::Sender::new(()));
        tokio::spawn(accept(listener, server.to_owned(), cut.clone(), silence.clone()));
        Self { url: format!("{credentials}@{near}/{name}"), cut, silence }
    }

    /// Ends every connection on the service's side. The server still has its own, and goes on with what it was told.
    /// New connections pass.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }

    /// Passes nothing on any more, and ends nothing. New connections pass.
    pub fn silence(&self) {
        self.silence.send_replace(());
    }
}

async fn accept(listener: TcpListener, server: String, cut: watch::Sender<()>, silence: watch::Sender<()>) {
    let kept = Arc::<Mutex<Vec<TcpStream>>>::default();
    while let Ok((mut near, _)) = listener.accept().await {
        let mut far = TcpStream::connect(&server).await.expect("the server");
        let (mut cut, mut silence, kept) = (cut.subscribe(), silence.subscribe(), kept.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = silence.changed() => kept.lock().unwrap_or_else(PoisonError::into_inner).extend([near, far]),
                _ = cut.changed() => kept.lock().unwrap_or_else(PoisonError::into_inner).push(far),
            }
        });
    }
}
