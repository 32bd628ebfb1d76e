//! The tests that a promoted crate comes with: each stage on a sample of what it took.

use ironbook_promotion::{Options, Promoted, Request, Writing, build_tests, promote};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, ExecuteOptions, Explored, Session, Source, Status, Tier};
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

const CELLS: &[&str] = &[
    "let trips = read_csv(\"data/trips.csv\")?;",
    "let far = trips.clone().lazy().filter(col(\"km\").gt(lit(10.0))).collect()?;",
    "let all = Dataset::new(&far, &[\"km\", \"hour\"], \"late\")?;",
    "let (train, test) = eval::Holdout::new(0.25).seed(1).split(&all)?;",
    "let model = Gbdt::params().n_estimators(5).fit(&train)?;",
    "let errors = model.predict(&test.features)?.iter().zip(&test.target).filter(|(a, b)| a != b).count();",
    "let weights: std::collections::HashMap<String, f64> = far.strings(\"city\")?.into_iter().zip(far.floats(\"km\")?).collect();",
    "let heaviest = weights.values().fold(0.0f64, |most, weight| most.max(*weight));",
];

/// Trips that are late on a long way in the evening; nobody is late in the first 300.
fn trips() -> String {
    let mut text = "km,hour,city,late\n".to_owned();
    for i in 0..3000u32 {
        let (km, hour) = (f64::from(i * 37 % 101) / 2.0, i * 17 % 24);
        let late = i > 300 && km > 20.0 && hour > 15;
        let _ = writeln!(text, "{km},{hour},\"city, {}\",{late}", i % 7);
    }
    text
}

fn explored(folder: &Path, paths: &Paths, library: &Library) -> Explored {
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("data/trips.csv"), trips()).unwrap();
    let config =
        Config { library: library.clone(), cache: paths.cells(), directory: folder.to_owned(), tier: Tier::Auto };
    let mut engine = Session::start(config).unwrap();
    engine.keep_in(&folder.join(".sessions")).unwrap();
    for text in CELLS {
        let done = engine.execute(&Source::plain(*text), &ExecuteOptions::default(), &mut |_| {});
        assert!(!matches!(done.status, Status::Failed(_)), "{text}\n{:?}", done.status);
    }
    engine.explored(&mut |_| {}).unwrap()
}

/// Compiles and runs the tests of a version: whether they pass, and what they say.
fn tests(library: &Library, version: &Path, folder: &Path) -> (bool, String) {
    let program = folder.join("tests");
    build_tests(library, version, &program).unwrap();
    let output = Command::new(program).current_dir(version).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

fn why(promoted: &Promoted, stage: &str) -> String {
    promoted.samples.iter().find(|sample| sample.name == stage).unwrap().why_not.clone()
}

#[test]
fn a_promoted_crate_tests_its_stages_on_samples() {
    let paths = Paths::from_env();
    let build = |_| Library::build(&paths, &mut |_| ControlFlow::Continue(()));
    let library = Library::locate(&paths).or_else(build).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let explored = explored(folder.path(), &paths, &library);
    let options = Options {
        name: "trips".into(),
        targets: ["model", "errors", "heaviest"].map(str::to_owned).into(),
        ..Options::default()
    };
    let request = Request { options, writing: Writing::default(), verify: true };
    let promoted = promote(&explored, None, &request, (&paths, &library), &mut |_| {}).unwrap();
    let version = promoted.directory.as_path();
    let first = fs::read_to_string(version.join("samples/trips/data/trips.csv")).unwrap();
    assert_eq!((first.lines().count(), trips().starts_with(&first)), (501, true));
    assert!(why(&promoted, "heaviest").contains("another order"), "{:?}", promoted.samples);
    let readme = fs::read_to_string(version.join("README.md")).unwrap();
    assert!(readme.contains("- `heaviest`: `weights` is written in another order each time"), "{readme}");

    let (passed, said) = tests(&library, version, folder.path());
    assert!(passed, "{said}");
    let tested = promoted.samples.iter().filter(|sample| sample.why_not.is_empty()).count();
    assert!(said.contains(&format!("{tested} passed")), "{said}");
    assert!(tested + 1 == promoted.samples.len() && tested >= 4, "{:?}", promoted.samples);

    let again = promote(&explored, None, &request, (&paths, &library), &mut |_| {}).unwrap();
    assert!(again.unchanged, "{:?}", again.reasons);

    let stages = version.join("src/stages.rs");
    let text = fs::read_to_string(&stages).unwrap();
    fs::write(&stages, text.replace("n_estimators(5)", "n_estimators(6)")).unwrap();
    let (passed, said) = tests(&library, version, folder.path());
    assert!(!passed, "{said}");
    assert!(said.contains("the stage `model` makes something else of its sample"), "{said}");
    assert!(said.contains("1 failed"), "{said}");
}
