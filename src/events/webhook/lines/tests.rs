//! The order of deliveries, and what is parked, without a receiver and without time passing.

use proptest::prelude::*;
use reqwest::Url;

use super::*;
use crate::{
    config::subscribers::{Headers, Secret},
    model::event::{Event, EventName, EventTask, Recorded},
};

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> WebhookSettings {
    WebhookSettings {
        url: Secret::new(Url::parse("http://example.com").expect("an address")),
        secret: None,
        headers: Headers::default(),
        timeout: SECOND,
        allow_private_networks: false,
        concurrency: 4,
        backoff: SECOND,
        max_backoff: 8 * SECOND,
        park_after: 3,
        parked_backoff: 60 * SECOND,
        max_parked_backoff: 240 * SECOND,
        give_up_after: 600 * SECOND,
    }
}

fn lines(now: Instant) -> Lines {
    Lines::new(settings(), Place { position: 0, parked: Vec::new() }, now)
}

fn event(position: i64, task: u128) -> WorkflowEvent {
    let task =
        EventTask { id: TaskId(uuid::Uuid::from_u128(task)), namespace: "default".into(), name: "t".into() };
    let event = Event {
        name: EventName::StepStarted,
        occurred_at: Timestamp(position),
        task,
        step: None,
        from: None,
        to: None,
        actor: None,
        details: None,
    };
    Recorded { position, event }.into()
}

fn failure() -> Failure {
    Failure { why: "no".into(), retry_after: None, everything: false }
}

fn sent(lines: &mut Lines, now: Instant) -> WorkflowEvent {
    match lines.next(now) {
        Some(Job::Send(event)) => event,
        other => panic!("nothing to send, but {other:?}"),
    }
}

#[test]
fn a_tasks_events_wait_for_each_other_and_other_tasks_do_not() {
    let now = Instant::now();
    let mut lines = lines(now);
    lines.accept(vec![event(1, 1), event(2, 1), event(3, 2)], 3);
    let first = sent(&mut lines, now);
    assert_eq!(first.position(), 1);
    assert_eq!(sent(&mut lines, now).position(), 3);
    assert!(lines.next(now).is_none(), "the first is on its way");
    lines.delivered(&first);
    assert_eq!((sent(&mut lines, now).position(), lines.position()), (2, 1));
}

#[test]
fn the_place_is_behind_the_first_that_is_not_settled() {
    let now = Instant::now();
    let mut lines = lines(now);
    lines.accept(vec![event(5, 1), event(6, 2), event(7, 3)], 9);
    let jobs: Vec<_> = (0..3).map(|_| sent(&mut lines, now)).collect();
    lines.delivered(&jobs[1]);
    assert_eq!(lines.position(), 4);
    lines.delivered(&jobs[0]);
    assert_eq!(lines.position(), 6);
    lines.delivered(&jobs[2]);
    assert_eq!(lines.position(), 9, "what nobody wants is passed over");
    assert!(lines.has_moved());
    assert_eq!(lines.progress().position, 9);
    lines.saved();
    assert!(!lines.has_moved());
}

#[test]
fn a_failure_is_tried_again_later_and_then_the_task_is_parked() {
    let mut now = Instant::now();
    let mut lines = lines(now);
    lines.accept(vec![event(1, 1), event(2, 1)], 2);
    for wait in [1, 2] {
        let event = sent(&mut lines, now);
        assert!(!lines.failed(&event, &failure(), now));
        assert_eq!(lines.next_due(now), Some(now + wait * SECOND));
        assert!(lines.next(now).is_none());
        now += wait * SECOND;
    }
    let event_one = sent(&mut lines, now);
    assert!(lines.failed(&event_one, &failure(), now), "it is parked");
    assert_eq!((lines.position(), lines.parked()), (2, 1), "nobody waits for it");
    let written = &lines.progress().parked[0];
    assert_eq!((written.position, written.failures, written.due_in), (1, 3, 60 * SECOND));
    // What comes behind it stays in the log.
    lines.accept(vec![event(3, 1), event(4, 2)], 4);
    assert_eq!(sent(&mut lines, now).position(), 4);
    now += 60 * SECOND;
    let Some(Job::Replay(task, 1, 4)) = lines.next(now) else { panic!("it is tried again") };
    let none = lines.replayed(Replayed { task, next: 5, any: true, failed: None }, now);
    assert_eq!((none, lines.parked()), (None, 0));
    assert_eq!(lines.progress().freed, [task]);
    assert!(lines.progress().parked.is_empty());
}

#[test]
fn what_came_while_a_parked_task_was_tried_is_sent_before_it_is_free() {
    let mut now = Instant::now();
    let mut lines = lines(now);
    lines.accept(vec![event(1, 1)], 1);
    for _ in 0..3 {
        let event = sent(&mut lines, now);
        lines.failed(&event, &failure(), now);
        now += 10 * SECOND;
    }
    now += 60 * SECOND;
    let Some(Job::Replay(task, 1, 1)) = lines.next(now) else { panic!("it is tried again") };
    lines.accept(vec![event(2, 1)], 2);
    lines.replayed(Replayed { task, next: 2, any: true, failed: None }, now);
    assert_eq!(lines.parked(), 1);
    let Some(Job::Replay(task, 2, 2)) = lines.next(now) else { panic!("the next one at once") };
    lines.replayed(Replayed { task, next: 3, any: true, failed: None }, now);
    lines.accept(vec![event(3, 1)], 3);
    assert_eq!(sent(&mut lines, now).position(), 3);
}

#[test]
fn a_parked_delivery_is_tried_less_and_less_and_then_given_up() {
    let began = Instant::now();
    let mut now = began;
    let place = Place {
        position: 9,
        parked: vec![stored::Parked {
            task: TaskId(uuid::Uuid::from_u128(1)),
            position: 1,
            failures: 3,
            waited: Duration::ZERO,
            due_in: 60 * SECOND,
            error: "no".into(),
        }],
    };
    let mut lines = Lines::new(settings(), place, now);
    let mut waits = Vec::new();
    loop {
        let due = lines.next_due(now).expect("it waits");
        waits.push((due - now).as_secs());
        now = due;
        let Some(Job::Replay(task, first, 9)) = lines.next(now) else { panic!("it is due") };
        let failed = Some((event(first, 1), failure()));
        if let Some(given_up) = lines.replayed(Replayed { task, next: first, any: false, failed }, now) {
            assert_eq!((given_up.position, given_up.failures), (1, 7));
            break;
        }
    }
    assert_eq!(waits, [60, 120, 240, 240]);
    let Some(Job::Replay(_, 2, 9)) = lines.next(now) else { panic!("the one behind it is tried at once") };
    assert_eq!(lines.progress().given_up.len(), 1);
}

#[test]
fn a_receiver_that_is_down_is_asked_by_one_delivery_at_a_time() {
    let now = Instant::now();
    let mut lines = Lines::new(
        WebhookSettings { concurrency: 10, ..settings() },
        Place { position: 0, parked: Vec::new() },
        now,
    );
    lines.accept((1..=20).map(|position| event(position, position as u128)).collect(), 20);
    let tries: Vec<_> = (0..10).map(|_| sent(&mut lines, now)).collect();
    for event in &tries {
        lines.failed(event, &failure(), now);
    }
    assert!(lines.health.is_down() && lines.next(now).is_none(), "it has a rest");
    let later = now + 60 * SECOND;
    let probe = sent(&mut lines, later);
    assert!(lines.next(later).is_none(), "one at a time");
    lines.delivered(&probe);
    assert!(!lines.health.is_down());
    assert_eq!((0..10).map(|_| sent(&mut lines, later)).count(), 10);
}

proptest! {
    /// Whatever fails, and in whatever order answers come: every event is taken once or more, a task's in order, and
    /// the place never passes one that is neither taken nor parked.
    #[test]
    fn nothing_is_lost_or_reordered(
        tasks in prop::collection::vec(0_u128..5, 1..60),
        choices in prop::collection::vec((0_usize..4, prop::bool::weighted(0.4)), 2_000),
    ) {
        let mut now = Instant::now();
        let mut lines = lines(now);
        let log: Vec<WorkflowEvent> =
            tasks.iter().enumerate().map(|(index, task)| event(index as i64 + 1, *task)).collect();
        let mut taken: HashMap<TaskId, Vec<i64>> = HashMap::new();
        let (mut fed, mut busy) = (0, Vec::new());
        for (choice, fails) in choices {
            if fed < log.len() && choice == 0 {
                lines.accept(vec![log[fed].clone()], log[fed].position());
                fed += 1;
            }
            while let Some(job) = lines.next(now) {
                busy.push(job);
            }
            if busy.is_empty() {
                now = lines.next_due(now).unwrap_or(now).max(now + SECOND);
                continue;
            }
            match busy.swap_remove(choice % busy.len()) {
                Job::Send(event) if fails => {
                    lines.failed(&event, &failure(), now);
                }
                Job::Send(event) => {
                    taken.entry(event.task_id()).or_default().push(event.position());
                    lines.delivered(&event);
                }
                Job::Replay(task, first, last) => {
                    let mut own = log.iter().filter(|event| event.task_id() == task);
                    let next = own.find(|event| (first..=last).contains(&event.position()));
                    let replayed = match next {
                        Some(event) if fails => {
                            let failed = Some((event.clone(), failure()));
                            Replayed { task, next: event.position(), any: false, failed }
                        }
                        Some(event) => {
                            taken.entry(task).or_default().push(event.position());
                            Replayed { task, next: event.position() + 1, any: true, failed: None }
                        }
                        None => Replayed { task, next: last + 1, any: false, failed: None },
                    };
                    if let Some(given_up) = lines.replayed(replayed, now) {
                        taken.entry(task).or_default().push(given_up.position);
                    }
                }
            }
            let position = lines.position();
            for event in log.iter().take_while(|event| event.position() <= position) {
                let settled = taken.get(&event.task_id()).is_some_and(|own| own.contains(&event.position()));
                let parked = lines.parked.get(&event.task_id()).is_some_and(|one| one.position <= event.position());
                prop_assert!(settled || parked, "{} is neither taken nor parked", event.position());
            }
        }
        for own in taken.values() {
            prop_assert!(own.is_sorted(), "{own:?}");
        }
    }
}
