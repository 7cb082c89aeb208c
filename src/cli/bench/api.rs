//! Steps that are HTTP calls, against a server of this process that answers at once.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{
    place::Place,
    sustained::{self, Load, Sustained},
};
use crate::{
    config::HttpSteps,
    model::template::{Template, Templates},
    orchestration::HttpClients,
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"total\": 7}";

/// Calls in one task, one after the other.
const CALLS: usize = 5;

/// Steps a second.
pub(super) async fn measure(place: &Place, steps: usize, in_flight: usize) -> anyhow::Result<Sustained> {
    let (address, server) = serve().await?;
    let settings = HttpSteps { allow_private_networks: true, ..HttpSteps::default() };
    let http = HttpClients::open(&settings, None)?;
    let engine = super::start(place, templates(address)?, http).await?;
    let load = Load { name: "api5", steps: CALLS, bulk: 100 };
    let sustained = sustained::measure(&engine, load, steps, in_flight).await;
    engine.stop(std::time::Duration::from_secs(5)).await;
    server.abort();
    sustained
}

/// Five calls in a row; each sends on what the one before has left.
fn templates(address: SocketAddr) -> anyhow::Result<Templates> {
    let step = |number: usize| {
        let (before, total) = match number {
            0 => (vec![], "{{ context.n }}".to_owned()),
            _ => {
                let before = format!("step_{}", number - 1);
                let total = format!("{{{{ results.{before}.total }}}}");
                (vec![before], total)
            }
        };
        json!({
            "name": format!("step_{number}"),
            "depends_on_steps": before,
            "handler_config": {
                "type": "api",
                "url": format!("http://{address}/orders/{{{{ context.n }}}}"),
                "headers": { "X-Total": total },
                "body": { "total": total, "order": "{{ context.n }}" },
                "results": ["/total"],
            },
        })
    };
    let steps: Vec<_> = (0..CALLS).map(step).collect();
    let document = json!({ "name": "api5", "namespace_name": "bench", "step_templates": steps });
    let template = Template::from_document(&document, &|_| None).ok();
    Ok([Arc::new(template.context("the benchmark's template is not valid")?)].into_iter().collect())
}

async fn serve() -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let accepting = async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    };
    Ok((address, tokio::spawn(accepting)))
}

/// Reads requests, and answers each with the same.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::with_capacity(4 << 10);
    loop {
        while let Some(length) = length(&bytes) {
            bytes.drain(..length);
            stream.write_all(ANSWER).await?;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
}

/// Bytes of the first request, once it is whole.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let body = text.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
    (bytes.len() >= head + body).then_some(head + body)
}
