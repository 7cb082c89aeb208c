//! What is in the way is said before anything is written.

use std::fs;

use insta::assert_snapshot;

use super::Ground;

#[test]
fn a_file_that_is_there_is_not_overwritten_and_then_nothing_is_written() {
    let ground = Ground::new();
    fs::create_dir_all(ground.path().join("src/order_process")).expect("made");
    let mine = ground.path().join("src/order_process/fetch_data.rs");
    fs::write(&mine, "mine").expect("written");

    let said = ground.generate("task-handler OrderProcess");
    assert!(!said.success);
    assert_snapshot!(said.error, @r#"
    tasker: nothing is written, because this is there already; --force overwrites it:
      src/order_process/fetch_data.rs
    "#);
    assert_eq!(ground.files().len(), 1, "{:?}", ground.files());
    assert_eq!(fs::read_to_string(&mine).expect("text"), "mine");

    let said = ground.generate("task-handler OrderProcess --force");
    assert!(said.success, "{}", said.error);
    assert_ne!(fs::read_to_string(&mine).expect("text"), "mine");
    assert_eq!(ground.files().len(), 6);
}

#[test]
fn a_dry_run_says_what_would_be_written_and_writes_nothing() {
    let ground = Ground::new();
    let said = ground.generate("task-handler OrderProcess --steps a,b --dry-run");
    assert_snapshot!(said.out, @r#"
    would write config/tasks/order_process.yaml
    would write src/order_process.rs
    would write src/order_process/tests.rs
    would write src/order_process/a.rs
    would write src/order_process/b.rs
    "#);
    assert!(ground.files().is_empty());
}

#[test]
fn a_folder_that_is_a_file_is_said() {
    let ground = Ground::new();
    fs::write(ground.path().join("src"), "").expect("written");
    let said = ground.generate("authenticator Company");
    assert!(!said.success);
    assert!(said.error.contains("src is a file where a folder is needed"), "{}", said.error);
    assert_eq!(ground.files().len(), 1);
}

#[test]
fn what_can_not_be_a_name_or_an_event_is_refused_with_a_sentence() {
    let ground = Ground::new();
    let refused = |words: &[&str]| {
        let said = ground.run(words, |_| ());
        assert!(!said.success, "{words:?}");
        said.error.trim_start_matches("tasker: ").trim().to_owned()
    };
    let all = [
        refused(&["task-handler", "1st"]),
        refused(&["task-handler", "Match"]),
        refused(&["task-handler", "Order", "--steps", "pay,type"]),
        refused(&["task-handler", "Order", "--steps", "pay,Pay"]),
        refused(&["task-handler", "Order", "--steps", "step"]),
        refused(&["task-handler", "Subject"]),
        refused(&["task-handler", "Order", "--namespace", "a b"]),
        refused(&["task-handler", "Order", "--description", "two\nlines"]),
        refused(&["subscriber", "n", "--events", "task.complete"]),
        refused(&["subscriber", "n", "--events", "Order"]),
        refused(&["subscriber", "n", "--events", "a.b_c", "a_b.c"]),
        refused(&["step-handler", "pay", "--events", "step.paid"]),
    ];
    assert_snapshot!(all.join("\n"), @r#"
    "1st" can't name a workflow: write a letter, then letters, digits, - or _, at most 64 in all, as in OrderProcess or order_process
    match is a word of Rust and can't name a workflow; choose another, as in match_it
    type is a word of Rust and can't name a step; choose another, as in type_it
    two steps are called pay; each needs a name of its own
    StepHandler is the name of something else that a step needs; choose another
    Subject is the name of something else that a workflow needs; choose another
    "a b" is no namespace: write 1 to 64 letters, digits, _, . or -
    the description is one line of text: leave out line breaks and control characters
    there is no event task.complete; did you mean task.completed? An event of your own begins with another word than task, step, workflow, observability
    "Order" is no event's name: write words of a-z, 0-9 and _ with a dot between them, as in order.fulfilled
    two of these events would go to one method; write a subscriber for each
    there is no event step.paid; did you mean step.failed? An event of your own begins with another word than task, step, workflow, observability
    "#);
    assert!(ground.files().is_empty());
}

#[test]
fn without_rustfmt_it_is_written_all_the_same() {
    let ground = Ground::new();
    let said = ground.run(&["authorization-coordinator", "Company"], |command| {
        command.env("PATH", "");
    });
    assert!(said.success, "{}", said.error);
    assert!(said.out.contains("Run `cargo fmt`: rustfmt was not found here."), "{}", said.out);
    assert_eq!(ground.files().len(), 1);
}
