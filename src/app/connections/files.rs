//! A connection is an open file, and so is the database: the first may not take them all.

/// Files for everything that is no connection.
#[cfg(unix)]
const OTHERS: u64 = 256;

/// How many connections there is room for, up to `wanted`. Raises the process's own limit of open files as far as it
/// may.
#[cfg(unix)]
pub(super) fn room_for(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = wanted as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut files = current.unwrap_or(u64::MAX);
    if files < needed {
        let raised = maximum.unwrap_or(u64::MAX).min(needed);
        if raised > files && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            files = raised;
        }
    }
    let room = usize::try_from(files.saturating_sub(OTHERS).max(files / 2)).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(
            files,
            room,
            "the system lets this process open fewer files than server.max_connections needs: fewer connections are accepted"
        );
    }
    room.clamp(1, wanted)
}

/// How many connections there is room for: this system says nothing about it.
#[cfg(not(unix))]
pub(super) fn room_for(wanted: usize) -> usize {
    wanted
}
