//! Databases that can't be used.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use sea_orm::ConnectionTrait;
use tokio::process::Command;

use super::refusal;
use crate::{
    crash::{home::Home, programs::Program, shapes},
    place::Place,
};

fn serve(home: &Home, url: &str) -> Command {
    let mut command = home.command(Program::Drill, "serve");
    command.args(["--listen", "127.0.0.1:0", "--database-url", url]);
    command
}

on_both_databases!(a_database_of_a_newer_program_is_left_alone);

async fn a_database_of_a_newer_program_is_left_alone(place: Place) {
    let home = Home::new(place, &shapes::mixed());
    let database = home.migrated().await;
    let newer = "UPDATE tasker_schema SET oldest_program = '99.0.0'";
    database.upkeep.execute_unprepared(newer).await.expect(newer);
    database.close().await;
    let said = refusal(home.serve(Program::Drill)).await;
    assert!(said.contains("the database needs tasker 99.0.0 or newer"), "{said}");
    assert!(said.contains("install the newer program"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let home = Home::new(Place::sqlite(), &[]).set("DATABASE__CONNECT_TIMEOUT", "2s");
    let said = refusal(serve(&home, "postgres://ada:hush@127.0.0.1:1/tasker")).await;
    assert!(said.contains("PostgreSQL at 127.0.0.1:1 does not let us in"), "{said}");
    assert!(said.contains("check the address"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test]
async fn a_name_or_user_that_the_server_does_not_know_is_named() {
    let Some(place) = Place::postgres().await else { return };
    let url = place.url.clone();
    let home = Home::new(place, &[]);
    let (server, _) = url.rsplit_once('/').expect("a name");
    let said = refusal(serve(&home, &format!("{server}/no_such_database"))).await;
    assert!(said.contains("no_such_database") && said.contains("that the database exists"), "{said}");
    let (_, at) = url.split_once('@').expect("a user");
    let said = refusal(serve(&home, &format!("postgres://no_such_user:hush@{at}"))).await;
    assert!(said.contains("no_such_user") && said.contains("check the address, the user"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let home = Home::new(Place::sqlite(), &[]);
    let file = home.folder().join("letter.db");
    let text = "Dear Ada, this is a letter and not a database. ".repeat(40);
    fs::write(&file, &text).expect("a file");
    let said = refusal(serve(&home, "sqlite://letter.db?mode=rwc")).await;
    assert!(said.contains("letter.db") && said.contains("not a database"), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("the file"), text);
    assert_eq!(files(home.folder()), ["config", "letter.db"]);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_created_only_when_asked() {
    let home = Home::new(Place::sqlite(), &[]);
    let said = refusal(serve(&home, "sqlite://absent.db")).await;
    assert!(said.contains("absent.db") && said.contains("mode=rwc"), "{said}");
    assert_eq!(files(home.folder()), ["config"]);
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_named() {
    let home = Home::new(Place::sqlite(), &[]);
    let closed = home.folder().join("closed");
    fs::create_dir(&closed).expect("a folder");
    protect(&home, &closed, 0o555);
    let said = refusal(as_somebody(serve(&home, "sqlite://closed/new.db?mode=rwc"))).await;
    assert!(said.contains("closed/new.db") && said.contains("that its folder may be written"), "{said}");
    assert!(files(&closed).is_empty());
    let said = refusal(serve(&home, "sqlite://nowhere/new.db?mode=rwc")).await;
    assert!(said.contains("nowhere/new.db") && said.contains("its folder does not exist"), "{said}");
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_named() {
    let home = Home::new(Place::sqlite(), &[]);
    let url = "sqlite://closed.db?mode=rwc";
    let migrated = home.command(Program::Tasker, "migrate").args(["--database-url", url]).output().await;
    assert!(migrated.expect("it starts").status.success());
    protect(&home, &home.folder().join("closed.db"), 0o444);
    let said = refusal(as_somebody(serve(&home, url))).await;
    assert!(said.contains("closed.db") && said.contains("may be written"), "{said}");
    assert_eq!(files(home.folder()), ["closed.db", "closed.db.lock", "config"]);
}

/// Write-protects `path`; everybody may look into the home.
fn protect(home: &Home, path: &Path, mode: u32) {
    for (path, mode) in [(path, mode), (home.folder(), 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
    }
}

/// As a user who is not the superuser, who may write anywhere.
fn as_somebody(mut command: Command) -> Command {
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.uid(65534).gid(65534);
    }
    command
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
