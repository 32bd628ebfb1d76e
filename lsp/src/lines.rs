//! Lines of a text, and places in it: editors count lines and code units, Rust bytes.

use lsp_types::Position;

/// What editors count in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 code units.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// How many of its units a character has.
    fn units(self, c: char) -> usize {
        match self {
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf32 => 1,
        }
    }

    /// How many of its units a text has.
    pub fn length(self, text: &str) -> u32 {
        number(text.chars().map(|c| self.units(c)).sum())
    }
}

/// A text with the beginnings of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    text: String,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl Lines {
    /// A text whose columns are UTF-16 code units.
    pub fn new(text: String) -> Lines {
        Lines::counted(text, Encoding::Utf16)
    }

    /// A text.
    pub fn counted(text: String, encoding: Encoding) -> Lines {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts, encoding }
    }

    /// What its columns count.
    pub fn encoding(&self) -> Encoding {
        self.encoding
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
            Some(start) => start + column_byte(self.line(number), position.character, self.encoding),
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
        Position::new(number(line), self.encoding.length(before))
    }

    /// Replaces what lies between two bytes.
    pub fn replace(&mut self, range: std::ops::Range<usize>, new: &str) {
        let mut text = std::mem::take(&mut self.text);
        text.replace_range(range, new);
        *self = Lines::counted(text, self.encoding);
    }
}

/// The byte of a line at which a column begins; of one within a character, the character's first.
fn column_byte(line: &str, column: u32, encoding: Encoding) -> usize {
    let mut units = 0;
    for (at, c) in line.char_indices() {
        units += encoding.units(c);
        if units > column as usize {
            return at;
        }
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
        // Within the crab's two units: before it.
        for (line, column, byte) in
            [(0, 0, 0), (0, 1, 1), (0, 2, 1), (0, 3, 5), (0, 4, 6), (0, 99, 6), (1, 1, 10), (9, 0, 11)]
        {
            assert_eq!(lines.byte(Position::new(line, column)), byte, "{line}:{column}");
        }
        assert_eq!(lines.position_at(0, 5), Position::new(0, 3));
        assert_eq!((lines.line_of(10), lines.position_at(1, 2)), ((1, 2), Position::new(1, 1)));
    }

    #[test]
    fn places_are_counted_as_was_agreed() {
        for (encoding, column) in [(Encoding::Utf8, 5), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            let lines = Lines::counted("a🦀b".to_owned(), encoding);
            assert_eq!(lines.byte(Position::new(0, column)), 5, "{encoding:?}");
            assert_eq!(lines.position_at(0, 5), Position::new(0, column), "{encoding:?}");
        }
    }

    #[test]
    fn a_change_moves_lines() {
        let mut lines = Lines::new("a\nb\n".to_owned());
        lines.replace(1..2, "\n\n");
        assert_eq!((lines.count(), lines.line(2)), (4, "b"));
    }
}
