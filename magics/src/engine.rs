//! What the shell needs of a session, so that magics can be tried against a session of a test's making.

use ironbook_session::{Event, Execution, Failure, Handle, Session, Source};
use std::path::Path;
use std::sync::Arc;

pub use ironbook_session::{Dependency, ExecuteOptions, ItemInfo, Tier, Variable};

/// Stops a running cell, from any thread.
pub trait Interrupt: Send + Sync {
    /// Asks the cell to stop; all variables stay.
    fn interrupt(&self);
    /// Ends the runtime process.
    fn kill(&self);
    /// Answers what the cell asked the user: with a line, or why there is none.
    fn answer(&self, text: Result<String, String>);
}

/// A session, as magics see it. The methods are those of [`ironbook_session::Session`].
#[expect(missing_docs, reason = "each is documented where it is implemented, at the session")]
#[expect(clippy::missing_errors_doc, reason = "as above")]
pub trait Engine {
    fn execute(&mut self, source: &Source, options: &ExecuteOptions, out: &mut dyn FnMut(Event)) -> Execution;
    fn interrupter(&self) -> Arc<dyn Interrupt>;
    fn restart(&mut self) -> Vec<Variable>;
    fn reset(&mut self);
    fn variables(&mut self) -> Vec<Variable>;
    fn forget(&mut self, names: &[String]) -> Vec<String>;
    fn items(&self) -> Vec<ItemInfo>;
    fn expand(&mut self, source: &Source) -> Result<String, Failure>;
    fn tier(&self) -> Tier;
    fn set_tier(&mut self, tier: Tier);
    fn directory(&self) -> &Path;
    fn set_directory(&mut self, path: &Path) -> Result<(), Failure>;
    fn set_env(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure>;
    fn add_dependency(&mut self, spec: &Dependency, out: &mut dyn FnMut(Event)) -> Result<(), Failure>;
    fn dependencies(&self) -> Vec<Dependency>;
}

impl Interrupt for Handle {
    fn interrupt(&self) {
        Handle::interrupt(self);
    }

    fn kill(&self) {
        Handle::kill(self);
    }

    fn answer(&self, text: Result<String, String>) {
        Handle::answer(self, text);
    }
}

impl Engine for Session {
    fn execute(&mut self, source: &Source, options: &ExecuteOptions, out: &mut dyn FnMut(Event)) -> Execution {
        Session::execute(self, source, options, out)
    }

    fn interrupter(&self) -> Arc<dyn Interrupt> {
        Arc::new(self.handle())
    }

    fn restart(&mut self) -> Vec<Variable> {
        Session::restart(self)
    }

    fn reset(&mut self) {
        Session::reset(self);
    }

    fn variables(&mut self) -> Vec<Variable> {
        Session::variables(self)
    }

    fn forget(&mut self, names: &[String]) -> Vec<String> {
        Session::forget(self, names)
    }

    fn items(&self) -> Vec<ItemInfo> {
        Session::items(self)
    }

    fn expand(&mut self, source: &Source) -> Result<String, Failure> {
        Session::expand(self, source)
    }

    fn tier(&self) -> Tier {
        Session::tier(self)
    }

    fn set_tier(&mut self, tier: Tier) {
        Session::set_tier(self, tier);
    }

    fn directory(&self) -> &Path {
        Session::directory(self)
    }

    fn set_directory(&mut self, path: &Path) -> Result<(), Failure> {
        Session::set_directory(self, path)
    }

    fn set_env(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        Session::set_env(self, name, value)
    }

    fn add_dependency(&mut self, spec: &Dependency, out: &mut dyn FnMut(Event)) -> Result<(), Failure> {
        Session::add_dependency(self, spec, out)
    }

    fn dependencies(&self) -> Vec<Dependency> {
        Session::dependencies(self).to_vec()
    }
}
