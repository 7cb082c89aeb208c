//! One socket: reads what the client says until there is a reason to close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Executor, Request};
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::http::HeaderMap;
use futures_util::SinkExt;
use futures_util::stream::{self, SplitSink, SplitStream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::HandedOn;
use super::message::{Close, Incoming, Outgoing};
use super::operation::{NotStarted, Operation, Operations};
use crate::graphql::authenticate::ConnectionInit;
use crate::graphql::{Code, RequestId, Transport};

/// Messages that wait for a slow reader. Each operation adds at most one that is not in here.
const OUTBOX: usize = 16;

/// How long the other end may take to read the close frame and to answer it.
const GOODBYE: Duration = Duration::from_secs(1);

/// Something to write.
pub enum Outbound {
    /// To the client as such.
    Text(Utf8Bytes),
    /// Of an operation: not written any more once that was stopped.
    Of(CancellationToken, Utf8Bytes),
    Ping,
    Close(CloseFrame),
}

/// The state of one socket.
pub struct Connection<E> {
    transport: Transport<E>,
    headers: HeaderMap,
    peer: Option<SocketAddr>,
    request_id: RequestId,
    operations: Operations,
    initialised: bool,
    /// What the client showed, once it was let in. Each operation looks at it again: a credential may have ended.
    shown: Option<ConnectionInit>,
    handed_on: Option<HandedOn>,
}

impl<E: Executor> Connection<E> {
    /// A socket that was just opened by a request with these headers.
    pub fn new(
        transport: Transport<E>,
        headers: HeaderMap,
        peer: Option<SocketAddr>,
        request_id: RequestId,
    ) -> Self {
        let operations = Operations::default();
        let (initialised, shown, handed_on) = (false, None, None);
        Self { transport, headers, peer, request_id, operations, initialised, shown, handed_on }
    }

    /// The same, which tells when a message was handed on.
    pub fn telling(self, handed_on: Option<HandedOn>) -> Self {
        Self { handed_on, ..self }
    }

    /// Serves the socket until it is closed.
    pub async fn run(mut self, socket: WebSocket) {
        let (sink, mut stream) = socket.split();
        let (outbox, queue) = mpsc::channel(OUTBOX);
        let mut writer = tokio::spawn(write(sink, queue).in_current_span());

        let close = self.read(&mut stream, &outbox).await;
        tracing::debug!(?close, "a socket is closed");
        self.operations.stop_all();
        let _ = timeout(GOODBYE, async {
            if let Some(frame) = close.frame() {
                let _ = outbox.send(Outbound::Close(frame)).await;
                while let Some(Ok(_)) = stream.next().await {}
                if close == Close::TooLarge {
                    // The rest of the message can't be read, and closing over it would take the frame along.
                    std::future::pending::<()>().await;
                }
            }
            drop(outbox);
            let _ = (&mut writer).await;
        })
        .await;
        writer.abort();
    }

    async fn read(&mut self, stream: &mut SplitStream<WebSocket>, outbox: &mpsc::Sender<Outbound>) -> Close {
        let settings = self.transport.settings.clone();
        let shutdown = self.transport.shutdown.clone();
        let deadline = Instant::now() + settings.init_timeout;
        let mut heard = Instant::now();
        let mut keep_alive = interval(settings.keep_alive);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                message = stream.next() => message,
                () = shutdown.cancelled() => return Close::Shutdown,
                () = sleep_until(deadline), if self.shown.is_none() => return Close::InitTimeout,
                _ = keep_alive.tick() => {
                    if heard.elapsed() > settings.keep_alive * 3 {
                        return Close::Gone;
                    }
                    // With a full outbox the client has enough to read.
                    let _ = outbox.try_send(Outbound::Ping);
                    continue;
                }
            };
            heard = Instant::now();
            self.handed_on.iter().for_each(HandedOn::tell);
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Binary(_))) => return Close::InvalidMessage,
                // Reading on is what sends the answer to it; then there is nothing more.
                Some(Ok(Message::Close(_))) => continue,
                None => return Close::Gone,
                Some(Err(error)) => return broken(&error),
            };
            let handled = tokio::select! {
                handled = self.handle(&text, outbox, deadline) => handled,
                () = shutdown.cancelled() => Err(Close::Shutdown),
            };
            if let Err(close) = handled {
                return close;
            }
        }
    }

    async fn handle(
        &mut self,
        text: &str,
        outbox: &mpsc::Sender<Outbound>,
        deadline: Instant,
    ) -> Result<(), Close> {
        match serde_json::from_str(text).map_err(|_| Close::InvalidMessage)? {
            Incoming::ConnectionInit { payload } => {
                self.initialise(payload.unwrap_or_default(), deadline).await?;
                self.reply(outbox, Outgoing::ConnectionAck.text()).await
            }
            Incoming::Subscribe { id, payload } => self.subscribe(id, payload.into(), outbox).await,
            Incoming::Complete { id } => {
                self.operations.stop(&id);
                Ok(())
            }
            Incoming::Ping { payload } => {
                self.reply(outbox, Outgoing::Pong { payload: payload.as_ref() }.text()).await
            }
            Incoming::Pong {} => Ok(()),
        }
    }

    async fn initialise(
        &mut self,
        payload: serde_json::Map<String, serde_json::Value>,
        deadline: Instant,
    ) -> Result<(), Close> {
        if std::mem::replace(&mut self.initialised, true) {
            return Err(Close::TooManyInits);
        }
        let init = ConnectionInit { payload, headers: std::mem::take(&mut self.headers), peer: self.peer };
        match timeout_at(deadline, self.transport.authenticate.connection(init.clone())).await {
            Ok(Ok(_)) => {
                self.shown = Some(init);
                Ok(())
            }
            Ok(Err(refusal)) => {
                tracing::info!(request_id = %self.request_id, reason = refusal.message, "a socket was refused");
                Err(match Code::of(&refusal) {
                    Some(Code::RateLimited) => Close::TooOften,
                    _ => Close::Forbidden,
                })
            }
            Err(_) => Err(Close::InitTimeout),
        }
    }

    async fn subscribe(
        &mut self,
        id: String,
        request: Request,
        outbox: &mpsc::Sender<Outbound>,
    ) -> Result<(), Close> {
        let shown = self.shown.clone().ok_or(Close::Unauthorized)?;
        if id.is_empty() {
            return Err(Close::InvalidMessage);
        }
        let most = self.transport.settings.subscriptions_per_connection;
        let token = match self.operations.start(&id, most) {
            Ok(token) => token,
            Err(NotStarted::AlreadyExists) => return Err(Close::AlreadyExists(id)),
            Err(NotStarted::TooMany) => {
                let message = format!("A connection may have {most} operations running");
                let error = Code::LimitExceeded.refuse(message);
                return self.reply(outbox, Outgoing::Error { id: &id, payload: &[error] }.text()).await;
            }
        };
        let request_id = RequestId::new();
        let span = tracing::info_span!("request", %request_id);
        let session = match self.transport.authenticate.connection(shown).instrument(span.clone()).await {
            Ok(data) => Arc::new(data),
            Err(error) => {
                self.transport.pipeline.refused(&error);
                self.operations.stop(&id);
                return self.reply(outbox, Outgoing::Error { id: &id, payload: &[error] }.text()).await;
            }
        };
        let answers = match self.transport.pipeline.prepare(request.data(request_id)) {
            Ok(prepared) => self.transport.pipeline.stream(prepared, session),
            Err(error) => stream::once(async { async_graphql::Response::from_errors(vec![error]) }).boxed(),
        };
        let operation = Operation { id, token, operations: self.operations.clone(), outbox: outbox.clone() };
        tokio::spawn(operation.run(answers).instrument(span));
        Ok(())
    }

    /// A client that doesn't read for as long as it may be silent is gone.
    async fn reply(&self, outbox: &mpsc::Sender<Outbound>, text: Utf8Bytes) -> Result<(), Close> {
        let patience = self.transport.settings.keep_alive * 3;
        match timeout(patience, outbox.send(Outbound::Text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Close::Gone),
        }
    }
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut queue: mpsc::Receiver<Outbound>) {
    while let Some(outbound) = queue.recv().await {
        let message = match outbound {
            Outbound::Text(text) => Message::Text(text),
            Outbound::Of(operation, _) if operation.is_cancelled() => continue,
            Outbound::Of(_, text) => Message::Text(text),
            Outbound::Ping => Message::Ping(Bytes::new()),
            Outbound::Close(frame) => {
                let _ = sink.send(Message::Close(Some(frame))).await;
                return;
            }
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

/// What a failed read means: more than a message may have, or no connection.
fn broken(error: &axum::Error) -> Close {
    let text = error.to_string();
    if text.contains("too long") || text.contains("Space limit") { Close::TooLarge } else { Close::Gone }
}
