use std::sync::Arc;

use serde_json::json;

use super::*;

fn scope() -> Scope {
    let context = Arc::new(json!({
        "id": 7, "name": "Ada ${TOKEN} {{ context.id }}", "tags": ["a", "b"], "nothing": null, "yes": true,
        "order": {"total": 12.5, "lines": [{"sku": "x"}]}, "evil": "a\r\nX-Admin: 1", "big": "x".repeat(1 << 20),
        "list": vec![1; 5000],
    }));
    let fetched = Arc::new(json!({"body": {"total": 3}}));
    Scope {
        inputs: Arc::new(json!({"id": 8})),
        context,
        results: Arc::new(move |step| (step == "fetch order").then(|| fetched.clone())),
        step: Arc::new(json!({"id": "s1", "name": "call", "attempt": 2})),
        task: Arc::new(json!({"id": "t1"})),
    }
}

fn vars(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("s3cr3t{{ context.id }}".to_owned()),
        "NUMBER" => Some("2".to_owned()),
        _ => None,
    }
}

fn made(config: Value) -> Result<Request, Mistake> {
    let mut whole = json!({"type": "api", "url": "https://api.example.com/x"});
    whole.as_object_mut().expect("a mapping").extend(config.as_object().expect("a mapping").clone());
    let resolved = crate::model::template::resolve(&whole, &vars).expect("defined");
    prepare(&whole, &resolved, &vars, &scope())
}

fn body(body: Value) -> Value {
    let request = made(json!({ "body": body })).expect("a request");
    serde_json::from_slice(&request.body.expect("a body")).expect("JSON")
}

fn refused(config: Value) -> String {
    made(config).expect_err("refused").to_string()
}

#[test]
fn one_expression_keeps_its_type_and_a_text_is_text() {
    let written = json!({
        "id": "{{ context.id }}", "own": "{{ inputs.id }}", "text": "no. {{ context.id }}", "order": "{{ context.order }}",
        "sku": "{{ context.order.lines[0].sku }}", "last": "{{ context.tags[-1] }}", "nothing": "{{ context.nothing }}",
        "sum": "{{ context.id + results['fetch order'].body.total }}", "more": ["{{ context.yes }}", 5, {"attempt": "{{ step.attempt }}"}],
        "made": "{{ [context.id, {'a': context.order.total}] }}", "json": "{{ context.order | tojson }}", "in": "{{ context.tags }}!",
        "loop": "{% for tag in context.tags %}{{ loop.index }}{{ tag }} {% endfor %}", "if": "{% if context.yes %}y{% else %}n{% endif %}",
        "default": "{{ context.missing | default('d') }}", "joined": "{{ context.tags | join(', ') }}",
        "asked": "{{ context.missing is defined }}", "yes": "{{ context.yes }}? {{ context.yes | string }}", "big": "{{ 18446744073709551615 }}",
    });
    assert_eq!(
        body(written),
        json!({
            "id": 7, "own": 8, "text": "no. 7", "order": {"total": 12.5, "lines": [{"sku": "x"}]}, "sku": "x", "last": "b",
            "nothing": null, "sum": 10, "more": [true, 5, {"attempt": 2}], "made": [7, {"a": 12.5}],
            "json": "{\"lines\":[{\"sku\":\"x\"}],\"total\":12.5}", "in": "[\"a\",\"b\"]!", "loop": "1a 2b ", "if": "y",
            "default": "d", "joined": "a, b", "asked": false, "yes": "true? true", "big": 18_446_744_073_709_551_615_u64,
        })
    );
}

#[test]
fn neither_a_value_nor_a_variable_is_read_as_a_template() {
    assert_eq!(body(json!(["{{ context.name }}"])), json!(["Ada ${TOKEN} {{ context.id }}"]));
    assert_eq!(
        body(json!(["a {{ context.name }} ${TOKEN}"])),
        json!(["a Ada ${TOKEN} {{ context.id }} s3cr3t{{ context.id }}"])
    );
    assert_eq!(body(json!(["${TOKEN} ${NONE:-d} $${TOKEN}"])), json!(["s3cr3t{{ context.id }} d ${TOKEN}"]));
}

#[test]
fn what_is_not_there_is_named_with_its_place() {
    for (written, missing) in [
        ("{{ context.nme }}", "there is no context.nme"),
        ("a {{ context.order.lines[3].sku }}", "there is no context.order.lines[3]"),
        ("{{ results.fetch.body }}", "there is no results.fetch"),
        ("{{ results['fetch order'].body.sum }}", "there is no results[\"fetch order\"].body.sum"),
        ("{{ [1, context.nme] }}", "there is no context.nme"),
        ("{% for x in context.nme %}{% endfor %}", "there is no context.nme"),
        ("{% if context.nme %}{% endif %}", "there is no context.nme"),
        ("{{ nothing }}", "there is no nothing"),
    ] {
        let mistake = made(json!({"body": {"a": [written]}})).expect_err(written);
        assert_eq!(mistake.to_string(), format!("body.a[0]: {missing}"));
        assert_eq!(mistake.fault.code(), "UNRESOLVED");
    }
}

#[test]
fn no_expression_eats_time_or_memory() {
    for written in [
        "{% for a in context.list %}{% for b in context.list %}{% endfor %}{% endfor %}",
        "{% for a in context.list %}{{ context.big }}{% endfor %}",
        "{% for a in context.list %}{% if context.big == a %}{% endif %}{% endfor %}",
        "{{ context.big | replace('x', context.big) }}",
        "{{ context.list | join(context.big) }}",
        "{{ context.big * 1000000 }}",
        "{{ 'x' * 1000000000 }}",
        &format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500)),
        &format!("{{{{ {} }}}}", vec!["context.big"; 100].join(" ~ ")),
    ] {
        let began = std::time::Instant::now();
        assert!(made(json!({"body": written})).is_err(), "{written}");
        assert!(began.elapsed().as_secs() < 5, "{written}");
    }
    assert!(
        refused(json!({"body": vec!["{{ context.big }}"; 10]})).contains("the request comes to more than")
    );
}

#[test]
fn a_header_is_one_line_and_one_value() {
    let headers = |headers: Value| made(json!({ "headers": headers })).map(|request| request.headers);
    assert_eq!(
        headers(
            json!({"X-Id": "{{ context.id }}", "Authorization": "Bearer ${TOKEN}", "X-None": "{{ context.nothing }}", "X-Ok": true})
        ),
        Ok(vec![
            ("authorization".into(), "Bearer s3cr3t{{ context.id }}".into()),
            ("x-id".into(), "7".into()),
            ("x-ok".into(), "true".into())
        ])
    );
    for (wrong, why) in [
        (
            json!({"X-Evil": "{{ context.evil }}"}),
            "headers.X-Evil: has a line break or another character that no header can have",
        ),
        (
            json!({"X-Tags": "{{ context.tags }}"}),
            "headers.X-Tags: gives a list, and text, a number, true or false is needed",
        ),
        (json!({"X Y": "a"}), "headers.X Y: is no name of a header: it has letters, digits and `-`"),
        (json!({"Host": "a"}), "headers.Host: is set by the connection, and can't be given"),
    ] {
        assert_eq!(refused(json!({ "headers": wrong })), why);
    }
}

#[test]
fn the_body_decides_about_the_method_and_its_type() {
    let request = |config| {
        let request = made(config).expect("a request");
        let kind =
            request.headers.iter().find(|(name, _)| name == "content-type").map(|(_, kind)| kind.clone());
        (request.method, kind, request.body.map(|body| String::from_utf8(body).expect("text")))
    };
    assert_eq!(request(json!({})), ("GET".into(), None, None));
    assert_eq!(
        request(json!({"body": {"a": 1}})),
        ("POST".into(), Some("application/json".into()), Some("{\"a\":1}".into()))
    );
    assert_eq!(
        request(json!({"method": "put", "body": "a ${NUMBER}"})),
        ("PUT".into(), Some("text/plain; charset=utf-8".into()), Some("a 2".into()))
    );
    let form = json!({"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": {"a": "x&y=z", "b": [1, 2], "c": null}});
    assert_eq!(
        request(form),
        ("POST".into(), Some("application/x-www-form-urlencoded".into()), Some("a=x%26y%3Dz&b=1&b=2".into()))
    );
}

#[test]
fn params_are_added_each_for_itself() {
    let request = made(
        json!({"params": {"q": "{{ context.evil }}&admin=1", "tag": "{{ context.tags }}", "none": null, "n": 5}}),
    );
    let url = request.expect("a request").url;
    assert_eq!(url.query(), Some("n=5&q=a%0D%0AX-Admin%3A+1%26admin%3D1&tag=a&tag=b"));
    assert!(refused(json!({"params": {"q": "{{ context.order }}"}})).contains("params.q: gives a mapping"));
}

#[test]
fn numbers_may_come_from_variables() {
    let request = made(
        json!({"timeout": "${NUMBER}", "expect": ["${STATUS:-404}", 200], "max_response_bytes": "${NUMBER}", "allow_private_networks": "${P:-true}"}),
    );
    let request = request.expect("a request");
    assert_eq!((request.timeout, request.expect), (Some(Duration::from_secs(2)), vec![404, 200]));
    assert_eq!((request.max_response_bytes, request.allow_private_networks), (Some(2), Some(true)));
    for wrong in [
        json!({"method": "${NONE:-FETCH}"}),
        json!({"timeout": "${NONE:-soon}"}),
        json!({"timeout": 0}),
        json!({"expect": ["${NONE:-7}"]}),
        json!({"max_response_bytes": "${NONE:--1}"}),
    ] {
        assert!(made(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_shown_has_neither_query_nor_user_nor_values() {
    let shown = |url: &str| made(json!({"url": url})).expect("a request").shown;
    assert_eq!(shown("https://u:p@a/{{ context.id }}?key=${TOKEN}"), "GET https://a/{{ context.id }}");
    let secrets = made(json!({"headers": {"A": "${TOKEN}"}})).expect("a request").secrets;
    assert_eq!(secrets.hidden("s3cr3t{{ context.id }}"), "[FILTERED]");
}
