//! Where a JWKS is: a file, or somewhere on the network. At most so many bytes of it are taken.

use std::{fmt, io::Read, path::PathBuf};

use crate::config::{JwksPlace, mask_url};

/// A hundred keys with their certificates are less.
const MOST_BYTES: usize = 1 << 20;

/// Something that can be read.
pub enum Source {
    File(PathBuf),
    Http { client: reqwest::Client, url: String },
}

impl Source {
    pub fn new(place: JwksPlace) -> Result<Self, reqwest::Error> {
        Ok(match place {
            JwksPlace::File(path) => Self::File(path),
            JwksPlace::Url(url) => {
                // A second installation changes nothing.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let builder = reqwest::Client::builder().user_agent("tasker");
                // Whoever could redirect could also replace the keys.
                let client = builder.redirect(reqwest::redirect::Policy::none()).build()?;
                Self::Http { client, url }
            }
        })
    }

    /// All of it.
    pub async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || file(&path));
                read.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
            }
            Self::Http { client, url } => http(client, url).await,
        }
    }
}

fn file(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(most + 1).read_to_end(&mut text)?;
    if text.len() > MOST_BYTES {
        return Err(std::io::Error::other(TOO_LARGE));
    }
    Ok(text)
}

const TOO_LARGE: &str = "it is larger than 1 MiB";

async fn http(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    // The URL may hold a password, and the library's errors hold the URL.
    let plain = |error: reqwest::Error| error.without_url().to_string();
    let mut answer = client.get(url).header("Accept", "application/json").send().await.map_err(plain)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(format!("the answer is {}", answer.status()));
    }
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(plain)? {
        if text.len() + chunk.len() > MOST_BYTES {
            return Err(TOO_LARGE.to_owned());
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Http { url, .. } => f.write_str(&mask_url(url)),
        }
    }
}
