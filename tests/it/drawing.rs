//! `tasker template diagram`: the program draws what is in its configuration, and starts nothing.

use std::{
    fs,
    process::{Command, Output},
};

use tempfile::TempDir;

const TEMPLATES: [(&str, &str); 2] = [
    ("old.yaml", "name: order\nversion: 1.9.0\nstep_templates: [{ name: old, handler_class: Work }]\n"),
    (
        "new.yaml",
        "name: order\nversion: 1.10.0\nstep_templates:\n  - { name: fetch, handler_class: Work }\n  - { name: \
         'ship \"it\"', handler_class: Work, depends_on_step: fetch, handler_config: { key: confidential } }\n",
    ),
];

fn home() -> TempDir {
    let home = TempDir::new().expect("a folder");
    fs::create_dir(home.path().join("tasks")).expect("a folder");
    for (name, text) in TEMPLATES {
        fs::write(home.path().join("tasks").join(name), text).expect("a file");
    }
    home
}

fn draw(home: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasker"));
    command.args(["template", "diagram"]).args(arguments).arg("--config").arg(home.path());
    command.current_dir(home.path()).output().expect("it runs")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

#[test]
fn a_template_is_drawn_in_its_highest_version_or_in_the_one_that_is_named() {
    let home = home();
    let newest = said(&draw(&home, &["order"]));
    assert!(newest.contains("default/order@1.10.0") && newest.contains("s0 --> s1"), "{newest}");
    assert!(newest.contains("ship#32;#34;it#34;") && !newest.contains("confidential"), "{newest}");
    assert!(said(&draw(&home, &["order@1.9.0"])).contains("default/order@1.9.0"));
    let json: serde_json::Value =
        serde_json::from_str(&said(&draw(&home, &["order", "--format", "json"]))).expect("JSON");
    assert_eq!(json["nodes"][1]["name"], "ship \"it\"");
    assert!(!home.path().join("tasker.db").exists(), "nothing was started");
}

#[test]
fn a_drawing_goes_into_a_file() {
    let home = home();
    let drawn = draw(&home, &["order", "--format", "svg", "--output", "order.svg"]);
    assert_eq!(said(&drawn), "");
    let svg = fs::read_to_string(home.path().join("order.svg")).expect("a file");
    assert!(svg.starts_with("<svg ") && svg.contains("ship &quot;it&quot;"), "{svg}");
    let nowhere = draw(&home, &["order", "--output", "no/such/folder"]);
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no/such/folder can't be written"));
}

#[test]
fn what_is_not_there_says_what_is() {
    let home = home();
    for (name, told) in [
        (
            "nothing",
            "there is no template default/nothing; there is default/order@1.9.0, default/order@1.10.0",
        ),
        (
            "order@2.0.0",
            "there is no template default/order@2.0.0; there is default/order@1.9.0, default/order@1.10.0",
        ),
        ("order@two", "two is not a version: three numbers, as in 1.2.0"),
    ] {
        let refused = draw(&home, &[name]);
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && error.contains(told), "{error}");
    }
}
