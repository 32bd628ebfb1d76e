//! The generator: that its law is sound, that it makes all kinds of sessions, and that its interpreter is the engine's.

use crate::generate::{Expected, Generated, session};
use crate::session_file::Step;
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Event, ExecuteOptions, Session, Source, Status, Tier};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

#[test]
fn what_the_law_promotes_gives_the_same_again() {
    // `judge` replays each slice and panics when a target has another value.
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..5_000 {
        match session(seed).expected {
            Expected::Promotes(_) => *counts.entry("promotes".to_owned()).or_default() += 1,
            Expected::Refuses(reasons) => {
                reasons.iter().for_each(|reason| *counts.entry((*reason).to_owned()).or_default() += 1);
            }
        }
    }
    for kind in ["promotes", "ran-twice", "stale-read", "order", "edited", "maker-gone", "failed", "alias"] {
        assert!(counts.get(kind).copied().unwrap_or(0) >= 5, "{kind}: {counts:?}");
    }
    assert!(counts["promotes"] > 1_500 && counts["promotes"] < 4_000, "{counts:?}");
}

#[test]
fn a_seed_makes_one_session() {
    for seed in [0, 1, 99] {
        assert_eq!(format!("{:?}", session(seed)), format!("{:?}", session(seed)));
    }
    assert_ne!(format!("{:?}", session(1)), format!("{:?}", session(2)));
}

/// Does what the user does; the failures that should not be, or should.
fn play(generated: &Generated, session: &mut Session) -> Result<(), String> {
    for step in &generated.steps {
        let Step::Run { cell, text, fails } = step else { continue };
        let identity = (!generated.terminal).then(|| cell.clone());
        let options = ExecuteOptions { cell: identity, ..ExecuteOptions::default() };
        let done = session.execute(&Source::plain(text.as_str()), &options, &mut |_| {});
        match (&done.status, fails) {
            (Status::Ok, true) => return Err(format!("cell {cell} was to fail:\n{text}")),
            (Status::Failed(failure), false) => return Err(format!("cell {cell}: {}\n{text}", failure.message)),
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn the_interpreter_agrees_with_the_engine() {
    let paths = Paths::from_env();
    let build = |_| Library::build(&paths, &mut |_| ControlFlow::Continue(()));
    let library = Library::locate(&paths).or_else(build).unwrap();
    for seed in 0..12 {
        let generated = session(seed);
        let directory = tempfile::tempdir().unwrap();
        let (cache, directory) = (paths.cells(), directory.path().to_owned());
        std::fs::create_dir_all(&directory).unwrap();
        let config = Config { library: library.clone(), cache, directory, tier: Tier::Auto };
        let mut engine = Session::start(config).unwrap();
        play(&generated, &mut engine).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let mut live = engine.variable_names();
        live.retain(|name| !["shared", "other"].contains(&name.as_str()));
        assert_eq!(live, generated.values.keys().cloned().collect::<Vec<_>>(), "seed {seed}");
        for (name, value) in &generated.values {
            let mut shown = String::new();
            let mut out = |event: Event| {
                if let Event::Stdout(text) = event {
                    shown.push_str(&text);
                }
            };
            let print = Source::plain(format!("println!(\"{{{name}:?}}\");"));
            engine.execute(&print, &ExecuteOptions::default(), &mut out);
            assert_eq!(shown.trim(), value, "seed {seed}: {name}\n{:#?}", generated.steps);
        }
    }
}
