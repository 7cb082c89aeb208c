//! What must hold for the catalogue as a whole.

use serde_json::json;

use super::*;

fn declared(name: &str, description: &str, by: &str, namespace: Option<&str>) -> Declaration {
    let namespace = namespace.map(str::to_owned);
    Declaration { name: name.into(), description: description.into(), by: by.into(), namespace }
}

fn names(catalogue: &Catalogue, search: &Search) -> Vec<String> {
    let everywhere = Namespaces::ALL;
    let all = catalogue.within(&everywhere).filter(|event| search.finds(event));
    all.map(|event| event.name).collect()
}

#[test]
fn each_of_taskers_own_events_is_defined_once_and_its_example_fits_its_schema() {
    let all: Vec<Definition> = Catalogue::default().within(&Namespaces::ALL).collect();
    let names: Vec<&str> = all.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, EventName::SYSTEM, "in the order of the names");
    for event in &all {
        assert!(!event.description.is_empty() && !event.fired_by.is_empty() && !event.custom, "{event:?}");
        assert!(CATEGORIES.contains(&event.category.as_str()), "{event:?}");
        assert_eq!(event.durable, ["task", "step"].contains(&event.category.as_str()), "{event:?}");
        let schema = jsonschema::options().should_validate_formats(true).build(&event.payload_schema);
        let schema = schema.expect("a schema");
        assert!(schema.is_valid(&event.example_payload), "{event:?}");
        let mut more = event.example_payload.clone();
        more["more"] = json!(1);
        assert_eq!(schema.is_valid(&more), event.name == "step.completed", "{event:?}");
        for key in event.payload_schema["required"].as_array().expect("a list") {
            let mut less = event.example_payload.clone();
            less.as_object_mut().and_then(|keys| keys.remove(key.as_str()?)).expect("it is there");
            assert!(!schema.is_valid(&less), "{} without {key}", event.name);
        }
    }
}

#[test]
fn declarations_of_one_name_are_one_entry_for_who_sees_their_namespaces() {
    let catalogue = Catalogue::of([
        declared("payment.made", "", "handler Pay", Some("shop")),
        declared("payment.made", "", "handler Pay", Some("shop")),
        declared("payment.made", "Money came.", "template bank/order@1.0.0", Some("bank")),
        declared("nobody.uses_it", "", "handler Idle", None),
    ]);
    let everywhere = catalogue.find("payment.made", &Namespaces::ALL).expect("declared");
    assert_eq!(everywhere.fired_by, ["handler Pay", "template bank/order@1.0.0"]);
    assert_eq!((&*everywhere.description, &*everywhere.category), ("Money came.", "custom"));
    let shop = Namespaces::only(["shop"]);
    let seen = catalogue.find("payment.made", &shop).expect("declared");
    assert_eq!((seen.fired_by, &*seen.description), (vec!["handler Pay".to_owned()], ""));
    assert_eq!(catalogue.find("payment.made", &Namespaces::only(["elsewhere"])), None);
    assert_eq!(catalogue.find("nobody.uses_it", &shop), None);
    assert!(catalogue.find("nobody.uses_it", &Namespaces::ALL).is_some());
    let custom: Vec<Definition> = catalogue.within(&shop).filter(|event| event.custom).collect();
    assert_eq!(custom.len(), 1);
    let schema = jsonschema::validator_for(&custom[0].payload_schema).expect("a schema");
    assert!(schema.is_valid(&custom[0].example_payload));
}

#[test]
fn events_are_found_by_category_prefix_text_and_kind() {
    let catalogue = Catalogue::of([
        declared("payment.made", "Money came.", "handler Pay", Some("shop")),
        declared("payment_v2.made", "Money came again.", "handler Pay", Some("shop")),
    ]);
    let by = |search| names(&catalogue, &search);
    let search = Search::default;
    assert_eq!(by(search()).len(), EventName::SYSTEM.len() + 2);
    assert_eq!(by(Search { custom: Some(true), ..search() }), ["payment.made", "payment_v2.made"]);
    assert_eq!(by(Search { custom: Some(false), ..search() }), EventName::SYSTEM);
    assert_eq!(by(Search { prefix: Some("payment.".into()), ..search() }), ["payment.made"]);
    assert_eq!(by(Search { text: Some("CAME AGAIN".into()), ..search() }), ["payment_v2.made"]);
    assert_eq!(by(Search { text: Some("Max_Retries".into()), ..search() })[0], "step.failed");
    let workflow = Search { category: Some("workflow".into()), ..search() };
    assert_eq!(by(workflow), ["workflow.viable_steps_discovered", "workflow.task_finalized"]);
}
