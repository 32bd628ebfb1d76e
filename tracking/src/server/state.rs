//! What all requests share.

use super::guard::Guard;
use crate::api::Refusal;
use crate::ui::Files;
use ironbook_store::Code;
use ironbook_store::Store;
use ironbook_store::artifacts::Repo;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Calls of the store that may run at once: a database has one writer, and more readers than cores only wait.
const CALLS: usize = 16;
/// Uploads that may be written at once; each holds a thread.
const UPLOADS: usize = 16;

/// The page that the server shows.
#[derive(Clone)]
pub enum Page {
    /// None.
    None,
    /// Ironbook's own.
    Ironbook,
    /// MLflow's compiled page, from a directory.
    Mlflow(PathBuf),
}

/// What all requests share.
pub struct State {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What `mlflow-artifacts` serves, if it does.
    pub proxied: Option<Arc<dyn Repo>>,
    /// Who may call.
    pub guard: Guard,
    /// Told what went wrong inside, for whoever runs the server.
    pub report: Box<dyn Fn(&str) + Send + Sync>,
    /// Directories of this machine below which clients may name places for artifacts.
    pub roots: Vec<PathBuf>,
    pub(crate) files: Files,
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) calls: Semaphore,
}

/// The state, shared.
pub type Shared = Arc<State>;

impl State {
    /// A state over a store.
    pub fn new(store: Arc<dyn Store>, proxied: Option<Arc<dyn Repo>>, guard: Guard, page: Page) -> State {
        State {
            store,
            proxied,
            guard,
            report: Box::new(|_| {}),
            roots: Vec::new(),
            files: Files::new(page),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            calls: Semaphore::new(CALLS),
        }
    }

    /// The same, letting clients name places for artifacts below a location, where that is one of this machine.
    #[must_use]
    pub fn root(mut self, location: &str) -> State {
        self.roots.extend(crate::api::local(location).filter(|path| path.is_absolute()));
        self
    }

    /// The same, telling somebody what goes wrong inside.
    #[must_use]
    pub fn report(mut self, report: impl Fn(&str) + Send + Sync + 'static) -> State {
        self.report = Box::new(report);
        self
    }
}

/// Does something that blocks. The thread tells the runtime before, which is cheaper than to hand the work to another one;
/// the number of those that block at once is bounded.
pub(crate) async fn blocking<T>(
    shared: &Shared,
    work: impl FnOnce(&State) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let _permit = shared.calls.acquire().await;
    let done = tokio::task::block_in_place(|| catch_unwind(AssertUnwindSafe(|| work(shared))));
    done.unwrap_or_else(|_| Err(Refusal::new(Code::InternalError, "The server made a mistake in this call.")))
}
