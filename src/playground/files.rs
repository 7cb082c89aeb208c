//! The files below `/graphiql/assets/`: ours, always in the program, and GraphiQL's, if it was built.

use std::{borrow::Cow, collections::BTreeMap};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rust_embed::RustEmbed;
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha384};

/// `ui/graphiql/manifest.json`: GraphiQL's files, in the order a page loads them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Where a package's files are for everyone, with a slash at the end.
    pub cdn: String,
    /// Hashes of the style elements GraphiQL makes: one stops the page from scrolling behind a dialog. `npm test`
    /// notices when they change.
    #[serde(rename = "inlineStyles")]
    pub inline_styles: Vec<String>,
    pub files: Vec<Pinned>,
}

/// One file of an npm package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    pub package: String,
    pub version: String,
    pub file: String,
    /// `sha384-…`, as a browser checks it.
    pub integrity: String,
}

impl Pinned {
    /// Its place below the CDN's address and below `/graphiql/assets/`.
    pub fn path(&self) -> String {
        format!("{}{}", self.folder(), self.file)
    }

    fn folder(&self) -> String {
        format!("{}@{}/", self.package, self.version)
    }
}

/// Where the page gets GraphiQL from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// From this program.
    Embedded,
    /// From the manifest's CDN.
    Cdn,
}

/// The manifest this program was compiled with. A test reads it, so it can be read.
pub fn manifest() -> Manifest {
    serde_json::from_str(include_str!("../../ui/graphiql/manifest.json"))
        .expect("ui/graphiql/manifest.json is valid")
}

/// Embedded only if every file is in the program as the manifest has it: a stale build counts as none.
pub fn vendor() -> Vendor {
    let complete = manifest().files.iter().all(|pinned| {
        Dist::get(&pinned.path()).is_some_and(|file| integrity(&file.data) == pinned.integrity)
    });
    if complete { Vendor::Embedded } else { Vendor::Cdn }
}

fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(content)))
}

#[derive(RustEmbed)]
#[folder = "ui/graphiql/dist"]
#[allow_missing = true]
struct Dist;

/// Every file that is served, by its path.
pub struct Files(BTreeMap<String, File>);

impl Files {
    pub fn of(manifest: &Manifest, vendor: Vendor) -> Self {
        let mut files: BTreeMap<_, _> = OWN
            .iter()
            .map(|&(path, content)| {
                (path.to_owned(), File::revalidated(content_type(path), content.as_bytes()))
            })
            .collect();
        if vendor == Vendor::Embedded {
            let folders: Vec<_> = manifest.files.iter().map(Pinned::folder).collect();
            files.extend(
                Dist::iter().filter(|path| folders.iter().any(|folder| path.starts_with(folder))).filter_map(
                    |path| Some((path.clone().into_owned(), File::versioned(&path, Dist::get(&path)?.data))),
                ),
            );
        }
        Self(files)
    }

    pub fn get(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }
}

const OWN: &[(&str, &str)] = &[
    ("app.css", include_str!("../../ui/graphiql/src/app.css")),
    ("app.js", include_str!("../../ui/graphiql/src/app.js")),
    ("icon.svg", include_str!("../../ui/graphiql/src/icon.svg")),
];

/// A file with what a browser needs to know about it.
pub struct File {
    pub content_type: &'static str,
    pub content: Bytes,
    pub etag: HeaderValue,
    pub cache_control: &'static str,
}

impl File {
    /// Changes with the program: a browser asks each time whether it has.
    pub fn revalidated(content_type: &'static str, content: impl Into<Cow<'static, [u8]>>) -> Self {
        Self::new(content_type, content.into(), "no-cache")
    }

    /// Has its version in its path: a browser may keep it.
    fn versioned(path: &str, content: Cow<'static, [u8]>) -> Self {
        Self::new(content_type(path), content, "public, max-age=31536000, immutable")
    }

    fn new(content_type: &'static str, content: Cow<'static, [u8]>, cache_control: &'static str) -> Self {
        let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&content)[..16]));
        let etag = HeaderValue::try_from(etag).expect("hex digits are a header value");
        let content = match content {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => Bytes::from(content),
        };
        Self { content_type, content, etag, cache_control }
    }

    /// The request's `If-None-Match` names this content.
    pub fn is_known_to(&self, request: &HeaderMap) -> bool {
        let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        known
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes())
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
