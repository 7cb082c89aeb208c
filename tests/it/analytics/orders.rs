//! Pages of every order, over tasks in every place that an order has a part for.

use std::cmp::Ordering;

use serde_json::json;
use tasker::{
    data::{
        entity::task::Model,
        tasks::{self, Contents, Direction, Key, Order, Range, SortBy, TaskFilter, Window},
    },
    model::{status::Status, task::Command},
    orchestration::TaskRequest,
};

use crate::{
    app::TestApp,
    place::Place,
    script::{hangs, permanent},
};

on_both_databases![every_order_is_one_list_whatever_its_parts, a_filter_holds_in_every_part];

const WORK: &str = "
name: work
step_templates: [{ name: one, handler_class: One }]
---
name: Other
namespace_name: shop
step_templates: [{ name: one, handler_class: Other }]
---
name: hang
step_templates: [{ name: one, handler_class: Hang }]
---
name: later
delay_seconds: 9000000
step_templates: [{ name: one, handler_class: One }]
";

const ALL: [SortBy; 7] = [
    SortBy::RequestedAt,
    SortBy::CreatedAt,
    SortBy::UpdatedAt,
    SortBy::CompletedAt,
    SortBy::Name,
    SortBy::Status,
    SortBy::Priority,
];

/// Complete, cancelled, resolved, in error, running, waiting, and some that were changed after their end.
async fn many(app: &TestApp) {
    app.handler("Hang").answers([hangs(), hangs()]);
    for n in 0..24 {
        app.clock.advance(std::time::Duration::from_secs(n % 3));
        if n % 4 == 1 {
            app.handler("One").answers([permanent("no")]);
        }
        let (name, namespace) = match n {
            8 | 16 => ("hang", None),
            10 | 20 => ("later", None),
            _ if n % 6 == 0 => ("Other", Some("shop".to_owned())),
            _ => ("work", None),
        };
        let early =
            (n % 5 == 0).then(|| tasker::model::time::Timestamp(1_700_000_000_000_000 + n as i64 % 2));
        let priority = Some((n % 3) as i32 - 1);
        let request =
            TaskRequest { namespace, priority, requested_at: early, ..TaskRequest::new(name, json!({})) };
        let task = tasker::model::id::TaskId(app.create(request).await.expect("created").task.id);
        app.run_until_idle().await;
        match n {
            5 => app.done(task, Command::CancelTask).await,
            9 | 13 => app.done(task, Command::ResolveTask).await,
            3 | 4 | 6 => {
                app.clock.advance(std::time::Duration::from_secs(1));
                app.done(task, Command::UpdateTask { reason: Some("late".into()), tags: None }).await;
            }
            _ => {}
        }
    }
}

/// As the words for the orders say, worked out by hand.
fn compare(order: Order, a: &Model, b: &Model) -> Ordering {
    let place = |task| order.place(task).expect("a place");
    let (a, b) = (place(a), place(b));
    let keys = match (&a.key, &b.key) {
        (Key::None, Key::None) => Ordering::Equal,
        (Key::None, _) => return Ordering::Greater,
        (_, Key::None) => return Ordering::Less,
        (Key::Number(a), Key::Number(b)) => a.cmp(b),
        (Key::Text(a), Key::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Key::Number(_), Key::Text(_)) | (Key::Text(_), Key::Number(_)) => panic!("{a:?} {b:?}"),
    };
    let ascending = keys.then(a.id.cmp(&b.id));
    if order.direction == Direction::Ascending { ascending } else { ascending.reverse() }
}

async fn walk(
    app: &TestApp,
    filter: &TaskFilter,
    order: Order,
    size: u64,
    forwards: bool,
) -> Vec<uuid::Uuid> {
    let (mut all, mut range) = (Vec::new(), Range::default());
    loop {
        let window = if forwards { Window::First(size) } else { Window::Last(size) };
        let page = tasks::page(&app.database, filter, order, &range, window, Contents::default());
        let page = page.await.expect("a page");
        let ids = page.tasks.iter().map(|task| task.id);
        let edge = if forwards {
            all.extend(ids);
            page.tasks.last()
        } else {
            all.splice(0..0, ids);
            page.tasks.first()
        };
        let Some(edge) = edge else { return all };
        let place = order.place(edge).expect("a place");
        let more = if forwards {
            tasks::any_after(&app.database, filter, order, &place, false).await
        } else {
            tasks::any_before(&app.database, filter, order, &place, false).await
        };
        assert_eq!(more.expect("an answer"), page.more, "{order:?}");
        if !page.more {
            return all;
        }
        range = match forwards {
            true => Range { after: Some(place), before: None },
            false => Range { after: None, before: Some(place) },
        };
    }
}

async fn every_order_is_one_list_whatever_its_parts(place: Place) {
    let app = TestApp::start(place, WORK).await;
    many(&app).await;
    let all = TaskFilter::default();
    for by in ALL {
        for direction in [Direction::Ascending, Direction::Descending] {
            let order = Order { by, direction };
            let contents = Contents::default();
            let mut rows = tasks::list(&app.database, &all, order, 0, 100, contents).await.expect("a list");
            let listed: Vec<_> = rows.iter().map(|task| task.id).collect();
            rows.sort_by(|a, b| compare(order, a, b));
            let expected: Vec<_> = rows.iter().map(|task| task.id).collect();
            assert_eq!((listed.len(), &listed), (24, &expected), "{order:?}");
            let part = tasks::list(&app.database, &all, order, 7, 5, contents).await.expect("a list");
            assert_eq!(part.iter().map(|task| task.id).collect::<Vec<_>>(), expected[7..12], "{order:?}");
            for size in [1, 5] {
                assert_eq!(walk(&app, &all, order, size, true).await, expected, "{order:?} forwards");
                assert_eq!(walk(&app, &all, order, size, false).await, expected, "{order:?} backwards");
            }
        }
    }
    app.let_go().await;
}

async fn a_filter_holds_in_every_part(place: Place) {
    let app = TestApp::start(place, WORK).await;
    many(&app).await;
    let all = TaskFilter::default();
    let everything = tasks::list(&app.database, &all, Order::NEWEST, 0, 100, Contents::default());
    let everything = everything.await.expect("a list");
    let filter = |set: fn(&mut TaskFilter)| {
        let mut filter = TaskFilter::default();
        set(&mut filter);
        filter
    };
    type Admits = fn(&Model) -> bool;
    let wanted: [(TaskFilter, Admits); 9] = [
        (filter(|filter| filter.namespace = Some("shop".into())), |task| task.namespace == "shop"),
        (filter(|filter| filter.name = Some("work".into())), |task| task.name == "work"),
        (
            filter(|filter| {
                let shop = tasker::model::namespaces::Namespaces::only(["shop"]);
                filter.scope = Some(tasker::model::scope::Scope {
                    namespaces: shop.not(),
                    ..tasker::model::scope::Scope::all()
                });
            }),
            |task| task.namespace != "shop",
        ),
        (filter(|filter| filter.statuses = Some(vec![Status::Pending, Status::InProgress])), |task| {
            task.status == "pending" || task.status == "in_progress"
        }),
        (filter(|filter| filter.statuses = Some(vec![Status::Error])), |task| task.status == "error"),
        (
            filter(|filter| filter.statuses = Some(vec![Status::Cancelled, Status::ResolvedManually])),
            |task| task.status == "cancelled" || task.status == "resolved_manually",
        ),
        (
            filter(|filter| filter.statuses = Some(vec![Status::Error, Status::Cancelled, Status::Pending])),
            |task| ["error", "cancelled", "pending"].contains(&&*task.status),
        ),
        (
            filter(|filter| {
                filter.statuses = Some(vec![Status::Error, Status::Complete]);
                filter.and_statuses = Some(vec![Status::Complete, Status::Pending]);
            }),
            |task| task.status == "complete",
        ),
        (
            filter(|filter| {
                filter.name = Some("work".into());
                filter.statuses = Some(vec![Status::Error, Status::ResolvedManually]);
            }),
            |task| task.name == "work" && ["error", "resolved_manually"].contains(&&*task.status),
        ),
    ];
    for (filter, holds) in wanted {
        let count = everything.iter().filter(|task| holds(task)).count();
        assert!(count > 2);
        for by in ALL {
            let order = Order { by, direction: Direction::Descending };
            let found = walk(&app, &filter, order, 2, true).await;
            let right = found.iter().all(|id| everything.iter().any(|task| task.id == *id && holds(task)));
            assert!(right && found.len() == count, "{by:?} {filter:?}");
            let mut expected: Vec<_> = everything.iter().filter(|task| holds(task)).collect();
            expected.sort_by(|a, b| compare(order, a, b));
            assert_eq!(found, expected.iter().map(|task| task.id).collect::<Vec<_>>(), "{by:?} {filter:?}");
        }
    }
    for by in ALL {
        let nothing = filter(|filter| filter.statuses = Some(Vec::new()));
        let order = Order { by, direction: Direction::Descending };
        assert!(walk(&app, &nothing, order, 2, true).await.is_empty(), "{by:?}");
    }
    app.let_go().await;
}
