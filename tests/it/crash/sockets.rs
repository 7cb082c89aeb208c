//! Subscribers on WebSockets, when their service goes.

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

use super::{
    home::{Home, PATIENCE},
    programs::Program,
    service::Service,
    shapes,
};
use crate::place::Place;

#[tokio::test]
async fn a_socket_is_told_that_the_service_goes_away() {
    let home = Home::new(Place::sqlite(), &shapes::mixed());
    let service = Service::start(&home, Program::Drill).await;
    let url = service.address.replace("http://", "ws://") + "/graphql";
    let mut request = url.into_client_request().expect("a request");
    let protocol = "graphql-transport-ws".parse().expect("a header");
    request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
    let (mut socket, _) = connect_async(request).await.expect("a socket");
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": "subscription { workflowEvents { name } }" } });
    for message in [json!({ "type": "connection_init" }), subscribe] {
        socket.send(Message::text(message.to_string())).await.expect("sent");
    }
    service.client.create("linear").await;
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.push(
            timeout(PATIENCE, socket.next()).await.expect("in time").expect("open").expect("a message"),
        );
    }
    service.signal("TERM").await;
    let close = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(close) = message {
                return close.map(|frame| frame.code);
            }
        }
        None
    };
    assert_eq!(timeout(PATIENCE, close).await.expect("in time"), Some(CloseCode::Away));
    assert!(service.end().await.success());
}
