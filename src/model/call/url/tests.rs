use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn scope(context: Value) -> Scope {
    let context = Arc::new(context);
    let nothing = Arc::new(json!({}));
    Scope {
        inputs: context.clone(),
        context,
        results: Arc::new(|_| None),
        step: nothing.clone(),
        task: nothing,
    }
}

fn vars(name: &str) -> Option<String> {
    match name {
        "BASE" => Some("https://api.example.com/v2".to_owned()),
        "HOST" => Some("example.com".to_owned()),
        "KEY" => Some("k3y&{{ context.id }}".to_owned()),
        "HOOK" => Some("https://hooks.example.com/T0/s3cr3t-p4th".to_owned()),
        _ => None,
    }
}

fn made(written: &str, context: Value) -> Result<String, String> {
    let made = address(written, &vars, &scope(context), &mut Secrets::default());
    made.map(|address| address.url.to_string()).map_err(|fault| fault.to_string())
}

#[test]
fn a_value_stays_in_the_place_where_it_was_put() {
    let hostile = "../a/b?c=d&e#f%2f \u{e9}@evil.com\\x\r\n";
    let encoded = "..%2Fa%2Fb%3Fc%3Dd%26e%23f%252f%20%C3%A9%40evil.com%5Cx%0D%0A";
    for (written, wanted) in [
        (
            "https://api.example.com/orders/{{ context.id }}",
            format!("https://api.example.com/orders/{encoded}"),
        ),
        (
            "https://api.example.com/{{ context.id }}/x?q={{ context.id }}&r=1",
            format!("https://api.example.com/{encoded}/x?q={encoded}&r=1"),
        ),
        ("${BASE}/orders/{{ context.id }}", format!("https://api.example.com/v2/orders/{encoded}")),
        ("{{ context.base }}/orders/{{ context.id }}", format!("http://localhost:8080/a/orders/{encoded}")),
        ("{{ context.base }}{{ context.id }}", format!("http://localhost:8080/a/{encoded}")),
    ] {
        let context = json!({ "id": hostile, "base": "http://localhost:8080/a/" });
        assert_eq!(made(written, context), Ok(wanted), "{written}");
    }
}

#[test]
fn numbers_truths_and_variables_are_text_in_an_address() {
    let context = json!({ "id": 7, "ok": true, "tenant": "acme-2" });
    assert_eq!(
        made("https://${HOST}/${KEY}?n={{ context.id }}&ok={{ context.ok }}#x", context.clone()),
        Ok("https://example.com/k3y&%7B%7B%20context.id%20%7D%7D?n=7&ok=true".into())
    );
    assert_eq!(
        made(" https://eu-{{ context.tenant }}.example.com:80{{ context.id }}/\n", context),
        Ok("https://eu-acme-2.example.com:807/".into())
    );
}

#[test]
fn what_would_change_the_path_or_the_host_is_refused() {
    for (written, id) in [
        ("https://api.example.com{{ context.id }}", "x.evil.com"),
        ("https://api.example.com{{ context.id }}:80/", "x.evil.com"),
        ("https://api.example.{{ context.id }}/x", "evil"),
        ("https://a.b:{{ context.id }}/x", "80a"),
        ("https://a/x/{{ context.id }}", ".."),
        ("https://a/x/{{ context.id }}/y", "."),
        ("https://a/x/{{ context.id }}/y", ""),
        ("https://a/x/.{{ context.id }}", "."),
        ("https://{{ context.id }}/x", "evil.com/"),
        ("https://{{ context.id }}/x", "a@evil.com"),
        ("https://{{ context.id }}.a/x", "evil.com#"),
        ("https://{{ context.id }}.a/x", "evil.com\\"),
        ("https://{{ context.id }}.a/x", ""),
        ("https://{{ context.id }}.a/x", "-"),
        ("https://u:{{ context.id }}@a/x", "p"),
        ("{{ context.id }}://a/x", "https"),
        ("{{ context.id }}", "file:///etc/passwd"),
        ("{{ context.id }}", "/x"),
        ("{{ context.id }}", "https://u:p@a/"),
        ("{{ context.id }}/x", "https://a/?q="),
        ("{{ context.id }}/x", "https://a/#"),
        ("ftp://a/{{ context.id }}", "x"),
        ("https://a/{{ context.list }}", "x"),
    ] {
        let refused = made(written, json!({ "id": id, "list": [1] }));
        assert!(refused.is_err(), "{written} with {id:?}: {refused:?}");
    }
    assert_eq!(made("https://a/{{ context.idd }}", json!({})), Err("there is no context.idd".into()));
    assert_eq!(made("https://a/{{ results.fetch.id }}", json!({})), Err("there is no results.fetch".into()));
}

#[test]
fn a_user_is_taken_out_and_what_follows_the_host_is_secret() {
    let noted = |written: &str| {
        let mut secrets = Secrets::default();
        let made = address(written, &vars, &scope(json!({ "id": 1 })), &mut secrets).expect("an address");
        (made, secrets)
    };
    let (address, secrets) = noted("https://ada:p%40ssw0rd@${HOST}/x");
    assert_eq!(
        (address.url.as_str(), address.user.as_deref()),
        ("https://example.com/x", Some("ada:p@ssw0rd"))
    );
    assert_eq!(secrets.hidden("p@ssw0rd at example.com"), "[FILTERED] at example.com");

    let (_, secrets) = noted("${BASE}/orders?key=${KEY}");
    let said = "https://api.example.com/v2/orders/7?key=k3y&{{ context.id }}";
    assert_eq!(
        secrets.hidden(said),
        "https://api.example.com/v2/orders/7?key=[FILTERED]",
        "links stay links"
    );

    let (_, secrets) = noted("${HOOK}");
    assert_eq!(secrets.hidden("at https://hooks.example.com/T0/s3cr3t-p4th"), "at [FILTERED]");
}

proptest! {
    /// Whatever a value is, the address has the host, the segments and the parameters that the template has.
    #[test]
    fn no_value_changes_the_shape_of_an_address(id in "\\PC{1,12}|[./\\\\?#&=%@: \\t\\r\\n2eE]{1,8}") {
        if let Ok(made) = made("https://api.example.com/a/{{ context.id }}/b?x={{ context.id }}&y=1", json!({ "id": id })) {
            let url = Url::parse(&made).expect("an address");
            prop_assert_eq!(url.host_str(), Some("api.example.com"));
            let segments: Vec<&str> = url.path_segments().expect("segments").collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!(percent_decode_str(segments[1]).decode_utf8_lossy(), id.as_str());
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, [("x".to_owned(), id.clone()), ("y".to_owned(), "1".to_owned())]);
        } else {
            prop_assert!(matches!(id.as_str(), "." | ".."), "{:?}", id);
        }
    }
}
