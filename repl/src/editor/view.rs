//! What the editor shows: prompt, cell, hint, list, messages.

use super::colors;
use super::keys::Input;
use super::layout::{Frame, Page, Row, frame};
use super::tty::Tty;
use super::{Editor, Prompt, width};
use crate::config::{Settings, ThemeChoice};
use crate::terminal::Terminal;
use crate::theme::{Role, Theme};
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

/// How long the terminal may take to tell of itself.
const PATIENCE: Duration = Duration::from_millis(50);

/// What stays the same while a cell is typed.
pub struct View {
    /// What stands before the text.
    pub prompt: Prompt,
    /// The session's variables.
    pub names: BTreeSet<String>,
    /// The colours.
    pub theme: Theme,
}

impl View {
    /// The prompts of the first line and of the others.
    fn prompts(&self) -> (Row, Row) {
        let mut first = Row::default();
        first.add(self.theme, Role::Prompt, &format!("[{}]", self.prompt.number));
        if self.prompt.stale > 0 {
            first.add(self.theme, Role::Stale, "*");
        }
        first.add(self.theme, Role::Prompt, ":");
        first.add(self.theme, Role::Plain, " ");
        let blank = " ".repeat(first.width.saturating_sub(5));
        let mut other = Row::default();
        other.add(self.theme, Role::Continuation, &format!("{blank}...: "));
        (first, other)
    }
}

/// How much of the picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// While it is typed.
    Typing,
    /// For good.
    Done,
}

impl Editor {
    /// Draws the cell as it is now.
    pub(super) fn draw(&mut self, tty: &Tty, view: &View) -> io::Result<()> {
        let size = tty.size();
        let frame = self.frame(view, size.columns, Look::Typing);
        let most = (size.rows.saturating_sub(1) / 2).max(1);
        let below = self.below(size.columns, most, view.theme);
        let mut out = self.canvas.show(&frame, &below, size);
        let commands = self.typing.takes_commands();
        if commands != self.shape {
            // A block while keys are commands, a bar while they are text.
            out.push_str(if commands == Some(true) { "\x1b[2 q" } else { "\x1b[6 q" });
            self.shape = commands;
        }
        if out.is_empty() { Ok(()) } else { tty.write(&out) }
    }

    /// Draws the cell for good, with a word behind it.
    pub(super) fn finish(&mut self, tty: &Tty, view: &View, word: &str) -> io::Result<()> {
        let columns = tty.size().columns;
        let mut frame = self.frame(view, columns, Look::Done);
        if let Some(last) = frame.rows.last_mut() {
            last.add(view.theme, Role::About, word);
        }
        let mut out = self.canvas.finish(&frame, columns);
        if self.shape.take().is_some() {
            out.push_str("\x1b[0 q");
        }
        tty.write(&out)
    }

    fn frame(&self, view: &View, columns: usize, look: Look) -> Frame {
        let buffer = &self.typing.buffer;
        let text = buffer.text();
        let typing = look == Look::Typing;
        let colored = colors::of(text, if typing { buffer.at() } else { usize::MAX }, &view.names, view.theme);
        let (prompt, continuation) = view.prompts();
        let mut marks = Vec::new();
        if let Some(search) = &self.typing.search {
            marks.push((search.found.clone(), Role::Found));
        } else if typing {
            marks.extend(colored.partners(buffer.at()).into_iter().map(|at| (at..at + 1, Role::Partner)));
        }
        frame(&Page {
            text,
            at: buffer.at(),
            colors: &colored.roles,
            marks: &marks,
            prompt: &prompt,
            continuation: &continuation,
            hint: if typing { self.typing.hint(&self.history) } else { "" },
            columns,
            theme: view.theme,
        })
    }

    /// The rows under the cell.
    fn below(&self, columns: usize, most: usize, theme: Theme) -> Vec<Row> {
        let said = |text: &str| vec![Row::painted(theme, Role::About, &width::fitted(text, columns))];
        if let Some(search) = &self.typing.search {
            let failed = if search.failed { "  (nothing found)" } else { "" };
            return said(&format!("search history: {}{failed}", search.text));
        }
        if let Some(menu) = &self.typing.menu {
            return menu.rows(columns, most, theme);
        }
        if self.message.is_empty() { Vec::new() } else { said(&self.message) }
    }

    /// Goes to the beginning of a row; where something stands in the cursor's row, a sign tells of its open end.
    pub(super) fn begin_line(&self, tty: &Tty) -> io::Result<()> {
        let columns = tty.size().columns;
        let sign = view_sign(self.theme);
        tty.write(&format!("{sign}{}\r\x1b[K", " ".repeat(columns - 1)))
    }

    /// Asks the terminal for its background and for what it can show.
    pub(super) fn ask_terminal(&mut self, settings: &Settings, terminal: &Terminal) {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let term = std::env::var("TERM").unwrap_or_default();
        // Those that print the question, or never answer.
        let deaf = term == "linux" || set("INSIDE_EMACS") || (term.starts_with("screen") && !set("TMUX"));
        let wants_background = settings.theme == ThemeChoice::Auto && terminal.color;
        let Some(tty) = &mut self.tty else { return };
        if deaf || tty.begin().is_err() {
            return;
        }
        let question = if wants_background { "\x1b]11;?\x1b\\\x1b[c" } else { "\x1b[c" };
        let answers = tty.ask(question, PATIENCE).unwrap_or_default();
        tty.end();
        for answer in answers {
            if wants_background || matches!(answer, Input::Abilities(_)) {
                self.hear(&answer);
            }
        }
    }

    /// An answer of the terminal.
    pub(super) fn hear(&mut self, answer: &Input) {
        match answer {
            Input::Background(color) if self.theme != Theme::None => {
                if let Some([red, green, blue]) = color_of(color) {
                    self.theme = Theme::for_background(red, green, blue);
                }
            }
            Input::Abilities(abilities) => self.sixel = abilities.contains(&4),
            _ => {}
        }
    }
}

fn view_sign(theme: Theme) -> String {
    theme.paint(Role::About, "⏎")
}

/// Reads `rgb:ffff/ffff/ffff`.
fn color_of(text: &str) -> Option<[f64; 3]> {
    let parts = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?.split('/');
    let part = |part: &str| {
        let most = 16_f64.powi(i32::try_from(part.len()).ok()?) - 1.0;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / most)
    };
    let parts: Vec<f64> = parts.map(part).collect::<Option<_>>()?;
    parts.get(..3)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_any_depth_are_read() {
        assert_eq!(color_of("rgb:ffff/0000/ffff"), Some([1.0, 0.0, 1.0]));
        assert_eq!(color_of("rgba:ff/00/ff/80"), Some([1.0, 0.0, 1.0]));
        assert_eq!(color_of("rgb:zz/0/0"), None);
        assert_eq!(color_of("white"), None);
    }

    #[test]
    fn prompts_are_aligned() {
        let view = |number, stale| {
            let view = View { prompt: Prompt { number, stale }, names: BTreeSet::new(), theme: Theme::None };
            let (first, other) = view.prompts();
            (first.text, other.text)
        };
        assert_eq!(view(1, 0), ("[1]: ".into(), "...: ".into()));
        assert_eq!(view(12, 3), ("[12]*: ".into(), "  ...: ".into()));
    }
}
