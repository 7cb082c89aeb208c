use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Steps of which each runs after these earlier ones.
fn layout(parents: &[Vec<usize>]) -> Layout {
    let step = |(no, own): (usize, &Vec<usize>)| {
        let after: Vec<String> = own.iter().map(|parent| format!("s{parent}")).collect();
        json!({ "name": format!("s{no}"), "handler_class": "x", "depends_on_steps": after })
    };
    let steps: Vec<Value> = parents.iter().enumerate().map(step).collect();
    let document = json!({ "name": "order", "step_templates": steps });
    Layout::of(&Template::from_document(&document, &|_| None).expect("a template"))
}

/// Each edge as many steps back as it says, where there are as many.
fn random() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let own = prop::collection::btree_set(1_usize..30, 0..4);
    prop::collection::vec(own, 1..80).prop_map(|all| {
        let back = |(no, own): (usize, std::collections::BTreeSet<usize>)| {
            own.into_iter().filter_map(|back| no.checked_sub(back)).collect()
        };
        all.into_iter().enumerate().map(back).collect()
    })
}

fn apart(one: &Area, other: &Area) -> bool {
    one.x + one.width <= other.x
        || other.x + other.width <= one.x
        || one.bottom() <= other.y
        || other.bottom() <= one.y
}

#[test]
fn a_chain_stands_straight_below_each_other() {
    let layout = layout(&[vec![], vec![0], vec![1]]);
    assert!(layout.boxes.windows(2).all(|pair| pair[0].x == pair[1].x && pair[0].bottom() < pair[1].y));
    assert_eq!((layout.lines.len(), layout.arrows.len(), layout.frames.len()), (2, 2, 0));
}

#[test]
fn the_ends_of_a_diamond_stand_in_the_middle() {
    let layout = layout(&[vec![], vec![0], vec![0], vec![0], vec![1, 2, 3]]);
    let middle = |no: usize| layout.boxes[no].middle();
    assert!((middle(0) - middle(2)).abs() < 0.5 && (middle(4) - middle(2)).abs() < 0.5);
    assert!(middle(1) < middle(2) && middle(2) < middle(3));
}

#[test]
fn a_hundred_alike_are_in_a_frame_with_one_line_in_and_one_out() {
    let mut parents = vec![vec![]];
    parents.extend(std::iter::repeat_n(vec![0], 100));
    parents.push((1..=100).collect());
    let layout = layout(&parents);
    assert_eq!((layout.frames.len(), layout.lines.len()), (1, 2));
    let frame = layout.frames[0];
    assert!(layout.boxes[1..=100].iter().all(|area| !apart(area, &frame)));
    assert!(frame.width < 3.0 * frame.height, "it is a block, not a row");
}

#[test]
fn a_long_line_is_led_around_what_is_between() {
    // 0 → 1 → 2 → 3 and 0 → 3.
    let layout = layout(&[vec![], vec![0], vec![1], vec![2, 0]]);
    assert_eq!(layout.lines.len(), 6);
    assert!(layout.far.is_empty());
}

/// Too many bends: the longest lines go without.
#[test]
fn a_drawing_is_bounded() {
    let count = 3_000;
    let parents: Vec<Vec<usize>> = (0..count)
        .map(|no: usize| [1, 1_500].iter().filter_map(|back| no.checked_sub(*back)).collect())
        .collect();
    let layout = layout(&parents);
    assert!(!layout.far.is_empty() && layout.lines.len() < 70_000, "{}", layout.lines.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_lies_on_anything_and_lines_go_down(parents in random()) {
        let layout = layout(&parents);
        for (at, one) in layout.boxes.iter().enumerate() {
            prop_assert!(one.x >= -0.01 && one.x + one.width <= layout.width + 0.01 && one.bottom() <= layout.height + 0.01);
            prop_assert!(layout.boxes[at + 1..].iter().all(|other| apart(one, other)));
        }
        for (child, own) in parents.iter().enumerate() {
            prop_assert!(own.iter().all(|&parent| layout.boxes[parent].bottom() < layout.boxes[child].y));
        }
        for line in &layout.lines {
            prop_assert!(line.start.1 <= line.leaves + 0.01 && line.leaves < line.arrives && line.arrives <= line.end.1 + 0.01);
            // Straight through a row, it passes beside what is in it.
            let passes = |area: &Area| {
                let inside = area.x < line.start.0 && line.start.0 < area.x + area.width;
                inside && line.start.1 + 0.01 < area.bottom() && area.y < line.leaves
            };
            prop_assert!(!layout.boxes.iter().any(passes));
        }
    }

    #[test]
    fn the_same_template_has_the_same_layout(parents in random()) {
        prop_assert_eq!(layout(&parents), layout(&parents));
    }
}
