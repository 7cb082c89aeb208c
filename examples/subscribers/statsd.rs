//! Counters and timings for StatsD or DataDog's agent, over UDP.

use tasker::prelude::*;
use tokio::{net::UdpSocket, sync::OnceCell};

pub struct StatsD {
    address: String,
    socket: OnceCell<UdpSocket>,
}

impl StatsD {
    /// `address` is a host and a port, such as `127.0.0.1:8125`.
    pub fn new(address: String) -> Self {
        Self { address, socket: OnceCell::new() }
    }

    /// Opened by the first event: a socket belongs to the runtime that it is used in.
    async fn socket(&self) -> std::io::Result<&UdpSocket> {
        let open = || async {
            let socket = UdpSocket::bind("0.0.0.0:0").await?;
            socket.connect(&self.address).await?;
            Ok(socket)
        };
        self.socket.get_or_try_init(open).await
    }
}

#[tasker::async_trait]
impl EventSubscriber for StatsD {
    fn name(&self) -> &str {
        "statsd"
    }

    fn subscribe_to(&self) -> Patterns {
        ["task.completed", "task.failed", "step.completed", "step.failed"].into()
    }

    async fn on_event(&self, event: &WorkflowEvent) -> Result<(), SubscriberError> {
        self.socket().await?.send(lines(event).as_bytes()).await?;
        Ok(())
    }
}

/// A counter by the event's name and, where it tells how long it took, a timing.
fn lines(event: &WorkflowEvent) -> String {
    // The name of a step may hold anything; a template's may not.
    let tags = format!("#namespace:{},task:{}", event.namespace(), event.task_name());
    let mut text = format!("tasker.{}:1|c|{tags}", event.name());
    if let (Some(took), Some((what, _))) = (event.duration(), event.name().split_once('.')) {
        text.push_str(&format!("\ntasker.{what}.duration:{}|ms|{tags}", took.as_millis()));
    }
    text
}
