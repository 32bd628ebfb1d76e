//! Lines of a text, and places in it: editors count lines and UTF-16 code units, Rust bytes.

use lsp_types::Position;

/// A text with the beginnings of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    /// A text.
    pub fn new(text: String) -> Lines {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many lines it has; the last may be empty.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// A line without its end; empty for one beyond the last.
    pub fn line(&self, number: usize) -> &str {
        let Some(start) = self.starts.get(number) else { return "" };
        let end = self.starts.get(number + 1).map_or(self.text.len(), |next| next - 1);
        let line = &self.text[*start..end];
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The byte of a place; the end of its line, or of the text, for one beyond it.
    pub fn byte(&self, position: Position) -> usize {
        let number = position.line as usize;
        match self.starts.get(number) {
            Some(start) => start + column_byte(self.line(number), position.character),
            None => self.text.len(),
        }
    }

    /// The line of a byte, and the bytes before it there.
    pub fn line_of(&self, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        (line, byte - self.starts.get(line).copied().unwrap_or(0))
    }

    /// The place that is so many bytes into a line.
    pub fn position_at(&self, line: usize, column: usize) -> Position {
        let text = self.line(line);
        let before = text.get(..column.min(text.len())).unwrap_or(text);
        Position::new(number(line), number(before.encode_utf16().count()))
    }

    /// Replaces what lies between two bytes.
    pub fn replace(&mut self, range: std::ops::Range<usize>, new: &str) {
        let mut text = std::mem::take(&mut self.text);
        text.replace_range(range, new);
        *self = Lines::new(text);
    }
}

/// The byte of a line at which a UTF-16 column begins.
fn column_byte(line: &str, column: u32) -> usize {
    let mut units = 0;
    for (at, c) in line.char_indices() {
        if units >= column as usize {
            return at;
        }
        units += c.len_utf16();
    }
    line.len()
}

/// A number of the protocol.
pub fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_utf16() {
        let lines = Lines::new("a🦀b\r\nü\n".to_owned());
        assert_eq!(lines.count(), 3);
        assert_eq!((lines.line(0), lines.line(1), lines.line(2), lines.line(9)), ("a🦀b", "ü", "", ""));
        for (line, column, byte) in [(0, 0, 0), (0, 1, 1), (0, 3, 5), (0, 4, 6), (0, 99, 6), (1, 1, 10), (9, 0, 11)] {
            assert_eq!(lines.byte(Position::new(line, column)), byte, "{line}:{column}");
        }
        assert_eq!(lines.position_at(0, 5), Position::new(0, 3));
        assert_eq!((lines.line_of(10), lines.position_at(1, 2)), ((1, 2), Position::new(1, 1)));
    }

    #[test]
    fn a_change_moves_lines() {
        let mut lines = Lines::new("a\nb\n".to_owned());
        lines.replace(1..2, "\n\n");
        assert_eq!((lines.count(), lines.line(2)), (4, "b"));
    }
}
