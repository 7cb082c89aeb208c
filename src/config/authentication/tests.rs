//! What is wrong with ways to sign in, said at once.

use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use crate::config::{Config, Overrides, OwnSignIn};

fn load(text: &str, variables: &[(&str, &str)], own_sign_in: OwnSignIn) -> Result<Config, String> {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("tasker.yaml"), text).expect("a file");
    let rsa = include_str!("../../auth/jwt/rsa_public.pem");
    fs::write(folder.path().join("rsa.pem"), rsa).expect("a file");
    fs::write(folder.path().join("private.pem"), rsa.replace("PUBLIC", "PRIVATE")).expect("a file");
    let overrides = Overrides { own_sign_in, ..Overrides::default() };
    let config = Config::load(folder.path(), &overrides, &variables.iter().copied().collect());
    let said =
        |error: crate::config::Error| error.to_string().replace(&format!("{}/", folder.path().display()), "");
    // Relative paths are read again while the folder is there.
    config.map_err(said).inspect(|config| assert!(config.authentication.read(&config.directory).is_ok()))
}

fn complaints(text: &str) -> String {
    load(text, &[], OwnSignIn::None).expect_err("it is refused")
}

#[test]
fn every_way_to_sign_in_can_be_configured() {
    let text = r#"
authentication:
  enabled: true
  authenticators:
    - { type: jwt, algorithms: [HS256], secret: "${JWT_SECRET}", subject_claim: sub, roles_claim: a.roles, issuer: us }
    - { type: jwt, algorithms: [RS256, PS512], public_key: rsa.pem, issuer: [them], audience: tasker, leeway: 5s }
    - { type: jwt, algorithms: [EdDSA, ES256, RS256], jwks: "https://issuer.example/jwks", issuer: others, jwks_refresh: 1m }
    - { type: api_token }
    - { type: proxy, trusted_peers: [127.0.0.1, 10.0.0.0/8, "::1"], namespaces_header: X-Namespaces }
"#;
    let secret = "x".repeat(32);
    let config = load(text, &[("JWT_SECRET", &secret)], OwnSignIn::None).expect("it is sound");
    assert!(config.authentication.enabled);
    assert_eq!(config.authentication.authenticators.len(), 5);
    let printed = format!("{config:?} {}", serde_json::to_string(&config).expect("JSON"));
    assert!(!printed.contains(&secret), "{printed}");
}

#[test]
fn everything_wrong_is_said_at_once() {
    assert_snapshot!(complaints(r#"
authentication:
  enabled: true
  authenticators:
    - { type: jwt, algorithms: [HS256, none, HS256], public_key: rsa.pem, colour: blue }
    - { type: jwt, algorithms: [HS512], secret: tooshort, jwks_refresh: 1s, issuer: a }
    - { type: jwt, issuer: a, leeway: 10, audience: [] }
    - { type: jwt, algorithms: [RS256], secret: hunter2, jwks: keys.json, issuer: b }
    - { type: jwt, algorithms: [ES256], public_key: rsa.pem, issuer: c }
    - { type: jwt, algorithms: [RS256], public_key: private.pem, issuer: d }
    - { type: jwt, algorithms: [RS256], public_key: nowhere.pem, issuer: e }
    - { type: jwt, algorithms: [RS256], public_key: "-----BEGIN PUBLIC KEY-----", issuer: f }
    - { type: jwt, algorithms: [RS256, ES256], public_key: rsa.pem, issuer: g }
    - { type: jwt, algorithms: [RS256], jwks: "http://", jwks_timeout: 2h, issuer: h }
    - { type: jwt, algorithms: [RS256], jwks: nowhere.json, issuer: i }
    - { type: jwt, algorithms: [HS256], secret: 1234567890, issuer: j }
    - { type: proxy, trusted_peers: [10.0.0.0/33, localhost, 0.0.0.0/0], subject_header: "a b", roles_header: Authorization }
    - { type: proxy }
    - { type: api_token, secret: x }
    - { type: api_token }
    - { type: none }
    - { type: ldap }
    - { algorithms: [RS256] }
    - api_token
server: {listen: here}
"#), @r"
    the configuration can't be used:
      tasker.yaml: server.listen: expected an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`, not `here`
      tasker.yaml: authentication.authenticators[0].algorithms[1]: expected HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA
      tasker.yaml: authentication.authenticators[0].algorithms[2]: is there twice
      tasker.yaml: authentication.authenticators[0].public_key: HS256, HS384 and HS512 take a `secret`, all other algorithms a `public_key` or `jwks`; don't mix them
      tasker.yaml: authentication.authenticators[0].colour: unknown key; known here: algorithms, audience, issuer, jwks, jwks_cooldown, jwks_max_age, jwks_refresh, jwks_timeout, leeway, namespaces_claim, public_key, roles_claim, secret, subject_claim, type
      tasker.yaml: authentication.authenticators[1].jwks_refresh: belongs to `jwks`, and there is none
      tasker.yaml: authentication.authenticators[1].secret: is shorter than the 64 bytes that the algorithm needs; `openssl rand -hex 64` makes one
      tasker.yaml: authentication.authenticators[2].algorithms: is missing: which signatures are good: HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA
      tasker.yaml: authentication.authenticators[2].secret: is missing: the key of the signatures: give `secret` (HS…), `public_key` or `jwks`, and only one of them
      tasker.yaml: authentication.authenticators[2].audience: expected a text, or a list of texts such as `[one, two]`
      tasker.yaml: authentication.authenticators[2].leeway: expected a duration with its unit, such as `10s` or `1m 30s`
      tasker.yaml: authentication.authenticators[3].secret: the key of the signatures: give `secret` (HS…), `public_key` or `jwks`, and only one of them
      tasker.yaml: authentication.authenticators[4].public_key: is not a key on the curve of every algorithm: P-256 for ES256, P-384 for ES384, or can't be read as PEM
      tasker.yaml: authentication.authenticators[5].public_key: is a private key; give the public one, and keep the private one to the issuer
      tasker.yaml: authentication.authenticators[6].public_key: expected PEM text or a file, and the file cannot be read: entity not found
      tasker.yaml: authentication.authenticators[7].public_key: is not an RSA key of at least 2048 bits, or can't be read as PEM
      tasker.yaml: authentication.authenticators[8].algorithms: one `public_key` can't be of several kinds; name those of its kind
      tasker.yaml: authentication.authenticators[9].jwks_timeout: must be between 100ms and 1m
      tasker.yaml: authentication.authenticators[9].jwks: expected a URL, such as `https://issuer.example.com/jwks.json`
      tasker.yaml: authentication.authenticators[10].jwks: expected a URL or a file, and the file cannot be read: entity not found
      tasker.yaml: authentication.authenticators[11].secret: expected a text; put it in quotes
      tasker.yaml: authentication.authenticators[12].trusted_peers[0]: expected an IP address or a network, such as `10.0.0.7` or `10.0.0.0/8`
      tasker.yaml: authentication.authenticators[12].trusted_peers[1]: expected an IP address or a network, such as `10.0.0.7` or `10.0.0.0/8`
      tasker.yaml: authentication.authenticators[12].trusted_peers[2]: is every address there is: anybody could say who they are
      tasker.yaml: authentication.authenticators[12].subject_header: expected the name of a header, such as `X-Forwarded-User`
      tasker.yaml: authentication.authenticators[12].roles_header: this header means something else already
      tasker.yaml: authentication.authenticators[13].trusted_peers: is missing: whose headers are believed, such as `[127.0.0.1, 10.0.0.0/8]`
      tasker.yaml: authentication.authenticators[14].secret: unknown key; known here: type
      tasker.yaml: authentication.authenticators[16].type: to let everybody in, write `authentication.enabled: false` instead
      tasker.yaml: authentication.authenticators[17].type: expected `jwt`, `api_token` or `proxy`
      tasker.yaml: authentication.authenticators[18].type: is missing: say which: `jwt`, `api_token` or `proxy`
      tasker.yaml: authentication.authenticators[19]: expected keys, such as `type: api_token`, not a single value
      tasker.yaml: authentication.authenticators[15]: listed twice; several `jwt` must each name an `issuer` of their own
    ");
}

#[test]
fn on_without_a_way_to_sign_in_is_refused_unless_the_program_brings_one() {
    let on = "authentication: {enabled: true}";
    assert_snapshot!(complaints(on), @r"
    the configuration can't be used:
      tasker.yaml: authentication.enabled: is on, and nobody could sign in; add one to `authentication.authenticators`, such as `{ type: api_token }`
    ");
    assert!(load(on, &[], OwnSignIn::Some).is_ok());
    assert!(load(on, &[], OwnSignIn::NotAsked).is_ok());
}

#[test]
fn a_program_with_a_way_to_sign_in_is_told_when_it_is_off() {
    assert!(load("", &[], OwnSignIn::Some).is_err());
    assert!(load("authentication: {enabled: false}", &[], OwnSignIn::Some).is_ok());
}

#[test]
fn production_needs_a_decision() {
    let production = [("TASKER_ENV", "production")];
    let said = load("", &production, OwnSignIn::None).expect_err("it is refused");
    assert_snapshot!(said, @r"
    the configuration can't be used:
      the defaults: authentication.enabled: production needs a decision: write `true`, and how to sign in, or `false`
    ");
    for text in [
        "authentication: {enabled: false}",
        "authentication: {enabled: true, authenticators: [{type: api_token}]}",
    ] {
        assert!(load(text, &production, OwnSignIn::None).is_ok());
    }
}

#[test]
fn with_authentication_it_may_listen_anywhere() {
    let listen = "server: {listen: '0.0.0.0:80'}\n";
    assert!(load(listen, &[], OwnSignIn::None).is_err());
    let on = "authentication: {enabled: true, authenticators: [{type: api_token}]}";
    assert!(load(&format!("{listen}{on}"), &[], OwnSignIn::None).is_ok());
}

#[test]
fn a_secret_out_of_a_variable_is_never_shown() {
    let text = "authentication: {enabled: true, authenticators: [{type: '${S}', secret: '${S}'}, {type: jwt, algorithms: ['${S}'], secret: '${S}', leeway: '${S}', jwks: '${S}'}, {type: proxy, trusted_peers: ['${S}'], subject_header: '${S} '}]}";
    let said = load(text, &[("S", "hunter2")], OwnSignIn::None).expect_err("it is refused");
    assert!(!said.contains("hunter2"), "{said}");
}
