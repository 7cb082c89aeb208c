//! Keys that an issuer publishes, and how often they are looked at.

use std::{path::PathBuf, time::Duration};

use super::reader::Reader;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A JWKS.
#[derive(Clone)]
pub struct JwksSettings {
    /// Where it is.
    pub place: JwksPlace,
    /// How often it is looked at.
    pub pace: Pace,
}

/// Where a JWKS is.
#[derive(Clone)]
pub enum JwksPlace {
    /// Beside the configuration.
    File(PathBuf),
    /// At the issuer. It may hold a password.
    Url(String),
}

/// How often something that others change is looked at.
#[derive(Clone, Debug)]
pub struct Pace {
    /// After this long, anyway.
    pub refresh: Duration,
    /// When something is missing in it, but not sooner than this after the last time.
    pub cooldown: Duration,
    /// What was read this long ago is good no more.
    pub max_age: Duration,
    /// How long it may take.
    pub timeout: Duration,
}

pub fn read(reader: &mut Reader<'_>) -> Option<JwksSettings> {
    let (ms, secs) = (Duration::from_millis, Duration::from_secs);
    let pace = Pace {
        refresh: reader.duration("jwks_refresh", secs(300), ms(100)..=DAY),
        cooldown: reader.duration("jwks_cooldown", secs(10), ms(0)..=HOUR),
        max_age: reader.duration("jwks_max_age", HOUR, ms(100)..=DAY * 7),
        timeout: reader.duration("jwks_timeout", secs(5), ms(100)..=secs(60)),
    };
    if pace.max_age < pace.refresh {
        reader.wrong::<()>("jwks_max_age", "must not be shorter than `jwks_refresh`");
    }
    let text = reader.text("jwks")?;
    let place = if text.starts_with("https://") || text.starts_with("http://") {
        match reqwest::Url::parse(&text) {
            Ok(_) => JwksPlace::Url(text),
            Err(_) => {
                return reader
                    .wrong("jwks", "expected a URL, such as `https://issuer.example.com/jwks.json`");
            }
        }
    } else {
        JwksPlace::File(readable(reader, &text)?)
    };
    Some(JwksSettings { place, pace })
}

/// A file that is not there at start is a mistake; later on it may be replaced.
fn readable(reader: &mut Reader<'_>, text: &str) -> Option<PathBuf> {
    let path = reader.path(text);
    match std::fs::read(&path) {
        Ok(_) => Some(path),
        Err(error) => reader.wrong(
            "jwks",
            format!("expected a URL or a file, and the file cannot be read: {}", error.kind()),
        ),
    }
}
