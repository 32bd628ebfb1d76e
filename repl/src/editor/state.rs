//! What keys, colours, hints and the reading of cells share while a cell is typed.

use super::history::History;
use super::menu::{Menu, Step};
use super::past::Browse;
use super::width;
use super::{Prompt, Words};
use crate::theme::Theme;
use ironbook_assist::Completeness;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a key asks for that ends the reading of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The text is dropped.
    Interrupt,
    /// The text is edited in the user's editor.
    Edit,
    /// The same, because the text does not fit the screen.
    TooTall,
    /// The program stops until it is called again.
    Suspend,
}

/// Shared by all parts of the editor.
pub struct State {
    /// What the session knows.
    pub words: Arc<dyn Words>,
    history: Mutex<History>,
    now: Mutex<Now>,
}

/// How it stands with the cell that is typed.
pub struct Now {
    /// The colours.
    pub theme: Theme,
    /// The session's variables.
    pub names: BTreeSet<String>,
    /// Columns of the prompt.
    pub prompt: usize,
    /// Whether the prompt is that of the cell, and not that of a search.
    pub at_prompt: bool,
    /// What a key asked for, and the text and cursor then.
    pub asked: Option<(Asked, String, usize)>,
    /// The text as it was drawn last.
    pub last: String,
    /// A walk through the history.
    pub browse: Option<Browse>,
    /// A list of candidates, and the text and cursor that it holds for.
    pub menu: Option<(Menu, String, usize)>,
    /// What comes in the place of the text from a byte to the cursor.
    pub instead: Option<(usize, String)>,
    /// Whether something stands behind the text.
    pub hinted: bool,
    /// Whether a text was found whole.
    pub whole: Option<(String, bool)>,
    /// An answer of the terminal that comes late, as far as it came.
    pub late: Option<String>,
    /// Late answers that are whole.
    pub answers: Vec<String>,
    /// Whether the terminal still owes an answer.
    pub owed: bool,
    /// Columns and rows of the screen, where they are not those of the terminal.
    pub screen: Option<(usize, usize)>,
}

impl State {
    /// The state before the first cell.
    pub fn new(words: Arc<dyn Words>, history: History, theme: Theme) -> Arc<State> {
        let now = Now {
            theme,
            names: BTreeSet::new(),
            prompt: 0,
            at_prompt: true,
            asked: None,
            last: String::new(),
            browse: None,
            menu: None,
            instead: None,
            hinted: false,
            whole: None,
            late: None,
            answers: Vec::new(),
            owed: false,
            screen: None,
        };
        Arc::new(State { words, history: Mutex::new(history), now: Mutex::new(now) })
    }

    /// What was typed before.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it stands.
    pub fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new cell begins.
    pub fn begin(&self, prompt: Prompt) {
        let names = self.words.names().into_iter().collect();
        let mut now = self.now();
        now.names = names;
        now.prompt = width::of(&prompt.text());
        (now.at_prompt, now.asked, now.browse, now.menu, now.whole) = (true, None, None, None, None);
    }

    /// Whether the text is a whole cell, or can never be one.
    pub fn is_whole(&self, text: &str) -> bool {
        if let Some((known, whole)) = &self.now().whole
            && known == text
        {
            return *whole;
        }
        let whole = !matches!(self.words.whole(text), Completeness::Incomplete { .. });
        self.now().whole = Some((text.to_owned(), whole));
        whole
    }

    /// Whether a list of candidates stands behind this text, and one of them is chosen.
    pub fn menu_at(&self, text: &str, at: usize) -> Option<bool> {
        let now = self.now();
        let (menu, ..) = now.menu.as_ref().filter(|(_, of, cursor)| of == text && *cursor == at)?;
        Some(menu.has_chosen())
    }

    /// Chooses another candidate of the list behind this text: the byte at which it begins, and what it puts in.
    pub fn choose(&self, step: Step, text: &str, at: usize) -> Option<(usize, String)> {
        let mut now = self.now();
        let (menu, of, cursor) = now.menu.as_mut()?;
        let start = at.checked_sub(menu.text().len())?;
        menu.step(step);
        let chosen = menu.text().to_owned();
        *of = format!("{}{chosen}{}", text.get(..start)?, text.get(at..)?);
        *cursor = start + chosen.len();
        Some((start, chosen))
    }

    /// Begins a walk through the history, unless this text comes from one.
    pub fn browse_from(&self, text: &str, at: usize) {
        let mut now = self.now();
        if now.browse.as_ref().is_none_or(|browse| browse.shown != text) {
            let prefix = text.get(..at).unwrap_or(text).to_owned();
            now.browse = Some(Browse { prefix, draft: text.to_owned(), shown: text.to_owned() });
        }
    }

    /// Columns and rows of the screen.
    pub fn screen(&self) -> (usize, usize) {
        if let Some(screen) = self.now().screen {
            return screen;
        }
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok();
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)))
    }

    /// Rows that the prompt and a text take.
    pub fn rows(&self, text: &str) -> usize {
        let (columns, _) = self.screen();
        let mut column = self.now().prompt;
        let mut rows = 1;
        for c in text.chars() {
            match c {
                '\n' => (rows, column) = (rows + 1, 0),
                c => {
                    column += width::of_char(c);
                    if column > columns {
                        (rows, column) = (rows + 1, width::of_char(c));
                    }
                }
            }
        }
        rows + usize::from(column >= columns)
    }

    /// Whether a text is too tall for the screen.
    pub fn is_tall(&self, text: &str) -> bool {
        self.rows(text) > self.screen().1
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use ironbook_assist::{Candidate, Completions};

    /// Knows a few words, and that text with an open bracket is no whole cell.
    struct Few;

    impl Words for Few {
        fn complete(&self, text: &str, at: usize) -> Completions {
            let start = text[..at].rfind(|c: char| !c.is_alphanumeric() && !"_%".contains(c)).map_or(0, |at| at + 1);
            let all = ["alpha", "alphabet", "beta", "%who"];
            let fits = all.iter().filter(|word| word.starts_with(&text[start..at]));
            let candidates = fits.map(|word| Candidate {
                text: (*word).to_owned(),
                signature: "i32".to_owned(),
                summary: "A word.".to_owned(),
                ..Candidate::default()
            });
            Completions { range: start..at, candidates: candidates.collect() }
        }

        fn call(&self, _: &str, _: usize) -> Option<String> {
            Some("fn alpha(a: i32)".to_owned())
        }

        fn whole(&self, text: &str) -> Completeness {
            if text.matches('{').count() > text.matches('}').count() {
                Completeness::Incomplete { indent: String::new() }
            } else {
                Completeness::Complete
            }
        }

        fn names(&self) -> Vec<String> {
            vec!["alpha".to_owned()]
        }
    }

    /// A state with a history, on a screen of 80 columns and 24 rows.
    pub fn state(history: &[&str]) -> Arc<State> {
        let state = State::new(Arc::new(Few), History::of(history), Theme::Dark);
        state.now().screen = Some((80, 24));
        state.begin(Prompt { number: 1, stale: 0 });
        state
    }

    #[test]
    fn rows_are_counted_as_they_are_drawn() {
        let state = state(&[]);
        assert_eq!(state.rows(""), 1);
        assert_eq!(state.rows("a\nb\n"), 3);
        assert_eq!(state.rows(&"x".repeat(74)), 1);
        assert_eq!(state.rows(&"x".repeat(75)), 2, "the cursor stands in the next row");
        assert_eq!(state.rows(&"日".repeat(38)), 2);
        assert!(!state.is_tall(&"\n".repeat(23)) && state.is_tall(&"\n".repeat(24)));
    }
}
