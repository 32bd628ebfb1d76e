//! What the threads of an attached terminal share: the client, what is known of the session, and what Ctrl-C is for.

use crate::attached::Heard;
use crate::editor::Words;
use crate::interrupt::Press;
use ironbook_assist::{Completeness, Completions, View, completeness};
use ironbook_kernel::client::{Client, Force, OwnInfo};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the names of the session may take.
const NAMES_WITHIN: Duration = Duration::from_millis(300);
/// How long a completion may take: longer than the kernel waits for its language service, without which it answers as well.
const COMPLETE_WITHIN: Duration = Duration::from_secs(1);

/// The shared state.
pub struct Now {
    known: Mutex<Known>,
    /// How the terminal was before anything was read from it.
    termios: Option<Termios>,
}

struct Known {
    client: Client,
    /// The kernel answers.
    up: bool,
    /// It has answered before.
    was_up: bool,
    session: OwnInfo,
    /// The heart of the kernel beats.
    alive: bool,
    /// The cell of ours that waits or runs.
    cell: Option<String>,
    /// The way to whoever listens.
    heard: Sender<Heard>,
}

impl Known {
    fn new(client: Client, heard: Sender<Heard>) -> Known {
        Known { client, up: false, was_up: false, session: OwnInfo::default(), alive: true, cell: None, heard }
    }
}

impl Now {
    /// A session that has not answered yet.
    pub fn new(client: Client, heard: Sender<Heard>) -> Arc<Now> {
        let known = Mutex::new(Known::new(client, heard));
        Arc::new(Now { known, termios: tcgetattr(io::stdin()).ok() })
    }

    /// The client.
    pub fn client(&self) -> Client {
        self.lock().client.clone()
    }

    /// Another kernel takes the place of one that is gone.
    pub fn replace(&self, client: Client) {
        let mut known = self.lock();
        *known = Known::new(client, known.heard.clone());
    }

    /// Whether the kernel answers.
    pub fn is_up(&self) -> bool {
        self.lock().up
    }

    /// Whether the kernel has answered before.
    pub fn was_up(&self) -> bool {
        self.lock().was_up
    }

    /// The kernel answers, and says this; `None`: it does not.
    pub fn set_up(&self, session: Option<OwnInfo>) {
        let mut known = self.lock();
        known.up = session.is_some();
        known.was_up |= known.up;
        if let Some(session) = session {
            known.session = session;
        }
    }

    /// Asks the kernel for the names of its session.
    pub fn refresh(&self) {
        if !self.is_up() {
            return;
        }
        let client = self.client();
        if let Some(session) = client.own_info(NAMES_WITHIN) {
            self.lock().session = session;
        }
    }

    /// The session as it was when it was last asked.
    pub fn session(&self) -> OwnInfo {
        self.lock().session.clone()
    }

    /// Whether the heart of the kernel beats.
    pub fn set_alive(&self, alive: bool) {
        self.lock().alive = alive;
    }

    /// Whether a cell of ours waits or runs.
    pub fn has_cell(&self) -> bool {
        self.lock().cell.is_some()
    }

    /// Whether a cell is the one of ours that waits or runs.
    pub fn is_ours(&self, request: &str) -> bool {
        self.lock().cell.as_deref() == Some(request)
    }

    /// From now on Ctrl-C is for this cell; `None`: for nothing.
    pub fn set_cell(&self, cell: Option<String>) {
        self.lock().cell = cell;
    }

    /// Ctrl-C, or the end of this program is asked for.
    pub fn press(&self, press: Press) {
        let (client, cell, alive) = {
            let known = self.lock();
            (known.client.clone(), known.cell.clone(), known.alive)
        };
        match (press, cell) {
            (Press::First, Some(cell)) => client.interrupt(Some(&cell), Force::Ask),
            (Press::Again, Some(_)) if !alive => {
                // Nobody listens when the terminal is left.
                drop(self.lock().heard.send(Heard::GivenUp));
            }
            (Press::Again, Some(cell)) => client.interrupt(Some(&cell), Force::Kill),
            (Press::First | Press::Again, None) => {}
            (Press::Terminate, _) => self.leave(),
        }
    }

    /// Ends this program at once: the editor waits for keys and cannot be told to stop.
    ///
    /// A kernel of its own ends with it, and one that is shared goes on.
    fn leave(&self) {
        if let Some(termios) = &self.termios {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, termios);
        }
        std::process::exit(143)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The words of the session, asked for over the wire.
pub struct Wired(pub Arc<Now>);

impl Words for Wired {
    fn complete(&self, text: &str, at: usize) -> Completions {
        // The first prompt is there before the kernel; whoever types so early is not made to wait.
        match self.0.is_up() {
            true => self.0.client().complete(text, at, COMPLETE_WITHIN),
            false => Completions { range: at..at, candidates: Vec::new() },
        }
    }

    fn call(&self, text: &str, at: usize) -> Option<String> {
        let told = if self.0.is_up() { self.0.client().inspect(text, at, COMPLETE_WITHIN)? } else { return None };
        let first = told.lines().next()?;
        let first = first.strip_prefix("pub ").unwrap_or(first);
        first.contains('(').then(|| first.to_owned())
    }

    fn whole(&self, text: &str) -> Completeness {
        completeness(&View::default(), text)
    }

    fn names(&self) -> Vec<String> {
        let session = self.0.session();
        session.variables.into_iter().chain(session.items).collect()
    }
}
