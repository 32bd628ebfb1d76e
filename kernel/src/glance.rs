//! A session to look at while a cell runs: what subshells (JEP 91) work on.

use ironbook_assist::View;
use ironbook_magics::engine::{Dependency, Engine, ExecuteOptions, Interrupt, ItemInfo, Tier, Variable};
use ironbook_magics::plan::{self, Session as Names};
use ironbook_magics::{CellOutcome, CellRecord, Shell};
use ironbook_session::{Event, Execution, Failure, FailureKind, Flow, Source, Status, Timing};
use std::path::Path;
use std::sync::Arc;

/// Runs a cell of magics that only look; anything else is refused.
///
/// # Errors
/// A failure that says what a subshell runs.
pub fn run(
    view: &Arc<View>,
    cells: &[CellRecord],
    text: &str,
    out: &mut dyn FnMut(Event),
) -> Result<CellOutcome, Failure> {
    let names = Names { items: view.items.clone(), variables: view.variables.clone() };
    if !plan::only_looks(text, &view.registry, &names) {
        return Err(refused());
    }
    let mut shell = Shell::resume(Glance { view: Arc::clone(view) }, cells.to_vec());
    Ok(shell.run_cell(text, None, out))
}

fn refused() -> Failure {
    Failure::new(FailureKind::Magic, "subshell", "a subshell runs magics that only look, while the session is busy")
        .hint("for instance %whos, %history or `name?`; send everything else to the main shell, where it waits for its turn")
}

struct Glance {
    view: Arc<View>,
}

struct NoOne;

impl Interrupt for NoOne {
    fn interrupt(&self) {}
    fn kill(&self) {}
    fn answer(&self, _: Result<String, String>) {}
}

impl Engine for Glance {
    /// Help on a variable shows its value as well, which the running cell may hold.
    fn execute(&mut self, _: &Source, _: &ExecuteOptions, _: &mut dyn FnMut(Event)) -> Execution {
        Execution { id: 0, status: Status::Ok, timing: Timing::default(), flow: Flow::default() }
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        Arc::new(NoOne)
    }

    fn restart(&mut self) -> Vec<Variable> {
        Vec::new()
    }

    fn reset(&mut self) {}

    fn variables(&mut self) -> Vec<Variable> {
        self.view.variables.clone()
    }

    fn forget(&mut self, _: &[String]) -> Vec<String> {
        Vec::new()
    }

    fn items(&self) -> Vec<ItemInfo> {
        self.view.items.clone()
    }

    fn expand(&mut self, _: &Source) -> Result<String, Failure> {
        Err(refused())
    }

    fn tier(&self) -> Tier {
        Tier::Auto
    }

    fn set_tier(&mut self, _: Tier) {}

    fn directory(&self) -> &Path {
        &self.view.directory
    }

    fn set_directory(&mut self, _: &Path) -> Result<(), Failure> {
        Err(refused())
    }

    fn set_env(&mut self, _: &str, _: Option<&str>) -> Result<(), Failure> {
        Err(refused())
    }

    fn add_dependency(&mut self, _: &Dependency, _: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        Err(refused())
    }

    fn dependencies(&self) -> Vec<Dependency> {
        Vec::new()
    }
}
