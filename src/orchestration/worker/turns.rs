//! Whose turn it is: the most urgent first, and by turns among the templates whose steps are as urgent.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
};

use crate::{
    data::remote::Open,
    model::id::{StepNo, TaskId},
};

/// Templates whose last turn is remembered.
const REMEMBERED: usize = 10_000;

/// An attempt's place.
pub(super) type Key = (TaskId, StepNo);

/// What is on its way to a worker, and when each template had its last turn.
#[derive(Default)]
pub(super) struct Turns {
    taken: HashSet<Key>,
    last: HashMap<String, u64>,
    turn: u64,
}

impl Turns {
    /// How much is on its way: what is looked for may be among it.
    pub(super) fn on_its_way(&self) -> usize {
        self.taken.len()
    }

    /// Up to `limit` of these, each list a template's in its order, which are on their way from now on.
    pub(super) fn choose(&mut self, lists: Vec<(String, Vec<Open>)>, limit: usize) -> Vec<Open> {
        if self.last.len() > REMEMBERED {
            self.last.clear();
        }
        let mut lists: Vec<(String, VecDeque<Open>)> = lists
            .into_iter()
            .map(|(template, mut list)| {
                list.retain(|open| !self.taken.contains(&(open.task, open.no)));
                (template, list.into())
            })
            .collect();
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

    fn list(template: &str, opens: &[(i32, i64)]) -> (String, Vec<Open>) {
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
        let chosen = turns.choose(lists(), 5);
        assert_eq!(told(&chosen), [(5, 9), (0, 1), (0, 10), (0, 2), (0, 11)]);
        let next = turns.choose(lists(), 1);
        assert_eq!(told(&next), [(5, 9)], "urgency does not wait for a turn");
        let flood = vec![list("a", &[(0, 1), (0, 2)]), list("b", &[(0, 10)])];
        assert_eq!(told(&turns.choose(flood, 1)), [(0, 1)], "b had its turn last");
    }

    #[test]
    fn what_is_on_its_way_is_not_chosen_again() {
        let mut turns = Turns::default();
        let lists = vec![list("a", &[(0, 1), (0, 2)])];
        let first = turns.choose(lists.clone(), 1);
        let second = turns.choose(lists.clone(), 2);
        assert_eq!((told(&first), told(&second)), (vec![(0, 1)], vec![(0, 2)]));
        assert_eq!(turns.on_its_way(), 2);
        turns.done(first.iter().map(|open| (open.task, open.no)));
        assert_eq!(told(&turns.choose(lists, 2)), [(0, 1)]);
    }
}
