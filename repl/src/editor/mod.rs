//! The line editor of the terminal session: cells are typed, completed, searched for and edited here.

mod action;
mod buffer;
mod colors;
mod draw;
mod history;
mod indent;
mod keymap;
pub mod keys;
mod known;
mod layout;
mod lex;
mod menu;
mod outside;
mod plain;
mod tty;
mod typing;
mod view;
mod width;

use crate::Error;
use crate::config::Settings;
use crate::images::Way;
use crate::terminal::Terminal;
use crate::theme::Theme;
use draw::Canvas;
use history::History;
use ironbook_assist::{Completeness, Completions};
use keymap::{Keymap, Meaning};
use keys::{Code, Input, Key};
use std::collections::BTreeMap;
use std::sync::Arc;
use tty::{Happened, Tty};
use typing::{Around, Step, Typing};

pub use action::{ACTIONS, Action};
pub use history::is_private;
pub use keymap::Keymap as Keys;
pub use known::Known;
pub use outside::open as open_in_editor;
pub use width::{fitted, of as columns_of};

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

/// Reads cells from the terminal.
pub struct Editor {
    /// Nothing where no escape sequences can be written, or standard input is no terminal.
    tty: Option<Tty>,
    words: Arc<dyn Words>,
    history: History,
    keymap: Keymap,
    theme: Theme,
    sixel: bool,
    typing: Typing,
    canvas: Canvas,
    /// The cursor's shape: whether vi's keys are commands, if it was changed for that.
    shape: Option<bool>,
    /// Keys pressed of a sequence.
    pressed: Vec<Key>,
    /// Said under the cell until the next key.
    message: String,
    /// The cells of this session by their numbers.
    cells: BTreeMap<u64, String>,
}

impl Editor {
    /// An editor for this terminal.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn new(settings: &Settings, terminal: &Terminal, words: Arc<dyn Words>) -> Result<Editor, Error> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let tty = if dumb { None } else { Tty::open().map_err(Error::Terminal)? };
        let (file, older) = (settings.data.join("typed.jsonl"), settings.data.join("lines.txt"));
        let history = History::open(&file, &older, settings.history);
        // Wrong bindings were told of when the settings were read.
        let keymap = Keymap::new(&settings.bindings).or_else(|_| Keymap::new(&BTreeMap::new()));
        let keymap = keymap.map_err(|words| Error::Terminal(std::io::Error::other(words)))?;
        let theme = if terminal.color { terminal.theme } else { Theme::None };
        let mut editor = Editor {
            tty,
            words,
            history,
            keymap,
            theme,
            sixel: false,
            typing: Typing::with_keys(settings.keys),
            canvas: Canvas::default(),
            shape: None,
            pressed: Vec::new(),
            message: String::new(),
            cells: BTreeMap::new(),
        };
        editor.ask_terminal(settings, terminal);
        Ok(editor)
    }

    /// The terminal with what it told of itself, and as the user wants it.
    #[must_use]
    pub fn informed(&self, terminal: &Terminal, settings: &Settings) -> Terminal {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let images = Way::choose(settings.images, &variable, self.sixel);
        Terminal { theme: self.theme, images, pager: settings.pager, ..terminal.clone() }
    }

    /// Reads one cell; `prefill` stands there already.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn read(&mut self, prompt: &Prompt, prefill: &str) -> Result<Read, Error> {
        let Some(mut tty) = self.tty.take() else {
            let read = plain::read(&*self.words, prompt, prefill).map_err(Error::Terminal)?;
            if let Read::Cell(text) = &read {
                self.history.add(text);
            }
            return Ok(read);
        };
        self.typing.begin(prefill);
        let read = self.read_from(&mut tty, prompt);
        tty.end();
        self.tty = Some(tty);
        read.map_err(Error::Terminal)
    }

    fn read_from(&mut self, tty: &mut Tty, prompt: &Prompt) -> std::io::Result<Read> {
        tty.begin()?;
        self.begin_line(tty)?;
        let names = self.words.names().into_iter().collect();
        let mut view = view::View { prompt: *prompt, names, theme: self.theme };
        loop {
            // While more is there already, the screen can wait.
            if !tty.has_more() {
                self.draw(tty, &view)?;
            }
            let step = match tty.next()? {
                Happened::Input(input) => self.take(input, tty, &mut view),
                Happened::Resized => {
                    let mut out = String::new();
                    self.canvas.resized(&mut out, tty.size().columns);
                    tty.write(&out)?;
                    Step::On
                }
                Happened::Continued => {
                    tty.begin()?;
                    self.canvas.forget();
                    self.begin_line(tty)?;
                    Step::On
                }
                Happened::Closed => Step::End,
            };
            match step {
                Step::On => {}
                Step::Submit => {
                    let text = self.typing.buffer.text().trim_end().to_owned();
                    self.typing.buffer.set(&text);
                    self.finish(tty, &view, "")?;
                    if let Some(wanted) = edit_magic(&text) {
                        self.edit_earlier(tty, wanted)?;
                        continue;
                    }
                    self.history.add(&text);
                    if !is_private(&text) {
                        self.cells.insert(prompt.number, text.clone());
                    }
                    return Ok(Read::Cell(text));
                }
                Step::Interrupt => {
                    self.finish(tty, &view, "^C")?;
                    return Ok(Read::Interrupted);
                }
                Step::End => {
                    self.finish(tty, &view, "")?;
                    return Ok(Read::End);
                }
                Step::Suspend => {
                    self.finish(tty, &view, "")?;
                    tty.suspend()?;
                    self.begin_line(tty)?;
                }
                Step::Clear => {
                    self.canvas.forget();
                    tty.write("\x1b[H\x1b[2J")?;
                }
                Step::EditElsewhere => {
                    let text = self.typing.buffer.text().to_owned();
                    self.edit_outside(tty, &text)?;
                }
                Step::Quote => {
                    if let Happened::Input(Input::Key(key)) = tty.next()?
                        && let Some(c) = as_character(key)
                    {
                        let around = Around { words: &*self.words, history: &self.history, hasty: true };
                        self.typing.type_char(c, &around);
                    }
                }
            }
        }
    }

    /// One key, paste or answer.
    fn take(&mut self, input: Input, tty: &Tty, view: &mut view::View) -> Step {
        let key = match input {
            Input::Key(key) => key,
            Input::Paste(text) => {
                self.message.clear();
                self.typing.paste(&text);
                return Step::On;
            }
            answer => {
                // One that came late.
                self.hear(&answer);
                view.theme = self.theme;
                return Step::On;
            }
        };
        self.message.clear();
        let around = Around { words: &*self.words, history: &self.history, hasty: tty.has_more() };
        if self.pressed.is_empty()
            && let Some(step) = self.typing.vi_key(key, &around)
        {
            return step;
        }
        self.pressed.push(key);
        match self.keymap.meaning(&self.pressed) {
            Meaning::Begins => return Step::On,
            Meaning::Does(action) => {
                self.pressed.clear();
                return self.typing.act(action, &around);
            }
            Meaning::Unbound => {}
        }
        self.pressed.clear();
        if let (Code::Char(c), false, false) = (key.code, key.ctrl, key.alt) {
            self.typing.type_char(c, &around);
        }
        Step::On
    }

    /// `%edit`: the text of an earlier cell, or of the last one, goes through the user's editor.
    fn edit_earlier(&mut self, tty: &mut Tty, wanted: &str) -> std::io::Result<()> {
        let text = match wanted.parse::<u64>() {
            _ if wanted.is_empty() => self.history.entries().last().cloned().unwrap_or_default(),
            Ok(number) => match self.cells.get(&number) {
                Some(text) => text.clone(),
                None => {
                    self.typing.begin("");
                    self.message = format!("there is no cell {number} in this session");
                    return Ok(());
                }
            },
            Err(_) => {
                self.typing.begin("");
                self.message = "%edit takes the number of a cell, or nothing for what was typed last".to_owned();
                return Ok(());
            }
        };
        self.typing.begin("");
        self.edit_outside(tty, &text)
    }

    fn edit_outside(&mut self, tty: &mut Tty, text: &str) -> std::io::Result<()> {
        let mut out = String::new();
        self.canvas.erase(&mut out);
        tty.write(&out)?;
        tty.end();
        let edited = outside::edited(text);
        tty.begin()?;
        self.begin_line(tty)?;
        match edited {
            Ok(text) => self.typing.buffer.set(&text),
            Err(words) => self.message = words,
        }
        Ok(())
    }
}

/// The magic that the editor answers itself.
const EDIT: &str = "%edit";

/// The argument of `%edit`, if the text is that.
fn edit_magic(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix(EDIT)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

/// The character that a key sends.
fn as_character(key: Key) -> Option<char> {
    match key.code {
        Code::Char(c) if key.ctrl => char::from_u32(u32::from(c.to_ascii_uppercase()) & 0x1f),
        Code::Char(c) => Some(c),
        Code::Tab => Some('\t'),
        Code::Enter => Some('\n'),
        Code::Esc => Some('\x1b'),
        _ => None,
    }
}
