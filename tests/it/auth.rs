//! Who may call: the whole service, asked over HTTP and WebSocket.

mod issuer;
mod jwks;
mod jwt;
mod lasting;
mod limits;
mod malformed;
mod proxy;
mod secrets;
mod service;
mod socket;
mod tokens;
