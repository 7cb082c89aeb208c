//! Whom a step may ask, and whom it believes.

use std::{io, net::IpAddr, sync::Arc};

use serde_json::json;
use tasker::{
    config::HttpSteps,
    model::status::Status,
    orchestration::HttpClients,
    outbound::{Guard, Permit, Resolve, Trust},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::{
    failure, outside,
    server::{Server, json, redirect},
    start_with,
};
use crate::{
    app::{Outside, TestApp},
    place::Place,
};

const ASK: &str = "
name: ask
step_templates:
  - { name: ask, handler_config: { type: api, url: '{{ context.url }}' } }
---
name: inside
step_templates:
  - { name: ask, handler_config: { type: api, url: '{{ context.url }}', allow_private_networks: true } }
";

#[tokio::test]
async fn private_networks_are_closed_unless_they_are_opened() {
    let server = Server::always(json(200, &json!({}))).await;
    let app =
        start_with(Place::sqlite(), ASK, &server, &[], |http| http.allow_private_networks = false).await;
    let port = server.address.port();
    for url in [
        server.url.clone(),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data".into(),
    ] {
        let task = app.run_task("ask", json!({ "url": url })).await;
        let (code, said) = failure(&app, task, "ask").await;
        assert_eq!(code, "FORBIDDEN_ADDRESS", "{url}: {said}");
        assert!(said.contains("allow_private_networks: true"), "{said}");
        assert_eq!(app.status(task).await, Status::Error, "trying again is useless");
    }
    assert_eq!(server.connections(), 0);
    let task = app.run_task("inside", json!({ "url": server.url })).await;
    assert_eq!(app.status(task).await, Status::Complete);
}

#[tokio::test]
async fn a_redirect_is_looked_at_like_a_first_request() {
    // Of this machine's addresses one counts as the public internet.
    let permit: Permit = Arc::new(|address: IpAddr| address == IpAddr::from([127, 0, 0, 1]));
    let resolve: Resolve = Arc::new(|name| match name {
        "inside.test" => Ok(vec![IpAddr::from([127, 0, 0, 2])]),
        _ => Err(io::Error::other("no such name")),
    });
    let inside = Server::at("127.0.0.2:0", |_, _| json(200, &json!({ "secret": 1 }))).await;
    let guard = || Guard::permitting(permit.clone(), resolve.clone());
    let http = HttpClients::guarded(&HttpSteps::default(), Trust::default(), guard(), guard());
    let app = TestApp::outside(Place::sqlite(), ASK, Outside { http, ..outside(&[], |_| ()) }, |_| ()).await;
    for location in [inside.url.clone(), format!("http://inside.test:{}/", inside.address.port())] {
        let server = Server::start(move |_, _| redirect(302, &location)).await;
        let task = app.run_task("ask", json!({ "url": server.url })).await;
        assert_eq!(failure(&app, task, "ask").await.0, "FORBIDDEN_ADDRESS");
        assert_eq!((server.seen().len(), inside.connections()), (1, 0));
    }
}

#[tokio::test]
async fn a_server_must_prove_who_it_is() {
    let pem =
        |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api/tls").join(name);
    let chain =
        CertificateDer::pem_file_iter(pem("server.pem")).expect("PEM").map(|one| one.expect("a certificate"));
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain.collect(), key)
        .expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                .await;
            let _ = stream.shutdown().await;
        }
    });
    let settings = HttpSteps { allow_private_networks: true, ..HttpSteps::default() };
    let app = |file: Option<&std::path::Path>| {
        let http = HttpClients::open(&settings, file).expect("the file is read");
        TestApp::outside(Place::sqlite(), ASK, Outside { http, ..Outside::default() }, |_| ())
    };
    let url = |host: &str| json!({ "url": format!("https://{host}:{port}/") });

    let unknown = app(None).await;
    let task = unknown.run_task("ask", url("localhost")).await;
    let (code, said) = failure(&unknown, task, "ask").await;
    assert_eq!(code, "NO_CONNECTION");
    assert!(said.contains("invalid peer certificate: UnknownIssuer"), "{said}");

    let known = app(Some(&pem("authority.pem"))).await;
    let task = known.run_task("ask", url("localhost")).await;
    assert_eq!(known.step(task, "ask").await.results.expect("results")["body"], "ok");
    // The name counts, not the address behind it.
    let task = known.run_task("ask", url("127.0.0.1")).await;
    assert!(failure(&known, task, "ask").await.1.contains("invalid peer certificate"));
    assert!(HttpClients::open(&settings, Some(&pem("server.key"))).is_err());
    serving.abort();
}
