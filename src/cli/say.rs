//! What commands print.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process,
};

/// A line for whoever reads the command's answer, as `println!` takes it.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::say::text(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes to standard output. A reader may stop in the middle, as `head` does: then nobody is left to be told, and the
/// command is over, without a word and without a failure. What else keeps it from being written is a failure.
pub(super) fn text(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        process::exit(0);
    }
    eprintln!("tasker: the answer can't be written: {error}");
    process::exit(1);
}
