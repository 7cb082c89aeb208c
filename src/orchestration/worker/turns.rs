//! Whose turn it is: the most urgent first, and by turns among the templates whose steps are as urgent.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::{
    data::remote::Open,
    model::{
        id::{StepNo, TaskId},
        scope::Scope,
    },
};

/// Templates whose last turn is remembered.
const REMEMBERED: usize = 10_000;

/// More than is asked for is looked at, for those who ask next.
pub(super) const AHEAD: usize = 32;

/// What was seen longer ago than this is looked at anew: something more urgent may have come.
const FRESH: Duration = Duration::from_millis(10);

/// Kinds of questions that are looked ahead for.
const SHAPES: usize = 64;

/// An attempt's place.
pub(super) type Key = (TaskId, StepNo);

/// What may be given to workers, template by template, each in its order.
pub(super) type Lists = Vec<(String, VecDeque<Open>)>;

/// What was seen a moment ago and given to nobody, so that of many who ask at once one looks.
struct Ahead {
    wants: Wants,
    seen: Instant,
    lists: Lists,
}

/// What is asked for, and where.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) classes: Vec<String>,
    pub(super) namespaces: Option<Vec<String>>,
    pub(super) scope: Scope,
}

/// What is on its way to a worker, and when each template had its last turn.
#[derive(Default)]
pub(super) struct Turns {
    taken: HashSet<Key>,
    last: HashMap<String, u64>,
    turn: u64,
    ahead: Vec<Ahead>,
}

impl Turns {
    /// How much is on its way: what is looked for may be among it.
    pub(super) fn on_its_way(&self) -> usize {
        self.taken.len()
    }

    /// Up to `limit` of what was seen a moment ago, which are on their way from now on.
    pub(super) fn take_ahead(&mut self, wants: &Wants, limit: usize) -> Vec<Open> {
        self.ahead.retain(|ahead| ahead.seen.elapsed() < FRESH);
        let Some(place) = self.ahead.iter().position(|ahead| ahead.wants == *wants) else {
            return Vec::new();
        };
        let mut ahead = self.ahead.swap_remove(place);
        let chosen = self.choose(&mut ahead.lists, limit);
        self.ahead.push(ahead);
        chosen
    }

    /// Up to `limit` of what is seen now, which are on their way from now on; the rest is kept for a moment.
    pub(super) fn take_now(&mut self, wants: Wants, mut lists: Lists, limit: usize) -> Vec<Open> {
        let chosen = self.choose(&mut lists, limit);
        self.ahead.retain(|ahead| ahead.wants != wants);
        if self.ahead.len() < SHAPES {
            self.ahead.push(Ahead { wants, seen: Instant::now(), lists });
        }
        chosen
    }

    fn choose(&mut self, lists: &mut Lists, limit: usize) -> Vec<Open> {
        if self.last.len() > REMEMBERED {
            self.last.clear();
        }
        for (_, list) in lists.iter_mut() {
            list.retain(|open| !self.taken.contains(&(open.task, open.no)));
        }
        let mut chosen = Vec::new();
        while chosen.len() < limit {
            let next =
                lists.iter_mut().filter(|(_, list)| !list.is_empty()).min_by_key(|(template, list)| {
                    let head = list.front().map(|open| (Reverse(open.priority), open.since));
                    let turn = self.last.get(template.as_str()).copied().unwrap_or(0);
                    head.map(|(priority, since)| (priority, turn, since))
                });
            let Some((template, list)) = next else { break };
            self.turn += 1;
            self.last.insert(template.clone(), self.turn);
            // A template may be in several lists, by the classes of its handlers.
            chosen.extend(list.pop_front().filter(|open| self.taken.insert((open.task, open.no))));
        }
        chosen
    }

    /// These have arrived, or will not.
    pub(super) fn done(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            self.taken.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn open(priority: i32, since: i64) -> Open {
        Open { task: TaskId::new(), no: StepNo(0), attempt: 1, priority, since: Timestamp(since) }
    }

    fn wants(class: &str) -> Wants {
        Wants { classes: vec![class.into()], namespaces: None, scope: Scope::all() }
    }

    fn list(template: &str, opens: &[(i32, i64)]) -> (String, VecDeque<Open>) {
        (template.into(), opens.iter().map(|&(priority, since)| open(priority, since)).collect())
    }

    fn told(chosen: &[Open]) -> Vec<(i32, i64)> {
        chosen.iter().map(|open| (open.priority, open.since.0)).collect()
    }

    #[test]
    fn templates_take_turns_and_the_urgent_goes_before() {
        let mut turns = Turns::default();
        let lists =
            || vec![list("a", &[(0, 1), (0, 2), (0, 3), (0, 4)]), list("b", &[(5, 9), (0, 10), (0, 11)])];
        let chosen = turns.choose(&mut lists(), 5);
        assert_eq!(told(&chosen), [(5, 9), (0, 1), (0, 10), (0, 2), (0, 11)]);
        let next = turns.choose(&mut lists(), 1);
        assert_eq!(told(&next), [(5, 9)], "urgency does not wait for a turn");
        let mut flood = vec![list("a", &[(0, 1), (0, 2)]), list("b", &[(0, 10)])];
        assert_eq!(told(&turns.choose(&mut flood, 1)), [(0, 1)], "b had its turn last");
    }

    #[test]
    fn what_is_on_its_way_is_not_chosen_again() {
        let mut turns = Turns::default();
        let lists = vec![list("a", &[(0, 1), (0, 2)])];
        let first = turns.choose(&mut lists.clone(), 1);
        let second = turns.choose(&mut lists.clone(), 2);
        assert_eq!((told(&first), told(&second)), (vec![(0, 1)], vec![(0, 2)]));
        assert_eq!(turns.on_its_way(), 2);
        turns.done(first.iter().map(|open| (open.task, open.no)));
        assert_eq!(told(&turns.choose(&mut lists.clone(), 2)), [(0, 1)]);
    }

    #[test]
    fn what_was_seen_a_moment_ago_is_given_to_who_asks_the_same_next() {
        let mut turns = Turns::default();
        let first = turns.take_now(wants("A"), vec![list("a", &[(0, 1), (0, 2), (0, 3)])], 1);
        assert!(turns.take_ahead(&wants("B"), 1).is_empty(), "who asks for something else looks for itself");
        let second = turns.take_ahead(&wants("A"), 1);
        assert_eq!((told(&first), told(&second)), (vec![(0, 1)], vec![(0, 2)]));
        turns.done(first.iter().chain(&second).map(|open| (open.task, open.no)));
        assert_eq!(
            told(&turns.take_ahead(&wants("A"), 5)),
            [(0, 3)],
            "nothing is given again that was given"
        );
        std::thread::sleep(FRESH);
        turns.take_now(wants("A"), vec![list("a", &[(0, 7), (0, 8)])], 1);
        std::thread::sleep(FRESH);
        assert!(turns.take_ahead(&wants("A"), 1).is_empty(), "it was too long ago");
    }
}
