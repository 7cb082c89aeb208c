//! `type: proxy`: a gateway in front has signed the caller in, and says who it is.

use std::str::FromStr;

use axum::http::HeaderName;

use super::reader::Reader;
use crate::config::Network;

/// Which headers of which gateway are believed.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Where the gateway is.
    pub trusted_peers: Vec<Network>,
    /// Who calls.
    pub subject_header: HeaderName,
    /// With which roles, separated by commas.
    pub roles_header: HeaderName,
    /// In which namespaces only, separated by commas.
    pub namespaces_header: Option<HeaderName>,
}

pub fn read(reader: &mut Reader<'_>) -> Option<ProxySettings> {
    let peers = reader.texts("trusted_peers");
    if peers.is_empty() && !reader.has("trusted_peers") {
        reader
            .missing::<()>("trusted_peers", "whose headers are believed, such as `[127.0.0.1, 10.0.0.0/8]`");
    }
    let trusted_peers: Vec<Option<Network>> =
        peers.iter().enumerate().map(|(no, text)| peer(reader, no, text)).collect();
    let subject_header = header(reader, "subject_header", Some("X-Forwarded-User"));
    let roles_header = header(reader, "roles_header", Some("X-Forwarded-Groups"));
    let namespaces_header = header(reader, "namespaces_header", None);
    reader.finish();
    Some(ProxySettings {
        trusted_peers: trusted_peers.into_iter().flatten().collect(),
        subject_header: subject_header?,
        roles_header: roles_header?,
        namespaces_header,
    })
}

fn peer(reader: &mut Reader<'_>, no: usize, text: &str) -> Option<Network> {
    let key = format!("trusted_peers[{no}]");
    match text.parse::<Network>() {
        Ok(network) if network.is_everything() => {
            reader.wrong(&key, "is every address there is: anybody could say who they are")
        }
        Ok(network) => Some(network),
        Err(error) => reader.wrong(&key, error.to_string()),
    }
}

fn header(reader: &mut Reader<'_>, key: &'static str, default: Option<&str>) -> Option<HeaderName> {
    let text = if reader.has(key) { reader.text(key)? } else { default?.to_owned() };
    match HeaderName::from_str(&text) {
        Ok(name) if ["authorization", "x-api-token", "cookie", "host"].contains(&name.as_str()) => {
            reader.wrong(key, "this header means something else already")
        }
        Ok(name) => Some(name),
        Err(_) => reader.wrong(key, "expected the name of a header, such as `X-Forwarded-User`"),
    }
}
