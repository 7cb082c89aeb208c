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
    load(text, &[], OwnSignIn::None).err().expect("it is refused")
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
"#), @"");
}

#[test]
fn on_without_a_way_to_sign_in_is_refused_unless_the_program_brings_one() {
    let on = "authentication: {enabled: true}";
    assert_snapshot!(complaints(on), @"");
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
    let said = load("", &production, OwnSignIn::None).err().expect("it is refused");
    assert_snapshot!(said, @"");
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
    let said = load(text, &[("S", "hunter2")], OwnSignIn::None).err().expect("it is refused");
    assert!(!said.contains("hunter2"), "{said}");
}
