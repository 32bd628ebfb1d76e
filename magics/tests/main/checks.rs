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

/// Takes a cell for run; the errors and the notebook's own hints that are said of it.
fn follow(checker: &mut Checker, text: &str) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let session = Session { items: checker.items(), variables: checker.variables() };
    let Ok(steps) = plan(text, &Registry::default(), &session) else { panic!("not planned: {text}") };
    let mut found = Vec::new();
    for step in steps {
        if let Step::Rust { source, .. } = step {
            found.extend(checker.follow(&source).diagnostics);
        }
    }
    let (errors, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.severity == Severity::Error);
    let is_ours = |found: &Diagnostic| found.code.as_deref().is_some_and(|code| code.starts_with("ironbook::"));
    (errors, others.into_iter().filter(is_ours).collect())
}

/// What is said of cells that run, how many they are, and the hints.
fn false_errors(session: &SessionFile, directory: &Path) -> (usize, Vec<String>, Vec<String>) {
    let mut checker = checker(directory);
    let (mut count, mut wrong, mut hints) = (0, Vec::new(), Vec::new());
    for step in &session.steps {
        let Move::Run { cell, text, fails } = step else { continue };
        let (errors, said) = follow(&mut checker, text);
        count += 1;
        hints.extend(said.into_iter().map(|hint| format!("{} cell {cell}: {}", session.name, hint.message)));
        if !fails && !errors.is_empty() {
            wrong.push(format!("{} cell {cell}:\n{text}\n{errors:#?}", session.name));
        }
    }
    (count, wrong, hints)
}

#[test]
fn cells_that_run_have_no_errors() {
    let sessions = session_file::all().unwrap_or_else(|error| panic!("{error}"));
    let directory = tempfile::tempdir().unwrap();
    let (next, cells) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (wrong, hints) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(4) {
            scope.spawn(|| {
                while let Some(session) = sessions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (count, found, said) = false_errors(session, directory.path());
                    cells.fetch_add(count, Ordering::Relaxed);
                    wrong.lock().unwrap().extend(found);
                    hints.lock().unwrap().extend(said);
                }
            });
        }
    });
    let (cells, wrong, hints) = (cells.into_inner(), wrong.into_inner().unwrap(), hints.into_inner().unwrap());
    println!("{cells} cells that run, {} of them with errors, {} hints", wrong.len(), hints.len());
    assert!(cells >= 300, "{cells} cells");
    // The one is right: `first` is a reference into a variable.
    assert!(hints.len() == 1 && hints[0].contains("`first` borrows from `amounts`"), "{hints:#?}");
    assert!(wrong.is_empty(), "{} of {cells}\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn the_examples_have_no_errors() {
    let examples = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().join("examples");
    let mut said = Vec::new();
    for path in ["flights/flights.ipynb", "flights/loop.ipynb", "digits/digits.ipynb"] {
        let path = examples.join(path);
        let folder = path.parent().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let notebook = Notebook::parse(&text).unwrap();
        let mut checker = checker(&folder);
        // `%track load .. --into model` gives it a type that is known when it has run.
        checker.assume("model");
        for cell in notebook.cells.iter().filter(|cell| cell.kind() == script::CellKind::Code) {
            let (errors, hints) = follow(&mut checker, &cell.source());
            assert!(errors.is_empty(), "{}\n{}\n{errors:#?}", path.display(), cell.source());
            said.extend(hints.into_iter().map(|hint| hint.message));
        }
    }
    // What the engine says of that cell as well when it is run.
    assert!(said.len() == 1 && said[0].contains("`server` borrows from `servers`"), "{said:#?}");
}
