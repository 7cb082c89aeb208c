//! Whatever is done to a task, in whatever order, these sentences hold.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Command, Edit, Task};
use crate::model::{
    change::Change,
    event::{Event, EventTask},
    failure::{Failure, FailureKind},
    id::{StepNo, TaskId},
    outcome::{Outcome, ReleaseReason},
    status::Status,
    step::Step,
    template::Template,
    time::Timestamp,
    transition::{StepTransition, TaskTransition},
};

/// One thing that happens to a task; numbers choose a step.
#[derive(Debug, Clone)]
enum Deed {
    StartAll,
    Settle(usize, End),
    Wake,
    Pass(u32),
    Recover,
    ShutDown,
    AwaitWorker(usize),
    Command(usize, Ask),
}

#[derive(Debug, Clone, Copy)]
enum End {
    Done,
    Retryable,
    Permanent,
    Asleep,
    Released,
}

#[derive(Debug, Clone, Copy)]
enum Ask {
    CancelTask,
    RetryTask,
    ResolveTask,
    CancelStep,
    RetryStep,
    ResolveStep,
    MoreAttempts,
}

fn deed() -> impl Strategy<Value = Deed> {
    let end = prop::sample::select(vec![
        End::Done,
        End::Done,
        End::Retryable,
        End::Permanent,
        End::Asleep,
        End::Released,
    ]);
    let ask = prop::sample::select(vec![
        Ask::CancelStep,
        Ask::CancelTask,
        Ask::RetryTask,
        Ask::RetryTask,
        Ask::ResolveTask,
        Ask::RetryStep,
        Ask::ResolveStep,
        Ask::ResolveStep,
        Ask::MoreAttempts,
    ]);
    prop_oneof![
        4 => Just(Deed::StartAll),
        6 => (0..8usize, end).prop_map(|(step, end)| Deed::Settle(step, end)),
        1 => Just(Deed::Wake),
        2 => (0..50u32).prop_map(Deed::Pass),
        1 => Just(Deed::Recover),
        1 => Just(Deed::ShutDown),
        1 => (0..8usize).prop_map(Deed::AwaitWorker),
        2 => (0..8usize, ask).prop_map(|(step, ask)| Deed::Command(step, ask)),
    ]
}

/// Up to eight steps, each with some of those before it as dependencies.
fn template() -> impl Strategy<Value = Template> {
    let step = (any::<u8>(), any::<bool>(), 1..4u32);
    (prop::collection::vec(step, 1..8), any::<bool>()).prop_map(|(steps, concurrent)| {
        let steps: Vec<Value> = (0..)
            .zip(steps)
            .map(|(no, (parents, retryable, limit))| {
                let parents: Vec<String> = (0..no)
                    .filter(|parent| parents & (1 << parent) != 0)
                    .map(|parent| format!("s{parent}"))
                    .collect();
                json!({
                    "name": format!("s{no}"), "handler_class": "H", "depends_on_steps": parents,
                    "default_retryable": retryable, "default_retry_limit": limit,
                })
            })
            .collect();
        let document = json!({ "name": "any", "concurrent": concurrent, "step_templates": steps });
        Template::from_document(&document, &|_| None).expect("a template")
    })
}

fn task(template: Template, now: Timestamp) -> Task {
    let steps = (0..)
        .map(StepNo)
        .zip(&template.steps)
        .map(|(no, step)| Step::new(no, if step.retryable { step.retry_limit } else { 1 }, now))
        .collect();
    Task {
        about: EventTask { id: TaskId::new(), namespace: "default".into(), name: "any".into() },
        template: template.into(),
        status: Status::Pending,
        context: json!({}).into(),
        reason: None,
        tags: Vec::new(),
        priority: 0,
        request_id: None,
        trace: None,
        created_at: now,
        updated_at: now,
        started_at: None,
        completed_at: None,
        deadline_at: None,
        not_before: None,
        recoveries: 0,
        steps,
    }
}

/// Does it; refused commands must have changed nothing.
fn carry_out(task: &mut Task, deed: &Deed, now: Timestamp) -> Option<Change> {
    let awake = task.awake(now);
    let startable = task.startable(now);
    let no = |step: usize| StepNo(u32::try_from(step % task.steps.len()).unwrap_or(0));
    let (wanted, id) = match deed {
        Deed::Settle(step, _) | Deed::AwaitWorker(step) | Deed::Command(step, _) => {
            (no(*step), task.step(no(*step)).id)
        }
        _ => (StepNo(0), task.step(StepNo(0)).id),
    };
    let more = task.step(wanted).counted_attempts() + 2;
    let asleep = task.step(wanted).is_asleep();
    if matches!(deed, Deed::Recover) && !task.status.is_terminal() {
        task.recoveries += 1;
    }
    let mut edit = task.edit(now);
    match deed {
        Deed::StartAll => startable.into_iter().for_each(|no| edit.start(no)),
        Deed::Settle(_, end) if !asleep => edit.settle(wanted, outcome(*end, now).into(), 0.0),
        Deed::Settle(..) | Deed::Pass(_) => {}
        Deed::Wake => awake.into_iter().for_each(|no| edit.wake(no)),
        Deed::Recover => edit.recover(2),
        Deed::ShutDown => edit.shut_down(),
        Deed::AwaitWorker(_) if startable.contains(&wanted) => edit.await_worker(wanted),
        Deed::AwaitWorker(_) => {}
        Deed::Command(_, ask) => ask_for(&mut edit, *ask, id, more),
    }
    edit.finish()
}

fn ask_for(edit: &mut Edit<'_>, ask: Ask, step: crate::model::id::StepId, more: u32) {
    let command = match ask {
        Ask::CancelTask => Command::CancelTask,
        Ask::RetryTask => Command::RetryTask { additional_attempts: None },
        Ask::ResolveTask => Command::ResolveTask,
        Ask::CancelStep => Command::CancelStep { step },
        Ask::RetryStep => Command::RetryStep { step, additional_attempts: Some(1) },
        Ask::ResolveStep => Command::ResolveStep { step, results: Some(json!(1)) },
        Ask::MoreAttempts => Command::UpdateStep { step, retry_limit: Some(more), inputs: None },
    };
    let before = format!("{:?}", edit.task());
    if edit.command(command, None, 0.0).is_err() {
        assert_eq!(format!("{:?}", edit.task()), before, "a refused command changes nothing");
    }
}

fn outcome(end: End, now: Timestamp) -> Outcome {
    let failed =
        |kind| Outcome::Failed { failure: Failure::new(kind, "no"), retry_after: None, results: None };
    match end {
        End::Done => Outcome::Completed { results: json!({}) },
        End::Retryable => failed(FailureKind::Retryable),
        End::Permanent => failed(FailureKind::Permanent),
        End::Asleep => Outcome::Asleep { until: now.plus(Duration::from_secs(20)) },
        End::Released => Outcome::Released(ReleaseReason::NodeLost),
    }
}

/// What the events of a task and of its steps come to.
struct Path {
    task: Status,
    steps: Vec<Status>,
}

impl Path {
    /// Each event leaves the status that the one before led to, along an edge of its machine.
    fn follow(&mut self, task: &Task, event: &Event) {
        let (Some(from), Some(to)) = (event.from, event.to) else { return };
        let place = match &event.step {
            None => {
                assert!(TaskTransition::between(from, to).is_some(), "a task: {from} → {to}");
                &mut self.task
            }
            Some(own) => {
                let legal = StepTransition::ALL.iter().any(|one| one.leaves(from) && one.edge().1 == to);
                assert!(legal, "a step: {from} → {to}");
                let no = task.steps.iter().position(|step| step.id == own.id).expect("its own step");
                &mut self.steps[no]
            }
        };
        assert_eq!(*place, from, "{} leaves another status than it is in", event.name.as_str());
        *place = to;
    }
}

fn check(task: &Task, path: &mut Path, change: Option<&Change>, before: Status, now: Timestamp) {
    if let Some(change) = change {
        assert_eq!(change.from, before);
        for row in &change.steps {
            assert_eq!(row.from, path.steps[row.no.index()], "a row is guarded by the status before");
        }
        change.events.iter().for_each(|event| path.follow(task, event));
    }
    let statuses: Vec<Status> = task.steps.iter().map(|step| step.status).collect();
    assert_eq!((task.status, &statuses), (path.task, &path.steps), "the events tell the whole story");
    let tally = task.tally(now);
    assert!((0.0..=100.0).contains(&tally.completion_percentage()));
    assert_eq!(tally.total(), task.steps.len());
    if !task.status.is_terminal() {
        assert_eq!(tally.status(task.status), task.status, "its status follows from its steps");
        let moves = tally.ready + tally.waiting_for_retry + tally.waiting_for_worker + tally.in_progress;
        assert!(moves > 0 || task.status == Status::Error, "stuck: {tally:?}");
    } else {
        assert!(statuses.iter().all(|status| status.is_terminal()), "a settled task has settled steps");
    }
    for step in &task.steps {
        assert!(
            step.counted_attempts() <= step.retry_limit,
            "{} of {}",
            step.counted_attempts(),
            step.retry_limit
        );
    }
}

/// From here on everything goes well: it must come to an end.
fn finish(task: &mut Task, mut now: Timestamp) {
    for _ in 0..200 {
        let deed = match task.status {
            status if status.is_terminal() => return,
            Status::Error => Deed::Command(0, Ask::RetryTask),
            _ => Deed::StartAll,
        };
        carry_out(task, &deed, now);
        for step in 0..task.steps.len() {
            carry_out(task, &Deed::Settle(step, End::Done), now);
            if task.steps[step].awaiting_since.is_some() {
                carry_out(task, &Deed::Command(step, Ask::ResolveStep), now);
            }
        }
        carry_out(task, &Deed::Wake, now);
        now = task.next_wake(now).map_or(now, |at| at.max(now));
    }
    panic!("it never ends: {:?}", task.steps);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_task_keeps_its_rules_and_can_be_finished(
        template in template(),
        deeds in prop::collection::vec(deed(), 1..60),
    ) {
        let mut now = Timestamp(1_000_000_000);
        let mut task = task(template, now);
        let mut path = Path { task: Status::Pending, steps: vec![Status::Pending; task.steps.len()] };
        for deed in &deeds {
            if let Deed::Pass(seconds) = deed {
                now = now.plus(Duration::from_secs(u64::from(*seconds)));
            }
            let before = task.status;
            let change = carry_out(&mut task, deed, now);
            prop_assert!(!before.is_terminal() || change.is_none(), "a settled task does not change");
            check(&task, &mut path, change.as_ref(), before, now);
        }
        finish(&mut task, now);
    }
}
