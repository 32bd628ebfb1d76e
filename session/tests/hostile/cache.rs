//! What was compiled for one session serves another only where it means the same.

use crate::engine::Engine;
use ironbook_session::cache::trim;
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, ExecuteOptions, Session, Source, Status, Tier};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

#[test]
fn variables_that_came_in_late_are_those_of_the_session() {
    // The compiler takes both spellings of the letter for one name; the first draft of the cell does not load it.
    let cell = "format!(\"{:?}\", e\u{301})";
    let mut one = Engine::new();
    one.cells(&["let \u{e9} = 1;"]);
    let ran = one.gives(cell, "\"1\"");
    assert_eq!(ran.execution.timing.compiles, 2);
    let mut two = one.again();
    two.cells(&["let \u{e9} = 'x';"]);
    two.gives(cell, "\"'x'\"");
    let ran = two.gives(cell, "\"'x'\"");
    assert_eq!(ran.execution.timing.compiles, 0);
}

fn session(cache: &Path) -> Session {
    drop(Engine::new()); // builds the library if need be
    let library = Library::locate(&Paths::from_env()).unwrap();
    let directory = cache.to_owned();
    Session::start(Config { library, cache: cache.to_owned(), directory, tier: Tier::Auto }).unwrap()
}

fn run(session: &mut Session, text: &str) -> (Status, u32) {
    let ran = session.execute(&Source::plain(text), &ExecuteOptions::default(), &mut |_| {});
    (ran.status, ran.timing.compiles)
}

fn objects(cache: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(cache.join("cells")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_damaged_or_missing_object_is_compiled_again() {
    let cache = TempDir::new().unwrap();
    let cell = "let x = 1; x + 1";
    assert_eq!(run(&mut session(cache.path()), cell), (Status::Ok, 1));
    assert_eq!(run(&mut session(cache.path()), cell), (Status::Ok, 0));
    for object in objects(cache.path()) {
        std::fs::write(object, "no object").unwrap();
    }
    assert_eq!(run(&mut session(cache.path()), cell), (Status::Ok, 1));
    let mut running = session(cache.path());
    assert_eq!(run(&mut running, cell), (Status::Ok, 0));
    trim(cache.path(), 0);
    assert_eq!(objects(cache.path()), Vec::<PathBuf>::new());
    assert_eq!(run(&mut running, "x + 1"), (Status::Ok, 1));
    assert_eq!(run(&mut running, cell), (Status::Ok, 1));
}

#[test]
fn what_was_used_least_recently_goes_first() {
    let cache = TempDir::new().unwrap();
    let now = SystemTime::now();
    for (folder, name, age) in
        [("cells", "old.so", 9), ("cells", "new.so", 1), ("entries", "old.json", 8), ("entries", "new.json", 2)]
    {
        let path = cache.path().join(folder).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, vec![0; 1000]).unwrap();
        File::options().append(true).open(&path).unwrap().set_modified(now - Duration::from_secs(age)).unwrap();
    }
    let left = || {
        let names = |folder: &str| {
            std::fs::read_dir(cache.path().join(folder)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap())
        };
        let mut all: Vec<String> = names("cells").chain(names("entries")).collect();
        all.sort();
        all
    };
    trim(cache.path(), 4000);
    assert_eq!(left(), ["new.json", "new.so", "old.json", "old.so"]);
    trim(cache.path(), 3500);
    assert_eq!(left(), ["new.json", "new.so", "old.json"]);
    trim(cache.path(), 2500);
    assert_eq!(left(), ["new.json", "new.so"]);
}
