//! The directories of versions: found by name, made at once, never overwritten.

use crate::support::{full, write_version};
use ironbook_pipeline::folder::{Draft, Error, Folder, project};
use ironbook_pipeline::version::Version;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Barrier;

struct Desk {
    place: tempfile::TempDir,
    folder: Folder,
}

impl Desk {
    fn new() -> Desk {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::of(place.path());
        Desk { place, folder }
    }

    fn with(versions: &[&str]) -> Desk {
        let desk = Desk::new();
        for version in versions {
            desk.publish(version).unwrap();
        }
        desk
    }

    fn draft(&self, version: &str) -> Draft {
        let draft = self.folder.begin("late-flights").unwrap();
        let mut definition = full();
        definition.version = version.into();
        write_version(draft.path(), &definition);
        draft
    }

    fn publish(&self, version: &str) -> Result<PathBuf, Error> {
        self.draft(version).publish(version.parse().unwrap())
    }

    fn resolved(&self, text: &str) -> String {
        match self.folder.resolve(text) {
            Ok(found) => found.version.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

#[test]
fn names_and_versions_are_listed_in_order() {
    let desk = Desk::with(&["1.10.0", "1.9.0", "2.0.0"]);
    fs::create_dir_all(desk.place.path().join("pipelines/empty")).unwrap();
    fs::create_dir_all(desk.place.path().join("pipelines/late-flights/3.0.0")).unwrap();
    fs::create_dir_all(desk.place.path().join("pipelines/late-flights/notes")).unwrap();
    assert_eq!(desk.folder.names().unwrap(), ["late-flights"]);
    let versions: Vec<String> = desk.folder.versions("late-flights").unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["1.9.0", "1.10.0", "2.0.0"]);
    assert_eq!(desk.folder.latest("late-flights").unwrap(), Some(Version::new(2, 0, 0)));
    assert_eq!(desk.folder.latest("other").unwrap(), None);
    assert!(Folder::of(&desk.place.path().join("nowhere")).names().unwrap().is_empty());
}

#[test]
fn versions_are_found_by_what_users_write() {
    let desk = Desk::with(&["1.2.0", "1.10.0", "1.10.1", "2.0.0"]);
    for (text, version) in [
        ("late-flights", "2.0.0"),
        ("late-flights@latest", "2.0.0"),
        ("late-flights@1", "1.10.1"),
        ("late-flights@1.2", "1.2.0"),
        ("late-flights@1.10.0", "1.10.0"),
    ] {
        assert_eq!(desk.resolved(text), version, "{text}");
    }
    let path = desk.place.path().join("pipelines/late-flights/1.2.0");
    assert_eq!(desk.resolved(path.to_str().unwrap()), "1.2.0");
    assert_eq!(desk.resolved(path.join("pipeline.toml").to_str().unwrap()), "1.2.0");
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let desk = Desk::with(&["1.2.0", "1.10.0"]);
    assert!(desk.resolved("late-flights@3").contains("no version 3 of `late-flights`\nthere are 1.2.0, 1.10.0"));
    assert!(desk.resolved("early").contains("no pipeline `early`") && desk.resolved("early").contains("late-flights"));
    for text in ["late-flights@", "late-flights@1.2.3.4", "late-flights@x", "@1"] {
        assert!(desk.resolved(text).contains("names no version"), "{text}: {}", desk.resolved(text));
    }
    assert!(desk.resolved("./nowhere").contains("cannot read"), "{}", desk.resolved("./nowhere"));
    let root = desk.place.path().join("pipelines/late-flights");
    fs::rename(root.join("1.2.0"), root.join("1.2.1")).unwrap();
    assert!(
        desk.resolved("late-flights@1.2")
            .contains("is the definition of late-flights@1.2.0, not of late-flights@1.2.1")
    );
}

#[test]
fn an_existing_version_is_never_overwritten() {
    let desk = Desk::with(&["1.0.0"]);
    let file = desk.place.path().join("pipelines/late-flights/1.0.0/README.md");
    fs::write(&file, "mine").unwrap();
    let mut draft = desk.draft("1.0.0");
    let error = draft.publish(Version::FIRST).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert!(error.to_string().contains("late-flights@1.0.0 exists already"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");

    // It can still become the next one.
    let mut definition = full();
    definition.version = "1.0.1".into();
    write_version(draft.path(), &definition);
    let directory = draft.publish(Version::new(1, 0, 1)).unwrap();
    drop(draft);
    assert!(directory.join("src/main.rs").is_file());
}

#[test]
fn a_draft_that_is_given_up_leaves_nothing() {
    let desk = Desk::new();
    drop(desk.draft("1.0.0"));
    assert!(!desk.place.path().join("pipelines/late-flights").exists());
    assert!(matches!(desk.folder.begin("../x"), Err(Error::Name { .. })));
    assert!(
        desk.folder.begin("late-flights").unwrap().publish(Version::FIRST).is_err(),
        "there is no definition in it"
    );
    let mut draft = desk.draft("1.0.0");
    assert!(matches!(draft.publish(Version::new(2, 0, 0)), Err(Error::Moved { .. })));
    assert!(desk.folder.names().unwrap().is_empty());
}

#[test]
fn of_many_promotions_at_once_one_gets_the_version() {
    let desk = Desk::new();
    let start = Barrier::new(8);
    let results: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut draft = desk.draft("1.0.0");
                    start.wait();
                    match draft.publish(Version::FIRST) {
                        Ok(_) => true,
                        Err(Error::Exists { .. }) => false,
                        Err(error) => panic!("{error}"),
                    }
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|won| **won).count(), 1);
    let left: Vec<String> = fs::read_dir(desk.place.path().join("pipelines/late-flights"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["1.0.0"]);
}

/// Where the process that is to be killed writes its draft.
const PLACE: &str = "IRONBOOK_TEST_DRAFT";

fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_draft_whose_process_was_killed_is_swept_by_the_next() {
    if let Some(place) = std::env::var_os(PLACE) {
        // The process that is killed: it writes, says so, and waits.
        let draft = Folder::of(Path::new(&place)).begin("late-flights").unwrap();
        fs::write(draft.path().join("half"), "written").unwrap();
        println!("begun");
        let _ = std::io::stdin().read(&mut [0]);
        return;
    }
    let desk = Desk::with(&["1.0.0"]);
    let pipeline = desk.place.path().join("pipelines/late-flights");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "folders::a_draft_whose_process_was_killed_is_swept_by_the_next", "--nocapture"])
        .env(PLACE, desk.place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("begun")));
    // One that was left by a version that knew no locks, in a pipeline of which nothing was ever published.
    fs::create_dir_all(desk.place.path().join("pipelines/never/.draft-old/src")).unwrap();

    drop(desk.draft("1.0.1"));
    let left = names_in(&pipeline);
    assert!(left.len() == 3 && left[0].starts_with(".draft-") && left[2] == "1.0.0", "it is being written: {left:?}");
    assert!(!desk.place.path().join("pipelines/never").exists());
    assert_eq!(fs::read_to_string(pipeline.join(&left[0]).join("half")).unwrap(), "written");

    child.kill().unwrap();
    child.wait().unwrap();
    let directory = desk.publish("1.0.1").unwrap();
    assert_eq!(names_in(&pipeline), ["1.0.0", "1.0.1"]);
    assert!(!names_in(&directory).iter().any(|name| name.contains("lock") && name != "Cargo.lock"));
}

#[test]
fn the_project_is_the_nearest_with_pipelines_or_its_mark() {
    let place = tempfile::tempdir().unwrap();
    let deep = place.path().join("notebooks/2026");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(project(&deep), deep);
    fs::create_dir(place.path().join(".ironbook")).unwrap();
    assert_eq!(project(&deep), place.path());
    fs::create_dir(place.path().join("notebooks/pipelines")).unwrap();
    assert_eq!(project(&deep), place.path().join("notebooks"));
}
