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

    /// A terminal that knows the sequences that are written here.
    struct Screen {
        size: Size,
        rows: Vec<Vec<char>>,
        at: (usize, usize),
        scrolled: Vec<String>,
    }

    impl Screen {
        fn new(size: Size) -> Screen {
            Screen { size, rows: vec![vec![' '; size.columns]; size.rows], at: (0, 0), scrolled: Vec::new() }
        }

        fn write(&mut self, out: &str) {
            let mut chars = out.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\r' => self.at.1 = 0,
                    '\n' if self.at.0 + 1 < self.size.rows => self.at.0 += 1,
                    '\n' => {
                        self.scrolled.push(self.rows.remove(0).into_iter().collect());
                        self.rows.push(vec![' '; self.size.columns]);
                    }
                    '\x1b' => {
                        assert_eq!(chars.next(), Some('['));
                        let mut number = String::new();
                        let last = chars.by_ref().find(|c| {
                            number.push(*c);
                            c.is_alphabetic()
                        });
                        let count: usize = number.trim_end_matches(char::is_alphabetic).parse().unwrap_or(0);
                        match last {
                            Some('A') => self.at.0 -= count,
                            Some('B') => self.at.0 += count,
                            Some('C') => self.at.1 += count,
                            Some('K') => self.rows[self.at.0][self.at.1..].fill(' '),
                            Some('J') => {
                                self.rows[self.at.0][self.at.1..].fill(' ');
                                self.rows[self.at.0 + 1..].iter_mut().for_each(|row| row.fill(' '));
                            }
                            Some('h' | 'l' | 'm') => {}
                            other => panic!("{other:?}"),
                        }
                        assert!(self.at.0 < self.size.rows && self.at.1 < self.size.columns, "{out:?}");
                    }
                    c => {
                        self.rows[self.at.0][self.at.1.min(self.size.columns - 1)] = c;
                        self.at.1 += 1;
                    }
                }
            }
        }

        fn shown(&self) -> Vec<String> {
            self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
        }
    }

    #[test]
    fn the_screen_always_shows_the_frame() {
        let mut seed = 11_u64;
        let mut dice = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % most
        };
        for _ in 0..300 {
            let size = Size { columns: 12, rows: 6 };
            let (mut screen, mut canvas) = (Screen::new(size), Canvas::default());
            screen.write(&"\r\n".repeat(dice(6)));
            let mut rows: Vec<String> = Vec::new();
            for _ in 0..12 {
                rows = (0..dice(9) + 1).map(|at| format!("{at}{}", "ab".repeat(dice(6)))).collect();
                let below: Vec<Row> = (0..dice(3)).map(|at| Row { text: format!("-{at}"), width: 2 }).collect();
                let row = dice(rows.len());
                let texts: Vec<&str> = rows.iter().map(String::as_str).collect();
                let frame = frame(&texts, (row, dice(rows[row].len())));
                screen.write(&canvas.show(&frame, &below, size));
                let first = screen.at.0 - (row - canvas.top);
                let seen = &screen.shown()[first..];
                let wanted = rows[canvas.top..].iter().take(size.rows - below.len()).cloned();
                let wanted: Vec<String> = wanted.chain(below.iter().map(|row| row.text.clone())).collect();
                assert_eq!(seen[..wanted.len()], wanted);
                assert!(seen[wanted.len()..].iter().all(String::is_empty), "{seen:?}");
                assert_eq!(screen.at.1, frame.cursor.1);
            }
            let texts: Vec<&str> = rows.iter().map(String::as_str).collect();
            screen.write(&canvas.finish(&frame(&texts, (0, 0)), size.columns));
            let mut all: Vec<String> = screen.scrolled.iter().map(|row| row.trim_end().to_owned()).collect();
            all.extend(screen.shown().into_iter().take(screen.at.0));
            assert_eq!(all[all.len() - rows.len()..], rows);
        }
    }

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
