//! What is wrong with a cell that is taken for run without being run, magics and all.

use crate::plan::Planned;
use crate::schema::{self, Columns};
use crate::view::View;
use ironbook_session::diagnostics::{Diagnostic, Severity};
use ironbook_session::{Checker, ExecutionId, Place, Variable};
use std::collections::BTreeMap;
use std::path::Path;

/// Cells longer than this are not looked into: no one writes them by hand. In bytes.
pub const LONGEST_CELL: usize = 256 << 10;

/// What was found of a cell, and the executions that places in it name.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// What is said of it.
    pub diagnostics: Vec<Diagnostic>,
    /// The executions that it was taken for.
    pub executions: Vec<ExecutionId>,
    /// The variables that this cell and those before it make or change, with their columns where these are surely all.
    tables: BTreeMap<String, Option<Columns>>,
}

impl Followed {
    /// Checks a cell and takes it for run, after `before`. The variables and items of `ground` are those of the checker,
    /// whatever it has.
    pub fn new(checker: &mut Checker, text: &str, ground: &View, before: Option<&Followed>) -> Followed {
        if text.len() > LONGEST_CELL {
            let (own, most) = (text.len() >> 10, LONGEST_CELL >> 10);
            return Followed::not(checker, format!("this cell has {own} kB; cells beyond {most} kB are not checked"));
        }
        let tables = before.map(|before| before.tables.clone()).unwrap_or_default();
        let mut followed = Followed { tables, ..Followed::default() };
        let view =
            View { variables: followed.with_columns(checker.variables()), items: checker.items(), ..ground.clone() };
        let planned = Planned::new(text, &view);
        if let Some((range, failure)) = planned.fault {
            let execution = checker.skip(text);
            followed.executions.push(execution);
            let mut diagnostic = Diagnostic::new(Severity::Error, Some(failure.name.clone()), failure.message.clone());
            diagnostic.place = Some(Place { execution, range });
            diagnostic.remarks = failure.hints.iter().map(|hint| format!("help: {hint}")).collect();
            followed.diagnostics.push(diagnostic);
        }
        crates(text, &view.directory).iter().for_each(|name| checker.assume(name));
        planned.makes.iter().for_each(|name| checker.assume(name));
        for source in &planned.sources {
            followed.executions.push(checker.execution());
            followed.diagnostics.extend(checker.follow(source).diagnostics);
        }
        let sound = followed.is_sound();
        if let (Some(execution), true) = (followed.executions.last(), sound) {
            let doubts = schema::unknown_columns(&view, text, *execution);
            followed.diagnostics.extend(doubts.into_iter().filter(|doubt| !checker.is_switched_off(doubt, text)));
        }
        let made = schema::columns_made(&view, text).into_iter();
        followed.tables.extend(made.map(|(name, columns)| (name, columns.filter(|_| sound))));
        followed
    }

    /// Takes a cell for one that makes nothing, and says why.
    pub fn not(checker: &mut Checker, why: String) -> Followed {
        let executions = vec![checker.skip("")];
        Followed { diagnostics: vec![Diagnostic::new(Severity::Hint, None, why)], executions, ..Followed::default() }
    }

    /// The variables, with the columns that this cell and those before it, which have not run, would leave them.
    pub fn with_columns(&self, mut variables: Vec<Variable>) -> Vec<Variable> {
        for variable in &mut variables {
            if let Some(columns) = self.tables.get(&variable.name) {
                variable.columns = columns.clone().unwrap_or_default();
            }
        }
        variables
    }

    /// Whether no error was found.
    pub fn is_sound(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }
}

/// The crates that `%dep` and `:dep` lines ask for, as cells name them; nobody has built them here.
fn crates(text: &str, directory: &Path) -> Vec<String> {
    let asked = text.lines().filter_map(|line| line.trim_start().strip_prefix(['%', ':'])?.strip_prefix("dep "));
    let names = asked.flat_map(|rest| named(rest, directory));
    names.map(|name| name.replace('-', "_")).collect()
}

/// The crates of a line behind `%dep`: `a b@1 -F x`, `a = "1"`, `--path folder`.
fn named(rest: &str, directory: &Path) -> Vec<String> {
    let (mut names, mut folder) = (Vec::new(), None);
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--path" => folder = words.next(),
            "--features" | "-F" => _ = words.next(),
            option if option.starts_with('-') => folder = option.strip_prefix("--path=").or(folder),
            word => {
                let name = word.split(['=', '@', '"', '\'']).next().filter(|name| !name.is_empty());
                names.extend(name.map(str::to_owned));
                // As in a manifest: what follows is no name.
                if word.contains('=') {
                    break;
                }
            }
        }
    }
    if names.is_empty() {
        names.extend(folder.and_then(|folder| package(&directory.join(folder.trim_matches(['"', '\''])))));
    }
    names
}

/// The name in a folder's Cargo.toml.
fn package(folder: &Path) -> Option<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let own =
        manifest.split("[package]").nth(1)?.lines().skip(1).take_while(|line| !line.trim_start().starts_with('['));
    let mut pairs = own.filter_map(|line| line.split_once('='));
    let (_, name) = pairs.find(|(key, _)| key.trim() == "name")?;
    Some(name.trim().trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_that_a_cell_asks_for_are_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("own")).unwrap();
        let manifest = "[package]\nedition = \"2024\"\nname = \"my-shapes\"\n\n[dependencies]\nname = \"1\"\n";
        std::fs::write(folder.path().join("own/Cargo.toml"), manifest).unwrap();
        for (text, wanted) in [
            ("%dep rand-core@0.9\nlet a = 1;\n :dep csv = \"1\"\n%time dep", &["rand_core", "csv"][..]),
            ("%dep a b@1 c", &["a", "b", "c"]),
            ("%dep -F derive,std serde --no-default-features", &["serde"]),
            ("%dep csv = { version = \"1\", features = [] }", &["csv"]),
            ("%dep --path own", &["my_shapes"]),
            ("%dep --path=own", &["my_shapes"]),
            ("%dep shapes --path own", &["shapes"]),
            ("%dep --path missing", &[]),
        ] {
            assert_eq!(crates(text, folder.path()), wanted, "{text}");
        }
    }
}
