use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

/// Steps `s0`, `s1`, … of which each runs after these.
fn template(parents: &[Vec<u32>]) -> Template {
    let step = |(no, own): (usize, &Vec<u32>)| {
        let after: Vec<String> = own.iter().map(|parent| format!("s{parent}")).collect();
        json!({ "name": format!("s{no}"), "handler_class": "x", "depends_on_steps": after, "default_retryable": no != 3 })
    };
    let steps: Vec<Value> = parents.iter().enumerate().map(step).collect();
    Template::from_document(&json!({ "name": "t", "step_templates": steps }), &|_| None).expect("a template")
}

fn fresh(template: &Template) -> Vec<Step> {
    template.dag.places().map(|no| Step::new(no, template.step(no).retry_limit, at(-100))).collect()
}

fn of(template: &Template, status: Status, steps: &[Step]) -> Analysis {
    Analysis::of(template, status, steps, None, NOW)
}

fn told(analysis: &Analysis) -> Vec<(u32, usize, Action, Option<Timestamp>)> {
    analysis.blockers.iter().map(|found| (found.step.0, found.blocks, found.action, found.until)).collect()
}

/// 0 → 1 → 4 → 5, 0 → 2 → 4, 0 → 3.
fn shop() -> Template {
    template(&[vec![], vec![0], vec![0], vec![0], vec![1, 2], vec![4]])
}

#[test]
fn what_holds_up_most_comes_first_with_what_to_do_about_it() {
    let template = shop();
    let mut steps = fresh(&template);
    let [zero, one, two, three, ..] = steps.as_mut_slice() else { panic!("six steps") };
    (zero.status, zero.attempts, zero.started_at, zero.completed_at) =
        (Status::Complete, 1, Some(at(-90)), Some(at(-60)));
    // Used up; due later; must not run twice.
    (one.status, one.attempts) = (Status::Error, 3);
    (two.attempts, two.next_attempt_at) = (1, Some(at(30)));
    (three.status, three.attempts) = (Status::Error, 1);
    let found = of(&template, Status::InProgress, &steps);
    assert_eq!(
        told(&found),
        [(1, 2, Action::Retry, None), (2, 2, Action::Wait, Some(at(30))), (3, 0, Action::Resolve, None)]
    );
    assert_eq!(found.remaining, [StepNo(1), StepNo(4), StepNo(5)]);
    assert_eq!((found.slowest.as_slice(), found.slowest_micros), ([StepNo(0)].as_slice(), 30_000_000));
    let second = Level { failed: 2, waiting: 1, ..Level::default() };
    let blocked = Level { blocked: 1, ..Level::default() };
    assert_eq!(found.levels, [Level { done: 1, ..Level::default() }, second, blocked, blocked]);
}

#[test]
fn an_attempt_that_was_left_says_that_trying_again_is_useless() {
    let template = shop();
    let mut steps = fresh(&template);
    (steps[0].status, steps[0].attempts) = (Status::Error, 1);
    assert_eq!(told(&of(&template, Status::Error, &steps)), [(0, 5, Action::Resolve, None)]);
}

#[test]
fn workers_sleepers_and_a_late_start_are_waited_for() {
    let template = shop();
    let mut steps = fresh(&template);
    steps[0].awaiting_since = Some(NOW);
    assert_eq!(told(&of(&template, Status::InProgress, &steps)), [(0, 5, Action::StartWorker, None)]);
    steps[0].awaiting_since = None;
    (steps[0].status, steps[0].next_attempt_at) = (Status::InProgress, Some(at(7)));
    assert_eq!(told(&of(&template, Status::InProgress, &steps)), [(0, 5, Action::Wait, Some(at(7)))]);
    let later = Analysis::of(&template, Status::Pending, &fresh(&template), Some(at(9)), NOW);
    assert_eq!(told(&later), [(0, 5, Action::Wait, Some(at(9)))]);
}

#[test]
fn work_that_goes_on_holds_nothing_up_and_what_is_over_neither() {
    let template = shop();
    let mut steps = fresh(&template);
    assert_eq!(of(&template, Status::Pending, &steps).levels[0].ready, 1);
    (steps[0].status, steps[0].started_at) = (Status::InProgress, Some(at(-5)));
    let running = of(&template, Status::InProgress, &steps);
    assert!(running.blockers.is_empty());
    assert_eq!((running.slowest_micros, running.remaining.len()), (5_000_000, 4));
    steps.iter_mut().for_each(|step| step.status = Status::Cancelled);
    steps[0].status = Status::Error;
    let over = of(&template, Status::ResolvedManually, &steps);
    assert!(over.blockers.is_empty() && over.remaining.is_empty());
}

proptest! {
    #[test]
    fn blocked_steps_are_counted_as_one_by_one(
        edges in prop::collection::vec((0_usize..150, 0_usize..150), 0..400),
        failed in prop::collection::vec(any::<bool>(), 150),
    ) {
        let mut parents = vec![std::collections::BTreeSet::new(); 150];
        for (a, b) in edges.into_iter().filter(|(a, b)| a != b) {
            parents[a.max(b)].insert(u32::try_from(a.min(b)).expect("small"));
        }
        let template = template(&parents.into_iter().map(|own| own.into_iter().collect()).collect::<Vec<_>>());
        let mut steps = fresh(&template);
        for (step, _) in steps.iter_mut().zip(failed).filter(|(_, failed)| *failed) {
            step.status = Status::Error;
        }
        let found = of(&template, Status::Error, &steps);
        prop_assert_eq!(found.blockers.len(), steps.iter().filter(|step| step.status == Status::Error).count());
        for blocker in &found.blockers {
            prop_assert_eq!(blocker.blocks, template.dag.descendants(blocker.step).len());
        }
        prop_assert!(found.blockers.is_sorted_by_key(|blocker| std::cmp::Reverse(blocker.blocks)));
    }
}
