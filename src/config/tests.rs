//! What wins, and what is said about everything that is wrong.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::{Config, Error, LogFormat, Overrides, Variables, tree};

/// A configuration folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn load(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<Config, Error> {
    load_with(files, variables, &Overrides::default())
}

fn load_with(
    files: &[(&str, &str)],
    variables: &[(&str, &str)],
    overrides: &Overrides,
) -> Result<Config, Error> {
    Config::load(folder(files).path(), overrides, &variables.iter().copied().collect())
}

/// What is said, with the folder's own path left out.
fn complaints(files: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    complaints_with(files, variables, &Overrides::default())
}

fn complaints_with(files: &[(&str, &str)], variables: &[(&str, &str)], overrides: &Overrides) -> String {
    let folder = folder(files);
    let loaded = Config::load(folder.path(), overrides, &variables.iter().copied().collect());
    let said = loaded.expect_err("it is refused").to_string();
    said.replace(&format!("{}/", folder.path().display()), "")
}

fn shipped() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config"))
}

#[test]
fn without_files_and_variables_the_defaults_apply() {
    let folder = folder(&[]);
    let config = Config::load(folder.path(), &Overrides::default(), &Variables::default()).expect("defaults");
    assert_eq!(config, Config { directory: folder.path().to_owned(), ..Config::default() });
    assert_eq!(config.templates_directory(), folder.path().join("tasks"));
    assert!(config.environment.is_development());
}

#[test]
fn the_reference_file_has_every_key_with_its_default() {
    let text = fs::read_to_string(shipped().join("tasker.yaml")).expect("the reference");
    let written: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    let defaults = serde_yaml::to_value(Config::default()).expect("a tree");
    assert_eq!(tree::settings(&written), tree::settings(&defaults), "the same keys in the same order");

    let loaded = load(&[("tasker.yaml", &text)], &[]).expect("the reference loads");
    assert_eq!(Config { directory: Config::default().directory, ..loaded }, Config::default());
}

#[test]
fn every_key_of_the_reference_file_is_explained() {
    let text = fs::read_to_string(shipped().join("tasker.yaml")).expect("the reference");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for pair in lines.windows(2) {
        let is_setting = pair[1].split_once(": ").is_some() && !pair[1].starts_with('#');
        assert!(!is_setting || pair[0].starts_with('#'), "`{}` has no comment", pair[1]);
    }
}

#[test]
fn the_environments_that_are_shipped_load() {
    for name in ["development", "production", "test"] {
        let variables = [("TASKER_ENV", name)].into_iter().collect();
        let config = Config::load(shipped(), &Overrides::default(), &variables).expect(name);
        assert_eq!(config.environment.as_str(), name);
        assert_eq!(config.logging.format == LogFormat::Json, config.environment.is_production());
    }
}

#[test]
fn the_stronger_source_wins() {
    let base =
        ("tasker.yaml", "server: {listen: '127.0.0.1:1', request_timeout: 1s}\nlogging: {level: error}");
    let test = ("environments/test.yaml", "server: {listen: '127.0.0.1:2'}");
    let overrides = Overrides { listen: Some("127.0.0.1:4".to_owned()), ..Overrides::default() };
    let listen = |files: &[_], variables: &[_], overrides: &Overrides| {
        load_with(files, variables, overrides).expect("settings").server.listen.port()
    };
    let none = Overrides::default();
    let variable = ("TASKER__SERVER__LISTEN", "127.0.0.1:3");

    assert_eq!(listen(&[base, test], &[], &none), 1, "another environment's file is not read");
    assert_eq!(listen(&[base, test], &[("TASKER_ENV", "test")], &none), 2);
    assert_eq!(listen(&[base, test], &[("TASKER_ENV", "test"), variable], &none), 3);
    assert_eq!(listen(&[base, test], &[("TASKER_ENV", "test"), variable], &overrides), 4);

    let merged = load(&[base, test], &[("TASKER_ENV", "test")]).expect("settings");
    assert_eq!(merged.server.request_timeout, Duration::from_secs(1), "sections are merged");
    assert_eq!(merged.logging.level, "error");
}

#[test]
fn the_usual_variables_are_honoured() {
    let variables = [
        ("TASKER__DATABASE__PRIMARY__URL", "sqlite://weak.db"),
        ("DATABASE_URL", "postgres://db/tasker"),
        ("TASKER__LOGGING__LEVEL", "warn"),
        ("RUST_LOG", "tasker=trace"),
    ];
    let config = load(&[], &variables).expect("settings");
    assert_eq!(config.database.primary.url.as_str(), "postgres://db/tasker");
    assert_eq!(config.logging.level, "tasker=trace");

    let overrides = Overrides { database_url: "sqlite://cli.db".parse().ok(), ..Overrides::default() };
    let config = load_with(&[], &variables, &overrides).expect("settings");
    assert_eq!(config.database.primary.url.as_str(), "sqlite://cli.db");

    let empty = load(&[], &[("DATABASE_URL", ""), ("RUST_LOG", ""), ("TASKER_ENV", "")]);
    assert_eq!(empty.expect("empty is not set").database, Config::default().database);
}

#[test]
fn the_variables_of_opentelemetry_are_honoured() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer hunter2,x-tenant=shop"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ];
    let otlp = load(&[], &variables).expect("settings").telemetry.otlp;
    assert!(!otlp.enabled, "it takes a decision");
    assert_eq!(otlp.endpoint, "https://collector.example:4318");
    assert_eq!(otlp.headers.0["authorization"], "Bearer hunter2");
    assert_eq!(otlp.headers.0["x-tenant"], "shop");
    assert_eq!((otlp.sampler, otlp.sampling_ratio), (super::Sampler::Ratio, 0.25));
    assert_eq!(otlp.service_name, "shop");
    assert!(!format!("{otlp:?}").contains("hunter2"));
}

#[test]
fn mistakes_about_traces_are_said() {
    let file = "telemetry: {otlp: {endpoint: 'localhost:4318', sampler: sometimes, sampling_ratio: 2, timeout: 1h, service_name: ' ', headers: {'a b': c}}}";
    let said = complaints(&[("tasker.yaml", file)], &[]);
    for part in [
        "telemetry.otlp.endpoint: expected the address of a collector",
        "telemetry.otlp.sampler: expected one of `always_on`",
        "telemetry.otlp.sampling_ratio: must be between 0 and 1, not `2`",
        "telemetry.otlp.timeout: must be between 100ms and 1m",
        "telemetry.otlp.service_name: is empty",
        "telemetry.otlp.headers: `a b` can't be sent as a header",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let said = complaints(&[], &[("OTEL_TRACES_SAMPLER_ARG", "half")]);
    assert!(said.contains("expected a number, such as `1.0`, not `half`"), "{said}");
}

#[test]
fn a_variable_is_read_as_the_type_of_its_key() {
    let variables = [
        ("TASKER__SERVER__ALLOWED_HOSTS", "a.example, b.example"),
        ("TASKER__SERVER__ALLOWED_ORIGINS", "[\"https://a.example\"]"),
        ("TASKER__SERVER__INSECURE", "true"),
        ("TASKER__DATABASE__MAX_CONNECTIONS", "3"),
        ("TASKER__ORCHESTRATION__LEASE_TTL", "1m 30s"),
        ("TASKER__ORCHESTRATION__MAX_CONTEXT_BYTES", "2048"),
        ("TASKER__GRAPHQL__LIMITS__DEPTH", "7"),
        ("TASKER__TEMPLATES__DIRECTORY", "2024"),
    ];
    let config = load(&[], &variables).expect("settings");
    assert_eq!(config.server.allowed_hosts, ["a.example", "b.example"]);
    assert_eq!(config.server.allowed_origins, ["https://a.example"]);
    assert!(config.server.insecure);
    assert_eq!(config.database.max_connections, 3);
    assert_eq!(config.orchestration.lease_ttl, Duration::from_secs(90));
    assert_eq!(config.orchestration.max_context_bytes, 2_048);
    assert_eq!(config.graphql.limits.depth, 7);
    assert_eq!(config.templates.directory, Path::new("2024"));
}

#[test]
fn variables_are_put_into_files_after_these_are_merged() {
    let base = (
        "tasker.yaml",
        "server: {allowed_hosts: ['${HOST}'], listen: '${NOT_SET}'}\n\
         database: {max_connections: '${CONNECTIONS:-5}', migrate: '${MIGRATE}'}",
    );
    let test = ("environments/test.yaml", "server: {listen: '127.0.0.1:${PORT:-9000}'}");
    let variables = [("TASKER_ENV", "test"), ("HOST", "a.example"), ("MIGRATE", "false")];
    let config = load(&[base, test], &variables).expect("what is overridden need not be defined");
    assert_eq!(config.server.allowed_hosts, ["a.example"]);
    assert_eq!(config.server.listen, SocketAddr::from(([127, 0, 0, 1], 9000)));
    assert_eq!((config.database.max_connections, config.database.migrate), (5, false));

    let literal = load(&[], &[("DATABASE_URL", "postgres://ada:a${B}c@db/tasker")]).expect("settings");
    assert_eq!(literal.database.primary.url.as_str(), "postgres://ada:a${B}c@db/tasker");
}

#[test]
fn everything_wrong_is_said_at_once() {
    let base = (
        "tasker.yaml",
        r#"
sever:
  listen: 127.0.0.1:8080
server:
  listn: 127.0.0.1:8080
  server.listen: 127.0.0.1:8080
  request_timeout: 10
  shutdown_grace: 2 fortnights
  allowed_hosts: a.example
  allowed_origins: ["*", "https://a.example/"]
  insecure: perhaps
database: 7
lease_ttl: 10s
orchestration:
  lease_ttl: 500ms
  max_recoveries: -1
  max_results_bytes: 4 MB
  max_context_bytes: 12
  colour: blue
graphql:
  limits: {depth: deep, tokens: ~, nodes: 1.5, 8: x}
"#,
    );
    let production = ("environments/production.yaml", "logging: {format: xml, level: '=='}\ntemplates:\n");
    let variables = [
        ("TASKER_ENV", "production"),
        ("TASKER__SERVER__LISTEN", "localhost"),
        ("TASKER__GRAPHQL__PLAYGROUD", "true"),
        ("TASKER__GRAPHQL_PLAYGROUND", "true"),
        ("TASKER__GRAPHQL", "true"),
        ("TASKER__GRAPHQL__PLAYGROUND__COLOUR", "blue"),
        ("TASKER__GRAPHQL__LIMITS__ALIASES", ""),
        ("DATABASE_URL", "mysql://ada:hunter2@db/tasker"),
    ];
    assert_snapshot!(complaints(&[base, production], &variables), @r"
    the configuration can't be used:
      tasker.yaml: sever: unknown key; did you mean `server`?
      tasker.yaml: server.listn: unknown key; did you mean `server.listen`?
      tasker.yaml: server.server.listen: unknown key; known here: listen, allowed_hosts, allowed_origins, shutdown_grace, request_timeout, max_connections, max_connections_per_address, max_request_memory, header_timeout, idle_timeout, trusted_proxies, rate_limit, insecure
      tasker.yaml: database: expected a section with keys, not a single value
      tasker.yaml: lease_ttl: unknown key; did you mean `orchestration.lease_ttl`?
      tasker.yaml: orchestration.colour: unknown key; known here: lease_ttl, max_tasks_in_memory, max_recoveries, max_lost_leases, park_after, journal_queue, journal_flush_rows, command_wait, max_context_bytes, max_results_bytes, max_bulk_tasks, max_bulk_steps
      tasker.yaml: graphql.limits.8: unknown key; known here: body_bytes, tokens, nodes, depth, aliases, root_fields, directives, complexity
      TASKER__GRAPHQL: graphql: expected a section with keys, not a single value
      TASKER__GRAPHQL_PLAYGROUND: graphql_playground: unknown key; did you mean `graphql.playground`?
      TASKER__GRAPHQL__PLAYGROUD: graphql.playgroud: unknown key; did you mean `graphql.playground`?
      TASKER__SERVER__LISTEN: server.listen: expected an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`, not `localhost`
      tasker.yaml: server.allowed_hosts: expected a list, such as `[one, two]`, not `a.example`
      tasker.yaml: server.shutdown_grace: expected a duration with its unit, such as `10s` or `1m 30s`, not `2 fortnights`
      tasker.yaml: server.request_timeout: expected a duration with its unit, such as `10s` or `1m 30s`, not `10`
      tasker.yaml: server.insecure: expected `true` or `false`, not `perhaps`
      tasker.yaml: orchestration.max_recoveries: expected a whole number, such as `5`, not `-1`
      tasker.yaml: orchestration.max_results_bytes: expected a size, such as `4 MiB` or `65536`, not `4 MB`
      TASKER__GRAPHQL__PLAYGROUND__COLOUR: graphql.playground: expected `true` or `false`, not a section
      tasker.yaml: graphql.limits.tokens: expected a whole number, such as `10000`, not an empty value
      tasker.yaml: graphql.limits.nodes: expected a whole number, such as `5000`, not `1.5`
      tasker.yaml: graphql.limits.depth: expected a whole number, such as `20`, not `deep`
      TASKER__GRAPHQL__LIMITS__ALIASES: graphql.limits.aliases: expected a whole number, such as `100`, not an empty value
      environments/production.yaml: logging.format: expected `pretty` or `json`, not `xml`
      tasker.yaml: orchestration.lease_ttl: must be between 1s and 1h, not `500ms`
      tasker.yaml: orchestration.max_context_bytes: must be between 1 KiB and 1 GiB, not `12`
      the defaults: authentication.enabled: production needs a decision: write `true`, and how to sign in, or `false`
      tasker.yaml: server.allowed_origins[0]: expected a scheme and a host, such as `https://app.example.com`, without a path or `*`
      tasker.yaml: server.allowed_origins[1]: expected a scheme and a host, such as `https://app.example.com`, without a path or `*`
      DATABASE_URL: database.primary.url: expected `sqlite://tasker.db?mode=rwc` or `postgres://user@host/database`, not `mysql://ada:***@db/tasker`
      environments/production.yaml: logging.level: expected a level, such as `info`, or directives, such as `info,tasker=debug`, not `==`
    ");
}

#[test]
fn the_mistakes_of_every_section_are_said_together() {
    let base = (
        "tasker.yaml",
        r#"
server:
  max_connections: 0
  header_timeout: 1ms
  trusted_proxies: [10.0.0.0/8, 0.0.0.0/0, "::/0"]
  rate_limit: {per_address: 0, per_subject: many, failed_sign_ins: 2000000, max_keys: 1, per_minute: 7}
authentication:
  enabled: true
  authenticators:
    - {type: jwt, algorithms: [HS256], secret: short, isuer: us}
    - {type: proxy, trusted_peers: [0.0.0.0/0], subject_header: Cookie}
    - {type: magic}
authorization: {enabled: maybe, policy: "", modle: x}
graphql: {introspection: some, subscriptions_per_subject: 0, limits: {depth: 0}}
"#,
    );
    assert_snapshot!(complaints(&[base], &[]), @r"
    the configuration can't be used:
      tasker.yaml: server.rate_limit.per_minute: unknown key; did you mean `server.rate_limit.per_subject`?
      tasker.yaml: authorization.modle: unknown key; did you mean `authorization.model`?
      tasker.yaml: server.rate_limit.per_subject: expected a whole number, such as `500`, not `many`
      tasker.yaml: graphql.introspection: unknown variant `some`, expected one of `none`, `permitted`, `full`, not `some`
      tasker.yaml: authorization.enabled: expected `true` or `false`, not `maybe`
      tasker.yaml: server.max_connections: must be between 1 and 1000000, not `0`
      tasker.yaml: server.header_timeout: must be between 100ms and 1h, not `1ms`
      tasker.yaml: server.rate_limit.per_address: must be between 1 and 1000000, not `0`
      tasker.yaml: server.rate_limit.failed_sign_ins: must be between 1 and 1000000, not `2000000`
      tasker.yaml: server.rate_limit.max_keys: must be between 100 and 10000000, not `1`
      tasker.yaml: graphql.subscriptions_per_subject: must be between 1 and 100000000, not `0`
      tasker.yaml: graphql.limits.depth: must be between 1 and 1000, not `0`
      tasker.yaml: authentication.authenticators[0].secret: is shorter than the 32 bytes that the algorithm needs; `openssl rand -hex 32` makes one
      tasker.yaml: authentication.authenticators[0].isuer: unknown key; known here: algorithms, audience, issuer, jwks, jwks_cooldown, jwks_max_age, jwks_refresh, jwks_timeout, leeway, namespaces_claim, public_key, roles_claim, secret, subject_claim, type
      tasker.yaml: authentication.authenticators[1].trusted_peers[0]: is every address there is: anybody could say who they are
      tasker.yaml: authentication.authenticators[1].subject_header: this header means something else already
      tasker.yaml: authentication.authenticators[2].type: expected `jwt`, `api_token` or `proxy`
      tasker.yaml: server.trusted_proxies[1]: is every address there is: anybody could say where they are
      tasker.yaml: server.trusted_proxies[2]: is every address there is: anybody could say where they are
      tasker.yaml: authorization.policy: expected a file, not ``
    ");
    let proxies = ("tasker.yaml", "server: {trusted_proxies: [10.0.0.0/8, somewhere]}");
    assert_snapshot!(complaints(&[proxies], &[]), @r"
    the configuration can't be used:
      tasker.yaml: server.trusted_proxies[1]: expected an IP address or a network, such as `10.0.0.7` or `10.0.0.0/8`
    ");
}

#[test]
fn files_that_cant_be_read_are_said_at_once_too() {
    let base = ("tasker.yaml", "server: {listen: [}");
    let test = ("environments/test.yaml", "server: {}\nserver: {}");
    assert_snapshot!(complaints(&[base, test], &[("TASKER_ENV", "test")]), @r#"
    the configuration can't be used:
      tasker.yaml: not valid YAML: did not find expected node content at line 1 column 19, while parsing a flow node
      environments/test.yaml: not valid YAML: duplicate entry with key "server"
    "#);
    assert_snapshot!(complaints(&[("tasker.yaml/x", "")], &[("TASKER_ENV", "../secret")]), @r"
    the configuration can't be used:
      TASKER_ENV: `../secret` must be letters, digits, `_` and `-`
      tasker.yaml: cannot be read: Is a directory (os error 21)
    ");
    assert_snapshot!(complaints(&[("tasker.yaml", "just text")], &[]), @r"
    the configuration can't be used:
      tasker.yaml: expected a section with keys, not a single value
    ");
    assert!(load(&[("tasker.yaml", "# nothing but comments\n")], &[]).is_ok());
}

#[test]
fn what_a_variable_held_is_never_shown() {
    let base = (
        "tasker.yaml",
        r#"
server: {listen: "${SECRET}", request_timeout: "${SECRET}", insecure: "${SECRET}", allowed_hosts: ["${SECRET}"]}
database: {max_connections: "${SECRET}", primary: {url: "${SECRET}"}}
templates: {max_file_bytes: "${SECRET}", max_steps: "${ZERO}"}
logging: {format: "${SECRET}", level: "${SECRET}"}
graphql: {playground: "${NOT_SET}"}
"#,
    );
    let said = complaints(&[base], &[("SECRET", "hunter2 /="), ("ZERO", "0")]);
    assert!(!said.contains("hunter2"), "{said}");
    assert_snapshot!(said, @r"
    the configuration can't be used:
      tasker.yaml: graphql.playground: the variable NOT_SET is not defined; define it, or give a default: ${NOT_SET:-…}
      tasker.yaml: server.listen: expected an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`, not `${SECRET}`
      tasker.yaml: server.request_timeout: expected a duration with its unit, such as `10s` or `1m 30s`, not `${SECRET}`
      tasker.yaml: server.insecure: expected `true` or `false`, not `${SECRET}`
      tasker.yaml: database.max_connections: expected a whole number, such as `8`, not `${SECRET}`
      tasker.yaml: templates.max_file_bytes: expected a size, such as `4 MiB` or `65536`, not `${SECRET}`
      tasker.yaml: logging.format: expected `pretty` or `json`, not `${SECRET}`
      tasker.yaml: templates.max_steps: must be between 1 and 100000000, not `${ZERO}`
      tasker.yaml: server.allowed_hosts[0]: expected a host, such as `tasker.example.com`, without a scheme, a path or `*`
      tasker.yaml: database.primary.url: expected `sqlite://tasker.db?mode=rwc` or `postgres://user@host/database`, not `${SECRET}`
    ");
}

#[test]
fn a_password_is_never_shown() {
    let written = ("tasker.yaml", "database: {primary: {url: 'mysql://ada:hunter2@db/tasker'}}");
    let overrides =
        Overrides { database_url: "my:hunter2@db?password=hunter2".parse().ok(), ..Overrides::default() };
    let said = [complaints(&[written], &[]), complaints_with(&[], &[], &overrides), format!("{overrides:?}")]
        .concat();
    assert!(!said.contains("hunter2") && said.contains("ada:***@db"), "{said}");

    let config = load(&[], &[("DATABASE_URL", "postgres://ada:hunter2@db/tasker")]).expect("settings");
    let variables: Variables = [("DATABASE_URL", "hunter2")].into_iter().collect();
    let printed = format!("{config:?} {variables:?} {}", serde_json::to_string(&config).expect("JSON"));
    assert!(!printed.contains("hunter2"), "{printed}");
}

/// E10: without a way to sign in, only the word itself opens the service to others.
#[test]
fn listening_beyond_loopback_needs_the_word_insecure() {
    let listen = |address: &str, insecure| {
        let overrides = Overrides { listen: Some(address.to_owned()), insecure, ..Overrides::default() };
        load_with(&[], &[], &overrides).map(|config| config.server.listen.to_string())
    };
    for address in ["127.0.0.1:0", "127.8.8.8:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        assert_eq!(listen(address, false).as_deref(), Ok(address));
    }
    for address in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[::ffff:10.0.0.1]:80"] {
        assert!(listen(address, false).is_err(), "{address}");
        assert_eq!(listen(address, true).as_deref(), Ok(address));
    }
    assert_snapshot!(listen("0.0.0.0:80", false).expect_err("it is refused"), @r"
    the configuration can't be used:
      --listen: server.listen: listening on 0.0.0.0 without authentication is refused; turn `authentication.enabled` on, bind to 127.0.0.1, or pass --insecure
    ");
}
