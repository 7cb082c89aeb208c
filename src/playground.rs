//! `GET /graphiql`: the page for trying the API out in a browser.
//!
//! GraphiQL itself is not in this repository. When `ui/graphiql` was built before this crate, its files are in the
//! program and the page needs no internet; otherwise the page loads the same files, by hash, from a public CDN.
//! The page runs nothing on its own: what it may ask is decided by the gate, like for any other caller.
//!
//! Not here: the API at `/graphql`, the check of `Host`.

mod files;
mod page;

use std::sync::{Arc, LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};

use files::{File, Files, Vendor};

/// `GET /graphiql` and its files, below `/graphiql/assets/`. Anyone may read them: they are the same for everyone.
pub fn routes() -> [(&'static str, MethodRouter); 3] {
    Playground::of_this_program().routes()
}

/// The page needs no internet: `ui/graphiql` was built before this program.
pub fn embedded() -> bool {
    *VENDOR == Vendor::Embedded
}

static VENDOR: LazyLock<Vendor> = LazyLock::new(files::vendor);

struct Playground {
    page: File,
    policy: HeaderValue,
    files: Files,
}

impl Playground {
    fn of_this_program() -> Arc<Self> {
        Self::with(*VENDOR)
    }

    fn with(vendor: Vendor) -> Arc<Self> {
        let manifest = files::manifest();
        Arc::new(Self {
            page: File::revalidated("text/html; charset=utf-8", page::html(&manifest, vendor).into_bytes()),
            policy: page::policy(&manifest, vendor),
            files: Files::of(&manifest, vendor),
        })
    }

    fn routes(self: Arc<Self>) -> [(&'static str, MethodRouter); 3] {
        let files = Arc::clone(&self);
        [
            ("/graphiql", get(move |headers: HeaderMap| async move { self.page(&headers) })),
            // The page's addresses are relative, so that it also works below a proxy's path.
            ("/graphiql/", get(async || Redirect::permanent("../graphiql"))),
            (
                "/graphiql/assets/{*path}",
                get(move |Path(path): Path<String>, headers: HeaderMap| async move {
                    files.file(&path, &headers)
                }),
            ),
        ]
    }

    fn page(&self, request: &HeaderMap) -> Response {
        let mut response = answer(&self.page, request);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        response
    }

    /// `path` is looked up among known names, never in a file system.
    fn file(&self, path: &str, request: &HeaderMap) -> Response {
        match self.files.get(path) {
            Some(file) => {
                let mut response = answer(file, request);
                response
                    .headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
                response
            }
            None => (StatusCode::NOT_FOUND, GUARDS, "No such file.\n").into_response(),
        }
    }
}

const GUARDS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

fn answer(file: &File, request: &HeaderMap) -> Response {
    let about = [
        (header::ETAG, file.etag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static(file.cache_control)),
    ];
    if file.is_known_to(request) {
        return (StatusCode::NOT_MODIFIED, GUARDS, about).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type))];
    (GUARDS, about, content_type, file.content.clone()).into_response()
}

#[cfg(test)]
mod tests;
