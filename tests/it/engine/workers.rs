//! Steps that workers make: claimed, kept, answered, lost.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tasker::{
    auth::{Namespaces, Subject},
    data::remote,
    model::{
        id::TaskId,
        lease::LeaseToken,
        scope::Scope,
        status::Status,
        task::{Command, Refusal},
    },
    orchestration::{
        ClaimRequest, Claimed, Engine, Error, Heartbeat, TaskRequest, WorkerSays, handler::StepError,
    },
};

use crate::{
    app::{PATIENCE, TestApp},
    place::Place,
};

on_both_databases![
    a_worker_is_given_what_it_needs_and_its_answer_lets_the_task_go_on,
    a_failure_is_tried_again_as_any_other,
    a_worker_that_vanishes_costs_one_lease,
    a_late_answer_changes_nothing,
    the_same_answer_once_more_gets_the_first_answer_again,
    nobody_answers_for_somebody_else,
    a_step_that_must_not_run_twice_rests_in_error_when_its_worker_vanishes,
    a_step_that_loses_one_worker_after_the_other_rests_in_error,
    a_lease_survives_a_restart_and_a_crash_of_the_service,
    a_heartbeat_keeps_the_lease_and_hears_of_a_cancellation,
    an_attempt_that_takes_too_long_has_failed_though_its_worker_is_alive,
    a_lease_ends_with_its_task,
    an_event_that_nobody_declared_is_refused_and_the_lease_is_kept,
    what_can_not_be_stored_is_refused_and_the_lease_is_kept,
    a_sequential_task_gives_one_step_at_a_time,
    the_urgent_goes_first_and_templates_take_turns,
    nothing_is_given_twice_however_many_ask_at_once,
    who_waits_gets_what_comes,
    a_claim_finds_only_what_is_in_reach,
    a_made_up_token_is_no_lease,
    a_task_with_a_lease_leaves_memory_and_its_answer_brings_it_back,
    what_a_worker_answers_is_gone_with_its_task,
];

const WORK: &str = "
name: pair
custom_events: [{ name: pay.done, description: paid }]
step_templates:
  - { name: first, handler_class: remote.First, handler_config: { url: '${SECRET:-none}' } }
  - { name: second, handler_class: remote.Second, depends_on_step: first }
  - { name: third, handler_class: remote.Third, depends_on_step: second }
---
name: once
step_templates:
  - { name: only, handler_class: remote.Once, default_retryable: false }
---
name: slow
step_templates:
  - { name: only, handler_class: remote.Slow, timeout_seconds: 40, default_retry_limit: 1 }
---
name: limited
timeout_seconds: 20
step_templates:
  - { name: only, handler_class: remote.Limited }
---
name: sequence
concurrent: false
step_templates:
  - { name: first, handler_class: remote.Sequence }
  - { name: second, handler_class: remote.Sequence }
---
name: one
namespace_name: shop
step_templates: [{ name: only, handler_class: remote.Any }]
---
name: other
namespace_name: bank
step_templates: [{ name: only, handler_class: remote.Any }]
";

async fn start(place: Place) -> TestApp {
    TestApp::with(place, WORK, |settings| settings.max_lost_leases = 3).await
}

fn request(classes: &[&str], limit: usize) -> ClaimRequest {
    ClaimRequest {
        worker: "w".into(),
        classes: classes.iter().map(ToString::to_string).collect(),
        namespaces: None,
        scope: Scope::all(),
        limit,
        lasts: Duration::from_secs(30),
        wait: Duration::ZERO,
    }
}

fn ada() -> Subject {
    Subject::named("ada")
}

impl TestApp {
    async fn claim(&self, class: &str) -> Option<Claimed> {
        let claimed = self.engine.claim_steps(&ada(), &request(&[class], 1)).await.expect("claimed");
        claimed.into_iter().next()
    }

    async fn say(&self, subject: &Subject, says: WorkerSays) -> Result<(), Error> {
        let answer = self.engine.answer_steps(subject, vec![says]).await.pop().expect("an answer");
        self.run_until_idle().await;
        answer
    }

    async fn completes(&self, claimed: &Claimed, results: Value) -> Result<(), Error> {
        self.say(&ada(), done(claimed, results)).await
    }

    async fn create_in(&self, namespace: &str, name: &str) {
        let mut request = TaskRequest::new(name, json!({}));
        request.namespace = Some(namespace.into());
        self.create(request).await.expect("created");
        self.run_until_idle().await;
    }

    async fn beat(&self, claimed: &Claimed) -> Heartbeat {
        let (tokens, lasts) = ([Some(claimed.lease.token)], Duration::from_secs(30));
        let beats = self.engine.heartbeat_steps(&ada(), &tokens, lasts, Duration::ZERO).await;
        beats.expect("an answer").pop().expect("one")
    }
}

fn done(claimed: &Claimed, results: Value) -> WorkerSays {
    WorkerSays { token: Some(claimed.lease.token), ended: Ok(results), events: Vec::new() }
}

fn failed(claimed: &Claimed, error: StepError) -> WorkerSays {
    WorkerSays { token: Some(claimed.lease.token), ended: Err(error), events: Vec::new() }
}

fn is_lost(answer: Result<(), Error>) -> bool {
    matches!(answer, Err(Error::Refused { refusal: Refusal::Lease(_), .. }))
}

async fn a_worker_is_given_what_it_needs_and_its_answer_lets_the_task_go_on(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({"order": 7})).await;
    let first = app.claim("remote.First").await.expect("the first step");
    assert_eq!((first.about().name.as_str(), first.lease.token.attempt), ("first", 1));
    assert_eq!(*first.context, json!({"order": 7}));
    assert_eq!(first.about().handler_config, json!({"url": "${SECRET:-none}"}), "variables are not resolved");
    assert!(app.claim("remote.First").await.is_none() && app.claim("remote.Second").await.is_none());
    let mut says = done(&first, json!({"paid": 1}));
    says.events.push(("pay.done".into(), json!({"amount": 5})));
    app.say(&ada(), says).await.expect("taken");
    let second = app.claim("remote.Second").await.expect("the second step");
    app.completes(&second, Value::Null).await.expect("taken");
    let third = app.claim("remote.Third").await.expect("the third step");
    let left: Vec<_> = third.results.iter().map(|(_, results)| results.as_deref().cloned()).collect();
    assert_eq!(left, [Some(json!({"paid": 1})), Some(Value::Null)], "from every step before it");
    app.completes(&third, json!({})).await.expect("taken");
    assert_story!(app, task, @r"
    first   pending (waits for a worker) → in_progress by ada (pay.done) by ada → complete by ada
    second  pending (waits for a worker) → in_progress by ada → complete by ada
    third   pending (waits for a worker) → in_progress by ada → complete by ada
    task    pending → in_progress → complete
    ");
}

async fn a_failure_is_tried_again_as_any_other(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    let error = StepError::retryable("busy").after(Duration::from_secs(9)).with_results(json!({"part": 1}));
    app.say(&ada(), failed(&first, error)).await.expect("taken");
    app.advance_secs(8.9).await;
    assert!(app.claim("remote.First").await.is_none(), "the wait that was asked for is not over");
    app.advance_secs(0.1).await;
    let again = app.claim("remote.First").await.expect("the next attempt");
    assert_eq!((again.lease.token.attempt, again.step), (2, first.step), "under the same idempotency key");
    app.say(&ada(), failed(&again, StepError::permanent("no").with_code("NO"))).await.expect("taken");
    assert_story!(app, task, @r"
    first   pending (waits for a worker) → in_progress by ada → pending (retryable: busy) by ada (again in 9.0 s) by ada (waits for a worker) → in_progress by ada → error (permanent: no) by ada
    second  pending
    third   pending
    task    pending → in_progress → error
    ");
}

async fn a_worker_that_vanishes_costs_one_lease(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    app.advance_secs(29.9).await;
    assert!(app.claim("remote.First").await.is_none());
    app.advance_secs(0.1).await;
    let again = app.claim("remote.First").await.expect("it is given to another");
    assert_eq!(again.step, first.step);
    let step = app.step(task, "first").await;
    assert_eq!((step.attempts, step.counted_attempts()), (2, 1), "what was lost does not count");
    assert!(is_lost(app.completes(&first, json!({"by": "the dead"})).await));
    app.completes(&again, json!({"by": "the other"})).await.expect("taken");
    assert_eq!(app.step(task, "first").await.results.as_deref(), Some(&json!({"by": "the other"})));
}

async fn a_late_answer_changes_nothing(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    // In the moment in which it runs out, before anybody has looked.
    app.clock.advance(Duration::from_secs(30));
    assert!(is_lost(app.completes(&first, json!({})).await));
    assert_eq!(app.status(task).await, Status::InProgress);
    assert_story!(app, task, @r"
    first   pending (waits for a worker) → in_progress by ada → pending (worker_lost) (waits for a worker)
    second  pending
    third   pending
    task    pending → in_progress
    ");
}

async fn the_same_answer_once_more_gets_the_first_answer_again(place: Place) {
    let app = start(place).await;
    app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    let busy = || failed(&first, StepError::retryable("busy").after(Duration::from_secs(1)));
    app.say(&ada(), busy()).await.expect("taken");
    app.say(&ada(), busy()).await.expect("again");
    app.advance_secs(1.0).await;
    let second = app.claim("remote.First").await.expect("the next attempt");
    app.say(&ada(), busy()).await.expect("again, though another attempt is being made");
    assert!(is_lost(app.completes(&first, json!({})).await), "another answer");
    app.completes(&second, json!({"a": 1, "b": 2})).await.expect("taken");
    app.completes(&second, json!({"b": 2, "a": 1})).await.expect("again");
    let both = vec![done(&second, json!({"a": 1, "b": 2})), done(&second, json!({"a": 2}))];
    let answers = app.engine.answer_steps(&ada(), both).await;
    assert!(answers[0].is_ok() && answers[1].is_err());
    assert!(is_lost(app.say(&Subject::named("bob"), done(&second, json!({"a": 1, "b": 2}))).await));
    let next = app.claim("remote.Second").await.expect("the next step");
    let twice = vec![done(&next, json!(1)), done(&next, json!(1)), done(&next, json!(2))];
    let answers = app.engine.answer_steps(&ada(), twice).await;
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false], "in one request");
}

async fn nobody_answers_for_somebody_else(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    let stolen = |change: fn(&mut LeaseToken)| {
        let mut says = done(&first, json!({}));
        says.token.iter_mut().for_each(change);
        says
    };
    assert!(is_lost(app.say(&Subject::named("bob"), done(&first, json!({}))).await), "another subject");
    assert!(is_lost(
        app.say(&ada(), stolen(|token| token.secret = LeaseToken::new(token.task, token.no, 1).secret)).await
    ));
    assert!(is_lost(app.say(&ada(), stolen(|token| token.attempt = 2)).await));
    assert!(is_lost(app.say(&ada(), stolen(|token| token.no.0 = 1)).await));
    assert!(is_lost(app.say(&ada(), stolen(|token| token.no.0 = 4_000_000_000)).await));
    assert_eq!(app.step(task, "first").await.status, Status::InProgress);
    app.completes(&first, json!({})).await.expect("its own");
}

async fn a_step_that_must_not_run_twice_rests_in_error_when_its_worker_vanishes(place: Place) {
    let app = start(place).await;
    let task = app.run_task("once", json!({})).await;
    app.claim("remote.Once").await.expect("the step");
    app.advance_secs(30.0).await;
    let error = app.step(task, "only").await.error.expect("an error");
    assert_eq!((app.status(task).await, error.kind.as_str()), (Status::Error, "lost"));
    assert!(app.claim("remote.Once").await.is_none());
}

async fn a_step_that_loses_one_worker_after_the_other_rests_in_error(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    for _ in 0..4 {
        app.claim("remote.First").await.expect("the step");
        app.advance_secs(30.0).await;
    }
    let error = app.step(task, "first").await.error.expect("an error");
    assert!(error.message.contains("4 workers in a row"), "{}", error.message);
    assert_eq!(app.status(task).await, Status::Error);
}

async fn a_lease_survives_a_restart_and_a_crash_of_the_service(place: Place) {
    let mut app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    app.restart(Duration::ZERO).await;
    assert_eq!(app.step(task, "first").await.status, Status::InProgress);
    assert!(app.beat(&first).await.valid);
    app.completes(&first, json!({"kept": true})).await.expect("taken");
    let second = app.claim("remote.Second").await.expect("the next step");
    app.crash().await;
    assert!(app.claim("remote.Second").await.is_none(), "it is still the worker's");
    app.completes(&second, json!({})).await.expect("taken");
    let third = app.claim("remote.Third").await.expect("the last step");
    app.crash().await;
    app.advance_secs(30.0).await;
    let again = app.claim("remote.Third").await.expect("the lease ran out");
    assert!(is_lost(app.completes(&third, json!({})).await));
    app.completes(&again, json!({})).await.expect("taken");
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn a_heartbeat_keeps_the_lease_and_hears_of_a_cancellation(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    for _ in 0..3 {
        app.advance_secs(20.0).await;
        assert!(app.beat(&first).await.valid);
    }
    let (engine, token) = (app.engine.clone(), first.lease.token);
    let waits = tokio::spawn(async move {
        let (lasts, wait) = (Duration::from_secs(30), Duration::from_secs(10));
        engine.heartbeat_steps(&ada(), &[Some(token)], lasts, wait).await.expect("an answer")
    });
    app.run_until_idle().await;
    assert!(!waits.is_finished());
    app.done(task, Command::CancelTask).await;
    // The clock stands still: it is told, and does not wait for its time to be over.
    let beats = tokio::time::timeout(PATIENCE, waits).await.expect("it is told").expect("no panic");
    assert_eq!((beats[0].valid, beats[0].cancelled), (false, true));
    assert!(is_lost(app.completes(&first, json!({})).await));
    assert_eq!(app.status(task).await, Status::Cancelled);
}

async fn an_attempt_that_takes_too_long_has_failed_though_its_worker_is_alive(place: Place) {
    let app = start(place).await;
    let task = app.run_task("slow", json!({})).await;
    let only = app.claim("remote.Slow").await.expect("the step");
    app.advance_secs(20.0).await;
    let beat = app.beat(&only).await;
    assert_eq!(beat.expires_at, beat.deadline_at, "a lease does not last beyond the attempt's limit");
    app.advance_secs(19.9).await;
    assert!(app.beat(&only).await.valid);
    app.advance_secs(0.1).await;
    assert!(!app.beat(&only).await.valid);
    assert!(is_lost(app.completes(&only, json!({})).await));
    assert_story!(app, task, @r"
    only  pending (waits for a worker) → in_progress by ada → error (timeout: the attempt took longer than its limit of 40s) (no attempt left)
    task  pending → in_progress → error
    ");
}

async fn a_lease_ends_with_its_task(place: Place) {
    let app = start(place).await;
    let task = app.run_task("limited", json!({})).await;
    let only = app.claim("remote.Limited").await.expect("the step");
    assert_eq!(only.lease.deadline_at, app.task(task).await.deadline_at.expect("a limit"));
    app.advance_secs(20.0).await;
    assert_eq!(app.status(task).await, Status::Error);
    assert!(is_lost(app.completes(&only, json!({})).await));
    let waiting = app.run_task("limited", json!({})).await;
    app.advance_secs(20.0).await;
    assert_eq!(app.status(waiting).await, Status::Error);
    assert!(app.claim("remote.Limited").await.is_none(), "nobody is to begin what is over");
}

async fn an_event_that_nobody_declared_is_refused_and_the_lease_is_kept(place: Place) {
    let app = start(place).await;
    app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    let mut says = done(&first, json!({}));
    says.events = vec![("pay.done".into(), json!({})), ("pay.undone".into(), json!({}))];
    let error = app.say(&ada(), says).await.expect_err("refused").to_string();
    assert!(error.contains("pay.undone") && error.contains("custom_events"), "{error}");
    app.completes(&first, json!({})).await.expect("the lease is kept");
}

async fn what_can_not_be_stored_is_refused_and_the_lease_is_kept(place: Place) {
    let app = start(place).await;
    app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    let large = json!("x".repeat(app.engine.settings().max_results_bytes));
    for results in [large, json!({"a\u{0}": 1})] {
        assert!(matches!(app.completes(&first, results).await, Err(Error::BadInput(_))));
    }
    let words = format!("{}\u{0}{}", "long ".repeat(5_000), "end");
    app.say(&ada(), failed(&first, StepError::permanent(words))).await.expect("cut to what is read");
}

async fn a_sequential_task_gives_one_step_at_a_time(place: Place) {
    let app = start(place).await;
    let task = app.run_task("sequence", json!({})).await;
    let first = app.claim("remote.Sequence").await.expect("the first step");
    assert!(app.claim("remote.Sequence").await.is_none());
    app.completes(&first, json!({})).await.expect("taken");
    let second = app.claim("remote.Sequence").await.expect("the second step");
    app.completes(&second, json!({})).await.expect("taken");
    assert_eq!(app.status(task).await, Status::Complete);
}

async fn the_urgent_goes_first_and_templates_take_turns(place: Place) {
    let app = start(place).await;
    let create = async |name: &str, namespace: &str, priority: i32| {
        let mut request = TaskRequest::new(name, json!({}));
        request.namespace = Some(namespace.into());
        request.priority = Some(priority);
        app.create(request).await.expect("created");
        app.run_until_idle().await;
    };
    for _ in 0..4 {
        create("one", "shop", 0).await;
    }
    create("other", "bank", 0).await;
    create("other", "bank", 9).await;
    create("other", "bank", 0).await;
    let claimed = app.engine.claim_steps(&ada(), &request(&["remote.Any"], 5)).await.expect("claimed");
    let mut names: Vec<_> = claimed.iter().map(|claimed| claimed.template.name.clone()).collect();
    names.sort_unstable();
    assert_eq!(names, ["one", "one", "other", "other", "other"], "a flood of one template holds up no other");
    let single = app.engine.claim_steps(&ada(), &request(&["remote.Any"], 1)).await.expect("claimed");
    assert_eq!(single[0].template.name, "one");
}

async fn nothing_is_given_twice_however_many_ask_at_once(place: Place) {
    let app = start(place).await;
    for _ in 0..60 {
        app.create_in("shop", "one").await;
    }
    let claims = (0..12).map(|at| {
        let (engine, limit) = (app.engine.clone(), at % 5 + 1);
        tokio::spawn(async move {
            let mut own = Vec::new();
            loop {
                let got =
                    engine.claim_steps(&ada(), &request(&["remote.Any"], limit)).await.expect("claimed");
                if got.is_empty() {
                    return own;
                }
                own.extend(got.into_iter().map(|claimed| (claimed.lease.token.task, claimed.lease.token.no)));
            }
        })
    });
    let mut all = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        all.extend(claim.await.expect("no panic"));
    }
    assert_eq!((all.len(), all.iter().collect::<HashSet<_>>().len()), (60, 60));
}

async fn who_waits_gets_what_comes(place: Place) {
    let app = start(place).await;
    let waits = |engine: Engine| {
        let wanted = ClaimRequest { wait: Duration::from_secs(30), ..request(&["remote.First"], 1) };
        tokio::spawn(async move { engine.claim_steps(&ada(), &wanted).await.expect("an answer") })
    };
    let (first, second) = (waits(app.engine.clone()), waits(app.engine.clone()));
    app.run_until_idle().await;
    app.run_task("pair", json!({})).await;
    app.run_task("pair", json!({})).await;
    for waited in [first, second] {
        let got = tokio::time::timeout(PATIENCE, waited).await.expect("it gets one").expect("no panic");
        assert_eq!(got.len(), 1);
    }
    let third = waits(app.engine.clone());
    app.run_until_idle().await;
    app.clock.advance(Duration::from_secs(30));
    let nothing = tokio::time::timeout(PATIENCE, third).await.expect("its time is over").expect("no panic");
    assert!(nothing.is_empty());
}

async fn a_claim_finds_only_what_is_in_reach(place: Place) {
    let app = start(place).await;
    app.create_in("shop", "one").await;
    app.create_in("bank", "other").await;
    let only = |names: &[&str]| Namespaces::Only(names.iter().map(|&name| Arc::from(name)).collect());
    let scope = Scope { namespaces: only(&["shop"]), own: Namespaces::NONE, creator: None };
    let reach = ClaimRequest { scope: scope.clone(), ..request(&["remote.Any"], 10) };
    assert_eq!(app.engine.waiting_classes(&reach.classes, &scope).await.expect("read"), ["remote.Any"]);
    let claimed = app.engine.claim_steps(&ada(), &reach).await.expect("claimed");
    let names: Vec<_> = claimed.iter().map(|claimed| claimed.template.name.as_str()).collect();
    assert_eq!(names, ["one"]);
    let nobody = Scope { namespaces: Namespaces::NONE, own: Namespaces::ALL, creator: Some("eve".into()) };
    let own = ClaimRequest { scope: nobody, ..request(&["remote.Any"], 10) };
    assert!(
        app.engine.claim_steps(&ada(), &own).await.expect("claimed").is_empty(),
        "she created none of them"
    );
    let named = ClaimRequest { namespaces: Some(vec!["shop".into()]), ..request(&["remote.Any"], 10) };
    assert!(app.engine.claim_steps(&ada(), &named).await.expect("claimed").is_empty());
}

async fn a_made_up_token_is_no_lease(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let made_up = LeaseToken::new(TaskId::new(), app.step(task, "first").await.no, 1);
    for token in [None, Some(made_up), Some(LeaseToken { task, ..made_up })] {
        let says = WorkerSays { token, ended: Ok(json!({})), events: Vec::new() };
        assert!(is_lost(app.say(&ada(), says).await), "{token:?}");
        let second = Duration::from_secs(1);
        let beats = app.engine.heartbeat_steps(&ada(), &[token], second, second).await.expect("an answer");
        assert_eq!((beats[0].valid, beats[0].cancelled), (false, false));
    }
}

async fn a_task_with_a_lease_leaves_memory_and_its_answer_brings_it_back(place: Place) {
    let app = TestApp::with(place, WORK, |settings| settings.park_after = Duration::from_secs(5)).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    app.run_until_idle().await;
    assert_eq!(app.engine.tasks_in_memory(), 1, "a worker has it");
    app.advance_secs(5.0).await;
    assert_eq!(app.engine.tasks_in_memory(), 0);
    let row = app.row(task).await;
    assert_eq!(
        (row.owner, row.wake_at),
        (None, Some(first.lease.expires_at.0)),
        "it wakes when the lease runs out"
    );
    app.completes(&first, json!({})).await.expect("taken");
    assert_eq!(app.step(task, "first").await.status, Status::Complete);
    app.advance_secs(5.0).await;
    assert_eq!(app.engine.tasks_in_memory(), 0);
    app.claim("remote.Second").await.expect("the next step");
    app.advance_secs(30.0).await;
    assert!(app.claim("remote.Second").await.is_some(), "the lease ran out while the task was parked");
}

async fn what_a_worker_answers_is_gone_with_its_task(place: Place) {
    let app = start(place).await;
    let task = app.run_task("pair", json!({})).await;
    let first = app.claim("remote.First").await.expect("the step");
    let says = done(&first, json!({}));
    app.completes(&first, json!({})).await.expect("taken");
    app.done(task, Command::CancelTask).await;
    app.say(&ada(), says.clone()).await.expect("it was taken");
    app.engine.delete_task(&ada(), task, None).await.expect("deleted");
    assert!(is_lost(app.say(&ada(), says).await));
    let held = remote::leases(&app.database, [task.0]).await.expect("read");
    assert!(held.is_empty());
}
