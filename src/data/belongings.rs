//! Where a task's belongings are. Whatever has rows of a task is in this list, and goes with it.

/// Tables and the columns that name the task. The event log is one of them; the audit log is not.
pub(super) const TABLES: [(&str, &str); 5] = [
    ("tasker_workflow_steps", "task_id"),
    ("tasker_workflow_events", "task_id"),
    ("tasker_remote_attempts", "task_id"),
    ("tasker_task_annotations", "task_id"),
    ("tasker_task_annotation_values", "task_id"),
];
