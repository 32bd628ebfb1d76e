//! Checks of pages in the background: cell after cell, each in the state that the ones before would leave.

use crate::page::{Cell, Page};
use ironbook_assist::{Followed, View};
use ironbook_magics::Registry;
use ironbook_session::diagnostics::{Diagnostic, Severity};
use ironbook_session::language::Prelude;
use ironbook_session::library::index::Index;
use ironbook_session::{Checker, ExecutionId, ItemInfo, Place, Variable};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So long nothing may be typed before a page is checked.
pub const PAUSE: Duration = Duration::from_millis(150);

/// The stack of the thread that parses; memory is committed when it is touched.
const STACK: usize = 512 << 20;

/// Names a page: the URI of the script or notebook.
pub type Key = String;

/// What is known of a cell once it was checked.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the compiler says of it.
    pub diagnostics: Vec<Diagnostic>,
    /// The variables that it finds.
    pub variables: Vec<Variable>,
    /// The items in force when it begins.
    pub items: Vec<ItemInfo>,
    /// The variables after it.
    pub after: Vec<Variable>,
    /// What a language service is told of all that came before it.
    pub prelude: Arc<Prelude>,
    /// The text that was checked.
    pub text: String,
}

/// What is known of a page: by the places of its cells.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The cells that were checked.
    pub cells: BTreeMap<usize, Known>,
    /// The cell of each execution that places name.
    pub executions: BTreeMap<ExecutionId, usize>,
}

impl Known {
    /// Whether the cell was taken for run.
    pub fn is_sound(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }
}

impl Report {
    /// The cell that a place is in.
    pub fn cell(&self, place: &Place) -> Option<usize> {
        self.executions.get(&place.execution).copied()
    }

    /// What is known of a cell, if its text is still the one that was checked: the places of another text are not its own.
    pub fn of(&self, index: usize, cell: &Cell) -> Option<&Known> {
        self.cells.get(&index).filter(|known| known.text == cell.text.text())
    }

    /// The cell of a page that a place is in, if its text is still the one that was checked.
    pub fn cell_of<'a>(&self, page: &'a Page, place: &Place) -> Option<&'a Cell> {
        let index = self.cell(place)?;
        page.cells.get(index).filter(|cell| self.of(index, cell).is_some())
    }
}

/// What all views share.
#[derive(Clone, Default)]
pub struct Ground {
    /// The names of the library.
    pub index: Option<Arc<Index>>,
    /// The cells' working directory.
    pub directory: PathBuf,
}

impl Ground {
    /// A view for assistance before a cell.
    pub fn view(&self, variables: Vec<Variable>, items: Vec<ItemInfo>) -> View {
        View {
            variables,
            items,
            registry: Registry::default(),
            numbers: BTreeMap::new(),
            directory: self.directory.clone(),
            index: self.index.clone(),
            searches: Vec::new(),
        }
    }
}

type Reports = Arc<Mutex<HashMap<Key, Arc<Report>>>>;

/// Checks pages as they change.
pub struct Checks {
    jobs: Sender<(Key, Page)>,
    reports: Reports,
}

impl Checks {
    /// Starts the thread that checks; `done` is called with each page whose report is new.
    pub fn start(checker: Checker, ground: Ground, done: impl Fn(&Key, &Page, &Report) + Send + 'static) -> Checks {
        let (jobs, received) = channel();
        let reports = Reports::default();
        let worker = Worker {
            first: checker,
            ground,
            received,
            waiting: BTreeMap::new(),
            kept: HashMap::new(),
            reports: Arc::clone(&reports),
        };
        // Parsers call themselves for each bracket that is open.
        let thread = std::thread::Builder::new().name("checks".to_owned()).stack_size(STACK);
        drop(thread.spawn(move || worker.run(&done)));
        Checks { jobs, reports }
    }

    /// Has a page checked after a pause; one that waits already is replaced.
    pub fn ask(&self, key: Key, page: Page) {
        // The thread ends with the server.
        let _ = self.jobs.send((key, page));
    }

    /// What the newest check found.
    pub fn report(&self, key: &Key) -> Arc<Report> {
        lock(&self.reports).get(key).cloned().unwrap_or_default()
    }
}

fn lock(reports: &Reports) -> MutexGuard<'_, HashMap<Key, Arc<Report>>> {
    reports.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A checked cell: the hash of all texts up to it, the state after it, and what was found.
struct Link {
    hash: u64,
    after: Checker,
    known: Known,
    followed: Followed,
}

struct Worker {
    first: Checker,
    ground: Ground,
    received: Receiver<(Key, Page)>,
    waiting: BTreeMap<Key, Page>,
    /// The chains of the pages that were checked last.
    kept: HashMap<Key, Vec<Link>>,
    reports: Reports,
}

impl Worker {
    fn run(mut self, done: &dyn Fn(&Key, &Page, &Report)) {
        while self.listen() {
            while let Some((key, page)) = self.waiting.pop_first() {
                if page.cells.is_empty() {
                    self.kept.remove(&key);
                    lock(&self.reports).remove(&key);
                    done(&key, &page, &Report::default());
                } else if let Some(report) = self.check(&key, &page) {
                    let report = Arc::new(report);
                    lock(&self.reports).insert(key.clone(), Arc::clone(&report));
                    done(&key, &page, &report);
                }
            }
        }
    }

    /// Waits for pages until nobody types; false when there will be none.
    fn listen(&mut self) -> bool {
        match self.received.recv() {
            Ok((key, page)) => drop(self.waiting.insert(key, page)),
            Err(_) => return false,
        }
        loop {
            match self.received.recv_timeout(PAUSE) {
                Ok((key, page)) => drop(self.waiting.insert(key, page)),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Checks what has changed of a page; nothing if it has changed again meanwhile.
    fn check(&mut self, key: &Key, page: &Page) -> Option<Report> {
        let mut old = self.kept.remove(key).unwrap_or_default().into_iter();
        let mut chain: Vec<Link> = Vec::new();
        let mut hash = 0;
        for (_, cell) in page.code() {
            hash = chained(hash, cell.text.text());
            // As soon as one differs, those after it stand on other ground.
            let known = old.next().filter(|link| link.hash == hash);
            if known.is_none() {
                old = Vec::new().into_iter();
                if self.is_outdated(key) {
                    self.kept.insert(key.clone(), chain);
                    return None;
                }
            }
            let link = known.unwrap_or_else(|| self.link(hash, chain.last(), cell.text.text()));
            chain.push(link);
        }
        let mut report = Report::default();
        for ((index, _), link) in page.code().zip(&chain) {
            report.cells.insert(index, link.known.clone());
            report.executions.extend(link.followed.executions.iter().map(|execution| (*execution, index)));
        }
        self.kept.insert(key.clone(), chain);
        Some(report)
    }

    /// Whether another text of the page has come.
    fn is_outdated(&mut self, key: &Key) -> bool {
        while let Ok((key, page)) = self.received.try_recv() {
            self.waiting.insert(key, page);
        }
        self.waiting.contains_key(key)
    }

    fn link(&self, hash: u64, before: Option<&Link>, text: &str) -> Link {
        let mut checker = before.map_or(&self.first, |link| &link.after).clone();
        let before = before.map(|link| &link.followed);
        let variables = checker.variables();
        let mut known = Known {
            variables: before.map_or_else(|| variables.clone(), |before| before.with_columns(variables.clone())),
            items: checker.items(),
            prelude: Arc::new(checker.prelude()),
            text: text.to_owned(),
            ..Known::default()
        };
        let view = self.ground.view(known.variables.clone(), known.items.clone());
        let followed = Followed::new(&mut checker, text, &view, before);
        known.diagnostics.clone_from(&followed.diagnostics);
        known.after = followed.with_columns(checker.variables());
        Link { hash, after: checker, known, followed }
    }
}

fn chained(before: u64, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    text.hash(&mut hasher);
    hasher.finish()
}
