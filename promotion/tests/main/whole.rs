//! Promotions from beginning to end: a session, a version, its program, and what comes of it.

use crate::session_file;
use ironbook_pipeline::Definition;
use ironbook_pipeline::definition::{FILE, verify};
use ironbook_promotion::{Options, PromoteError, Promoted, Request, Writing, program, promote, with_data};
use ironbook_session::library::{Library, Paths};
use ironbook_session::{Config, Dependency, ExecuteOptions, Session, Source, Status, Tier};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A project with a session in it.
struct Desk {
    session: Session,
    directory: TempDir,
    paths: Paths,
    library: Library,
}

impl Desk {
    fn new() -> Desk {
        let paths = Paths::from_env();
        let build = |_| Library::build(&paths, &mut |_| ControlFlow::Continue(()));
        let library = Library::locate(&paths).or_else(build).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("data")).unwrap();
        for entry in fs::read_dir(session_file::corpus().join("data")).unwrap().flatten() {
            fs::copy(entry.path(), directory.path().join("data").join(entry.file_name())).unwrap();
        }
        let (cache, project) = (paths.cells(), directory.path().to_owned());
        let config = Config { library: library.clone(), cache, directory: project, tier: Tier::Auto };
        let mut session = Session::start(config).unwrap();
        session.keep_in(&directory.path().join(".sessions")).unwrap();
        Desk { session, directory, paths, library }
    }

    #[track_caller]
    fn cell(&mut self, id: &str, text: &str) {
        let options = ExecuteOptions { cell: Some(id.to_owned()), ..ExecuteOptions::default() };
        let done = self.session.execute(&Source::plain(text), &options, &mut |_| {});
        assert!(matches!(done.status, Status::Ok), "{text}\n{:?}", done.status);
    }

    fn promote(&mut self, targets: &[&str], verify: bool) -> Result<Promoted, PromoteError> {
        let explored = self.session.explored(&mut |_| {}).unwrap();
        let request = Request {
            options: Options {
                name: "late".to_owned(),
                targets: targets.iter().map(|name| (*name).to_owned()).collect(),
                ..Options::default()
            },
            writing: Writing::default(),
            verify,
        };
        promote(&explored, None, &request, (&self.paths, &self.library), &mut |_| {})
    }

    /// Runs the program of a version.
    fn run(&self, promoted: &Promoted, arguments: &[&str]) -> Output {
        let library = || Some(self.library.clone());
        let program = program(&promoted.definition, &promoted.directory, (&self.paths, &library))
            .unwrap_or_else(|e| panic!("{e}"));
        Command::new(program).args(arguments).current_dir(self.directory.path()).output().unwrap()
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A small thing of the real kind: a table, a filter, a data set, a model, a report.
fn patients(desk: &mut Desk) {
    desk.cell("p", "// parameters\nlet oldest = 90.0; // who is older is left out\nlet trees = 10usize;");
    desk.cell("a", "use ironbook::data::read_csv;\nlet raw = read_csv(\"data/patients.csv\")?;\nraw.head(Some(3))");
    desk.cell(
        "b",
        "// Some are too old.\nlet kept = raw.clone().lazy().filter(col(\"age\").lt(lit(oldest))).collect()?;\n\
         println!(\"{} of {}\", kept.height(), raw.height());",
    );
    desk.cell(
        "c",
        "#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]\nstruct Size { rows: usize }\n\
         let all = Dataset::new(&kept, &[\"age\", \"bmi\", \"stay\"], \"relapse\")?;\nlet size = Size { rows: all.rows() };",
    );
    desk.cell("d", "let model = RandomForest::params().n_estimators(trees).fit(&all)?;");
    desk.cell(
        "e",
        "let shares = model.predict_proba(&all.features)?;\nlet summary = (size.rows, shares.iter().sum::<f64>());",
    );
}

#[test]
fn a_session_becomes_a_version_that_reproduces_itself() {
    let mut desk = Desk::new();
    patients(&mut desk);
    let promoted = desk.promote(&["model", "summary"], true).unwrap_or_else(|error| panic!("{error}"));
    let verdict = promoted.verdict.clone().unwrap();
    assert!(verdict.reproduced() && verdict.equal.len() >= 5 && verdict.not_compared.is_empty(), "{verdict:?}");
    assert_eq!(promoted.definition.version, "1.0.0");
    for file in ["Cargo.toml", "Cargo.lock", "README.md", "params.yaml", "src/main.rs", "src/stages.rs", FILE] {
        assert!(promoted.directory.join(file).is_file(), "{file}");
    }
    let read = Definition::read(promoted.directory.join(FILE)).unwrap();
    assert_eq!(read, promoted.definition);
    assert!(verify(&read, &promoted.directory).unwrap().none());
    assert_eq!(read.params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>(), ["oldest", "trees"]);
    assert_eq!(read.data[0].path, "data/patients.csv");
    let stages = fs::read_to_string(promoted.directory.join("src/stages.rs")).unwrap();
    assert!(stages.contains("// Some are too old."), "comments go with the code\n{stages}");
    assert!(!stages.contains("println!") && !stages.contains("head(Some(3))"), "what only shows is left out\n{stages}");
    // The program runs in the project, and does nothing the second time.
    let first = desk.run(&promoted, &["run", "--no-track"]);
    assert!(first.status.success(), "{}", text(&first));
    let second = desk.run(&promoted, &["run", "--no-track"]);
    assert!(text(&second).contains("unchanged") && !text(&second).contains(" run,"), "{}", text(&second));
    // Nothing has changed: the version is there.
    let again = desk.promote(&["model", "summary"], true).unwrap();
    assert!(again.unchanged && again.definition.version == "1.0.0");
    // Another constant is a patch, another statement more than that.
    desk.cell("p", "// parameters\nlet oldest = 90.0; // who is older is left out\nlet trees = 12usize;");
    desk.cell("d", "let model = RandomForest::params().n_estimators(trees).fit(&all)?;");
    desk.cell(
        "b",
        "// Some are too old.\nlet kept = raw.clone().lazy().filter(col(\"age\").lt(lit(oldest))).collect()?;",
    );
    let error = desk.promote(&["model"], true).unwrap_err().to_string();
    assert!(error.contains("stale-read"), "cells that read the parameters were not all run again: {error}");
    patients(&mut desk);
    desk.cell("p", "// parameters\nlet oldest = 90.0; // who is older is left out\nlet trees = 12usize;");
    for (id, cell) in [
        ("b", "let kept = raw.clone().lazy().filter(col(\"age\").lt(lit(oldest))).collect()?;"),
        ("c2", "let all = Dataset::new(&kept, &[\"age\", \"bmi\", \"stay\"], \"relapse\")?;"),
        ("d", "let model = RandomForest::params().n_estimators(trees).fit(&all)?;"),
    ] {
        desk.cell(id, cell);
    }
    let next = desk.promote(&["model"], true).unwrap_or_else(|error| panic!("{error}"));
    assert!(!next.unchanged && next.definition.version != "1.0.0", "{:?}", next.definition.version);
    // The same code on other data is one more version.
    let csv = fs::read_to_string(desk.directory.path().join("data/patients.csv")).unwrap();
    let half: Vec<&str> = csv.lines().take(csv.lines().count() / 2).collect();
    let other = desk.directory.path().join("data/half.csv");
    fs::write(&other, half.join("\n") + "\n").unwrap();
    let name = next.definition.data[0].name.clone();
    let (version, directory) =
        with_data(&next.definition, &next.directory, &[(name, other)], desk.directory.path()).unwrap();
    let read = Definition::read(directory.join(FILE)).unwrap();
    assert_eq!((read.version.clone(), read.data[0].path.as_str()), (version.to_string(), "data/half.csv"));
    let promoted = Promoted { definition: read, directory, ..next };
    let output = desk.run(&promoted, &["run", "--no-track"]);
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn what_two_runs_give_differently_is_named_with_the_call() {
    let mut desk = Desk::new();
    desk.cell("a", "let numbers: Vec<u64> = (0..2000).collect();");
    desk.cell(
        "b",
        "let table = df![\"k\" => numbers.iter().map(|n| n % 700).collect::<Vec<_>>(), \"v\" => numbers.clone()]?;\n\
         let sums = table.lazy().group_by([col(\"k\")]).agg([col(\"v\").sum()]).collect()?;",
    );
    let error = desk.promote(&["sums"], true).unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, PromoteError::NotReproduced(..)), "{words}");
    assert!(words.contains("differs between two clean runs") && words.contains("group_by"), "{words}");
    assert!(!desk.directory.path().join("pipelines/late").exists(), "nothing was published");
}

#[test]
fn async_cells_macros_modules_and_helpers_become_a_crate() {
    let mut desk = Desk::new();
    desk.cell("a", "macro_rules! twice { ($e:expr) => { $e * 2 } }\nmod scale { pub fn by(x: f64) -> f64 { crate::FACTOR * x } }\nconst FACTOR: f64 = 3.0;");
    desk.cell("b", "async fn later(x: i64) -> Result<i64, String> { Ok(x + 1) }\nlet n = later(twice!(20)).await?;");
    desk.cell("c", "trait Shape { fn area(&self) -> f64; }\nstruct Square(f64);\nimpl Shape for Square { fn area(&self) -> f64 { self.0 * self.0 } }\nlet area = Box::new(Square(scale::by(2.0))) as Box<dyn Shape>;");
    desk.cell("d", "let mut total = area.area();\ntotal += n as f64;");
    desk.cell("e", "total *= 2.0;\ntotal");
    let promoted = desk.promote(&["total"], true).unwrap_or_else(|error| panic!("{error}"));
    assert!(promoted.verdict.as_ref().unwrap().reproduced());
    assert!(promoted.plan.stages.iter().any(|stage| stage.cells.len() > 1), "a boxed trait object joins its cells");
}

#[test]
fn files_are_those_of_the_directory_that_they_were_read_in() {
    let mut desk = Desk::new();
    let root = desk.directory.path().to_owned();
    fs::create_dir(root.join("other")).unwrap();
    fs::write(root.join("other/patients.csv"), "age,bmi\n1,2\n3,4\n").unwrap();
    desk.session.set_directory(&root.join("data")).unwrap();
    desk.cell("a", "use ironbook::data::read_csv;\nlet first = read_csv(\"patients.csv\")?;");
    // Cells can move as well, and nobody is told.
    desk.cell("b", "std::env::set_current_dir(\"../other\")?;");
    desk.cell("c", "let second = read_csv(\"patients.csv\")?;");
    desk.session.set_directory(&root.join("other")).unwrap();
    desk.cell("d", "let rows = (first.height(), second.height());\nrows");
    let promoted = desk.promote(&["rows"], true).unwrap_or_else(|error| panic!("{error}"));
    assert!(promoted.verdict.as_ref().unwrap().reproduced());
    assert_eq!(promoted.directory, root.join("pipelines/late/1.0.0"), "the project is where the session began");
    let files: Vec<(&str, &str)> =
        promoted.definition.data.iter().map(|file| (file.name.as_str(), file.path.as_str())).collect();
    assert_eq!(files, [("patients", "other/patients.csv"), ("patients_2", "data/patients.csv")]);
    let stages = fs::read_to_string(promoted.directory.join("src/stages.rs")).unwrap();
    assert!(!stages.contains("patients.csv") && !stages.contains("set_current_dir"), "{stages}");
    let ran = desk.run(&promoted, &["run", "--no-track"]);
    assert!(ran.status.success(), "{}", text(&ran));
}

#[test]
fn paths_that_stay_in_the_code_count_from_the_project() {
    let mut desk = Desk::new();
    let root = desk.directory.path().to_owned();
    desk.cell("f", "use ironbook::data::read_csv;\nfn load() -> polars::prelude::DataFrame { read_csv(\"patients.csv\").unwrap() }");
    desk.session.set_directory(&root.join("data")).unwrap();
    desk.cell("a", "let called = load().height();");
    desk.cell("b", "// data: people=patients.csv\nlet name = format!(\"patients.{}\", \"csv\");\nlet read = read_csv(&name)?.height();");
    desk.cell("c", "let half = df![\"x\" => [1, 2]]?;\nironbook::data::write_csv(&half, \"half.csv\")?;");
    desk.session.set_directory(&root).unwrap();
    desk.cell("d", "let back = read_csv(\"data/half.csv\")?;");
    for (target, words) in [
        ("called", "called what reads `patients.csv`"),
        ("read", "`patients.csv` counts from"),
        ("back", "was written as `half.csv` from another directory"),
    ] {
        let error = desk.promote(&[target], false).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("(file)") && error.contains("remedy"), "{target}: {error}");
    }
}

/// A crate of one's own, in a directory of the desk.
fn own_crate(desk: &Desk, name: &str, needs: &str, text: &str) -> Dependency {
    let root = desk.directory.path().join(name);
    fs::create_dir_all(root.join("src")).unwrap();
    let head = format!("[package]\nname = \"{name}\"\nversion = \"0.3.0\"\nedition = \"2024\"\n");
    fs::write(root.join("Cargo.toml"), format!("{head}[dependencies]\n{needs}\n")).unwrap();
    fs::write(root.join("src/lib.rs"), text).unwrap();
    Dependency { name: name.to_owned(), version: None, features: Vec::new(), path: Some(root), default_features: true }
}

#[test]
fn crates_of_dep_travel_with_the_version() {
    let mut desk = Desk::new();
    let own = own_crate(
        &desk,
        "own-math",
        "",
        "pub fn twice(x: i64) -> i64 { 2 * x }\n#[derive(Clone, Debug, PartialEq)]\npub struct Pair(pub i64, pub i64);\n",
    );
    let itertools =
        Dependency { name: "itertools".to_owned(), version: Some("0.14".to_owned()), path: None, ..own.clone() };
    for dependency in [&own, &itertools, &own_crate(&desk, "not-needed", "", "pub fn f() {}")] {
        desk.session.add_dependency(dependency, &mut |_| {}).unwrap_or_else(|failure| panic!("{}", failure.message));
    }
    desk.cell("a", "use itertools::Itertools;\nlet numbers: Vec<i64> = [3, 1, 2].into_iter().sorted().collect();");
    // A value of a type that cannot be written: the stages are one.
    desk.cell("b", "let pair = own_math::Pair(numbers[0], own_math::twice(numbers[2]));");
    desk.cell("c", "let total = pair.0 + pair.1;\ntotal");
    let promoted = desk.promote(&["total", "numbers"], true).unwrap_or_else(|error| panic!("{error}"));
    assert!(promoted.verdict.as_ref().unwrap().reproduced());
    let read = |path: &str| fs::read_to_string(promoted.directory.join(path)).unwrap();
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("itertools = \"0.14."), "{manifest}");
    assert!(manifest.contains("own-math = { path = \"vendor/crates/own-math\" }"), "{manifest}");
    assert!(!manifest.contains("not-needed") && !read("Cargo.lock").contains("not-needed"), "{manifest}");
    assert!(read("vendor/crates/own-math/src/lib.rs").contains("pub fn twice"));
    assert!(read("Cargo.lock").contains("name = \"own-math\""));
    // cargo finds all of it as it is locked.
    let cargo = Command::new("cargo")
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(promoted.directory.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(cargo.status.success(), "{}", text(&cargo));
    let ran = desk.run(&promoted, &["run", "--no-track"]);
    assert!(ran.status.success(), "{}", text(&ran));
    // Another text of the crate is another version, whose stages run again.
    fs::write(desk.directory.path().join("own-math/src/lib.rs"), "pub fn twice(x: i64) -> i64 { x + x + 0 }\n#[derive(Clone, Debug, PartialEq)]\npub struct Pair(pub i64, pub i64);\n").unwrap();
    desk.cell("b", "let pair = own_math::Pair(numbers[0], own_math::twice(numbers[2]));");
    desk.cell("c", "let total = pair.0 + pair.1;\ntotal");
    let next = desk.promote(&["total", "numbers"], true).unwrap_or_else(|error| panic!("{error}"));
    assert!(!next.unchanged);
    let code = |promoted: &Promoted, made: &str| {
        let of = promoted.definition.stages.iter().find(|stage| stage.outputs.iter().any(|output| output.name == made));
        of.unwrap().code.clone()
    };
    assert_ne!(code(&promoted, "total"), code(&next, "total"));
    assert_eq!(code(&promoted, "numbers"), code(&next, "numbers"));
}

#[test]
fn a_crate_that_was_built_apart_is_refused() {
    let mut desk = Desk::new();
    let needs = "serde_json = { version = \"1\", features = [\"arbitrary_precision\"] }";
    let exact = own_crate(
        &desk,
        "exact_numbers",
        needs,
        "pub fn digits(s: &str) -> String { serde_json::from_str::<serde_json::Number>(s).unwrap().to_string() }",
    );
    desk.session.add_dependency(&exact, &mut |_| {}).unwrap();
    desk.cell("a", "let plain = 1;\nlet digits = exact_numbers::digits(\"0.10\");");
    let error = desk.promote(&["digits"], false).unwrap_err().to_string();
    assert!(error.contains("(crate)") && error.contains("serde_json") && error.contains("cell 1, line 2"), "{error}");
    assert!(desk.promote(&["plain"], false).is_ok(), "who does not need it is not bothered");
}

#[test]
fn two_hundred_cells_are_promoted_at_once() {
    let mut desk = Desk::new();
    desk.cell("c0", "let v0 = 1u64;");
    for at in 1..200 {
        desk.cell(&format!("c{at}"), &format!("let v{at} = v{}.wrapping_mul(31) + {at};", at - 1));
    }
    // The first one asks cargo for the lock file.
    drop(desk.promote(&["v199"], false).unwrap_or_else(|error| panic!("{error}")));
    let begun = Instant::now();
    let promoted = desk.promote(&["v199"], false).unwrap();
    assert!(promoted.unchanged && promoted.plan.stages.len() == 200);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_version_is_the_same_wherever_it_is_made() {
    let content = |_: u32| {
        let mut desk = Desk::new();
        patients(&mut desk);
        let promoted = desk.promote(&["summary"], true).unwrap_or_else(|error| panic!("{error}"));
        (promoted.definition.content.clone(), promoted.definition.verified.unwrap().digests)
    };
    assert_eq!(content(1), content(2));
}

/// A version that was made on another machine asks for what this one has not: as of any fault of a stage, it is said what.
#[test]
fn a_gpu_that_is_not_there_is_named() {
    let mut desk = Desk::new();
    desk.cell("p", "// parameters\nlet place = \"cpu\".to_owned();");
    desk.cell(
        "t",
        "let total = Tensor::new(&[1f32, 2.0], &ironbook::nn::device(&place)?)?.sum_all()?.to_scalar::<f32>()?;",
    );
    let promoted = desk.promote(&["total"], true).unwrap_or_else(|error| panic!("{error}"));
    let ran = desk.run(&promoted, &["run", "--no-track", "-p", "place=cuda:99"]);
    assert_eq!(ran.status.code(), Some(1), "{}", text(&ran));
    assert!(text(&ran).contains("no device cuda:99") && text(&ran).contains("cpu"), "{}", text(&ran));
    let ran = desk.run(&promoted, &["run", "--no-track"]);
    assert!(ran.status.success(), "{}", text(&ran));
}

#[test]
fn sources_that_are_named_are_used_and_missed() {
    let mut desk = Desk::new();
    desk.cell("a", "let squares: Vec<u64> = (0..3u64).map(|n| n * n).collect();");
    let mut linked = |link: PathBuf| {
        let explored = desk.session.explored(&mut |_| {}).unwrap();
        let options = Options { name: "squares".to_owned(), targets: vec!["squares".to_owned()], ..Options::default() };
        let writing = Writing { link: Some(link), ..Writing::default() };
        let request = Request { options, writing, verify: false };
        promote(&explored, None, &request, (&desk.paths, &desk.library), &mut |_| {})
    };
    let nowhere = linked("/nowhere".into()).unwrap_err();
    assert!(matches!(&nowhere, PromoteError::NoSources { path } if path == "/nowhere"), "{nowhere}");
    assert!(nowhere.to_string().contains("IRONBOOK_SOURCE"), "{nowhere}");
    // Relative to where this runs, not to where the crate lies.
    let promoted = linked("..".into()).unwrap_or_else(|error| panic!("{error}"));
    let manifest = fs::read_to_string(promoted.directory.join("Cargo.toml")).unwrap();
    let facade = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().join("stdlib/ironbook");
    assert!(manifest.contains(&format!("ironbook = {{ path = {:?} }}", facade.canonicalize().unwrap())), "{manifest}");
    assert!(manifest.contains(&format!("version = \"1.0.0+{}\"", &promoted.definition.content[..12])), "{manifest}");
    assert!(!promoted.directory.join("vendor").exists());
}
