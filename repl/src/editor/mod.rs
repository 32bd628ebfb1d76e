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
mod menu;
mod outside;
mod past;
mod plain;
mod press;
mod signals;
mod state;
mod width;

use crate::Error;
use crate::config::{KeyStyle, Settings, ThemeChoice};
use crate::images::Way;
use crate::terminal::Terminal;
use crate::theme::{Role, Theme};
use answer::{Answer, Came, Quiet, meaning};
use helper::Answers;
use history::History;
use ironbook_assist::{Completeness, Completions};
use past::Past;
use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter as _;
use rustyline::{ColorMode, CompletionType, Config, EditMode, ExternalPrinter as _};
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
pub use width::{fitted, of as columns_of};

/// Terminals that know no escape sequences.
const DUMB: &[&str] = &["", "dumb", "cons25", "emacs"];

/// Milliseconds that vi's Escape waits for what would make it a part of another key.
const ESCAPE_MS: u16 = 50;

/// The magic that the editor answers itself.
const EDIT: &str = "%edit";

/// What the editor asks of the session.
pub trait Words: Send + Sync {
    /// What could stand at a byte of the text.
    fn complete(&self, text: &str, at: usize) -> Completions;
    /// Whether the text is a whole cell.
    fn whole(&self, text: &str) -> Completeness;
    /// The session's variables.
    fn names(&self) -> Vec<String>;
}

/// What stands before the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The number that the cell will have.
    pub number: u64,
    /// How many variables are stale.
    pub stale: usize,
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

type Line = rustyline::Editor<Answers, Past>;

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
        read.map_err(Error::Terminal)
    }

    fn read_from(&mut self, line: &mut Line, prompt: Prompt, prefill: &str) -> io::Result<Read> {
        let (mut text, mut at) = (prefill.to_owned(), prefill.len());
        loop {
            self.state.begin(prompt);
            begin_line(self.state.now().theme)?;
            self.take_ahead()?;
            self.quiet = None;
            let read = match self.typed_ahead(line, prompt, &text)? {
                Some(cell) => Ok(cell),
                None => {
                    if text.is_empty() {
                        text = std::mem::take(&mut self.ahead);
                        at = text.len();
                    }
                    self.line_of(line, prompt, &text[..at], &text[at..])
                }
            };
            let asked = self.state.now().asked.take();
            (text, at) = match (read, asked) {
                (Ok(typed), None) => {
                    let typed = typed.trim_end();
                    let Some(wanted) = edit_magic(typed) else { return Ok(self.entered(prompt, typed)) };
                    match self.earlier(wanted) {
                        Ok(earlier) => self.edited(&earlier)?,
                        Err(words) => {
                            self.say(&words)?;
                            String::new()
                        }
                    }
                    .into_line()
                }
                (Ok(_), Some((Asked::Interrupt, ..))) => return Ok(Read::Interrupted),
                (Ok(_), Some((Asked::Suspend, text, at))) => {
                    self.signals.as_ref().map_or(Ok(()), Signals::suspend)?;
                    (text, at)
                }
                (Ok(_), Some((Asked::Edit, text, _))) => {
                    self.erase(&text)?;
                    self.edited(&text)?.into_line()
                }
                (Ok(_), Some((Asked::TooTall, text, _))) => {
                    self.say("too tall for the screen: edited in your editor, then run by Enter here")?;
                    self.edited(&text)?.into_line()
                }
                (Err(ReadlineError::Interrupted), _) if !self.has_ended() => return Ok(Read::Interrupted),
                // A byte that is no text: what was typed before it stays.
                (Err(ReadlineError::Io(error)), _) if error.kind() == io::ErrorKind::InvalidData => {
                    self.state.now().last.clone().into_line()
                }
                // Ctrl-D, or the terminal is gone.
                (Err(_), _) => return Ok(Read::End),
            };
        }
    }

    fn has_ended(&self) -> bool {
        self.signals.as_ref().is_some_and(Signals::ended)
    }

    /// Lets rustyline read.
    fn line_of(&self, line: &mut Line, prompt: Prompt, left: &str, right: &str) -> rustyline::Result<String> {
        let shown = (prompt_text(prompt), painted_prompt(prompt, self.state.now().theme));
        let reading = self.signals.as_ref().map(|signals| &signals.reading);
        if let Some(reading) = reading {
            reading.store(true, Ordering::SeqCst);
        }
        let read = line.readline_with_initial(&shown, (left, right));
        if let Some(reading) = reading {
            reading.store(false, Ordering::SeqCst);
        }
        read
    }

    /// A cell was entered.
    fn entered(&mut self, prompt: Prompt, text: &str) -> Read {
        self.state.history().add(text);
        if !is_private(text) {
            self.cells.insert(prompt.number, text.to_owned());
        }
        Read::Cell(text.to_owned())
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

    /// A whole cell that was typed ahead, shown as if it were typed now.
    fn typed_ahead(&mut self, line: &Line, prompt: Prompt, prefill: &str) -> io::Result<Option<String>> {
        if !prefill.is_empty() {
            return Ok(None);
        }
        let ends = self.ahead.match_indices('\n').map(|(at, _)| at);
        let whole = |end: &usize| self.ahead[..*end].trim().is_empty() || self.state.is_whole(&self.ahead[..*end]);
        let Some(end) = ends.clone().find(whole) else { return Ok(None) };
        let text = self.ahead[..end].to_owned();
        self.ahead.drain(..=end);
        let painted = match line.helper() {
            Some(answers) => answers.highlight(&text, usize::MAX),
            None => text.as_str().into(),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}{painted}", painted_prompt(prompt, self.state.now().theme))?;
        out.flush()?;
        Ok(Some(text))
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

/// A text with the cursor at its end.
trait IntoLine {
    fn into_line(self) -> (String, usize);
}

impl IntoLine for String {
    fn into_line(self) -> (String, usize) {
        let at = self.len();
        (self, at)
    }
}

/// rustyline with our answers and keys.
fn line_editor(settings: &Settings, state: &Arc<State>) -> Result<Line, Error> {
    let vi = settings.keys == KeyStyle::Vi;
    let config = Config::builder()
        .edit_mode(if vi { EditMode::Vi } else { EditMode::Emacs })
        .keyseq_timeout(vi.then_some(ESCAPE_MS))
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .bell_style(BellStyle::None)
        // Where there are to be no colours, our answers have none.
        .color_mode(ColorMode::Enabled)
        .bracketed_paste(true)
        .auto_add_history(false)
        .indent_size(4)
        .tab_stop(4)
        .build();
    let failed = |error| Error::Terminal(io::Error::other(error));
    let mut line = Line::with_history(config, Past(state.clone())).map_err(failed)?;
    line.set_helper(Some(Answers::new(state.clone())));
    // Wrong bindings were told of when the settings were read.
    let keymap = Keys::new(&settings.bindings).or_else(|_| Keys::new(&BTreeMap::new()));
    let keymap = keymap.map_err(|words| Error::Terminal(io::Error::other(words)))?;
    press::bind(&keymap, state, |event, handler| drop(line.bind_sequence(event, handler)));
    Ok(line)
}

/// The argument of `%edit`, if the text is that.
fn edit_magic(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix(EDIT)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

/// What stands before the text.
fn prompt_text(prompt: Prompt) -> String {
    painted_prompt(prompt, Theme::None)
}

fn painted_prompt(prompt: Prompt, theme: Theme) -> String {
    let number = theme.paint(Role::Prompt, &format!("[{}]", prompt.number));
    let stale = if prompt.stale > 0 { theme.paint(Role::Stale, "*") } else { String::new() };
    format!("{number}{stale}{} ", theme.paint(Role::Prompt, ":"))
}

/// Goes to the beginning of a row; where something stands in the cursor's row, a sign tells of its open end.
fn begin_line(theme: Theme) -> io::Result<()> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok().filter(|size| size.ws_col > 0);
    let columns = size.map_or(80, |size| usize::from(size.ws_col));
    let mut out = io::stdout().lock();
    write!(out, "{}{}\r\x1b[K", theme.paint(Role::About, "⏎"), " ".repeat(columns - 1))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_tells_of_stale_variables() {
        assert_eq!(prompt_text(Prompt { number: 1, stale: 0 }), "[1]: ");
        assert_eq!(prompt_text(Prompt { number: 12, stale: 3 }), "[12]*: ");
    }

    #[test]
    fn edit_is_told_from_other_words() {
        assert_eq!((edit_magic("%edit"), edit_magic(" %edit 3 "), edit_magic("%editor")), (Some(""), Some("3"), None));
    }
}
