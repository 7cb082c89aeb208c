//! The HTML of the page, and what a browser may do on it.

use axum::http::HeaderValue;

use super::files::{Manifest, Pinned, Vendor};

const TEMPLATE: &str = include_str!("../../ui/graphiql/src/index.html");

/// The template with one tag for each of GraphiQL's files. Nothing of the request goes into it.
pub fn html(manifest: &Manifest, vendor: Vendor) -> String {
    let tags: Vec<_> =
        manifest.files.iter().map(|pinned| tag(pinned, &address(manifest, pinned, vendor))).collect();
    TEMPLATE.replace("<!-- vendor -->", &tags.join("\n    "))
}

/// The `Content-Security-Policy`. A file from the CDN is allowed by its whole address, and by its hash in the tag.
pub fn policy(manifest: &Manifest, vendor: Vendor) -> HeaderValue {
    let (styles, scripts): (Vec<_>, Vec<_>) = manifest.files.iter().partition(|pinned| is_style(pinned));
    let from = |files: Vec<&Pinned>| match vendor {
        Vendor::Embedded => String::new(),
        Vendor::Cdn => files.iter().map(|pinned| format!(" {}", address(manifest, pinned, vendor))).collect(),
    };
    let inline: String = manifest.inline_styles.iter().map(|hash| format!(" '{hash}'")).collect();
    let policy = [
        "default-src 'none'".to_owned(),
        format!("script-src 'self'{}", from(scripts)),
        format!("style-src 'self'{}{}", from(styles), inline),
        // GraphiQL's style brings its fonts and pictures inside.
        "font-src data:".to_owned(),
        "img-src 'self' data:".to_owned(),
        "connect-src 'self'".to_owned(),
        "base-uri 'none'".to_owned(),
        "form-action 'none'".to_owned(),
        "frame-ancestors 'none'".to_owned(),
    ];
    HeaderValue::try_from(policy.join("; ")).expect("the manifest's addresses are header text")
}

fn tag(pinned: &Pinned, address: &str) -> String {
    let integrity = &pinned.integrity;
    if is_style(pinned) {
        format!(r#"<link rel="stylesheet" href="{address}" integrity="{integrity}" crossorigin="anonymous">"#)
    } else {
        format!(r#"<script src="{address}" integrity="{integrity}" crossorigin="anonymous" defer></script>"#)
    }
}

fn address(manifest: &Manifest, pinned: &Pinned, vendor: Vendor) -> String {
    let base = match vendor {
        Vendor::Embedded => "graphiql/assets/",
        Vendor::Cdn => &manifest.cdn,
    };
    base.to_owned() + pinned.path().as_str()
}

fn is_style(pinned: &Pinned) -> bool {
    pinned.file.ends_with(".css")
}
