use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::ConnectInfo,
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::serve;
use crate::{config::Server, metrics::Metrics};

/// Real time after which a test that waits has failed.
const PATIENCE: Duration = Duration::from_secs(30);

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

struct Running {
    address: SocketAddr,
    metrics: Metrics,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

async fn running(set: impl FnOnce(&mut Server)) -> Running {
    let mut settings = Server::default();
    set(&mut settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
        .route("/read", post(|body: Bytes| async move { body.len().to_string() }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                "at last"
            }),
        );
    let (metrics, stop) = (Metrics::new(), CancellationToken::new());
    let (counted, stopped) = (metrics.clone(), stop.clone());
    let server = tokio::spawn(async move { serve(listener, router, &settings, counted, stopped).await });
    Running { address, metrics, stop, server }
}

async fn connect(running: &Running) -> TcpStream {
    TcpStream::connect(running.address).await.expect("it connects")
}

async fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.expect("it is sent");
    let mut answer = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut answer)).await.expect("in time").expect("an answer");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// Everything until the other end closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is closed");
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test]
async fn a_connection_answers_as_often_as_it_is_asked() {
    let running = running(|_| ()).await;
    let mut stream = connect(&running).await;
    let own = stream.local_addr().expect("an address").to_string();
    for _ in 0..3 {
        let answer = ask(&mut stream, ASK).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&own), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
    let running = running(|settings| settings.header_timeout = Duration::from_millis(200)).await;
    let mut silent = connect(&running).await;
    let mut slow = connect(&running).await;
    let dripping = async {
        for _ in 0..1_000 {
            if slow.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it is still listened to");
    };
    timeout(PATIENCE, dripping).await.expect("it is closed");
    assert_eq!(rest(&mut silent).await, "");
    // Between two requests there is more time than within one.
    let mut idle = connect(&running).await;
    ask(&mut idle, ASK).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(ask(&mut idle, ASK).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut idle, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.contains("at last"));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let running = running(|settings| settings.idle_timeout = Duration::from_millis(100)).await;
    let mut stream = connect(&running).await;
    ask(&mut stream, ASK).await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn so_many_are_open_at_once_and_the_next_one_waits() {
    let running = running(|settings| settings.max_connections = 2).await;
    let (mut first, mut second, mut third) =
        (connect(&running).await, connect(&running).await, connect(&running).await);
    ask(&mut first, ASK).await;
    ask(&mut second, ASK).await;
    third.write_all(ASK).await.expect("it is sent");
    let mut byte = [0];
    let waits = timeout(Duration::from_millis(200), third.read(&mut byte)).await;
    assert!(waits.is_err(), "there is no room for it");
    assert_eq!(running.metrics.connections.get(), 2);
    drop(first);
    assert_eq!(timeout(PATIENCE, third.read(&mut byte)).await.expect("it had its turn").expect("read"), 1);
}

#[tokio::test]
async fn one_address_has_so_many_open_and_more_are_closed() {
    let running = running(|settings| {
        settings.max_connections_per_address = 2;
        settings.rate_limit.loopback = true;
    })
    .await;
    let (mut first, mut second) = (connect(&running).await, connect(&running).await);
    ask(&mut first, ASK).await;
    ask(&mut second, ASK).await;
    assert_eq!(rest(&mut connect(&running).await).await, "");
    assert_eq!(running.metrics.connections_refused.get(), 1);
    drop(first);
    while running.metrics.connections.get() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ask(&mut connect(&running).await, ASK).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let running = running(|_| ()).await;
    for (size, status) in [(100 << 10, "HTTP/1.1 200"), (200 << 10, "HTTP/1.1 431")] {
        let mut stream = connect(&running).await;
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(size));
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = ask(&mut stream, b"").await;
        assert!(answer.starts_with(status), "{answer}");
    }
    let many = (0..200).map(|no| format!("X-{no}: a\r\n")).collect::<String>();
    let answer =
        ask(&mut connect(&running).await, format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes())
            .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn what_is_being_answered_is_answered_and_idle_connections_end_when_it_stops() {
    let running = running(|_| ()).await;
    let mut idle = connect(&running).await;
    ask(&mut idle, ASK).await;
    let mut busy = connect(&running).await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is sent");
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    assert!(rest(&mut busy).await.ends_with("at last"));
    timeout(PATIENCE, running.server).await.expect("it ends").expect("without a panic");
    assert_eq!(running.metrics.connections.get(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn requests_on_their_way_take_so_much_memory_together() {
    let running = running(|settings| settings.max_request_memory = 1 << 20).await;
    let head = format!("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", 1 << 19);
    let body = vec![b'x'; 1 << 19];
    let begin = async || {
        let mut stream = connect(&running).await;
        stream.write_all(head.as_bytes()).await.expect("it is sent");
        let _ = stream.write_all(&body[1..]).await;
        stream
    };
    let many = [begin().await, begin().await, begin().await];
    let shed = async {
        while running.metrics.connections_shed.get() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, shed).await.expect("one of them is closed");
    // What is small has room.
    assert!(ask(&mut connect(&running).await, ASK).await.starts_with("HTTP/1.1 200"));
    drop(many);
    while running.metrics.connections.get() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // One that is answered gives back what it took, on a connection that stays too.
    let mut next = begin().await;
    assert!(ask(&mut next, b"x").await.ends_with("524288"));
    for _ in 0..5 {
        next.write_all(head.as_bytes()).await.expect("it is sent");
        assert!(ask(&mut next, &body).await.ends_with("524288"));
    }
}
