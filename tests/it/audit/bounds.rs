//! How much the audit log takes in, and from whom.

use std::time::Duration;

use tasker::{
    data::audit::{self, AuditFilter},
    model::{
        audit::{Act, AuditRecord, Verdict, Way},
        time::Timestamp,
    },
    orchestration::{Clock, Refusals},
};

use crate::{gate::service::Service, place::Place};

on_both_databases![
    who_asks_for_much_hides_nobody_else,
    a_name_that_the_schema_does_not_have_is_not_kept,
    a_record_is_a_minute_at_most,
    old_refusals_go_and_what_was_done_stays,
];

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

fn refusal(subject: Option<&str>, field: &str) -> Act {
    Act {
        verdict: Verdict::Refused,
        code: Some("FORBIDDEN".into()),
        subject: subject.map(Into::into),
        credential: None,
        operation: None,
        way: Way::Query,
        fields: vec![field.into()],
        permissions: Vec::new(),
        missing: Vec::new(),
        policy_version: None,
        request_id: None,
    }
}

async fn all(service: &Service) -> Vec<AuditRecord> {
    audit::list(service.app.engine().database(), &AuditFilter::default(), None, 1_000)
        .await
        .expect("readable")
}

/// G06: a flood is counted, and hides nobody else's refusals.
async fn who_asks_for_much_hides_nobody_else(place: Place) {
    let service = Service::start(place).await;
    let refusals = service.app.refusals();
    for no in 0..3_000 {
        refusals.note(refusal(None, &format!("f{no}")), None);
        refusals.note(refusal(Some("eve"), &format!("f{no}")), None);
    }
    refusals.note(refusal(Some("ada"), "cancelTask"), None);
    refusals.write().await.expect("written");
    let found = all(&service).await;
    assert_eq!(found.len(), 20 + 1 + 20 + 1 + 1);
    let of = |subject: Option<&'static str>| {
        found.iter().filter(move |one| one.act.subject.as_deref() == subject).collect::<Vec<_>>()
    };
    assert_eq!(of(Some("eve")).iter().map(|one| one.count).sum::<u64>(), 3_000);
    assert_eq!(of(None).iter().map(|one| one.count).sum::<u64>(), 3_000);
    assert_eq!(of(Some("ada"))[0].act.fields, ["cancelTask"]);
}

async fn a_name_that_the_schema_does_not_have_is_not_kept(place: Place) {
    let service = Service::start(place).await;
    let text = format!("{{ eventCursor x{} }}", "b".repeat(100_000));
    assert_eq!(service.ask("", &text).await.status, 401);
    service.app.refusals().write().await.expect("written");
    assert_eq!(all(&service).await[0].act.fields, ["eventCursor"]);
}

async fn a_record_is_a_minute_at_most(place: Place) {
    let service = Service::start(place).await;
    let clock = Clock::manual(NOW);
    let refusals = Refusals::new(service.app.engine().database().clone(), clock.clone());
    let mut counts = Vec::new();
    for _ in 0..3 {
        refusals.note(refusal(Some("eve"), "tasks"), None);
        refusals.note(refusal(Some("eve"), "tasks"), None);
        refusals.write().await.expect("written");
        // Never is there a moment without one.
        clock.advance(Duration::from_secs(40));
    }
    for record in all(&service).await {
        assert!(record.last_at.since(record.occurred_at) < Duration::from_secs(60));
        counts.push(record.count);
    }
    assert_eq!(counts, [2, 4]);
}

async fn old_refusals_go_and_what_was_done_stays(place: Place) {
    let service = Service::start(place).await;
    let operator = service.token("operator").await;
    service.create(&operator, "shop").await;
    assert_eq!(service.ask("", "{ tasks { taskId } }").await.status, 401);
    service.app.refusals().write().await.expect("written");
    let database = service.app.engine().database();
    let verdicts = async || all(&service).await.iter().map(|one| one.act.verdict).collect::<Vec<_>>();
    audit::remove_refusals(database, NOW).await.expect("removed");
    assert_eq!(verdicts().await, [Verdict::Refused, Verdict::Allowed]);
    let later = Clock::System.now().plus(Duration::from_secs(5));
    audit::remove_refusals(database, later).await.expect("removed");
    assert_eq!(verdicts().await, [Verdict::Allowed]);
}
