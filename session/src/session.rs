//! The session: what front ends hold.

use crate::compile::{Compiler, Extras, Stoppable};
use crate::diagnostics::{CellText, shorten_type};
use crate::durable::{Durable, Entry};
use crate::event::{Event, Failure, FailureKind};
use crate::flow::{Graph, Record};
use crate::items::{self, Items};
use crate::library::Library;
use crate::library::extra::{DYLIB_CRATE, Dependency, Extra};
use crate::map::ExecutionId;
use crate::panics::Loaded;
use crate::process::{self, Died, ProcessError, Runtime, Spawn};
use crate::source::Source;
use crate::tier::Tier;
use crate::types::TypeBook;
use ironbook_core::frame::{Kept, Reply, Request};
use ironbook_core::slots::result_number;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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

/// A variable as `%whos` lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, shortened for reading.
    pub type_name: String,
    /// Its extent in words.
    pub shape: Option<String>,
    /// Bytes it occupies, approximately.
    pub bytes: u64,
    /// The execution that wrote it last.
    pub cell: ExecutionId,
    /// Why it is out of date, if it is.
    pub stale: Option<String>,
    /// Name and type of its columns, if it is a table.
    pub columns: Vec<(String, String)>,
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

/// A live variable as the engine sees it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) type_name: String,
    pub(crate) shape: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) execution: ExecutionId,
    /// The crate that made it, in this process.
    pub(crate) maker: Option<Arc<crate::codegen::Generated>>,
    pub(crate) kept: Kept,
}

impl Live {
    /// A cell's result, which goes with the runtime.
    pub(crate) fn result(variable: &ironbook_core::frame::Variable) -> Live {
        Live {
            type_name: variable.type_name.clone(),
            shape: variable.shape.clone(),
            bytes: variable.bytes,
            columns: variable.columns.clone(),
            execution: variable.execution,
            maker: None,
            kept: variable.kept.clone(),
        }
    }
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

/// Interrupts a session from another thread; stays valid over restarts.
#[derive(Clone, Debug, Default)]
pub struct Handle {
    current: Arc<Mutex<Option<process::Handle>>>,
    pressed: Arc<AtomicBool>,
    compiling: Stoppable,
}

impl Handle {
    /// Asks the running cell to stop; one that is being compiled is not compiled further.
    pub fn interrupt(&self) {
        self.pressed.store(true, Ordering::SeqCst);
        self.compiling.stop();
        self.with(|handle| {
            handle.interrupt();
        });
    }

    /// Answers [`Event::Input`]: with the user's line, or why there is none.
    pub fn answer(&self, text: Result<String, String>) {
        self.with(|handle| handle.answer(text));
    }

    /// Kills the runtime and all that its cells started.
    pub fn kill(&self) {
        self.pressed.store(true, Ordering::SeqCst);
        self.compiling.stop();
        self.with(process::Handle::kill);
    }

    /// One press of the interrupt key: the first interrupts, the second kills.
    pub fn press(&self) {
        self.pressed.store(true, Ordering::SeqCst);
        self.with(|handle| {
            handle.press();
        });
    }

    fn with(&self, act: impl FnOnce(&process::Handle)) {
        if let Some(handle) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            act(handle);
        }
    }

    fn set(&self, handle: Option<process::Handle>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = handle;
    }

    pub(crate) fn begin(&self) {
        self.pressed.store(false, Ordering::SeqCst);
    }

    /// Where the compiler of the cell at hand is reached.
    pub(crate) fn compiling(&self) -> &Stoppable {
        &self.compiling
    }

    pub(crate) fn pressed(&self) -> bool {
        self.pressed.load(Ordering::SeqCst)
    }
}

/// The types that a check in the background makes the compiler print: by variable, with the name that was asked for.
pub(crate) struct Probe {
    pub(crate) thread: JoinHandle<BTreeMap<String, String>>,
    pub(crate) asked: BTreeMap<String, String>,
}

enum Slot {
    None,
    Starting(JoinHandle<Result<Runtime, ProcessError>>),
    Ready(Box<Runtime>),
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

    /// Starts a runtime in the background.
    pub(crate) fn launch(&mut self) {
        let mut library_path = self.config.library.library_path();
        let dylibs = self.compiler.extras.externs.iter().filter(|(name, _)| name == DYLIB_CRATE);
        library_path.extend(dylibs.filter_map(|(_, path)| Some(path.parent()?.to_owned())));
        let rustc = self.config.library.rustc_version.lines().next().map(str::to_owned);
        let spec = Spawn {
            program: self.config.library.runtime.clone(),
            library_path,
            directory: self.config.directory.clone(),
            // Libraries that capture a backtrace for each error would do so in every `?` of a cell.
            env: [("RUST_BACKTRACE".to_owned(), None), ("IRONBOOK_RUSTC".to_owned(), rustc)]
                .into_iter()
                .chain(self.env.iter().map(|(n, v)| (n.clone(), v.clone())))
                .collect(),
        };
        self.handle.set(None);
        self.items.runtime_restarted();
        self.slot = Slot::Starting(std::thread::spawn(move || Runtime::spawn(&spec)));
    }

    /// The runtime, once it is up.
    pub(crate) fn runtime(&mut self) -> Result<&mut Runtime, Failure> {
        if let Slot::None = self.slot {
            self.launch();
        }
        if let Slot::Starting(_) = self.slot {
            let Slot::Starting(thread) = std::mem::replace(&mut self.slot, Slot::None) else { return self.runtime() };
            let started =
                thread.join().unwrap_or_else(|_| Err(ProcessError::Io(std::io::Error::other("a thread panicked"))));
            let runtime =
                started.map_err(|error| Failure::new(FailureKind::Environment, "runtime", error.to_string()))?;
            self.handle.set(Some(runtime.handle()));
            self.slot = Slot::Ready(Box::new(runtime));
            self.begin_keeping();
        }
        match &mut self.slot {
            Slot::Ready(runtime) => Ok(runtime),
            _ => Err(Failure::new(FailureKind::Environment, "runtime", "the runtime process is not running")),
        }
    }

    /// Takes the runtime for one request, while the session itself is read.
    pub(crate) fn lend_runtime(&mut self) -> Result<Box<Runtime>, Failure> {
        self.runtime()?;
        match std::mem::replace(&mut self.slot, Slot::None) {
            Slot::Ready(runtime) => Ok(runtime),
            _ => Err(Failure::new(FailureKind::Environment, "runtime", "the runtime process is not running")),
        }
    }

    /// Gives it back.
    pub(crate) fn return_runtime(&mut self, runtime: Box<Runtime>) {
        self.slot = Slot::Ready(runtime);
    }

    /// After the runtime died: its variables are gone, a new one is started; what was lost is named.
    pub(crate) fn bury(&mut self, died: &Died, out: &mut dyn FnMut(Event)) -> Failure {
        if self.durable.is_some() {
            self.probe = None;
            self.launch();
            let restored = self.restore_values(out);
            self.tell_restored(&restored, out);
            self.write_lost(&restored.lost, out);
            return died_failure(died);
        }
        let lost = self.take_variables();
        self.launch();
        if !lost.is_empty() {
            let list: Vec<String> =
                lost.iter().map(|v| format!("`{}` (cell {})", v.name, self.shown(v.cell))).collect();
            let cells: BTreeSet<u64> = lost.iter().map(|v| self.shown(v.cell)).collect();
            let cells: Vec<String> = cells.iter().map(u64::to_string).collect();
            out(Event::Note(format!(
                "variables lost with the runtime: {}; run cell {} again to make them anew",
                list.join(", "),
                cells.join(", ")
            )));
        }
        died_failure(died)
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

    /// Whether the runtime is up.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.slot, Slot::Ready(_))
    }

    /// Ends the runtime.
    pub(crate) fn end_runtime(&mut self) {
        self.probe = None;
        self.slot = Slot::None;
    }

    fn take_variables(&mut self) -> Vec<Variable> {
        let all = self.list();
        self.lost.extend(all.iter().map(|v| (v.name.clone(), (v.cell, "went with the runtime that held it"))));
        self.live.clear();
        self.graph.clear();
        self.probe = None;
        all
    }

    fn list(&self) -> Vec<Variable> {
        let entry = |(name, live): (&String, &Live)| Variable {
            name: name.clone(),
            type_name: shorten_type(&live.type_name),
            shape: live.shape.clone(),
            bytes: live.bytes,
            cell: live.execution,
            stale: self.graph.stale(name, &|id| self.shown(id)),
            columns: live.columns.clone(),
        };
        self.live.iter().filter(|(name, _)| result_number(name).is_none()).map(entry).collect()
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Process id of the runtime, when it is up.
    pub fn runtime_pid(&mut self) -> Option<u32> {
        self.runtime().ok().map(|runtime| runtime.pid())
    }

    /// Ends the runtime and starts a new one; the variables that this ends are returned. Items and history stay.
    pub fn restart(&mut self) -> Vec<Variable> {
        let lost = self.take_variables();
        self.slot = Slot::None;
        self.write_changes(&mut |_| {});
        self.launch();
        lost
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

    /// The live variables, described as they are now.
    pub fn variables(&mut self) -> Vec<Variable> {
        let described = self.runtime().ok().and_then(|runtime| match runtime.call(&Request::List) {
            Ok(Reply::Variables(all)) => Some(all),
            _ => None,
        });
        for now in described.into_iter().flatten() {
            if let Some(live) = self.live.get_mut(&now.name) {
                live.shape = now.shape;
                live.bytes = now.bytes;
                live.columns = now.columns;
            }
        }
        self.list()
    }

    /// The live variables as they were when their last cell ended, without asking the runtime.
    pub fn known_variables(&self) -> Vec<Variable> {
        self.list()
    }

    /// Takes, without waiting, what threads that outlived their cell have emitted; a runtime that died is told of by
    /// the next execution.
    pub fn listen(&mut self, out: &mut dyn FnMut(Event)) {
        drop(self.died_between(out));
    }

    /// Does the same, and says how the runtime ended if it has.
    pub(crate) fn died_between(&mut self, out: &mut dyn FnMut(Event)) -> Option<Died> {
        match &mut self.slot {
            Slot::Ready(runtime) => runtime.poll_idle(out).err(),
            _ => None,
        }
    }

    /// Names of the live variables, without asking the runtime.
    pub fn variable_names(&self) -> Vec<String> {
        self.live.keys().filter(|name| result_number(name).is_none()).cloned().collect()
    }

    /// Drops variables; those that existed are returned.
    pub fn forget(&mut self, names: &[String]) -> Vec<String> {
        let existing: Vec<String> = names.iter().filter(|name| self.live.contains_key(*name)).cloned().collect();
        for name in &existing {
            self.live.remove(name);
            self.graph.forget(name);
        }
        if let Ok(runtime) = self.runtime() {
            // A runtime that died has dropped them as well; the next execution reports its death.
            let _ = runtime.call(&Request::Drop { names: existing.clone() });
        }
        self.write_changes(&mut |_| {});
        existing
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

    /// The cells' working directory.
    pub fn directory(&self) -> &Path {
        &self.config.directory
    }

    /// Changes it.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn set_directory(&mut self, path: &Path) -> Result<(), Failure> {
        let full = self.config.directory.join(path);
        let full = full.canonicalize().map_err(|error| {
            Failure::new(FailureKind::Magic, "directory", format!("cannot change to {}: {error}", full.display()))
        })?;
        self.acknowledged(&Request::SetDirectory { path: full.clone() })?;
        self.config.directory.clone_from(&full);
        self.write_down(&Entry::Directory { path: full }, &mut |_| {});
        Ok(())
    }

    /// The directory that the next execution begins in: cells can change it themselves.
    pub(crate) fn directory_now(&self) -> PathBuf {
        let own = &self.config.directory;
        let Slot::Ready(runtime) = &self.slot else { return own.clone() };
        let link = PathBuf::from(format!("/proc/{}/cwd", runtime.pid()));
        let identity = |path: &Path| path.metadata().ok().map(|of| (of.dev(), of.ino()));
        match (identity(&link), identity(own)) {
            // The session's own words for it may lead over links, as the user's do.
            (Some(now), Some(told)) if now != told => std::fs::read_link(link).unwrap_or_else(|_| own.clone()),
            _ => own.clone(),
        }
    }

    /// Sets an environment variable of the cells, or removes it.
    ///
    /// # Errors
    /// When the runtime is not there.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        self.acknowledged(&Request::SetEnv { name: name.to_owned(), value: value.map(str::to_owned) })?;
        self.compiler.env.insert(name.to_owned(), value.map(str::to_owned));
        self.env.insert(name.to_owned(), value.map(str::to_owned));
        self.write_down(&Entry::Env { name: name.to_owned(), value: value.map(str::to_owned) }, &mut |_| {});
        Ok(())
    }

    pub(crate) fn acknowledged(&mut self, request: &Request) -> Result<(), Failure> {
        let reply = self.runtime()?.call(request);
        match reply {
            Ok(Reply::Ack(None)) => Ok(()),
            Ok(Reply::Ack(Some(words))) => Err(Failure::new(FailureKind::Environment, "runtime", words)),
            Ok(_) => Err(Failure::new(
                FailureKind::Environment,
                "runtime",
                "the runtime gave another answer than was asked for",
            )),
            Err(died) => Err(self.bury(&died, &mut |_| {})),
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

/// The failure that a death of the runtime is.
fn died_failure(died: &Died) -> Failure {
    let kind = match died.cause {
        process::Cause::Interrupted => FailureKind::Interrupted,
        _ => FailureKind::Died,
    };
    let failure = Failure::new(kind, "runtime died", died.words.clone());
    died.hints.iter().fold(failure, |failure, hint| failure.hint(hint.clone()))
}
