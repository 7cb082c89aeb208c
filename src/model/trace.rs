//! Which trace something belongs to, as W3C Trace Context writes it: `traceparent` and `tracestate`.
//!
//! A task lives longer than any process, so its span is held by nobody: its identifier follows from the task's, and
//! that of an attempt from the step's and the attempt's number. Whoever runs it next makes its attempts children of the
//! same span.

use std::{fmt, sync::Arc};

use super::id::{StepId, TaskId};

/// What `tracestate` may have: more than that nobody has to pass on.
const STATE_BYTES: usize = 512;

/// A span's place in its trace.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    sampled: bool,
    state: Option<Arc<str>>,
}

impl TraceContext {
    /// A span of a trace.
    pub fn new(trace: [u8; 16], span: [u8; 8], sampled: bool) -> Self {
        Self { trace, span, sampled, state: None }
    }

    /// With what other systems say about the trace.
    #[must_use]
    pub fn with_state(self, state: Option<&str>) -> Self {
        let fits = |state: &&str| {
            let visible = state.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            !state.trim().is_empty() && state.len() <= STATE_BYTES && visible
        };
        Self { state: state.filter(fits).map(Into::into), ..self }
    }

    /// Reads `traceparent`, and `tracestate` where there is one. What is malformed counts as absent, as the
    /// specification wants it.
    pub fn parse(parent: &str, state: Option<&str>) -> Option<Self> {
        let mut parts = parent.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may say more; the first says this much.
        if version == "00" && parts.next().is_some() || version == "ff" {
            return None;
        }
        let [_] = bytes::<1>(version)?;
        let (trace, span, [flags]) = (bytes::<16>(trace)?, bytes::<8>(span)?, bytes::<1>(flags)?);
        let valid = trace != [0; 16] && span != [0; 8];
        valid.then(|| Self::new(trace, span, flags & 1 == 1).with_state(state))
    }

    /// The trace that a task is in when no request's trace leads to it: every node comes to the same.
    pub fn trace_of(task: TaskId) -> [u8; 16] {
        let mut trace = [0; 16];
        trace.copy_from_slice(&blake3::hash(task.0.as_bytes()).as_bytes()[..16]);
        trace
    }

    /// The span of a task in the same trace. A UUID's second half is random, and never zero.
    #[must_use]
    pub fn of_task(&self, task: TaskId) -> Self {
        let mut span = [0; 8];
        span.copy_from_slice(&task.0.as_bytes()[8..]);
        Self { span, ..self.clone() }
    }

    /// The span of an attempt in the same trace.
    #[must_use]
    pub fn of_attempt(&self, step: StepId, attempt: u32) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(step.0.as_bytes()).update(&attempt.to_be_bytes());
        let mut span = [0; 8];
        span.copy_from_slice(&hash.finalize().as_bytes()[..8]);
        Self { span, ..self.clone() }
    }

    /// The trace.
    pub const fn trace(&self) -> [u8; 16] {
        self.trace
    }

    /// The span in it.
    pub const fn span(&self) -> [u8; 8] {
        self.span
    }

    /// Whether it is recorded.
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// `tracestate`.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The trace's identifier as logs and headers write it.
    pub fn trace_id(&self) -> String {
        hex::encode(self.trace)
    }
}

/// `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", hex::encode(self.trace), hex::encode(self.span), u8::from(self.sampled))
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lower-case hexadecimal digits only.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
    (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::TraceContext;
    use crate::model::id::{StepId, TaskId};

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn it_is_written_as_it_was_read() {
        let context = TraceContext::parse(PARENT, Some("congo=t61rcWkgMzE")).expect("readable");
        assert_eq!(context.to_string(), PARENT);
        assert_eq!((context.state(), context.is_sampled()), (Some("congo=t61rcWkgMzE"), true));
        let later = PARENT.replacen("00", "cc", 1) + "-what-the-future-will-be-like";
        assert_eq!(TraceContext::parse(&later, None).expect("readable").to_string(), PARENT);
    }

    #[test]
    fn what_is_malformed_counts_as_absent() {
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let no_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        let more = format!("{PARENT}-00");
        for wrong in ["", "00", zero, no_span, &more, &PARENT.replacen("00", "ff", 1), &PARENT.to_uppercase()]
        {
            assert_eq!(TraceContext::parse(wrong, None), None, "{wrong}");
        }
        for state in ["", " ", "a=\n", &"a".repeat(513)] {
            assert_eq!(TraceContext::parse(PARENT, Some(state)).expect("readable").state(), None);
        }
    }

    #[test]
    fn a_task_and_its_attempts_have_the_same_spans_wherever_they_run() {
        let (task, step) = (TaskId::new(), StepId::new());
        let request = TraceContext::parse(PARENT, Some("a=b")).expect("readable");
        let spans = [request.of_task(task), request.of_attempt(step, 1), request.of_attempt(step, 2)];
        assert_eq!(spans[1], request.clone().of_attempt(step, 1));
        assert!(spans.iter().all(|span| span.trace() == request.trace() && span.state() == Some("a=b")));
        assert!(spans[0].span() != spans[1].span() && spans[1].span() != spans[2].span());
        assert_ne!(TraceContext::trace_of(task), TraceContext::trace_of(TaskId::new()));
    }
}
