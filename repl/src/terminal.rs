//! What the terminal can show, and writing to it: colours where they are wanted, errors in two lines.

use crate::Error;
use crate::config::ThemeChoice;
use crate::images::{Place, Way};
use crate::theme::Theme;
use std::io::{self, IsTerminal, Write};

/// The terminal behind standard output and standard error.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// Whether a person sees standard error now, so that lines may be drawn over.
    pub live: bool,
    /// Whether standard output takes colours.
    pub color: bool,
    /// Whether standard error takes colours.
    pub color_err: bool,
    /// Columns.
    pub width: usize,
    /// The colours, which suit its background.
    pub theme: Theme,
    /// How it shows pictures.
    pub images: Way,
    /// Whether long texts are shown by a pager.
    pub pager: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Less important.
    Dim,
    /// A heading.
    Bold,
    /// An error.
    Red,
    /// A success.
    Green,
    /// A warning.
    Yellow,
    /// A prompt.
    Cyan,
}

impl Style {
    fn code(self, theme: Theme) -> &'static str {
        let (dark, light) = match self {
            Style::Dim => ("38;5;245", "38;5;243"),
            Style::Bold => ("1", "1"),
            Style::Red => ("1;38;5;203", "1;38;5;160"),
            Style::Green => ("38;5;78", "38;5;28"),
            Style::Yellow => ("38;5;221", "38;5;130"),
            Style::Cyan => ("38;5;80", "38;5;30"),
        };
        match theme {
            Theme::Dark => dark,
            Theme::Light => light,
            Theme::None => "",
        }
    }

    fn paint(self, theme: Theme, text: &str) -> String {
        match self.code(theme) {
            "" => text.to_owned(),
            code => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

impl Terminal {
    /// The terminal as the environment says (`NO_COLOR`, `CLICOLOR=0`, `TERM=dumb`, `COLORFGBG`).
    pub fn detect() -> Terminal {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is = |name: &str, value: &str| std::env::var_os(name).is_some_and(|set| set == value);
        let plain = set("NO_COLOR") || is("CLICOLOR", "0") || is("TERM", "dumb");
        let live = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Terminal {
            live,
            color: io::stdout().is_terminal() && !plain,
            color_err: io::stderr().is_terminal() && !plain,
            width: width(),
            theme: Theme::from_environment(),
            images: Way::Text,
            pager: false,
        }
    }

    /// Text for standard error in a style.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.color_err { style.paint(self.theme, text) } else { text.to_owned() }
    }

    /// Text for standard output in a style.
    pub fn paint_out(&self, style: Style, text: &str) -> String {
        if self.color { style.paint(self.theme, text) } else { text.to_owned() }
    }

    /// The same terminal with the colours that the user wants.
    #[must_use]
    pub fn themed(self, choice: ThemeChoice) -> Terminal {
        match choice {
            ThemeChoice::Auto => self,
            ThemeChoice::Light => Terminal { theme: Theme::Light, ..self },
            ThemeChoice::Dark => Terminal { theme: Theme::Dark, ..self },
            ThemeChoice::None => Terminal { theme: Theme::None, color: false, color_err: false, ..self },
        }
    }

    /// Writes to standard output at once. Who reads it may have gone; that is no error of ours.
    pub fn out(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let text = if self.color { text.into() } else { without_colors(text) };
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Whether a person reads standard output.
    pub fn reads_out(&self) -> bool {
        self.live && io::stdout().is_terminal()
    }

    /// Its size now, columns and rows.
    pub fn size(&self) -> (usize, usize) {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or((self.width, usize::MAX), |size| (usize::from(size.ws_col), usize::from(size.ws_row)))
    }

    /// Where a picture would stand.
    pub fn place(&self) -> Place {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok();
        let known = size.filter(|size| size.ws_xpixel > 0 && size.ws_col > 0);
        Place {
            columns: self.size().0,
            column_pixels: known.map(|size| f64::from(size.ws_xpixel) / f64::from(size.ws_col)),
            in_tmux: std::env::var_os("TMUX").is_some(),
        }
    }

    /// Writes to standard output at once, sequences that are no colours with it.
    pub fn out_raw(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Writes to standard error at once.
    pub fn err(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let text = if self.color_err { text.into() } else { without_colors(text) };
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    /// Writes a line to standard error.
    pub fn say(&self, line: &str) {
        self.err(&format!("{line}\n"));
    }
}

/// Shows an error of the command: what was wrong, details, what to do.
pub fn complain(error: &Error) {
    let terminal = Terminal::detect();
    for line in error.details() {
        terminal.say(line);
    }
    terminal.say(&format!("{} {error}", terminal.paint(Style::Red, "error:")));
    if let Some(remedy) = error.remedy() {
        terminal.say(&format!("{} {remedy}", terminal.paint(Style::Cyan, "help:")));
    }
}

/// Columns of the terminal; 100 where there is none.
fn width() -> usize {
    [rustix::termios::tcgetwinsize(io::stderr()), rustix::termios::tcgetwinsize(io::stdout())]
        .into_iter()
        .flatten()
        .map(|size| usize::from(size.ws_col))
        .find(|columns| *columns > 0)
        .unwrap_or(100)
}

/// Removes ANSI escape sequences.
pub fn without_colors(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('\x1b') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            out.push(c);
        } else if rest.next_if_eq(&'[').is_some() {
            // A control sequence ends with a byte from `@` to `~`.
            rest.by_ref().find(|c| ('@'..='~').contains(c));
        } else {
            rest.next();
        }
    }
    out.into()
}

/// A duration for people: `0.21 s`, `12 s`, `3 min 20 s`.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.0095 => format!("{:.1} ms", s * 1000.0),
        s if s < 9.95 => format!("{s:.2} s"),
        s if s < 99.5 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// How long a cell took, and how much of that the compiler, if it was called.
pub fn took(total_s: f64, compile_s: f64) -> String {
    let compiling = if compile_s >= 0.0005 { format!(" (compiling {})", seconds(compile_s)) } else { String::new() };
    seconds(total_s) + &compiling
}

/// The beginning of a line, at most so many characters.
pub fn shortened(line: &str, limit: usize) -> String {
    if line.chars().count() <= limit {
        return line.to_owned();
    }
    let mut out: String = line.chars().take(limit.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go() {
        assert_eq!(without_colors("\x1b[1;31merror\x1b[0m: x"), "error: x");
        assert_eq!(without_colors("plain"), "plain");
    }

    #[test]
    fn the_users_theme_holds_for_all_that_is_written() {
        let terminal = Terminal { color: true, color_err: true, ..Terminal::detect() };
        let red = |choice| terminal.clone().themed(choice).paint(Style::Red, "x");
        assert_ne!(red(ThemeChoice::Light), red(ThemeChoice::Dark));
        assert_eq!(red(ThemeChoice::None), "x");
    }

    #[test]
    fn durations_read_well() {
        let shown: Vec<String> = [0.0021, 0.214, 12.3, 200.0, 7200.0].into_iter().map(seconds).collect();
        assert_eq!(shown, ["2.1 ms", "0.21 s", "12 s", "3 min", "2.0 h"]);
        assert_eq!(took(1.2, 0.3), "1.20 s (compiling 0.30 s)");
        assert_eq!(took(12.0, std::iter::empty::<f64>().sum()), "12 s", "the sum of nothing is -0.0");
    }
}
