//! A script or a notebook as cells, with the way from a cell's text to the document that it stands in and back.

use crate::lines::Lines;
use crate::shown::Version;
use ironbook_assist::LONGEST_CELL;
use ironbook_magics::script::{self, CellKind};
use ironbook_session::language::Document;
use lsp_types::{Position, Range, Uri};
use std::sync::Arc;

/// A cell of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The document that it stands in: the script, or the cell's own.
    pub uri: Uri,
    /// The document's version.
    pub version: Version,
    /// The document's text.
    pub document: Arc<Lines>,
    /// Whether it is Rust and magics.
    pub is_code: bool,
    /// The words behind its marker.
    pub title: Option<String>,
    /// Its text.
    pub text: Arc<Lines>,
    /// For each of its lines the document's.
    lines: Vec<Line>,
}

/// Where a line of a cell stands in the document: magics of scripts stand behind `// `.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    number: usize,
    /// So many bytes are the same,
    shared: usize,
    /// and then so many are the document's alone.
    skipped: usize,
}

/// A script or a notebook.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its cells, in order.
    pub cells: Vec<Cell>,
}

impl Page {
    /// The cells of a script.
    pub fn of_script(uri: &Uri, version: Version, document: &Arc<Lines>) -> Page {
        let cells = script::parse(document.text());
        Page { cells: cells.into_iter().map(|cell| Cell::of_script(uri, version, document, cell)).collect() }
    }

    /// The cell that a place of a document lies in, and the byte of its text.
    pub fn find(&self, uri: &Uri, position: Position) -> Option<(usize, usize)> {
        let here = self.cells.iter().enumerate().filter(|(_, cell)| cell.uri == *uri);
        here.filter_map(|(index, cell)| Some((index, cell.byte(position)?))).next()
    }

    /// The cell that bytes of a language service's document stand for, with its bytes, if the cell says the same.
    pub fn written(
        &self,
        document: &Document,
        range: std::ops::Range<usize>,
    ) -> Option<(&Cell, std::ops::Range<usize>)> {
        let there = document.place(range.clone())?;
        let cell = self.cells.get(self.index_of(there.execution)?)?;
        let same = cell.text.text().get(there.range.clone())? == document.text.get(range)?;
        same.then_some((cell, there.range))
    }

    /// The code cells, with their places.
    pub fn code(&self) -> impl Iterator<Item = (usize, &Cell)> {
        self.cells.iter().enumerate().filter(|(_, cell)| cell.is_code)
    }
}

impl Cell {
    /// Whether it is short enough to be looked into.
    pub fn is_read(&self) -> bool {
        self.text.text().len() <= LONGEST_CELL
    }

    /// A cell of a notebook, which is a document of its own.
    pub fn of_notebook(uri: Uri, version: Version, document: Arc<Lines>, is_code: bool) -> Cell {
        let lines = (0..document.count()).map(|number| Line { number, shared: usize::MAX, skipped: 0 }).collect();
        Cell { uri, version, is_code, title: None, text: Arc::clone(&document), document, lines }
    }

    fn of_script(uri: &Uri, version: Version, document: &Arc<Lines>, cell: script::ScriptCell) -> Cell {
        let text = Lines::new(cell.source);
        let first = cell.line.saturating_sub(1);
        let line = |number: usize| {
            let (own, there) = (text.line(number), document.line(first + number));
            let shared = own.bytes().zip(there.bytes()).take_while(|(a, b)| a == b).count();
            Line { number: first + number, shared, skipped: there.len().saturating_sub(own.len()) }
        };
        Cell {
            uri: uri.clone(),
            version,
            document: Arc::clone(document),
            is_code: cell.kind == CellKind::Code,
            title: cell.title,
            lines: (0..text.count()).map(line).collect(),
            text: Arc::new(text),
        }
    }

    /// The byte of the cell's text at a place of the document, if it lies on one of the cell's lines.
    pub fn byte(&self, position: Position) -> Option<usize> {
        let index = self.lines.iter().position(|line| line.number == position.line as usize)?;
        let line = self.lines[index];
        let start = self.document.byte(Position::new(position.line, 0));
        let column = self.document.byte(position) - start;
        let own = if column <= line.shared { column } else { column.saturating_sub(line.skipped).max(line.shared) };
        Some(self.text.byte(Position::new(crate::lines::number(index), 0)) + own.min(self.text.line(index).len()))
    }

    /// The place of a byte of the cell's text in the document.
    pub fn position(&self, byte: usize) -> Position {
        let (index, column) = self.text.line_of(byte.min(self.text.text().len()));
        let Some(line) = self.lines.get(index) else { return Position::default() };
        let moved = column >= line.shared && line.skipped > 0;
        self.document.position_at(line.number, if moved { column + line.skipped } else { column })
    }

    /// The places of bytes of the cell's text in the document.
    pub fn range(&self, range: std::ops::Range<usize>) -> Range {
        Range::new(self.position(range.start), self.position(range.end))
    }

    /// The document's line that one of the cell's lines stands on.
    pub fn line(&self, index: usize) -> Option<usize> {
        self.lines.get(index).map(|line| line.number)
    }

    /// Whether a line stands behind a comment mark in the document.
    pub fn is_marked(&self, index: usize) -> bool {
        self.lines.get(index).is_some_and(|line| line.skipped > 0)
    }

    /// All of it.
    pub fn whole(&self) -> Range {
        self.range(0..self.text.text().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr as _;

    fn page(text: &str) -> (Page, Uri) {
        let uri = Uri::from_str("file:///s.rs").unwrap();
        (Page::of_script(&uri, Version::default(), &Arc::new(Lines::new(text.to_owned()))), uri)
    }

    #[test]
    fn places_of_a_script_are_those_of_its_cells() {
        let (page, uri) =
            page("// %% one\n\nlet a = 1;\n// %% [markdown]\n// text\n// %%\nfor i in 0..2 {\n    // %time ü(i)\n}\n");
        assert_eq!(page.cells.iter().map(|cell| cell.is_code).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(page.find(&uri, Position::new(2, 4)), Some((0, 4)));
        assert_eq!(page.find(&uri, Position::new(0, 2)), None);
        let cell = &page.cells[2];
        assert_eq!(cell.text.text(), "for i in 0..2 {\n    %time ü(i)\n}");
        let at = cell.text.text().find('(').unwrap();
        let there = Position::new(7, 14);
        assert_eq!(cell.position(at), there);
        assert_eq!(page.find(&uri, there), Some((2, at)));
        // Inside of the comment mark: the beginning of the magic.
        assert_eq!(page.find(&uri, Position::new(7, 5)), Some((2, 20)));
        assert_eq!(cell.whole(), Range::new(Position::new(6, 0), Position::new(8, 1)));
    }
}
