//! A server of bytes: it reads real requests, and answers, or does not, exactly as a test says.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Number of the connection, from one.
    pub connection: usize,
    pub raw: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What is done with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// These bytes, and the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, and the connection is closed.
    Last(Vec<u8>),
    /// These bytes one by one, so much apart.
    Drip(Vec<u8>, Duration),
    /// A head, then so many pieces of a megabyte of zeros.
    Endless(Vec<u8>, usize),
    /// Nothing, ever.
    Hang,
    /// The connection is reset.
    Reset,
}

/// An answer with a JSON body.
pub fn json(status: u16, body: &Value) -> Reply {
    answer(status, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// An answer with these headers and this body.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut bytes = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| bytes.push_str(&format!("{name}: {value}\r\n")));
    bytes.push_str("\r\n");
    Reply::Bytes([bytes.as_bytes(), body].concat())
}

type Answering = Arc<dyn Fn(usize, &Seen) -> Reply + Send + Sync>;

#[derive(Default)]
struct Counts {
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    /// Requests without an answer, and the most there were at once.
    open: AtomicUsize,
    most: AtomicUsize,
    /// Connections that the client has closed while it waited.
    left: AtomicUsize,
    sent: AtomicUsize,
}

/// An answer that leads elsewhere.
pub fn redirect(status: u16, location: &str) -> Reply {
    answer(status, &[("location", location)], b"")
}

pub struct Server {
    pub url: String,
    pub address: SocketAddr,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

impl Server {
    /// `answering` gets the number of the request, from one.
    pub async fn start(answering: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answering).await
    }

    pub async fn at(
        address: &str,
        answering: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.expect("an address");
        let address = listener.local_addr().expect("an address");
        let (counts, answering): (Arc<Counts>, Answering) = (Arc::default(), Arc::new(answering));
        let shared = counts.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(serve(stream, number, shared.clone(), answering.clone()));
            }
        });
        Self { url: format!("http://{address}"), address, counts, task }
    }

    /// Answers everything with the same.
    pub async fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone()).await
    }

    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.counts.seen).clone()
    }

    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }

    pub fn most(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }

    pub fn left(&self) -> usize {
        self.counts.left.load(Ordering::SeqCst)
    }

    /// Bytes of endless answers.
    pub fn sent(&self) -> usize {
        self.counts.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, number: usize, counts: Arc<Counts>, answering: Answering) {
    stream.set_nodelay(true).expect("an option");
    let mut stream = stream;
    while let Some(seen) = request(&mut stream, number).await {
        let reply = {
            let mut all = lock(&counts.seen);
            all.push(seen.clone());
            answering(all.len(), &seen)
        };
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(open, Ordering::SeqCst);
        let done = reply_to(&mut stream, reply, &counts).await;
        counts.open.fetch_sub(1, Ordering::SeqCst);
        match done {
            Done::Stays => {}
            Done::Closes => return,
            Done::Resets => {
                stream.set_zero_linger().expect("an option");
                return;
            }
        }
    }
}

enum Done {
    Stays,
    Closes,
    Resets,
}

async fn reply_to(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), reply: Reply, counts: &Counts) -> Done {
    match reply {
        Reply::Bytes(bytes) if stream.write_all(&bytes).await.is_ok() => Done::Stays,
        Reply::Bytes(_) => Done::Closes,
        Reply::Last(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            Done::Closes
        }
        Reply::Drip(bytes, gap) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    counts.left.fetch_add(1, Ordering::SeqCst);
                    return Done::Closes;
                }
                tokio::time::sleep(gap).await;
            }
            Done::Stays
        }
        Reply::Endless(head, megabytes) => {
            let _ = stream.write_all(&head).await;
            let piece = vec![0_u8; 1 << 20];
            for _ in 0..megabytes {
                if stream.write_all(&piece).await.is_err() {
                    return Done::Closes;
                }
                counts.sent.fetch_add(piece.len(), Ordering::SeqCst);
            }
            Done::Closes
        }
        Reply::Hang => {
            // Until the client goes.
            let _ = stream.read(&mut [0]).await;
            counts.left.fetch_add(1, Ordering::SeqCst);
            Done::Closes
        }
        Reply::Reset => Done::Resets,
    }
}

async fn request(stream: &mut (impl AsyncRead + Unpin), connection: usize) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().expect("a length"));
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { method, target, headers, body, connection, raw: text })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
