//! Log lines on standard error: what is logged, and in which form.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::mask::{Fields, Mask, MaskedLines};
use super::nested::Nested;
use crate::config::{Config, LogFormat, Logging};

/// What others log too much of at `info` and below. A directive for the same target in `logging.level` wins.
const QUIET: &str = "sqlx=warn,sea_orm=warn,hyper=warn,h2=warn,rustls=warn";

/// The spans of statements, which are wanted where there are traces. It logs nothing there.
const STATEMENTS: &str = "sea_orm::database=info";

/// The level can't be read. Not for settings that [`crate::config::Config::load`] has checked.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the level of logging")]
pub struct Error(#[from] ParseError);

/// Starts logging. Where a subscriber is installed already, as in an application that embeds the service or in a
/// test, that one stays.
pub fn init(config: &Config) -> Result<(), Error> {
    let nested = config.telemetry.otlp.enabled.then(Nested::new);
    let traced = config.telemetry.otlp.enabled;
    // An error means that there is one already.
    let lines = subscriber(&config.logging, traced, io::stderr, io::stderr().is_terminal())?;
    let _ = lines.with(nested).try_init();
    Ok(())
}

/// The subscriber that [`init`] installs, writing elsewhere.
fn subscriber<W>(
    logging: &Logging,
    traced: bool,
    writer: W,
    colours: bool,
) -> Result<impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync, Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Above the layer and not part of it. A filter of a layer's own keeps its last answer for the thread, and where a
    // library only asks whether something would be logged (the one for PostgreSQL does) the next line or span is lost.
    let filtered = tracing_subscriber::registry().with(filter(&logging.level, traced)?);
    let mask = Mask::new(&logging.mask);
    let lines: Box<dyn Layer<Layered<EnvFilter, Registry>> + Send + Sync> = match logging.format {
        LogFormat::Pretty => layer().with_ansi(colours).fmt_fields(Fields(mask)).with_writer(writer).boxed(),
        LogFormat::Json => {
            let lines = layer().json().flatten_event(true).with_current_span(false);
            lines.with_writer(MaskedLines::new(writer, mask)).boxed()
        }
    };
    Ok(filtered.with(lines))
}

/// The quiet targets first: of two directives for one target, the later counts.
fn filter(level: &str, traced: bool) -> Result<EnvFilter, ParseError> {
    let directives = if traced { [QUIET, STATEMENTS, level].join(",") } else { [QUIET, level].join(",") };
    EnvFilter::builder().parse(directives)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::{init, subscriber};
    use crate::config::{Config, LogFormat, Logging};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("one thread").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a few lines come out as.
    fn logged(format: LogFormat, level: &str) -> String {
        written(format, level, || {
            let _span = tracing::info_span!("request", request_id = "r1").entered();
            tracing::info!(tasks = 3, "claimed");
            tracing::debug!("too fine");
            tracing::info!(target: "sqlx::query", "SELECT 1");
            tracing::info!(target: "sea_orm_migration::migrator", "Applying");
        })
    }

    fn written(format: LogFormat, level: &str, work: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let logging = Logging { format, level: level.to_owned(), ..Logging::default() };
        let subscriber = subscriber(&logging, false, move || writer.clone(), false).expect("a level");
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(written.0.lock().expect("one thread").clone()).expect("text")
    }

    #[test]
    fn json_is_one_object_a_line_with_the_spans_it_happened_in() {
        let lines = logged(LogFormat::Json, "info");
        assert_eq!(lines.lines().count(), 1, "the database libraries are quiet: {lines}");
        let line: serde_json::Value = serde_json::from_str(&lines).expect("an object");
        assert_eq!((&line["message"], &line["tasks"]), (&"claimed".into(), &3.into()));
        assert_eq!(line["spans"][0]["request_id"], "r1");
    }

    #[test]
    fn what_is_secret_is_hidden_in_both_forms() {
        for format in [LogFormat::Pretty, LogFormat::Json] {
            let lines = written(format, "info", || {
                let _span =
                    tracing::info_span!("request", session_cookie = "hunter2", user = "ada").entered();
                let answer = serde_json::json!({ "client_secret": "hunter2", "n": 1 });
                tracing::info!(api_key = "hunter2", tokens = 17, %answer, "asked with Authorization: Bearer hunter2");
                let cause = std::io::Error::other("password=hunter2 is wrong");
                let error = &cause as &dyn std::error::Error;
                tracing::info!(error, "failed");
            });
            assert!(!lines.contains("hunter2"), "{lines}");
            assert!(lines.matches("[FILTERED]").count() >= 5 && lines.contains("ada"), "{lines}");
            assert!(lines.contains("tokens=17") || lines.contains("\"tokens\":17"), "a count stays: {lines}");
            assert_eq!(lines.lines().count(), 2, "{lines}");
        }
    }

    #[test]
    fn a_target_that_is_named_is_heard() {
        let lines = logged(LogFormat::Pretty, "warn,sqlx=info");
        assert_eq!(lines.lines().count(), 1, "{lines}");
        assert!(lines.contains("sqlx::query: SELECT 1"), "{lines}");
    }

    #[test]
    fn starting_twice_changes_nothing() {
        let with = |level: &str| {
            let logging = Logging { level: level.to_owned(), ..Logging::default() };
            Config { logging, ..Config::default() }
        };
        assert!(init(&with("off")).is_ok() && init(&with("off")).is_ok());
        assert!(init(&with("==")).is_err());
    }
}
