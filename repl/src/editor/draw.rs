//! Brings the screen from one frame to the next with few bytes.

use super::layout::{Frame, Row};
use std::fmt::Write as _;

/// What stands on the screen, from the row where the prompt began.
#[derive(Debug, Default)]
pub struct Canvas {
    shown: Vec<Row>,
    /// Where the cursor stands.
    cursor: (usize, usize),
    /// The first row of the frame that is shown, where the frame is higher than the screen.
    top: usize,
}

/// Size of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

impl Canvas {
    /// What to write so that the frame is shown, with `below` under it; the cursor's row is always in sight.
    pub fn show(&mut self, frame: &Frame, below: &[Row], size: Size) -> String {
        let below = &below[..below.len().min(size.rows.saturating_sub(1))];
        let room = size.rows.saturating_sub(below.len()).max(1);
        let highest = frame.rows.len().saturating_sub(room);
        self.top = self.top.clamp(frame.cursor.0.saturating_sub(room - 1), frame.cursor.0).min(highest);
        let end = (self.top + room).min(frame.rows.len());
        let rows = frame.rows[self.top..end].iter().chain(below);
        let rows: Vec<Row> = rows.cloned().collect();
        let mut out = String::new();
        for (at, row) in rows.iter().enumerate() {
            if self.shown.get(at) == Some(row) {
                continue;
            }
            self.go(&mut out, at, 0);
            out.push_str(&row.text);
            // Behind a full row, clearing would take its last character.
            if row.width < size.columns {
                out.push_str("\x1b[K");
            }
            self.cursor.1 = row.width;
        }
        if self.shown.len() > rows.len() {
            self.go(&mut out, rows.len(), 0);
            out.push_str("\x1b[J");
        }
        self.shown = rows;
        self.go(&mut out, frame.cursor.0 - self.top, frame.cursor.1);
        match out.matches('\n').count() + out.matches("\x1b[K").count() {
            0 | 1 => out,
            _ => format!("\x1b[?25l{out}\x1b[?25h"),
        }
    }

    /// Moves the cursor; rows that do not exist yet are made.
    fn go(&mut self, out: &mut String, row: usize, column: usize) {
        let last = self.shown.len().saturating_sub(1).max(self.cursor.0);
        // Writing to a string cannot fail.
        if row < self.cursor.0 {
            let _ = write!(out, "\x1b[{}A", self.cursor.0 - row);
        } else if row > self.cursor.0 {
            let down = row.min(last) - self.cursor.0;
            if down > 0 {
                let _ = write!(out, "\x1b[{down}B");
            }
            out.push_str(&"\r\n".repeat(row - row.min(last)));
        }
        out.push('\r');
        if column > 0 {
            let _ = write!(out, "\x1b[{column}C");
        }
        self.cursor = (row, column);
    }

    /// What to write so that the whole frame stands on the screen for good, and the cursor in the row behind it.
    pub fn finish(&mut self, frame: &Frame, columns: usize) -> String {
        let mut out = String::new();
        if self.top > 0 || frame.rows.len() > self.shown.len() {
            // Rows above the screen's first are gone from it: everything is written once more.
            self.erase(&mut out);
            for (at, row) in frame.rows.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "\r\n" });
                out.push_str(&row.text);
            }
        } else {
            let rows = frame.rows.len();
            let at_end = Frame { rows: frame.rows.clone(), cursor: (rows - 1, 0) };
            out = self.show(&at_end, &[], Size { columns, rows: rows.max(1) });
        }
        out.push_str("\r\n");
        *self = Canvas::default();
        out
    }

    /// Clears what is shown and goes back to its first row.
    pub fn erase(&mut self, out: &mut String) {
        self.go(out, 0, 0);
        out.push_str("\x1b[J");
        self.forget();
    }

    /// After a change of the screen's size: finds the first row again, as terminals wrap what no longer fits.
    pub fn resized(&mut self, out: &mut String, columns: usize) {
        let rows_of = |width: usize| width.max(1).div_ceil(columns.max(1));
        let above: usize = self.shown.iter().take(self.cursor.0).map(|row| rows_of(row.width)).sum();
        self.cursor = (above + self.cursor.1 / columns.max(1), 0);
        self.erase(out);
    }

    /// Nothing of it is on the screen any more.
    pub fn forget(&mut self) {
        *self = Canvas { top: self.top, ..Canvas::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: &[&str], cursor: (usize, usize)) -> Frame {
        let row = |text: &&str| Row { text: (*text).to_owned(), width: text.len() };
        Frame { rows: rows.iter().map(row).collect(), cursor }
    }

    const SIZE: Size = Size { columns: 20, rows: 4 };

    #[test]
    fn only_what_changed_is_written() {
        let mut canvas = Canvas::default();
        let out = canvas.show(&frame(&["abc", "def"], (1, 3)), &[], SIZE);
        assert_eq!(out, "\x1b[?25l\rabc\x1b[K\r\ndef\x1b[K\r\x1b[3C\x1b[?25h".replace("\r\ndef", "\r\n\rdef"));
        let out = canvas.show(&frame(&["abc", "defg"], (1, 4)), &[], SIZE);
        assert_eq!(out, "\rdefg\x1b[K\r\x1b[4C");
        let out = canvas.show(&frame(&["abc"], (0, 1)), &[], SIZE);
        assert_eq!(out, "\r\x1b[J\x1b[1A\r\x1b[1C");
    }

    #[test]
    fn a_cell_higher_than_the_screen_scrolls_with_its_cursor() {
        let mut canvas = Canvas::default();
        let rows = ["0", "1", "2", "3", "4", "5"];
        canvas.show(&frame(&rows, (5, 0)), &[], SIZE);
        assert_eq!(canvas.shown.iter().map(|row| row.text.as_str()).collect::<Vec<_>>(), ["2", "3", "4", "5"]);
        canvas.show(&frame(&rows, (0, 0)), &[], SIZE);
        assert_eq!(canvas.shown[0].text, "0");
        let out = canvas.finish(&frame(&rows, (5, 0)), 20);
        assert!(out.contains("0\r\n1\r\n2\r\n3\r\n4\r\n5\r\n"), "{out:?}");
    }
}
