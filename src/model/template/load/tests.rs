//! Whole files in, templates and problems out.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::{
    id::StepNo,
    template::{Backoff, canonical_json, digest, resolve},
};

const GUIDE: &str = include_str!("../../../../config/tasks/order_process.yaml");

fn no_vars(_: &str) -> Option<String> {
    None
}

fn read_as(environment: &str, vars: Vars<'_>, files: &[&str]) -> (Templates, String) {
    let files: Vec<_> = ('a'..)
        .zip(files)
        .map(|(name, text)| (format!("config/tasks/{name}.yaml"), (*text).to_owned()))
        .collect();
    let (templates, problems) = Templates::read(&files, environment, vars, Limits::default());
    (templates, problems.iter().map(|problem| format!("{problem}\n")).collect())
}

fn problems(text: &str) -> String {
    read_as("development", &no_vars, &[text]).1
}

fn template(text: &str) -> Arc<Template> {
    let (templates, problems) =
        read_as("development", &|name| (name == "LIMIT").then(|| "7".into()), &[text]);
    assert_eq!(problems, "");
    Arc::clone(templates.iter().next().expect("one template"))
}

#[test]
fn the_guides_template_loads() {
    let order = template(GUIDE);
    assert_eq!(order.full_name(), "default/order_process@0.1.0");
    let names: Vec<_> = order.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["fetch_order", "validate_inventory", "process_payment", "update_inventory", "send_confirmation"]
    );
    let payment = order.step(order.step_no("process_payment").expect("a step"));
    assert_eq!(payment.depends_on, [StepNo(1)]);
    assert_eq!((payment.retry_limit, payment.retryable), (2, true));
    assert_eq!(payment.handler_config, json!({"payment_processor": "test"}));
    assert_eq!(payment.backoff, Backoff::default());
    let (production, _) = read_as("production", &no_vars, &[GUIDE]);
    let production = production.find("default", "order_process", None).expect("loaded");
    assert_eq!(production.steps[2].handler_config, json!({"payment_processor": "stripe", "timeout": 30}));
    assert_ne!(production.digest, order.digest);
}

/// The snippets of the guide's section on advanced features, in a template that has the steps they refer to.
const SNIPPETS: &str = r#"
name: advanced
step_templates:
- name: process_payment
  handler_class: A
- name: update_inventory
  handler_class: A
- name: reserve_shipping
  handler_class: A
- name: finalize_order
  description: Complete order processing
  depends_on_steps:  # Multiple dependencies
    - process_payment
    - update_inventory
    - reserve_shipping
  handler_class: OrderProcess::StepHandler::FinalizeOrderHandler
- name: send_email
  handler_class: A
- name: fetch_external_data
  handler_class: OrderProcess::StepHandler::FetchExternalDataHandler
  handler_config:
    type: api
    url: https://api.external-service.com/data
    method: GET
    headers:
      Authorization: "Bearer ${API_TOKEN}"
    timeout: 15
    retries: 3
environments:
  test:
    step_templates:
      - name: send_email
        handler_config:
          email_service: mock
  production:
    step_templates:
      - name: send_email
        handler_config:
          email_service: sendgrid_production
          api_key: ${SENDGRID_API_KEY}
"#;

#[test]
fn the_guides_snippets_load_and_their_variables_are_needed_where_they_run() {
    let token = |name: &str| (name == "API_TOKEN").then(|| "s3cret".to_owned());
    assert_snapshot!(read_as("test", &token, &[SNIPPETS]).1, @"");
    assert_snapshot!(read_as("production", &no_vars, &[SNIPPETS]).1, @r"
    config/tasks/a.yaml:26: step_templates[5].handler_config.headers.Authorization: the variable API_TOKEN is not defined; define it, or give a default: ${API_TOKEN:-…}
    config/tasks/a.yaml:40: environments.production.step_templates[0].handler_config.api_key: the variable SENDGRID_API_KEY is not defined; define it, or give a default: ${SENDGRID_API_KEY:-…}
    ");
    let (templates, _) = read_as("test", &token, &[SNIPPETS]);
    let template = templates.iter().next().expect("loaded");
    let config = &template.steps[5].handler_config;
    assert_eq!(config["headers"]["Authorization"], "Bearer ${API_TOKEN}");
    assert_eq!(resolve(config, &token).expect("defined")["headers"]["Authorization"], "Bearer s3cret");
    assert!(!format!("{template:?}").contains("s3cret"));
}

#[test]
fn a_broken_file_is_told_everything_at_once() {
    let text = r#"
name: order process
version: 1.10
descripton: x
concurrent: yes
priority: 1.5
timeout_seconds: 0
identity_strategy: hashed
schema: {type: objekt, properties: {a: {minimum: "1"}}}
named_steps: [fetch, pay, ship, audit]
backoff: {default_backoff_seconds: [1, -2, x], jitter_max_percentage: 10}
custom_events:
  - {name: task.done}
  - {name: Payment}
step_templates:
  - name: fetch
    handler_class: tasker.nop
    default_retry_limit: 0
    skippable: "true"
  - name: pay
    handler_clas: Pay
    depends_on_step: fetsh
    handler_config: {key: "${MISSING}", release: 1.10, other: "${"}
  - name: fetch
    handler_class: A
    depends_on_steps: [pay, pay, fetch]
    timeout_seconds: "30"
  - name: notify
    depends_on_steps: ship
    handler_config: {type: grpc}
  - name: ship
    handler_class: A
    depends_on_step: audit
    default_retry_limit: 2
    handler_config: {type: api, retries: 3, methd: GET}
  - name: audit
    handler_class: A
    depends_on_step: ship
    description:
environments:
  production:
    step_templates:
      - name: pays
      - name: pay
        default_retry_limt: 5
        handler_config: {key: "${ONLY_THERE}"}
"#;
    assert_snapshot!(problems(text), @r#"
    config/tasks/a.yaml:2: name: must be 1 to 64 letters A-Z a-z, digits, `_`, `.` or `-`
    config/tasks/a.yaml:3: version: must be three numbers, such as 1.10.0; 1.10 is a number to YAML: write "1.10.0"
    config/tasks/a.yaml:4: descripton: unknown key; did you mean description?
    config/tasks/a.yaml:5: concurrent: must be true or false, not text
    config/tasks/a.yaml:6: priority: must be a whole number
    config/tasks/a.yaml:7: timeout_seconds: must be more than 0, at least a millisecond: 0.001
    config/tasks/a.yaml:8: identity_strategy: must be default or hash
    config/tasks/a.yaml:9: schema.properties.a.minimum: is not a valid JSON Schema: "1" is not of type "number"
    config/tasks/a.yaml:9: schema.type: is not a valid JSON Schema: "objekt" is not valid under any of the schemas listed in the 'anyOf' keyword
    config/tasks/a.yaml:11: backoff.default_backoff_seconds[1]: must be from 0 to 315360000
    config/tasks/a.yaml:11: backoff.default_backoff_seconds[2]: must be a number of seconds, not text
    config/tasks/a.yaml:11: backoff.jitter_max_percentage: must be from 0 to 1
    config/tasks/a.yaml:13: custom_events[0].name: task.… are Tasker's own events; begin with another word
    config/tasks/a.yaml:14: custom_events[1].name: must be dotted lower-case words, such as payment.processed
    config/tasks/a.yaml:17: step_templates[0].handler_class: there is no built-in handler "tasker.nop"; did you mean tasker.noop?
    config/tasks/a.yaml:18: step_templates[0].default_retry_limit: must be from 1 to 2147483647
    config/tasks/a.yaml:19: step_templates[0].skippable: must be true or false, not text; remove the quotes
    config/tasks/a.yaml:20: step_templates[1]: needs a handler_class, or a handler_config with a type
    config/tasks/a.yaml:21: step_templates[1].handler_clas: unknown key; did you mean handler_class?
    config/tasks/a.yaml:22: step_templates[1].depends_on_step: there is no step "fetsh"; did you mean fetch?
    config/tasks/a.yaml:23: step_templates[1].handler_config.key: the variable MISSING is not defined; define it, or give a default: ${MISSING:-…}
    config/tasks/a.yaml:23: step_templates[1].handler_config.other: `${` begins a variable, as in ${NAME} or ${NAME:-default}; write `$${` for the characters themselves
    config/tasks/a.yaml:23: step_templates[1].handler_config.release: warning: 1.10 is read as the number 1.1; put it in quotes to keep it
    config/tasks/a.yaml:24: step_templates[2].name: the step "fetch" is already there in line 16
    config/tasks/a.yaml:26: step_templates[2].depends_on_steps[1]: the dependency "pay" is given twice
    config/tasks/a.yaml:27: step_templates[2].timeout_seconds: must be a number, not text; remove the quotes
    config/tasks/a.yaml:28: step_templates[3].name: "notify" is not in named_steps
    config/tasks/a.yaml:29: step_templates[3].depends_on_steps: must be a list of steps' names; depends_on_step takes one
    config/tasks/a.yaml:30: step_templates[3].handler_config.type: there is no handler type "grpc"; there is api
    config/tasks/a.yaml:31: step_templates[4]: the steps wait for each other in a cycle: ship -> audit -> ship
    config/tasks/a.yaml:35: step_templates[4].handler_config.methd: unknown key; did you mean method?
    config/tasks/a.yaml:35: step_templates[4].handler_config: an api call needs a url
    config/tasks/a.yaml:35: step_templates[4].handler_config.retries: is another word for default_retry_limit, which says something else
    config/tasks/a.yaml:39: step_templates[5].description: warning: has no value, as if the key were not there
    config/tasks/a.yaml:43: environments.production.step_templates[0].name: there is no step "pays" to change; did you mean pay?
    config/tasks/a.yaml:45: environments.production.step_templates[1].default_retry_limt: unknown key; did you mean default_retry_limit?
    "#);
}

#[test]
fn a_broken_file_does_not_hide_another() {
    let whole = "name: a\nstep_templates: [{name: x, handler_class: A}]\n";
    let (templates, problems) =
        read_as("test", &no_vars, &["a: [", whole, "", "- 1\n", "name: a\nname: b\nstep_templates: []\n"]);
    assert_snapshot!(problems, @r"
    config/tasks/a.yaml:2: can't be read as YAML: while parsing a node, did not find expected node content
    config/tasks/c.yaml: the file is empty; a template is a mapping with a name and step_templates
    config/tasks/d.yaml:1: must be a mapping, not a list
    config/tasks/e.yaml:2: name: this key is written twice; the first is in line 1
    config/tasks/e.yaml:3: step_templates: must hold at least one step
    ");
    assert_eq!(templates.len(), 1);
}

#[test]
fn the_same_template_in_two_files_is_an_error_in_both() {
    let whole = "name: a\nstep_templates: [{name: x, handler_class: A}]\n";
    let broken = "version: 0.1.0\nname: a\nstep_templates: []\n";
    let (templates, problems) = read_as("test", &no_vars, &[whole, broken]);
    assert_snapshot!(problems, @r"
    config/tasks/a.yaml:1: name: default/a@0.1.0 is also defined in config/tasks/b.yaml:2
    config/tasks/b.yaml:2: name: default/a@0.1.0 is also defined in config/tasks/a.yaml:1
    config/tasks/b.yaml:3: step_templates: must hold at least one step
    ");
    assert!(templates.is_empty());
}

#[test]
fn a_number_may_come_from_a_variable_and_its_value_is_never_told() {
    let text = |limit: &str| {
        format!(
            "name: a\nstep_templates: [{{name: x, handler_class: A, default_retry_limit: \"{limit}\"}}]\n"
        )
    };
    assert_eq!(template(&text("${LIMIT}")).steps[0].retry_limit, 7);
    assert_eq!(template(&text("${OTHER:-4}")).steps[0].retry_limit, 4);
    let secret = |_: &str| Some("s3cret".to_owned());
    assert_snapshot!(read_as("test", &secret, &[&text("${LIMIT}")]).1, @"config/tasks/a.yaml:2: step_templates[0].default_retry_limit: must be a whole number, and what LIMIT stands for is not");
    assert_snapshot!(read_as("test", &no_vars, &[&text("${LIMIT}")]).1, @"config/tasks/a.yaml:2: step_templates[0].default_retry_limit: the variable LIMIT is not defined; define it, or give a default: ${LIMIT:-…}");
    let shown = "name: a\nschema: {properties: {a: {pattern: \"${X}[\"}}}\nstep_templates:\n  - {name: \"${X}\\n\", \
                 handler_class: \"tasker.${X}\", depends_on_step: \"${X}\"}\n";
    let (_, problems) = read_as("test", &secret, &[shown]);
    assert_snapshot!(problems, @r#"
    config/tasks/a.yaml:2: schema.properties.a.pattern: is not a valid JSON Schema: does not satisfy `format`
    config/tasks/a.yaml:4: step_templates[0].name: must be printable text, without line breaks and control characters
    config/tasks/a.yaml:4: step_templates[0].name: warning: is part of the template's shape; tasks that run when X changes change too
    config/tasks/a.yaml:4: step_templates[0].handler_class: there is no built-in handler "tasker.${X}"; did you mean tasker.emit?
    config/tasks/a.yaml:4: step_templates[0].depends_on_step: there is no step "${X}"; did you mean ${X}�?
    "#);
    assert!(!problems.contains("s3cret"));
}

#[test]
fn what_is_only_shown_keeps_its_variables() {
    let text =
        "name: a\ndescription: \"${LIMIT} ${OTHER:-1}\"\nstep_templates: [{name: x, handler_class: A}]\n";
    assert_eq!(template(text).description.as_deref(), Some("${LIMIT} ${OTHER:-1}"));
}

#[test]
fn the_step_goes_over_the_template_and_the_template_over_the_default() {
    let text = "
name: a
backoff: {max_backoff_seconds: 60, backoff_multiplier: 3}
default_dependent_system: shop
step_templates:
  - {name: x, handler_class: A, backoff: {backoff_multiplier: 1.5, default_backoff_seconds: [0.5]}}
  - {name: y, handler_class: A, dependent_system: bank}
";
    let template = template(text);
    let (x, y) = (&template.steps[0], &template.steps[1]);
    let expected = Backoff { seconds: vec![0.5], multiplier: 1.5, max_seconds: 60.0, ..Backoff::default() };
    assert_eq!(x.backoff, expected);
    assert_eq!(y.backoff, Backoff { multiplier: 3.0, max_seconds: 60.0, ..Backoff::default() });
    assert_eq!((x.dependent_system.as_deref(), y.dependent_system.as_deref()), (Some("shop"), Some("bank")));
}

#[test]
fn retries_of_an_api_call_are_its_attempts() {
    let text =
        "name: a\nstep_templates: [{name: x, handler_config: {type: api, url: \"http://x\", retries: 6}}]\n";
    let template = template(text);
    assert_eq!((template.steps[0].retry_limit, template.steps[0].handler_class.as_str()), (6, ""));
}

#[test]
fn every_cycle_is_printed() {
    let text = "
name: a
step_templates:
  - {name: a, handler_class: A, depends_on_step: c}
  - {name: b, handler_class: A, depends_on_step: a}
  - {name: c, handler_class: A, depends_on_step: b}
  - {name: d, handler_class: A, depends_on_steps: [e, a]}
  - {name: e, handler_class: A, depends_on_step: d}
  - {name: f, handler_class: A, depends_on_step: f}
";
    assert_snapshot!(problems(text), @r"
    config/tasks/a.yaml:4: step_templates[0]: the steps wait for each other in a cycle: a -> b -> c -> a
    config/tasks/a.yaml:7: step_templates[3]: the steps wait for each other in a cycle: d -> e -> d
    config/tasks/a.yaml:9: step_templates[5].depends_on_step: a step can't run after itself
    ");
}

#[test]
fn only_another_environment_is_wrong() {
    let text = "
name: a
step_templates:
  - {name: x, handler_class: A}
  - {name: y, handler_class: A, depends_on_step: x}
environments:
  production:
    version: 1.2
    step_templates:
      - {name: x, depends_on_step: y}
      - {name: y, timeout_seconds: \"${T}\", handler_config: {a: \"${K}\", b: \"${\"}}
";
    assert_snapshot!(problems(text), @r#"
    config/tasks/a.yaml:4: step_templates[0]: the steps wait for each other in a cycle: x -> y -> x (in the environment production)
    config/tasks/a.yaml:8: environments.production.version: must be three numbers, such as 1.10.0; 1.2 is a number to YAML: write "1.2.0"
    config/tasks/a.yaml:11: environments.production.step_templates[1].handler_config.b: `${` begins a variable, as in ${NAME} or ${NAME:-default}; write `$${` for the characters themselves
    "#);
}

#[test]
fn a_stored_template_is_rebuilt_as_it_was() {
    let loaded = template(GUIDE);
    let stored: Value = serde_json::from_str(&loaded.document.to_string()).expect("JSON");
    let rebuilt = Template::from_document(&stored, &no_vars).expect("the same template");
    assert_eq!(rebuilt.digest, loaded.digest);
    assert_eq!(rebuilt.full_name(), loaded.full_name());
    assert_eq!(rebuilt.dag, loaded.dag);
    assert_eq!(digest(&loaded.document), loaded.digest);
    assert!(!canonical_json(&loaded.document).contains("environments"));
    let errors =
        Template::from_document(&json!({"name": "a", "step_templates": []}), &no_vars).expect_err("empty");
    assert_snapshot!(errors[0], @"stored template: step_templates: must hold at least one step");
}

#[test]
fn a_rotated_secret_is_not_a_change_and_a_lost_one_does_not_stop_a_running_task() {
    let text = "name: a\nstep_templates: [{name: x, handler_config: {type: api, url: \"${URL}\"}}]\n";
    let with = |value: &'static str| move |_: &str| Some(value.to_owned());
    let (one, _) = read_as("test", &with("http://one"), &[text]);
    let (two, _) = read_as("test", &with("http://two"), &[text]);
    let (one, two) = (one.iter().next().expect("one"), two.iter().next().expect("two"));
    assert_eq!(one.digest, two.digest);
    assert_eq!(
        Template::from_document(&one.document, &no_vars).map(|again| again.digest),
        Ok(one.digest.clone())
    );
}

#[test]
fn too_many_steps_or_bytes_are_refused() {
    let file = [("a.yaml".to_owned(), "name: a\nstep_templates: [{name: x}, {name: y}]\n".to_owned())];
    let read = |limits| Templates::read(&file, "test", &no_vars, limits).1[0].to_string();
    assert_snapshot!(read(Limits { max_steps: 1, ..Limits::default() }), @"a.yaml:2: step_templates: has 2 steps; at most 1 are allowed");
    assert_snapshot!(read(Limits { max_bytes: 10, ..Limits::default() }), @"a.yaml: the file has 47 bytes; at most 10 are read");
}

/// A chain: each step depends on the one before it.
fn chain(steps: usize) -> String {
    let step = |no: usize| match no {
        0 => "  - {name: s0, handler_class: tasker.noop}\n".to_owned(),
        _ => format!("  - {{name: s{no}, handler_class: tasker.noop, depends_on_step: s{}}}\n", no - 1),
    };
    format!("name: chain\nstep_templates:\n{}", (0..steps).map(step).collect::<String>())
}

#[test]
fn ten_thousand_steps_in_one_chain_load() {
    let started = std::time::Instant::now();
    let template = template(&chain(10_000));
    assert_eq!(template.step_no("s9999"), Some(StepNo(9999)));
    assert_eq!(template.dag.descendants(StepNo(0)).len(), 9_999);
    let took = started.elapsed();
    assert!(took.as_secs() < 20, "{took:?} in a build without optimization");
}

#[test]
fn ten_thousand_mistakes_are_told_in_time() {
    let text = chain(5_000).replace("depends_on_step: s", "depends_on_step: z");
    assert_eq!(problems(&text).lines().count(), 4_999);
    let text = chain(5_000).replace("name: s0,", "name: s0, depends_on_step: s4999,");
    assert_snapshot!(problems(&text), @"config/tasks/a.yaml:3: step_templates[0]: the steps wait for each other in a cycle: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> s7 -> s8 -> s9 -> s10 -> s11 -> s12 -> s13 -> s14 -> s15 -> s16 -> s17 -> s18 -> s19 -> … 4980 more … -> s0");
}

proptest! {
    #[test]
    fn any_text_is_loaded_or_refused(text in "\\PC{0,80}") {
        let _ = read_as("development", &no_vars, &[&text]);
    }

    /// Lines of a good template replaced by others: what random text never reaches.
    #[test]
    fn any_mangled_template_is_loaded_or_refused(
        lines in prop::collection::vec((0_usize..90, "( {0,8}(- )?(name|handler_config|step_templates|environments|depends_on_steps|schema|production|backoff|type|url|version):)?( ?[\\[{&*!a1\"$~].{0,4})?"), 1..5),
        environment in "development|production|test",
    ) {
        let mut text: Vec<&str> = GUIDE.lines().collect();
        for (at, line) in &lines {
            let at = *at % text.len();
            text[at] = line;
        }
        let _ = read_as(&environment, &no_vars, &[&text.join("\n")]);
    }
}
