//! The language service over the library's real sources; where those of std are missing, nothing is tested.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says by panicking what it expected, and what it skipped"
)]

mod deep;
mod process;
mod words;

use ironbook_language::{Host, Macros, Project, ProjectError};
use ironbook_session::language::{Answer, Candidate, Query};
use ironbook_session::library::Paths;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What every text begins with.
pub const HEAD: &str = "use ::ironbook::prelude::*;\nstruct Point { across: f64, down: f64 }\n\
    impl Point {\n    /// How far it is.\n    fn norm(&self) -> f64 { self.across.hypot(self.down) }\n}\n\
    macro_rules! twice { ($e:expr) => { ($e, $e) } }\n\
    fn cell(mut df: DataFrame, lazy: LazyFrame, t: Tensor, names: Vec<String>, p: Point) -> Result<(), Box<dyn std::error::Error>> {\n";

/// The sources, or nothing where std's are not installed.
pub fn project() -> Option<Project> {
    let paths = Paths::from_env();
    match Project::find(&paths.source, &paths.target) {
        Ok(project) => Some(project),
        Err(error @ ProjectError::NoStd { .. }) => {
            eprintln!("SKIPPED: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// One service for all tests, with everything read once.
pub fn host() -> Option<MutexGuard<'static, Host>> {
    static HOST: OnceLock<Option<Mutex<Host>>> = OnceLock::new();
    let host = HOST.get_or_init(|| project().map(|project| Mutex::new(Host::new(&project, Macros::start(&project)))));
    host.as_ref().map(|host| host.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Asks about the place that `$0` marks in a cell.
pub fn ask(host: &mut Host, query: &Query, cell: &str) -> (String, Answer) {
    let at = HEAD.len() + cell.find("$0").expect("a mark");
    let text = format!("{HEAD}{}\n;Ok(()) }}\n", cell.replacen("$0", "", 1));
    host.set_text(text.clone());
    (text, host.answer(query, at))
}

/// What may stand at the place that `$0` marks in a cell.
pub fn candidates(host: &mut Host, cell: &str) -> Vec<Candidate> {
    match ask(host, &Query::Complete, cell).1 {
        Answer::Candidates(found) => found,
        other => panic!("{cell}: {other:?}"),
    }
}

/// A crate `shapes`, as `%dep` would have it; gives what cargo says of it.
pub fn shapes(folder: &Path) -> PathBuf {
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    write(
        "Cargo.toml",
        &format!("{}[dependencies]\nshapes = {{ path = \"shapes\" }}\n[workspace]\n", package("ironbook-deps")),
    );
    write("src/lib.rs", "");
    write("shapes/Cargo.toml", &format!("{}[features]\ndefault = [\"round\"]\nround = []\n", package("shapes")));
    write(
        "shapes/src/lib.rs",
        "pub struct Circle;\nimpl Circle { pub fn surface(&self) -> f64 { 1.0 } }\n\
         #[cfg(feature = \"round\")]\npub fn circle() -> Circle { Circle }\n\
         #[cfg(not(feature = \"round\"))]\npub fn circle() {}\n",
    );
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    let output = command.args(["metadata", "--format-version=1", "--offline"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = folder.join("metadata.json");
    std::fs::write(&path, output.stdout).unwrap();
    path
}
