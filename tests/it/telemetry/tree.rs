//! Spans as a person reads them: what is a part of what, and how it ended.

use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};

use super::collector::said;

/// Everything below `parent`, oldest first; the commits of a task left out, as how many there are is a matter of time.
pub fn below(spans: &[Span], parent: &[u8]) -> String {
    let mut lines = String::new();
    write(spans, parent, 0, &mut lines);
    lines
}

fn write(spans: &[Span], parent: &[u8], depth: usize, lines: &mut String) {
    let mut children: Vec<&Span> = spans.iter().filter(|span| span.parent_span_id == parent).collect();
    children.sort_by_key(|span| (span.start_time_unix_nano, span.end_time_unix_nano));
    let of_task = spans.iter().any(|span| span.span_id == parent && span.name.starts_with("task "));
    for span in children.into_iter().filter(|span| !(of_task && span.name == "journal commit")) {
        lines.push_str(&"  ".repeat(depth));
        lines.push_str(&format!("{}{}\n", span.name, ended(span)));
        write(spans, &span.span_id, depth + 1, lines);
    }
}

fn ended(span: &Span) -> String {
    let mut words = Vec::new();
    for (key, what) in [
        ("tasker.step.attempt", "attempt "),
        ("tasker.outcome", ""),
        ("tasker.released", ""),
        ("tasker.task.status", ""),
        ("tasker.task.resumed", "resumed "),
        ("http.response.status_code", "status "),
        ("error.type", "error "),
        ("db.operation", ""),
    ] {
        let said = said(span, key);
        if !said.is_empty() {
            words.push(format!("{what}{said}"));
        }
    }
    if let Some(status) = span.status.as_ref().filter(|status| status.code == StatusCode::Error as i32) {
        words.push(format!("{:?}", status.message));
    }
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}
