//! Who may call: the whole service, asked over HTTP and WebSocket.

mod issuer;
mod jwks;
mod jwt;
mod lasting;
mod limits;
mod proxy;
mod service;
mod socket;
mod tokens;
