//! What is not of a cell of ours: the cells of others, and how the kernel is.

use super::{Attached, Home};
use crate::spawned::Lifetime;
use crate::terminal::Style;
use ironbook_kernel::client::{Cell, Gone, Info, Told};

impl Attached<'_> {
    /// What is not of a cell of ours, as text to be shown.
    pub(super) fn aside(&mut self, told: Told) -> String {
        let theirs = |cell: &Cell| !cell.is_ours();
        match told {
            Told::Begun { cell, number, code } if theirs(&cell) => {
                self.number = number + 1;
                self.others.begun(&cell, number, &code)
            }
            Told::Output { cell, event } if theirs(&cell) => self.others.output(&cell, &event),
            Told::Failed { cell, failure } if theirs(&cell) => self.others.failed(&cell, &failure),
            Told::Idle { cell } if theirs(&cell) => self.others.ended(&cell),
            Told::Up { info, replaced } => {
                let again = self.now.was_up();
                self.up(&info, replaced);
                match (again, replaced) {
                    (_, true) => self.notice("the session was restarted; its variables are gone"),
                    (true, false) => self.notice("the session is there again, as it was"),
                    (false, false) => String::new(),
                }
            }
            Told::Ending { restart } => {
                self.ending = Some(restart);
                String::new()
            }
            Told::Lost => {
                self.now.set_up(None);
                match (&self.home, self.ending) {
                    (Home::Shared, None) => self.notice("the connection to the session is lost; it is tried again ..."),
                    _ => String::new(),
                }
            }
            Told::Gone(gone) => self.gone(&gone).map(|words| self.notice(&words)).unwrap_or_default(),
            Told::Alive(alive) => {
                self.now.set_alive(alive);
                match (alive, self.now.has_cell()) {
                    (true, _) => self.notice("the kernel answers again"),
                    (false, false) => self.notice("the kernel does not answer"),
                    (false, true) => self.notice("the kernel does not answer; Ctrl-C twice gives it up"),
                }
            }
            Told::Missed => self.notice("the connection was interrupted: some outputs of other clients may be missing"),
            // Of a cell of ours that was given up.
            _ => String::new(),
        }
    }

    /// The kernel answers.
    pub(super) fn up(&mut self, info: &Info, replaced: bool) {
        if replaced {
            self.others.clear();
        }
        self.ending = None;
        self.number = info.own.count + 1 + u64::from(info.own.running.is_some());
        self.now.set_up(Some(info.own.clone()));
        self.adopt_running();
    }

    /// A cell of another client may have begun before this terminal listened.
    pub(super) fn adopt_running(&mut self) {
        if let Some(running) = self.now.session().running.filter(|running| !self.now.is_ours(&running.request)) {
            self.others.adopt(&running.request, running.number, &running.line);
        }
    }

    /// There is no kernel any more: words on it, once.
    pub(super) fn gone(&mut self, gone: &Gone) -> Option<String> {
        let lifetime = match &self.home {
            Home::Gone(_) => return None,
            // How it ended is told by whoever waits for the process.
            Home::Own(spawned, _) if matches!(gone, Gone::Nobody | Gone::Silent) => {
                // A process that cannot be reached is of no use.
                spawned.kill();
                return None;
            }
            Home::Own(_, lifetime) => *lifetime,
            Home::Shared => Lifetime::Ours,
        };
        self.home = Home::Gone(lifetime);
        self.now.set_up(None);
        self.others.clear();
        self.number = 1;
        let why = match (self.ending.take(), gone) {
            (Some(_), _) => "another client has shut it down".to_owned(),
            (None, gone) => why(gone),
        };
        let next = match self.now.session().kept {
            Some(_) => "the next cell goes on with what is on disk",
            None => "its variables are gone; the next cell starts a new session",
        };
        Some(format!("the session has ended: {why}\n{next}"))
    }

    /// Words of ours among the outputs of others.
    fn notice(&self, words: &str) -> String {
        let lines =
            words.lines().map(|line| format!("{}\n", self.screen.terminal.paint(Style::Yellow, &format!("── {line}"))));
        lines.collect()
    }
}

/// Why there is no kernel, in words.
pub(super) fn why(gone: &Gone) -> String {
    match gone {
        Gone::Nobody => "nobody listens at the addresses of its connection file any more".to_owned(),
        Gone::Key => "the key of the connection file is not that of the kernel".to_owned(),
        Gone::Silent => "the kernel takes connections, but does not answer".to_owned(),
        Gone::Ended(words) => words.clone(),
    }
}
