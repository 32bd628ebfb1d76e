//! The session: what front ends hold.

mod handle;
mod runtime;
mod surroundings;
mod variables;

pub use handle::Handle;
pub(crate) use variables::Live;
pub use variables::Variable;

use crate::compile::{Compiler, Extras};
use crate::diagnostics::CellText;
use crate::durable::{Durable, Entry};
use crate::event::{Failure, FailureKind};
use crate::flow::{Graph, Record};
use crate::items::{self, Items};
use crate::library::Library;
use crate::library::extra::{Dependency, Extra};
use crate::map::ExecutionId;
use crate::panics::Loaded;
use crate::source::Source;
use crate::tier::Tier;
use crate::types::TypeBook;
use runtime::Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

/// What a session is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The built standard library.
    pub library: Library,
    /// Where compiled cells and type paths are kept.
    pub cache: PathBuf,
    /// The cells' working directory.
    pub directory: PathBuf,
    /// Which optimisation level cells are compiled at.
    pub tier: Tier,
}

/// An item as listings show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemInfo {
    /// `fn`, `type`, `use` and so on.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The execution that defined it.
    pub cell: ExecutionId,
    /// Its text.
    pub text: String,
}

/// Options of one execution.
#[derive(Clone, Debug, Default)]
pub struct ExecuteOptions {
    /// The front end's identity of the cell.
    pub cell: Option<String>,
    /// Whether to leave it out of the history.
    pub silent: bool,
    /// The number that the user sees at the cell; the execution's own if none.
    pub number: Option<u64>,
}

/// The types that a check in the background makes the compiler print: by variable, with the name that was asked for.
pub(crate) struct Probe {
    pub(crate) thread: JoinHandle<BTreeMap<String, String>>,
    pub(crate) asked: BTreeMap<String, String>,
}

/// A session: cells share its variables and items.
pub struct Session {
    pub(crate) config: Config,
    pub(crate) compiler: Compiler,
    pub(crate) types: TypeBook,
    pub(crate) items: Items,
    pub(crate) live: BTreeMap<String, Live>,
    pub(crate) graph: Graph,
    pub(crate) history: Vec<Record>,
    pub(crate) texts: BTreeMap<ExecutionId, String>,
    pub(crate) sources: BTreeMap<ExecutionId, Source>,
    pub(crate) numbers: BTreeMap<ExecutionId, u64>,
    pub(crate) last: ExecutionId,
    pub(crate) probe: Option<Probe>,
    /// Optimised builds under way.
    pub(crate) background: Vec<JoinHandle<()>>,
    pub(crate) env: BTreeMap<String, Option<String>>,
    pub(crate) dependencies: Vec<Dependency>,
    /// The same, as they were built last.
    pub(crate) extra: Option<Extra>,
    pub(crate) local_state: String,
    pub(crate) loaded: BTreeMap<String, Loaded>,
    /// Variables that are gone through no doing of a cell: who made them, and how they went.
    pub(crate) lost: BTreeMap<String, (ExecutionId, &'static str)>,
    /// Variables that a cell consumed, or that ended with it, and which cell.
    pub(crate) moved: BTreeMap<String, ExecutionId>,
    /// Where sessions are kept, if this one is.
    pub(crate) root: Option<PathBuf>,
    /// Executions whose doings were taken back: by a checkpoint that was restored, or by forgetting all.
    pub(crate) void: BTreeSet<ExecutionId>,
    /// Results of cells: their numbers, and whether they are kept.
    pub(crate) results: Vec<(u64, bool)>,
    /// Types whose values have been written to disk, and why those of others have not.
    pub(crate) kept_types: BTreeMap<String, Result<(), String>>,
    /// Digests of the small values that each execution wrote.
    pub(crate) digests: BTreeMap<ExecutionId, BTreeMap<String, String>>,
    /// Where each execution that is known to have run elsewhere began: not in the directory that the session began in.
    pub(crate) elsewhere: BTreeMap<ExecutionId, PathBuf>,
    /// The directory that the session began in.
    pub(crate) began: PathBuf,
    /// When it was started, or resumed.
    pub(crate) since: std::time::SystemTime,
    /// Whether the execution at hand has shown a result.
    pub(crate) has_result: bool,
    /// What is kept on disk, if it is.
    pub(crate) durable: Option<Durable>,
    /// Of the execution at hand: which items it left out of force, once its own are in force.
    pub(crate) adopted: Option<Vec<String>>,
    handle: Handle,
    slot: Slot,
    _pin: Option<Arc<File>>,
}

impl Session {
    /// Starts a session; its runtime comes up in the background.
    ///
    /// # Errors
    /// When the cache directory cannot be made.
    pub fn start(config: Config) -> Result<Session, Failure> {
        let mut session = Session::without_runtime(config)?;
        session.launch();
        Ok(session)
    }

    /// A session before its first cell, whose runtime nobody has asked for yet.
    pub(crate) fn without_runtime(config: Config) -> Result<Session, Failure> {
        std::fs::create_dir_all(&config.cache).map_err(|error| {
            let words = format!("cannot make the cache directory {}: {error}", config.cache.display());
            Failure::new(FailureKind::Environment, "cache", words)
                .hint("set IRONBOOK_HOME to a directory that can be written")
        })?;
        let types = TypeBook::open(config.cache.join(format!("types-{}.json", config.library.id)));
        let compiler = Compiler {
            library: config.library.clone(),
            extras: Extras::default(),
            cache: config.cache.clone(),
            env: BTreeMap::new(),
        };
        Ok(Session {
            compiler,
            types,
            items: Items::default(),
            live: BTreeMap::new(),
            graph: Graph::default(),
            history: Vec::new(),
            texts: BTreeMap::new(),
            sources: BTreeMap::new(),
            numbers: BTreeMap::new(),
            last: 0,
            probe: None,
            background: Vec::new(),
            env: BTreeMap::new(),
            dependencies: Vec::new(),
            extra: None,
            local_state: String::new(),
            loaded: BTreeMap::new(),
            lost: BTreeMap::new(),
            moved: BTreeMap::new(),
            root: None,
            void: BTreeSet::new(),
            kept_types: BTreeMap::new(),
            digests: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            began: config.directory.clone(),
            since: std::time::SystemTime::now(),
            results: Vec::new(),
            has_result: false,
            durable: None,
            adopted: None,
            handle: Handle::default(),
            slot: Slot::None,
            _pin: config.library.pin().ok().map(Arc::new),
            config,
        })
    }

    /// A copy of what compiles cells: it has no runtime, no history, and nothing on disk.
    pub(crate) fn copied(&self) -> Session {
        Session {
            config: self.config.clone(),
            compiler: self.compiler.clone(),
            types: self.types.clone(),
            items: self.items.clone(),
            live: self.live.clone(),
            graph: Graph::default(),
            history: Vec::new(),
            texts: self.texts.clone(),
            sources: BTreeMap::new(),
            numbers: self.numbers.clone(),
            last: self.last,
            probe: None,
            background: Vec::new(),
            env: self.env.clone(),
            dependencies: self.dependencies.clone(),
            extra: self.extra.clone(),
            local_state: String::new(),
            loaded: BTreeMap::new(),
            lost: self.lost.clone(),
            moved: self.moved.clone(),
            root: None,
            void: BTreeSet::new(),
            kept_types: BTreeMap::new(),
            digests: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            began: self.began.clone(),
            since: self.since,
            results: self.results.clone(),
            has_result: false,
            durable: None,
            adopted: None,
            handle: Handle::default(),
            slot: Slot::None,
            _pin: self._pin.clone(),
        }
    }

    /// Takes the place of another session, whose handles stay valid.
    pub(crate) fn set_handle(&mut self, handle: Option<Handle>) {
        if let Some(handle) = handle {
            self.handle = handle;
        }
    }

    /// From now on nothing that has run counts for making variables anew.
    pub(crate) fn void_up_to_now(&mut self) {
        self.void.extend(self.history.iter().map(|record| record.id));
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Drops all variables and forgets all items.
    pub fn reset(&mut self) {
        let names: Vec<String> = self.live.keys().cloned().collect();
        self.forget(&names);
        self.items = Items::default();
        self.lost.clear();
        self.moved.clear();
        self.void_up_to_now();
        self.write_down(&Entry::Reset, &mut |_| {});
    }

    /// Waits for the checks and optimised builds that go on in the background.
    pub fn settle_background(&mut self) {
        self.finish_probe();
        for thread in self.background.drain(..) {
            // A build that failed leaves the cell as it was.
            let _ = thread.join();
        }
    }

    /// Everything that was executed, in order.
    pub fn history(&self) -> &[Record] {
        &self.history
    }

    /// Executions of which nothing is left to build on: they came before a reset, or what they wrote last went with its
    /// runtime and was not made anew.
    pub fn undone(&self) -> BTreeSet<ExecutionId> {
        let is_lost = |name: &String| self.lost.contains_key(name) && !self.live.contains_key(name);
        let lost = self.history.iter().filter(|record| record.flow.wrote.keys().any(is_lost)).map(|record| record.id);
        lost.chain(self.void.iter().copied()).collect()
    }

    /// What an execution compiled, but for items that were defined anew since: what it made is made again, not undone.
    pub fn source(&self, id: ExecutionId) -> Option<Source> {
        let source = self.sources.get(&id)?;
        Some(self.without_outdated(source, id).unwrap_or_else(|| source.clone()))
    }

    /// The items in force.
    pub fn items(&self) -> Vec<ItemInfo> {
        let info = |d: &items::Definition| ItemInfo {
            kind: d.key.kind.word().to_owned(),
            name: d.key.name.clone(),
            cell: d.execution,
            text: d.text.clone(),
        };
        self.items.iter().map(info).collect()
    }

    /// The standard library that cells are compiled against.
    pub fn library(&self) -> &Library {
        &self.config.library
    }

    /// Which optimisation level cells are compiled at.
    pub fn tier(&self) -> Tier {
        self.config.tier
    }

    /// Sets it.
    pub fn set_tier(&mut self, tier: Tier) {
        if self.config.tier != tier {
            self.config.tier = tier;
            self.write_down(&Entry::Tier { tier }, &mut |_| {});
        }
    }

    /// The text of an execution, for reports.
    pub(crate) fn text_of(&self, execution: ExecutionId) -> Option<CellText> {
        self.texts.get(&execution).map(|text| CellText { number: self.shown(execution), text: text.clone() })
    }

    /// The number that the user sees at an execution's cell.
    pub(crate) fn shown(&self, execution: ExecutionId) -> u64 {
        self.numbers.get(&execution).copied().unwrap_or(execution)
    }
}
