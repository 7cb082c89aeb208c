//! Log lines on standard error: what is logged, and in which form.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogFormat, Logging};

/// What others log too much of at `info` and below. A directive for the same target in `logging.level` wins.
const QUIET: &str = "sqlx=warn,sea_orm=warn,hyper=warn,h2=warn,rustls=warn";

/// The level can't be read. Not for settings that [`crate::config::Config::load`] has checked.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the level of logging")]
pub struct Error(#[from] ParseError);

/// Starts logging. Where a subscriber is installed already, as in an application that embeds the service or in a
/// test, that one stays.
pub fn init(logging: &Logging) -> Result<(), Error> {
    // An error means that there is one already.
    let _ = subscriber(logging, io::stderr, io::stderr().is_terminal())?.try_init();
    Ok(())
}

/// The subscriber that [`init`] installs, writing elsewhere.
fn subscriber<W>(logging: &Logging, writer: W, colours: bool) -> Result<impl Subscriber + Send + Sync, Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // Above the layer and not part of it. A filter of a layer's own keeps its last answer for the thread, and where a
    // library only asks whether something would be logged (the one for PostgreSQL does) the next line or span is lost.
    let filtered = tracing_subscriber::registry().with(filter(&logging.level)?);
    let lines = layer().with_writer(writer);
    let lines: Box<dyn Layer<Layered<EnvFilter, Registry>> + Send + Sync> = match logging.format {
        LogFormat::Pretty => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    Ok(filtered.with(lines))
}

/// The quiet targets first: of two directives for one target, the later counts.
fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(format!("{QUIET},{level}"))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::{init, subscriber};
    use crate::config::{LogFormat, Logging};

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
        let written = Written::default();
        let writer = written.clone();
        let logging = Logging { format, level: level.to_owned() };
        let subscriber = subscriber(&logging, move || writer.clone(), false).expect("a level");
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", request_id = "r1").entered();
            tracing::info!(tasks = 3, "claimed");
            tracing::debug!("too fine");
            tracing::info!(target: "sqlx::query", "SELECT 1");
            tracing::info!(target: "sea_orm_migration::migrator", "Applying");
        });
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
    fn a_target_that_is_named_is_heard() {
        let lines = logged(LogFormat::Pretty, "warn,sqlx=info");
        assert_eq!(lines.lines().count(), 1, "{lines}");
        assert!(lines.contains("sqlx::query: SELECT 1"), "{lines}");
    }

    #[test]
    fn starting_twice_changes_nothing() {
        let logging = Logging { level: "off".to_owned(), ..Logging::default() };
        assert!(init(&logging).is_ok() && init(&logging).is_ok());
        let broken = Logging { level: "==".to_owned(), ..Logging::default() };
        assert!(init(&broken).is_err());
    }
}
