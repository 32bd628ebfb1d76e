//! What the shell needs of a session, so that magics can be tried against a session of a test's making.

use ironbook_session::durable::{Change, Checkpoint, SessionInfo};
use ironbook_session::library::Library;
use ironbook_session::{
    CellLine, Event, Execution, ExecutionId, Explored, Failure, FailureKind, Handle, Restored, Session, Slice, Source,
};
use std::collections::BTreeSet;
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
    fn source(&self, _: ExecutionId) -> Option<Source> {
        None
    }
    fn outdated_by(&self, _: Option<&BTreeSet<String>>) -> Slice {
        Slice::default()
    }
    fn lost_makers(&self) -> Slice {
        Slice::default()
    }
    fn checkpoint(&mut self, _: &str, _: &mut dyn FnMut(Event)) -> Result<Checkpoint, Failure> {
        Err(not_kept())
    }
    fn forget_checkpoint(&mut self, _: &str, _: &mut dyn FnMut(Event)) -> Result<bool, Failure> {
        Err(not_kept())
    }
    fn checkpoints(&mut self) -> Result<Vec<Checkpoint>, Failure> {
        Err(not_kept())
    }
    fn restore_checkpoint(&mut self, _: &str, _: &mut dyn FnMut(Event)) -> Result<Restored, Failure> {
        Err(not_kept())
    }
    fn diff(&mut self, _: &str, _: &mut dyn FnMut(Event)) -> Result<Vec<Change>, Failure> {
        Err(not_kept())
    }
    fn explored(&mut self, _: &mut dyn FnMut(Event)) -> Result<Explored, Failure> {
        Ok(Explored::default())
    }
    fn library(&self) -> Option<Library> {
        None
    }
    fn note_cell(&mut self, _: CellLine) {}
    fn resumable(&self) -> Vec<SessionInfo> {
        Vec::new()
    }
    fn become_session(
        &mut self,
        _: Option<&str>,
        _: &mut dyn FnMut(Event),
    ) -> Result<(Vec<CellLine>, Restored), Failure> {
        Err(not_kept())
    }
}

/// What a session says that keeps nothing on disk.
fn not_kept() -> Failure {
    Failure::new(FailureKind::Magic, "session", "this session is not kept on disk")
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

    fn source(&self, id: ExecutionId) -> Option<Source> {
        Session::source(self, id)
    }

    fn outdated_by(&self, names: Option<&BTreeSet<String>>) -> Slice {
        Session::outdated_by(self, names)
    }

    fn lost_makers(&self) -> Slice {
        Session::lost_makers(self)
    }

    fn checkpoint(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Checkpoint, Failure> {
        Session::checkpoint(self, name, out)
    }

    fn forget_checkpoint(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<bool, Failure> {
        Session::forget_checkpoint(self, name, out)
    }

    fn checkpoints(&mut self) -> Result<Vec<Checkpoint>, Failure> {
        Session::checkpoints(self)
    }

    fn restore_checkpoint(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Restored, Failure> {
        Session::restore_checkpoint(self, name, out)
    }

    fn diff(&mut self, name: &str, out: &mut dyn FnMut(Event)) -> Result<Vec<Change>, Failure> {
        Session::diff(self, name, out)
    }

    fn explored(&mut self, out: &mut dyn FnMut(Event)) -> Result<Explored, Failure> {
        Session::explored(self, out)
    }

    fn library(&self) -> Option<Library> {
        Some(Session::library(self).clone())
    }

    fn note_cell(&mut self, cell: CellLine) {
        Session::note_cell(self, cell);
    }

    fn resumable(&self) -> Vec<SessionInfo> {
        Session::resumable(self)
    }

    fn become_session(
        &mut self,
        id: Option<&str>,
        out: &mut dyn FnMut(Event),
    ) -> Result<(Vec<CellLine>, Restored), Failure> {
        Session::become_session(self, id, out)
    }
}
