//! What the file may say, and what is said about what it may not.

use insta::assert_snapshot;

use super::*;

fn known() -> Vec<String> {
    ["task.completed", "task.failed", "step.failed", "order.fulfilled"].map(str::to_owned).into()
}

fn variables() -> Variables {
    [("HOOK_SECRET", "0123456789abcdef0123"), ("HOOK_URL", "not an address: hunter2"), ("SHORT", "hunter2")]
        .into_iter()
        .collect()
}

fn sound(text: &str) -> Vec<SubscriberSettings> {
    let (found, problems) = read("subscribers.yaml", text, &variables(), &known());
    assert_eq!(problems, []);
    found
}

fn problems(text: &str) -> String {
    let (_, problems) = read("subscribers.yaml", text, &variables(), &known());
    let text = problems.iter().map(|problem| format!("{problem}\n")).collect::<String>();
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[test]
fn a_file_without_entries_declares_nobody() {
    assert_eq!(sound("# nothing\n"), []);
    assert_eq!(sound("subscribers: []\n"), []);
}

#[test]
fn an_entry_has_defaults_for_what_it_does_not_say() {
    let found = sound(
        "
subscribers:
  - { name: log, type: log }
  - { name: numbers, type: metrics, events: [task.*] }
  - name: hook
    type: webhook
    events: [task.failed, order.fulfilled]
    namespaces: [shop]
    url: https://example.com/in
    secret: ${HOOK_SECRET}
    headers: { Authorization: 'Bearer ${HOOK_SECRET}' }
    enabled: false
",
    );
    let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["log", "numbers", "hook"]);
    assert_eq!(found[1].events.to_string(), "task.*");
    assert!(found[2].covers("shop") && !found[2].covers("default") && !found[2].enabled);
    let SubscriberKind::Webhook(hook) = &found[2].kind else { panic!("a webhook") };
    assert_eq!(hook.secret.as_ref().expect("a secret").reveal(), "0123456789abcdef0123");
    assert_eq!((hook.timeout, hook.park_after), (std::time::Duration::from_secs(10), 5));
    let shown = format!("{found:?}");
    assert!(!shown.contains("0123456789") && !shown.contains("example.com"), "{shown}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_line_and_without_a_secret() {
    assert_snapshot!(problems("
subscribers:
  - { name: a, type: lgo }
  - { name: b b, type: log, levle: info }
  - { name: c, type: log, level: loud, url: x }
  - { name: d, type: webhook, url: '${HOOK_URL}', secret: '${SHORT}', timeout: 5 }
  - { name: e, type: webhook, url: 'ftp://x/y', timeout: 10h, park_after: 0, headers: { 'a b': x, X-Tasker-Event: y } }
  - { name: f, type: webhook, secret: '${MISSING}' }
  - { type: metrics, max_series: many, events: [] }
  - { name: f, type: metrics, events: [task, 'task.complete', 'nothing.*'] }
  - { name: f, type: metrics }
  - { name: f, type: metrics }
  - text
other: 1
"), @r#"
    subscribers.yaml:14: other: unknown key
    subscribers.yaml:3: subscribers[0].type: expected `log`, `metrics` or `webhook`
    subscribers.yaml:4: subscribers[1].levle: unknown key; did you mean level?
    subscribers.yaml:4: subscribers[1].name: must be 1 to 64 letters, digits, `_`, `.` or `-`
    subscribers.yaml:5: subscribers[2].url: unknown key
    subscribers.yaml:5: subscribers[2].level: expected `error`, `warn`, `info`, `debug` or `trace`
    subscribers.yaml:6: subscribers[3].url: expected an address such as `https://hooks.example.com/tasker`
    subscribers.yaml:6: subscribers[3].secret: is shorter than 16 bytes and could be guessed; `openssl rand -hex 32` makes one
    subscribers.yaml:6: subscribers[3].timeout: must be text; put it in quotes: "5"
    subscribers.yaml:7: subscribers[4].url: expected an address such as `https://hooks.example.com/tasker`
    subscribers.yaml:7: subscribers[4].headers.X-Tasker-Event: is set by Tasker itself
    subscribers.yaml:7: subscribers[4].headers["a b"]: is no name that a header may have
    subscribers.yaml:7: subscribers[4].timeout: must be between 10ms and 5m
    subscribers.yaml:7: subscribers[4].park_after: must be from 1 to 1000
    subscribers.yaml:8: subscribers[5].url: is missing: say where the events are sent
    subscribers.yaml:8: subscribers[5].secret: the variable MISSING is not defined; define it, or give a default: ${MISSING:-…}
    subscribers.yaml:9: subscribers[6].name: is missing: it names the subscriber in metrics, logs and commands
    subscribers.yaml:9: subscribers[6].events: is empty: name events, or leave the key out for all
    subscribers.yaml:9: subscribers[6].max_series: must be a whole number, not text
    subscribers.yaml:10: subscribers[7].events[0]: expected an event's name such as `task.completed`, its first segments such as `task.*`, or `*` for all, not `task`
    subscribers.yaml:10: subscribers[7].events[1]: warning: no event that is declared here has such a name; did you mean task.completed?
    subscribers.yaml:10: subscribers[7].events[2]: warning: no event that is declared here has such a name
    subscribers.yaml:12: subscribers[9].name: f is the name of an earlier one; give this one its own
    subscribers.yaml:13: subscribers[10]: must be a mapping, not text
    "#);
    assert_snapshot!(problems("subscribers: { name: a }\n"), @r"subscribers.yaml:1: subscribers: must be a list of entries such as `- name: alerts`, not a mapping");
}

#[test]
fn the_reference_says_what_is_so() {
    let reference = include_str!("../../../config/subscribers.yaml");
    let (_, commented) = reference.split_once("# subscribers:\n").expect("the entries");
    let lines = commented.lines().map(|line| line.strip_prefix("# ").unwrap_or_default());
    let text = format!("subscribers:\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    let variables: Variables =
        [("ORDERS_WEBHOOK_SECRET", "0123456789abcdef0123"), ("ORDERS_WEBHOOK_TOKEN", "x")]
            .into_iter()
            .collect();
    let (found, problems) = read("subscribers.yaml", &text, &variables, &known());
    assert_eq!(problems, []);
    let bare = "
subscribers:
  - { name: event-log, type: log, events: [task.*, step.failed] }
  - { name: event-metrics, type: metrics }
  - name: orders
    type: webhook
    events: [task.completed, task.failed, order.fulfilled]
    url: https://hooks.example.com/tasker
    secret: 0123456789abcdef0123
    headers: { Authorization: Bearer x }
";
    assert_eq!(found, sound(bare), "every value that is written there is the default");
    let (none, problems) = read("subscribers.yaml", reference, &variables, &known());
    assert_eq!((none.as_slice(), problems.as_slice()), (&[][..], &[][..]), "nothing is on");
}

#[test]
fn a_webhook_is_not_promised_what_only_one_process_is_told() {
    let entry = |kind: &str| {
        format!(
            "subscribers:\n- {{ name: a, {kind}, events: [task.failed, workflow.*, observability.task.enqueued] }}\n"
        )
    };
    assert_snapshot!(problems(&entry("type: webhook, url: 'https://example.com/in'")), @r"
    subscribers.yaml:2: subscribers[0].events[1]: `workflow.*` is told only in the process where it happens, and a webhook sends what is in the log; name events of tasks and steps, or use the type `log`
    subscribers.yaml:2: subscribers[0].events[2]: `observability.task.enqueued` is told only in the process where it happens, and a webhook sends what is in the log; name events of tasks and steps, or use the type `log`
    ");
    let known = ["task.failed", "workflow.task_finalized", "observability.task.enqueued"].map(str::to_owned);
    let (found, wrong) = read("subscribers.yaml", &entry("type: log"), &variables(), &known);
    assert!(wrong.is_empty() && found.len() == 1, "the log shows them: {wrong:?}");
}
