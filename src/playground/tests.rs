use std::io::{Read as _, Write as _};

use axum::Router;

use super::*;

/// What a browser would get, over a real connection: no client normalizes the path on the way.
struct Got {
    status: u16,
    head: String,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

async fn get(vendor: Vendor, path: &str, header: &str) -> Got {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, router(Playground::with(vendor))).into_future());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\r\n");
    let text = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
    .await
    .unwrap();
    server.abort();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Got { status: head[9..12].parse().unwrap(), head: head.replace("\r\n", "\n"), body: body.to_owned() }
}

#[test]
fn the_manifest_pins_every_file_by_version_and_hash() {
    let manifest = files::manifest();
    assert!(manifest.cdn.starts_with("https://") && manifest.cdn.ends_with('/'));
    assert!(!manifest.files.is_empty());
    for pinned in manifest.files {
        assert!(pinned.version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{pinned:?}");
        assert_eq!(pinned.integrity.len(), "sha384-".len() + 64, "{pinned:?}");
    }
}

#[tokio::test]
async fn an_embedded_page_allows_nothing_but_this_server() {
    let got = get(Vendor::Embedded, "/graphiql", "").await;
    assert_eq!(got.status, 200);
    assert_eq!(got.header("content-type"), "text/html; charset=utf-8");
    insta::assert_snapshot!(got.header("content-security-policy").replace("; ", "\n"), @r"
    default-src 'none'
    script-src 'self'
    style-src 'self' 'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='
    font-src data:
    img-src 'self' data:
    connect-src 'self'
    base-uri 'none'
    form-action 'none'
    frame-ancestors 'none'
    ");
    assert!(!got.body.contains("https://"), "{}", got.body);
}

#[tokio::test]
async fn a_page_from_the_cdn_names_each_file_by_address_and_hash() {
    let got = get(Vendor::Cdn, "/graphiql", "").await;
    let policy = got.header("content-security-policy");
    let manifest = files::manifest();
    for pinned in &manifest.files {
        let address = format!("{}{}@{}/{}", manifest.cdn, pinned.package, pinned.version, pinned.file);
        let pin = format!("\"{address}\" integrity=\"{}\" crossorigin=\"anonymous\"", pinned.integrity);
        assert!(got.body.contains(&pin), "{pin} is not in {}", got.body);
        let directive = if pinned.file.ends_with(".css") { "style-src" } else { "script-src" };
        let allowed = policy.split("; ").find(|part| part.starts_with(directive)).unwrap();
        assert!(allowed.split(' ').any(|source| source == address), "{address} is not in {allowed}");
    }
    assert_eq!(policy.matches("https://").count(), manifest.files.len());
    assert_eq!(got.body.matches("https://").count(), manifest.files.len());
}

#[tokio::test]
async fn the_page_has_no_inline_script_or_style() {
    for vendor in [Vendor::Embedded, Vendor::Cdn] {
        let page = get(vendor, "/graphiql", "").await.body;
        assert!(!page.contains("<style") && !page.contains("style=\"") && !page.contains(" on"), "{page}");
        assert_eq!(page.matches("<script").count(), page.matches("<script src=").count());
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_not_to_guess_or_to_tell() {
    for path in ["/graphiql", "/graphiql/assets/app.js", "/graphiql/assets/none"] {
        let got = get(Vendor::Cdn, path, "").await;
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert_eq!(got.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn our_files_have_their_content_types_in_both_modes() {
    for vendor in [Vendor::Embedded, Vendor::Cdn] {
        for (path, content_type) in [
            ("app.css", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
        ] {
            let got = get(vendor, &format!("/graphiql/assets/{path}"), "").await;
            assert_eq!((got.status, got.header("content-type")), (200, content_type), "{path}");
            assert_eq!(got.header("cache-control"), "no-cache");
        }
    }
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let first = get(Vendor::Cdn, "/graphiql/assets/app.js", "").await;
    let header = format!("If-None-Match: \"other\", W/{}\r\n", first.header("etag"));
    let second = get(Vendor::Cdn, "/graphiql/assets/app.js", &header).await;
    assert_eq!((second.status, second.body.as_str()), (304, ""));
    assert_eq!(second.header("etag"), first.header("etag"));
}

#[tokio::test]
async fn nothing_else_is_served() {
    for path in [
        "/graphiql/assets/none.js",
        "/graphiql/assets/index.html",
        "/graphiql/assets/.gitkeep",
        "/graphiql/assets/../../Cargo.toml",
        "/graphiql/assets/..%2f..%2fCargo.toml",
        "/graphiql/assets/%2e%2e/%2e%2e/%2e%2e/Cargo.toml",
        "/graphiql/assets/..%5c..%5cCargo.toml",
        "/graphiql/assets//etc/passwd",
        "/graphiql/assets/%2fetc%2fpasswd",
        "/graphiql/assets/",
    ] {
        for vendor in [Vendor::Embedded, Vendor::Cdn] {
            let got = get(vendor, path, "").await;
            assert_eq!(got.status, 404, "{path}");
            assert!(!got.body.contains("[package]") && !got.body.contains("root:"), "{path}");
        }
    }
}

/// Compiled without `ui/graphiql/dist`, this proves the other half: then nothing of GraphiQL is served.
#[tokio::test]
async fn graphiql_is_served_to_be_kept_if_and_only_if_it_is_embedded() {
    for pinned in files::manifest().files {
        let got = get(*VENDOR, &format!("/graphiql/assets/{}", pinned.path()), "").await;
        assert_eq!(got.status == 200, embedded(), "{pinned:?}");
        if embedded() {
            assert_eq!(got.header("cache-control"), "public, max-age=31536000, immutable");
        }
    }
}

#[tokio::test]
async fn a_slash_too_many_is_corrected() {
    let got = get(Vendor::Cdn, "/graphiql/", "").await;
    assert_eq!((got.status, got.header("location")), (308, "../graphiql"));
}

fn router(playground: Arc<Playground>) -> Router {
    playground.routes().into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods))
}
