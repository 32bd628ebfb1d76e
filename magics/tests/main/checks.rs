//! The sessions of `promotion/tests/corpus` and the notebooks of `examples`, checked and not run: not one false error.

use crate::session::library;
use crate::session_file::{self, SessionFile, Step as Move};
use ironbook_magics::notebook::Notebook;
use ironbook_magics::plan::{Session, Step, plan};
use ironbook_magics::{Registry, script};
use ironbook_session::diagnostics::{Diagnostic, Severity};
use ironbook_session::library::Paths;
use ironbook_session::{Checker, Config, Tier};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn checker(directory: &Path) -> Checker {
    let config = Config {
        library: library(),
        cache: Paths::from_env().cells(),
        directory: directory.to_owned(),
        tier: Tier::Auto,
    };
    Checker::new(config).unwrap()
}

/// Takes a cell for run; the errors that are said of it.
fn follow(checker: &mut Checker, text: &str) -> Vec<Diagnostic> {
    let session = Session { items: checker.items(), variables: checker.variables() };
    let Ok(steps) = plan(text, &Registry::default(), &session) else { panic!("not planned: {text}") };
    let mut errors = Vec::new();
    for step in steps {
        if let Step::Rust { source, .. } = step {
            errors.extend(checker.follow(&source).diagnostics);
        }
    }
    for f in &errors {
        if f.code.as_deref().is_some_and(|c| c.starts_with("ironbook::")) {
            eprintln!("HIT {:?} {:?} fixes {:?} in\n{text}\n----", f.code, f.message, f.fixes.len());
        }
    }
    errors.retain(|found| found.severity == Severity::Error);
    errors
}

/// What is said of cells that run, and how many they are.
fn false_errors(session: &SessionFile, directory: &Path) -> (usize, Vec<String>) {
    let mut checker = checker(directory);
    let (mut count, mut wrong) = (0, Vec::new());
    for step in &session.steps {
        let Move::Run { cell, text, fails } = step else { continue };
        let errors = follow(&mut checker, text);
        count += 1;
        if !fails && !errors.is_empty() {
            wrong.push(format!("{} cell {cell}:\n{text}\n{errors:#?}", session.name));
        }
    }
    (count, wrong)
}

#[test]
fn cells_that_run_have_no_errors() {
    let sessions = session_file::all().unwrap_or_else(|error| panic!("{error}"));
    let directory = tempfile::tempdir().unwrap();
    let (next, cells, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(session) = sessions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (count, found) = false_errors(session, directory.path());
                    cells.fetch_add(count, Ordering::Relaxed);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let (cells, wrong) = (cells.into_inner(), wrong.into_inner().unwrap());
    assert!(cells >= 300, "{cells} cells");
    assert!(wrong.is_empty(), "{} of {cells}\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn the_examples_have_no_errors() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples");
    for name in ["flights", "digits"] {
        let folder = examples.join(name);
        let text = std::fs::read_to_string(folder.join(format!("{name}.ipynb"))).unwrap();
        let notebook = Notebook::parse(&text).unwrap();
        let mut checker = checker(&folder);
        for cell in notebook.cells.iter().filter(|cell| cell.kind() == script::CellKind::Code) {
            let errors = follow(&mut checker, &cell.source());
            assert!(errors.is_empty(), "{name}\n{}\n{errors:#?}", cell.source());
        }
    }
}
