//! The prompt: the number of the cell, and whether variables are stale.

use crate::theme::{Role, Theme};
use std::io::{self, Write as _};

/// What stands before the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The number that the cell will have.
    pub number: u64,
    /// How many variables are stale.
    pub stale: usize,
}

impl Prompt {
    /// As it is written without colours.
    pub fn text(self) -> String {
        self.painted(Theme::None)
    }

    /// As it is written in these colours.
    pub fn painted(self, theme: Theme) -> String {
        let number = theme.paint(Role::Prompt, &format!("[{}]", self.number));
        let stale = if self.stale > 0 { theme.paint(Role::Stale, "*") } else { String::new() };
        format!("{number}{stale}{} ", theme.paint(Role::Prompt, ":"))
    }
}

/// Goes to the beginning of a row; where something stands in the cursor's row, a sign tells of its open end.
///
/// # Errors
/// When the terminal cannot be written to.
pub fn begin_row(columns: usize, theme: Theme) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "{}{}\r\x1b[K", theme.paint(Role::About, "⏎"), " ".repeat(columns.saturating_sub(1)))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_tells_of_stale_variables() {
        assert_eq!(Prompt { number: 1, stale: 0 }.text(), "[1]: ");
        assert_eq!(Prompt { number: 12, stale: 3 }.text(), "[12]*: ");
    }
}
