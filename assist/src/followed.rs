//! What is wrong with a cell that is taken for run without being run, magics and all.

use crate::plan::Planned;
use crate::schema::{self, Columns};
use crate::view::View;
use ironbook_session::diagnostics::{Diagnostic, Severity};
use ironbook_session::{Checker, ExecutionId, Place, Variable};
use std::collections::BTreeMap;

/// Cells longer than this are not checked: no one writes them by hand.
const LONGEST: usize = 256 << 10;

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
        let tables = before.map(|before| before.tables.clone()).unwrap_or_default();
        let mut followed = Followed { tables, ..Followed::default() };
        if text.len() > LONGEST {
            followed.executions.push(checker.skip(""));
            let words =
                format!("this cell has {} kB; cells beyond {} kB are not checked", text.len() >> 10, LONGEST >> 10);
            followed.diagnostics.push(Diagnostic::new(Severity::Hint, None, words));
            return followed;
        }
        let view = View {
            variables: with_columns(checker.variables(), &followed.tables),
            items: checker.items(),
            ..ground.clone()
        };
        let planned = Planned::new(text, &view);
        if let Some((range, failure)) = planned.fault {
            let execution = checker.skip(text);
            followed.executions.push(execution);
            let mut diagnostic = Diagnostic::new(Severity::Error, Some(failure.name.clone()), failure.message.clone());
            diagnostic.place = Some(Place { execution, range });
            diagnostic.remarks = failure.hints.iter().map(|hint| format!("help: {hint}")).collect();
            followed.diagnostics.push(diagnostic);
        }
        dependencies(text).for_each(|name| checker.assume(&name));
        for source in &planned.sources {
            followed.executions.push(checker.execution());
            followed.diagnostics.extend(checker.follow(source).diagnostics);
        }
        let sound = followed.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
        if let (Some(execution), true) = (followed.executions.last(), sound) {
            let doubts = schema::unknown_columns(&view, text, *execution);
            followed.diagnostics.extend(doubts.into_iter().filter(|doubt| !checker.is_switched_off(doubt, text)));
        }
        let made = schema::columns_made(&view, text).into_iter();
        followed.tables.extend(made.map(|(name, columns)| (name, columns.filter(|_| sound))));
        followed
    }
}

/// The variables, with the columns that cells which have not run would leave them.
fn with_columns(mut variables: Vec<Variable>, tables: &BTreeMap<String, Option<Columns>>) -> Vec<Variable> {
    for variable in &mut variables {
        if let Some(columns) = tables.get(&variable.name) {
            variable.columns = columns.clone().unwrap_or_default();
        }
    }
    variables
}

/// The crates that `%dep` and `:dep` lines ask for, which nobody has built here.
fn dependencies(text: &str) -> impl Iterator<Item = String> {
    let asked = text.lines().filter_map(|line| line.trim_start().strip_prefix(['%', ':'])?.strip_prefix("dep "));
    let words = asked.flat_map(|rest| rest.split([' ', '=', '@', '"', '\'']).filter(|word| !word.is_empty()).take(1));
    words.map(|word| word.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_that_a_cell_asks_for_are_named() {
        let asked: Vec<String> = dependencies("%dep rand-core@0.9\nlet a = 1;\n :dep csv = \"1\"\n%time dep").collect();
        assert_eq!(asked, ["rand_core", "csv"]);
    }
}
