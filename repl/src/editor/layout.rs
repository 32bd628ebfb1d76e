//! The rows on the screen that a text being edited takes.

use super::width;
use crate::theme::{Role, Theme};

/// A row of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What is written, with colours.
    pub text: String,
    /// Its columns.
    pub width: usize,
}

impl Row {
    /// A row of one colour.
    pub fn painted(theme: Theme, role: Role, text: &str) -> Row {
        Row { text: theme.paint(role, text), width: width::of(text) }
    }

    /// Adds text of one colour.
    pub fn add(&mut self, theme: Theme, role: Role, text: &str) {
        self.text.push_str(&theme.paint(role, text));
        self.width += width::of(text);
    }
}

/// Rows, and where the cursor stands in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The rows.
    pub rows: Vec<Row>,
    /// The cursor's row and column.
    pub cursor: (usize, usize),
}

/// What is drawn.
pub struct Page<'a> {
    /// The text.
    pub text: &'a str,
    /// The cursor's byte.
    pub at: usize,
    /// The colours: pieces in order, those between them plain.
    pub colors: &'a [(std::ops::Range<usize>, Role)],
    /// Pieces that stand out: brackets that belong together, what a search found.
    pub marks: &'a [(std::ops::Range<usize>, Role)],
    /// What stands before the first line.
    pub prompt: &'a Row,
    /// What stands before the others.
    pub continuation: &'a Row,
    /// What history suggests behind the cursor.
    pub hint: &'a str,
    /// Columns of the screen.
    pub columns: usize,
    /// The colours.
    pub theme: Theme,
}

/// Lays the page out.
pub fn frame(page: &Page<'_>) -> Frame {
    let mut pen = Pen { page, frame: Frame::default(), row: page.prompt.clone(), code: "" };
    let mut colors = page.colors.iter().peekable();
    for cluster in width::clusters(page.text) {
        pen.cursor_at(cluster.start);
        let piece = &page.text[cluster.clone()];
        if piece == "\n" {
            pen.hint_at(cluster.start);
            pen.next_line(page.continuation);
            continue;
        }
        while colors.next_if(|(range, _)| range.end <= cluster.start).is_some() {}
        let color = colors.peek().filter(|(range, _)| range.contains(&cluster.start));
        let mark = page.marks.iter().find(|(range, _)| range.contains(&cluster.start));
        let role = mark.or(color.copied()).map_or(Role::Plain, |(_, role)| *role);
        pen.write(piece, role);
    }
    pen.cursor_at(page.text.len());
    pen.hint_at(page.text.len());
    pen.finish()
}

struct Pen<'a> {
    page: &'a Page<'a>,
    frame: Frame,
    row: Row,
    code: &'static str,
}

impl Pen<'_> {
    fn write(&mut self, piece: &str, role: Role) {
        let mut shown = [0_u8; 4];
        let first = piece.chars().next().unwrap_or(' ');
        let visible: &str = match first {
            '\t' => "    ",
            c if c.is_control() => {
                shown[..2].copy_from_slice(&[b'^', (c as u32 as u8 & 0x7f) ^ 0x40]);
                std::str::from_utf8(&shown[..2]).unwrap_or("^?")
            }
            _ => piece,
        };
        let columns = width::of(visible);
        if self.row.width + columns > self.page.columns {
            self.wrap();
        }
        let code = self.page.theme.code(role);
        if code != self.code {
            self.end_color();
            if !code.is_empty() {
                self.row.text.push_str("\x1b[");
                self.row.text.push_str(code);
                self.row.text.push('m');
            }
            self.code = code;
        }
        self.row.text.push_str(visible);
        self.row.width += columns;
    }

    fn end_color(&mut self) {
        if !self.code.is_empty() {
            self.row.text.push_str("\x1b[0m");
            self.code = "";
        }
    }

    /// Goes on in the next row, as far in as the text of the line.
    fn wrap(&mut self) {
        let indent = self.page.continuation.width.min(self.page.columns / 2);
        self.next_line(&Row { text: " ".repeat(indent), width: indent });
    }

    fn next_line(&mut self, begin: &Row) {
        self.end_color();
        self.frame.rows.push(std::mem::replace(&mut self.row, begin.clone()));
    }

    fn cursor_at(&mut self, at: usize) {
        if at != self.page.at {
            return;
        }
        // Behind a full row there is no column for it.
        if self.row.width >= self.page.columns {
            self.wrap();
        }
        self.frame.cursor = (self.frame.rows.len(), self.row.width);
    }

    fn hint_at(&mut self, at: usize) {
        if at != self.page.at || self.page.hint.is_empty() {
            return;
        }
        self.end_color();
        let room = self.page.columns.saturating_sub(self.row.width);
        let mut lines = self.page.hint.split('\n');
        let first = lines.next().unwrap_or("");
        let more = if lines.next().is_some() { " …" } else { "" };
        let visible: String = first.chars().filter(|c| !c.is_control()).collect();
        let hint = width::fitted(&(visible + more), room);
        self.row.add(self.page.theme, Role::Hint, &hint);
    }

    fn finish(mut self) -> Frame {
        self.end_color();
        self.frame.rows.push(self.row);
        self.frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Row {
        Row { text: text.into(), width: width::of(text) }
    }

    fn laid(text: &str, at: usize, columns: usize, hint: &str) -> (Vec<String>, (usize, usize)) {
        let (prompt, continuation) = (plain("[1]: "), plain("...: "));
        let theme = Theme::None;
        let page = Page {
            text,
            at,
            colors: &[],
            marks: &[],
            prompt: &prompt,
            continuation: &continuation,
            hint,
            columns,
            theme,
        };
        let frame = frame(&page);
        (frame.rows.into_iter().map(|row| row.text).collect(), frame.cursor)
    }

    #[test]
    fn lines_stand_behind_their_prompts() {
        let (rows, cursor) = laid("ab\ncd", 4, 20, "");
        assert_eq!(rows, ["[1]: ab", "...: cd"]);
        assert_eq!(cursor, (1, 6));
    }

    #[test]
    fn long_lines_wrap_and_wide_characters_are_never_split() {
        let (rows, cursor) = laid("abcd日本", 10, 10, "");
        assert_eq!(rows, ["[1]: abcd", "     日本"]);
        assert_eq!(cursor, (1, 9));
        let (rows, cursor) = laid("abcde", 5, 10, "");
        assert_eq!((rows.as_slice(), cursor), (["[1]: abcde".to_owned(), "     ".to_owned()].as_slice(), (1, 5)));
    }

    #[test]
    fn hints_stay_in_their_row() {
        assert_eq!(laid("ab", 2, 12, "cdefgh\nx").0, ["[1]: abcdef…"]);
        assert_eq!(laid("ab", 2, 20, "c\nx").0, ["[1]: abc …"]);
        assert_eq!(laid("ab\nx", 2, 20, "c").0, ["[1]: abc", "...: x"]);
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(laid("a\u{1}\u{1b}\tb", 0, 40, "").0, ["[1]: a^A^[    b"]);
    }

    #[test]
    fn colours_end_with_their_row() {
        let (prompt, continuation) = (plain("> "), plain(". "));
        let page = Page {
            text: "abc\nd",
            at: 0,
            colors: &[(0..2, Role::Keyword), (2..5, Role::Text)],
            marks: &[],
            prompt: &prompt,
            continuation: &continuation,
            hint: "",
            columns: 20,
            theme: Theme::Dark,
        };
        let rows: Vec<String> = frame(&page).rows.into_iter().map(|row| row.text).collect();
        assert_eq!(rows, ["> \x1b[38;5;176mab\x1b[0m\x1b[38;5;114mc\x1b[0m", ". \x1b[38;5;114md\x1b[0m",]);
    }
}
