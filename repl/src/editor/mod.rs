//! The line editor of the terminal session: rustyline with our colours, hints, candidates, keys and history.

mod action;
mod answer;
mod colors;
mod enter;
mod helper;
mod history;
mod indent;
mod keymap;
mod keys;
mod lex;
mod line;
mod menu;
mod outside;
mod past;
mod plain;
mod press;
mod prompt;
mod signals;
mod state;
mod width;

use crate::Error;
use crate::config::{Settings, ThemeChoice};
use crate::images::Way;
use crate::terminal::Terminal;
use crate::theme::{Role, Theme};
use answer::{Answer, CTRL_D, Came, PASTED, Quiet, meaning};
use history::History;
use ironbook_assist::{Completeness, Completions};
use line::{Line, line_editor};
use prompt::begin_row;
use rustix::io::Errno;
use rustyline::ExternalPrinter as _;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter as _;
use signals::Signals;
use state::{Asked, State};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use action::{ACTIONS, Action};
pub use history::is_private;
pub use keymap::Keymap as Keys;
pub use outside::open as open_in_editor;
pub use prompt::Prompt;
pub use width::{fitted, of as columns_of};

/// Terminals that know no escape sequences.
const DUMB: &[&str] = &["", "dumb", "cons25", "emacs"];

/// The magic that the editor answers itself.
const EDIT: &str = "%edit";

/// What the editor asks of the session.
pub trait Words: Send + Sync {
    /// What could stand at a byte of the text.
    fn complete(&self, text: &str, at: usize) -> Completions;
    /// The signature of the call that a byte of the text is an argument of.
    fn call(&self, text: &str, at: usize) -> Option<String>;
    /// Whether the text is a whole cell.
    fn whole(&self, text: &str) -> Completeness;
    /// The session's variables.
    fn names(&self) -> Vec<String>;
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A cell.
    Cell(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// Writes above the cell that is typed, from any thread; while none is typed, where the cursor stands.
pub type Above = Box<dyn FnMut(String) + Send>;

/// Reads cells from the terminal.
pub struct Editor {
    /// Nothing where no escape sequences can be written, or there is no terminal.
    line: Option<Line>,
    /// Kept, as rustyline hears signals at once only while there is one.
    _above: Option<Above>,
    signals: Option<Signals>,
    state: Arc<State>,
    sixel: bool,
    /// Until the first cell is read, if the terminal owes an answer.
    quiet: Option<Quiet>,
    /// What was typed before it was read.
    ahead: String,
    /// The cells of this session by their numbers.
    cells: BTreeMap<u64, String>,
}

impl Editor {
    /// An editor for this terminal.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn new(settings: &Settings, terminal: &Terminal, words: Arc<dyn Words>) -> Result<Editor, Error> {
        let (file, older) = (settings.data.join("typed.jsonl"), settings.data.join("lines.txt"));
        let history = History::open(&file, &older, settings.history);
        let theme = if terminal.color { terminal.theme } else { Theme::None };
        let state = State::new(words, history, theme);
        let mut editor = Editor {
            line: None,
            _above: None,
            signals: None,
            state,
            sixel: false,
            quiet: None,
            ahead: String::new(),
            cells: BTreeMap::new(),
        };
        let term = std::env::var("TERM").unwrap_or_default();
        let dumb = DUMB.iter().any(|name| term.eq_ignore_ascii_case(name));
        if dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(editor);
        }
        editor.ask_terminal(settings, terminal, &term).map_err(Error::Terminal)?;
        editor.signals = Some(Signals::listen().map_err(Error::Terminal)?);
        editor.line = Some(line_editor(settings, &editor.state)?);
        editor._above = editor.printer();
        Ok(editor)
    }

    /// What writes above the cell that is typed; nothing where the terminal cannot do that.
    pub fn printer(&mut self) -> Option<Above> {
        let mut printer = self.line.as_mut()?.create_external_printer().ok()?;
        // What a terminal that is gone does not show is lost.
        Some(Box::new(move |text| drop(printer.print(text))))
    }

    /// The terminal with what it told of itself, and as the user wants it.
    #[must_use]
    pub fn informed(&self, terminal: &Terminal, settings: &Settings) -> Terminal {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let images = Way::choose(settings.images, &variable, self.sixel);
        Terminal { theme: self.state.now().theme, images, pager: settings.pager, ..terminal.clone() }
    }

    /// Reads one cell; `prefill` stands there already.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn read(&mut self, prompt: &Prompt, prefill: &str) -> Result<Read, Error> {
        let Some(mut line) = self.line.take() else {
            let read = plain::read(&*self.state.words, prompt, prefill).map_err(Error::Terminal)?;
            if let Read::Cell(text) = &read {
                self.state.history().add(text);
            }
            return Ok(read);
        };
        let read = self.read_from(&mut line, *prompt, prefill);
        self.line = Some(line);
        self.hear_late();
        match read {
            // The terminal is gone.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Ok(Read::End),
            read => read.map_err(Error::Terminal),
        }
    }

    fn read_from(&mut self, line: &mut Line, prompt: Prompt, prefill: &str) -> io::Result<Read> {
        let mut begun = Begun::at_end(prefill.to_owned());
        loop {
            self.state.begin(prompt);
            begin_row(self.state.screen().0, self.state.now().theme)?;
            self.take_ahead()?;
            self.quiet = None;
            if begun.text.is_empty() {
                match self.typed_ahead(line, prompt)? {
                    Ahead::Read(Read::Cell(text)) => match self.entered(prompt, &text)? {
                        Next::Read(read) => return Ok(read),
                        Next::Again(again) => {
                            begun = again;
                            continue;
                        }
                    },
                    Ahead::Read(read) => return Ok(read),
                    Ahead::Begun(text) => begun = Begun::at_end(text),
                }
            }
            let read = self.line_of(line, prompt, &begun);
            match self.after(read, prompt)? {
                Next::Read(read) => return Ok(read),
                Next::Again(again) => begun = again,
            }
        }
    }

    /// What follows what rustyline read.
    fn after(&mut self, read: rustyline::Result<String>, prompt: Prompt) -> io::Result<Next> {
        let asked = self.state.now().asked.take();
        let again = match (read, asked) {
            (Ok(typed), None) => return self.entered(prompt, &typed),
            (Ok(_), Some((Asked::Interrupt, ..))) => return Ok(Next::Read(Read::Interrupted)),
            (Ok(_), Some((Asked::Suspend, text, at))) => {
                self.signals.as_ref().map_or(Ok(()), Signals::suspend)?;
                Begun { text, at }
            }
            (Ok(_), Some((Asked::Edit, text, _))) => {
                self.erase(&text)?;
                Begun::at_end(self.edited(&text)?)
            }
            (Ok(_), Some((Asked::TooTall, text, _))) => {
                self.say("too tall for the screen: edited in your editor, then run by Enter here")?;
                Begun::at_end(self.edited(&text)?)
            }
            (Err(ReadlineError::Interrupted), _) if !self.has_ended() => return Ok(Next::Read(Read::Interrupted)),
            // A byte that is no text: what was typed before it stays.
            (Err(ReadlineError::Io(error)), _) if error.kind() == io::ErrorKind::InvalidData => {
                Begun::at_end(self.state.now().last.clone())
            }
            // Ctrl-D, or the terminal is gone.
            (Err(_), _) => return Ok(Next::Read(Read::End)),
        };
        Ok(Next::Again(again))
    }

    fn has_ended(&self) -> bool {
        self.signals.as_ref().is_some_and(Signals::ended)
    }

    /// Lets rustyline read.
    fn line_of(&self, line: &mut Line, prompt: Prompt, begun: &Begun) -> rustyline::Result<String> {
        let shown = (prompt.text(), prompt.painted(self.state.now().theme));
        let reading = self.signals.as_ref().map(|signals| &signals.reading);
        if let Some(reading) = reading {
            reading.store(true, Ordering::SeqCst);
        }
        let read = line.readline_with_initial(&shown, begun.text.split_at(begun.at));
        if let Some(reading) = reading {
            reading.store(false, Ordering::SeqCst);
        }
        read
    }

    /// A cell was entered.
    fn entered(&mut self, prompt: Prompt, text: &str) -> io::Result<Next> {
        let text = text.trim_end();
        let Some(wanted) = edit_magic(text) else {
            self.state.history().add(text);
            if !is_private(text) {
                self.cells.insert(prompt.number, text.to_owned());
            }
            return Ok(Next::Read(Read::Cell(text.to_owned())));
        };
        let edited = match self.earlier(wanted) {
            Ok(earlier) => self.edited(&earlier)?,
            Err(words) => {
                self.say(&words)?;
                String::new()
            }
        };
        Ok(Next::Again(Begun::at_end(edited)))
    }

    /// Takes in what came while nobody read: rustyline would lose what stands behind the first Enter.
    fn take_ahead(&mut self) -> io::Result<()> {
        let Came { answers, typed } = answer::waiting()?;
        if answers.iter().any(|answer| answer.ends_with('c')) {
            self.state.now().owed = false;
        }
        answers.iter().for_each(|answer| self.hear(answer));
        self.ahead.push_str(&typed);
        Ok(())
    }

    /// What was typed ahead: a whole cell, shown as if it were typed now, or the beginning of one.
    fn typed_ahead(&mut self, line: &Line, prompt: Prompt) -> io::Result<Ahead> {
        let ends = self.ahead.match_indices(['\n', CTRL_D]).map(|(at, _)| at);
        let whole = |end: &usize| {
            let text = &self.ahead[..*end];
            let text = unpasted(text);
            self.ahead[*end..].starts_with(CTRL_D) || text.trim().is_empty() || self.state.is_whole(&text)
        };
        let Some(end) = ends.clone().find(whole) else {
            return Ok(Ahead::Begun(unpasted(&std::mem::take(&mut self.ahead))));
        };
        let text = unpasted(&self.ahead[..end]);
        let last = self.ahead[end..].starts_with(CTRL_D);
        self.ahead.drain(..=end);
        if last {
            // Where something is typed, Ctrl-D ends nothing.
            return Ok(if text.is_empty() { Ahead::Read(Read::End) } else { Ahead::Begun(text) });
        }
        let painted = match line.helper() {
            Some(answers) => answers.highlight(&text, usize::MAX),
            None => text.as_str().into(),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}{painted}", prompt.painted(self.state.now().theme))?;
        out.flush()?;
        Ok(Ahead::Read(Read::Cell(text)))
    }

    /// The text that `%edit` means: of an earlier cell, or what was typed last.
    fn earlier(&self, wanted: &str) -> Result<String, String> {
        if wanted.is_empty() {
            return Ok(self.state.history().entries().last().cloned().unwrap_or_default());
        }
        let Ok(number) = wanted.parse::<u64>() else {
            return Err("%edit takes the number of a cell, or nothing for what was typed last".to_owned());
        };
        self.cells.get(&number).cloned().ok_or_else(|| format!("there is no cell {number} in this session"))
    }

    /// The text as the user's editor leaves it; unchanged where there is none.
    fn edited(&self, text: &str) -> io::Result<String> {
        match outside::edited(text) {
            Ok(edited) => {
                if self.state.is_tall(&edited) {
                    self.say("taller than the screen: Enter runs it, other keys open it in your editor")?;
                }
                Ok(edited)
            }
            Err(words) => {
                self.say(&words)?;
                Ok(text.to_owned())
            }
        }
    }

    /// Says something in a line of its own.
    fn say(&self, words: &str) -> io::Result<()> {
        let (columns, _) = self.state.screen();
        let theme = self.state.now().theme;
        let mut out = io::stdout().lock();
        for line in width::lines(words, columns) {
            writeln!(out, "{}", theme.paint(Role::About, line))?;
        }
        out.flush()
    }

    /// Takes a text off the screen that was typed just now.
    fn erase(&self, text: &str) -> io::Result<()> {
        let rows = self.state.rows(text);
        if rows >= self.state.screen().1 {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        write!(out, "\x1b[{rows}A\r\x1b[J")?;
        out.flush()
    }

    /// Asks the terminal for its background and for what it can show, unless something was typed already.
    fn ask_terminal(&mut self, settings: &Settings, terminal: &Terminal, term: &str) -> io::Result<()> {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        // Those that print the question, or never answer.
        let deaf = term == "linux" || set("INSIDE_EMACS") || (term.starts_with("screen") && !set("TMUX"));
        self.take_ahead()?;
        if deaf || !self.ahead.is_empty() {
            return Ok(());
        }
        let wants_background = settings.theme == ThemeChoice::Auto && terminal.color;
        let Came { answers, typed } = answer::ask(if wants_background { "\x1b]11;?\x1b\\\x1b[c" } else { "\x1b[c" })?;
        let owed = !answers.iter().any(|answer| answer.ends_with('c'));
        self.state.now().owed = owed;
        if owed {
            self.quiet = Some(Quiet::begin()?);
        }
        answers.iter().for_each(|answer| self.hear(answer));
        self.ahead.push_str(&typed);
        Ok(())
    }

    /// An answer of the terminal.
    fn hear(&mut self, answer: &str) {
        match meaning(answer) {
            Some(Answer::Theme(theme)) if self.state.now().theme != Theme::None => self.state.now().theme = theme,
            Some(Answer::Sixel(sixel)) => self.sixel = sixel,
            _ => {}
        }
    }

    fn hear_late(&mut self) {
        let answers = std::mem::take(&mut self.state.now().answers);
        answers.iter().for_each(|answer| self.hear(answer));
    }
}

/// A text to go on with.
struct Begun {
    text: String,
    /// Where the cursor stands.
    at: usize,
}

impl Begun {
    fn at_end(text: String) -> Begun {
        let at = text.len();
        Begun { text, at }
    }
}

/// What follows a line that was read.
enum Next {
    Read(Read),
    /// It is read again, beginning so.
    Again(Begun),
}

/// What was typed ahead.
enum Ahead {
    Read(Read),
    Begun(String),
}

/// What came ahead as a cell's text.
fn unpasted(ahead: &str) -> String {
    ahead.replace(PASTED, "\n")
}

/// The argument of `%edit`, if the text is that.
fn edit_magic(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix(EDIT)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_is_told_from_other_words() {
        assert_eq!((edit_magic("%edit"), edit_magic(" %edit 3 "), edit_magic("%editor")), (Some(""), Some("3"), None));
    }
}
