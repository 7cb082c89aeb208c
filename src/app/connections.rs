//! Accepts connections and answers on them: a bounded number at once, and none for longer than it has something to say.
//!
//! HTTP/1.1, with WebSockets on it. TLS and HTTP/2 are for the proxy in front.
//!
//! Not here: how often one caller may connect, and how long a request may take; that is decided once there is one.

mod addresses;
mod files;
mod line;
mod memory;
#[cfg(test)]
mod tests;
mod vitals;

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use self::{
    addresses::{Addresses, Entered},
    line::{Held, Line},
    memory::Memory,
    vitals::{Patience, Vitals},
};
use crate::{config::Server, graphql::HandedOn, metrics::Metrics};

/// A request's line and headers are no larger, together.
const HEAD: usize = 128 << 10;

/// Headers of one request.
const HEADERS: usize = 100;

/// Between two log lines that say the same.
const MINUTE: Duration = Duration::from_secs(60);

/// When the process has no file left for a connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves `router` until `stop`, then waits for what is being answered and for the open sockets. Who calls can be asked
/// of a request as `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Server,
    metrics: Metrics,
    stop: CancellationToken,
) {
    let most = files::room_for(settings.max_connections);
    let room = Arc::new(Semaphore::new(most));
    let patience = Patience { head: settings.header_timeout, idle: settings.idle_timeout };
    let addresses = Addresses::new(settings);
    let memory = Memory::new(settings.max_request_memory, metrics.clone());
    let accepting = async {
        let (mut full, mut crowded) = (Told::default(), Told::default());
        loop {
            let place = place(&room, most, &mut full).await;
            let (stream, peer) = accept(&listener).await;
            let Some(entered) = addresses.enter(peer.ip()) else {
                metrics.connections_refused.inc();
                if crowded.is_due() {
                    let address = peer.ip();
                    tracing::warn!(%address, "has as many connections open as one address may: more are closed");
                }
                continue;
            };
            let counted = (place, entered, Counted::new(metrics.clone()));
            let vitals = Vitals::new(patience, memory.nothing());
            let open = Open { peer, counted, vitals: Arc::new(vitals), stop: stop.clone() };
            tokio::spawn(open.run(stream, router.clone()));
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
    drop(listener);
    // A connection that became a socket is over when that is.
    let _ = room.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
}

/// Waits until there is room for one more. Until then callers wait in the system's queue.
async fn place(room: &Arc<Semaphore>, most: usize, told: &mut Told) -> OwnedSemaphorePermit {
    if room.available_permits() == 0 && told.is_due() {
        tracing::warn!(most, "as many connections are open as may be: others wait");
    }
    match room.clone().acquire_owned().await {
        Ok(place) => place,
        // Nobody closes it.
        Err(_) => std::future::pending().await,
    }
}

/// When something was logged last.
#[derive(Default)]
struct Told(Option<Instant>);

impl Told {
    /// Whether it is to be logged again, which it is then.
    fn is_due(&mut self) -> bool {
        let due = self.0.is_none_or(|told| told.elapsed() > MINUTE);
        if due {
            self.0 = Some(Instant::now());
        }
        due
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The caller left before.
            Err(error) if [ConnectionAborted, ConnectionRefused, ConnectionReset].contains(&error.kind()) => {
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no connection can be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

/// A connection that was accepted.
struct Open {
    peer: SocketAddr,
    counted: (OwnedSemaphorePermit, Entered, Counted),
    vitals: Arc<Vitals>,
    stop: CancellationToken,
}

impl Open {
    /// Answers on it until it ends, becomes a socket, or has nothing to say.
    async fn run(self, stream: TcpStream, router: Router) {
        let Self { peer, counted, vitals, stop } = self;
        // An answer or an event is written at once; nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        let line = Line::new(stream, vitals.clone(), counted);
        let answers = vitals.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let busy = answers.begin();
            let mut request = request.map(Body::new);
            let vitals = answers.clone();
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(HandedOn::new(move || vitals.done()));
            let mut router = router.clone();
            async move {
                let response = router.call(request).await?;
                Ok::<_, Infallible>(response.map(|body| Held::new(body, busy)))
            }
        });
        let mut http = http1::Builder::new();
        let http = http.max_header_size(HEAD).max_headers(HEADERS);
        let mut connection = pin!(http.serve_connection(TokioIo::new(line), service).with_upgrades());
        let mut told = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection broke off");
                    }
                    return;
                }
                () = stop.cancelled(), if !told => {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = vitals.gives_up() => {
                    tracing::debug!("a connection that said nothing is closed");
                    return;
                }
            }
        }
    }
}

/// In the gauge for as long as it lives.
struct Counted(Metrics);

impl Counted {
    fn new(metrics: Metrics) -> Self {
        metrics.connections.inc();
        Self(metrics)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}
