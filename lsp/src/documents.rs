//! The documents that the editor has open, and the pages that they make.

use crate::lines::{Encoding, Lines};
use crate::page::{Cell, Page};
use lsp_types::{
    DidChangeNotebookDocumentParams, DidOpenNotebookDocumentParams, NotebookCell, NotebookCellKind,
    TextDocumentContentChangeEvent, TextDocumentItem, Uri,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Texts longer than this are not looked into: no one writes them by hand.
const LONGEST: usize = 4 << 20;

/// The open documents.
#[derive(Clone, Default)]
pub struct Documents {
    /// What the editor counts in a line.
    encoding: Encoding,
    texts: HashMap<String, (Uri, Arc<Lines>)>,
    /// The cells of each notebook: their documents, and whether they are code.
    notebooks: HashMap<String, Vec<(Uri, bool)>>,
    /// The notebook that a cell's document belongs to.
    owners: HashMap<String, String>,
}

impl Documents {
    /// None yet, of an editor that counts so.
    pub fn counted(encoding: Encoding) -> Documents {
        Documents { encoding, ..Documents::default() }
    }

    /// A document was opened; the page that it belongs to.
    pub fn open(&mut self, item: TextDocumentItem) -> String {
        let key = item.uri.as_str().to_owned();
        self.texts.insert(key.clone(), (item.uri, Arc::new(Lines::counted(item.text, self.encoding))));
        self.owner(&key)
    }

    /// It was changed.
    pub fn change(&mut self, uri: &Uri, changes: Vec<TextDocumentContentChangeEvent>) -> String {
        if let Some((_, lines)) = self.texts.get_mut(uri.as_str()) {
            let text = Arc::make_mut(lines);
            changes.into_iter().for_each(|change| apply(text, change));
        }
        self.owner(uri.as_str())
    }

    /// It was closed.
    pub fn close(&mut self, uri: &Uri) -> String {
        let owner = self.owner(uri.as_str());
        self.texts.remove(uri.as_str());
        self.owners.remove(uri.as_str());
        owner
    }

    /// A notebook was opened.
    pub fn open_notebook(&mut self, opened: DidOpenNotebookDocumentParams) -> String {
        let key = opened.notebook_document.uri.as_str().to_owned();
        opened.cell_text_documents.into_iter().for_each(|item| drop(self.open(item)));
        let cells = opened.notebook_document.cells.iter().map(described).collect();
        self.set_cells(&key, cells);
        key
    }

    /// Cells of it were changed, added or removed.
    pub fn change_notebook(&mut self, changed: DidChangeNotebookDocumentParams) -> String {
        let key = changed.notebook_document.uri.as_str().to_owned();
        let Some(change) = changed.change.cells else { return key };
        if let Some(structure) = change.structure {
            structure.did_open.into_iter().flatten().for_each(|item| drop(self.open(item)));
            let mut cells = self.notebooks.get(&key).cloned().unwrap_or_default();
            let start = (structure.array.start as usize).min(cells.len());
            let end = (start + structure.array.delete_count as usize).min(cells.len());
            let fresh = structure.array.cells.iter().flatten().map(described);
            cells.splice(start..end, fresh);
            self.set_cells(&key, cells);
            structure.did_close.into_iter().flatten().for_each(|closed| drop(self.close(&closed.uri)));
        }
        for text in change.text_content.into_iter().flatten() {
            self.change(&text.document.uri, text.changes);
        }
        key
    }

    /// A notebook was closed.
    pub fn close_notebook(&mut self, uri: &Uri) -> String {
        for (cell, _) in self.notebooks.remove(uri.as_str()).unwrap_or_default() {
            self.close(&cell);
        }
        uri.as_str().to_owned()
    }

    fn set_cells(&mut self, key: &str, cells: Vec<(Uri, bool)>) {
        for (cell, _) in &cells {
            self.owners.insert(cell.as_str().to_owned(), key.to_owned());
        }
        self.notebooks.insert(key.to_owned(), cells);
    }

    /// The page that a document belongs to: its notebook, or itself.
    pub fn owner(&self, uri: &str) -> String {
        self.owners.get(uri).cloned().unwrap_or_else(|| uri.to_owned())
    }

    /// The URIs of all open documents, by their words.
    pub fn uris(&self) -> HashMap<String, Uri> {
        self.texts.iter().map(|(key, (uri, _))| (key.clone(), uri.clone())).collect()
    }

    /// All pages that are open, by their keys.
    pub fn pages(&self) -> BTreeMap<String, Page> {
        let keys = self.texts.keys().map(|uri| self.owner(uri));
        keys.map(|key| (key.clone(), self.page(&key))).collect()
    }

    /// A page as it is now; without cells if it is closed or no text for us.
    pub fn page(&self, key: &str) -> Page {
        if let Some(cells) = self.notebooks.get(key) {
            let cell = |(uri, is_code): &(Uri, bool)| {
                let (_, text) = self.texts.get(uri.as_str())?;
                Some(Cell::of_notebook(uri.clone(), Arc::clone(text), *is_code && is_text(text)))
            };
            return Page { cells: cells.iter().filter_map(cell).collect() };
        }
        match self.texts.get(key) {
            Some((uri, lines)) if is_text(lines) => Page::of_script(uri, lines),
            _ => Page::default(),
        }
    }
}

fn is_text(lines: &Lines) -> bool {
    lines.text().len() <= LONGEST && !lines.text().contains('\0')
}

fn described(cell: &NotebookCell) -> (Uri, bool) {
    (cell.document.clone(), cell.kind == NotebookCellKind::Code)
}

fn apply(text: &mut Lines, change: TextDocumentContentChangeEvent) {
    match change.range {
        Some(range) => {
            let (start, end) = (text.byte(range.start), text.byte(range.end));
            text.replace(start..end.max(start), &change.text);
        }
        None => *text = Lines::counted(change.text, text.encoding()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};
    use std::str::FromStr as _;

    #[test]
    fn changes_are_applied_in_order() {
        let mut documents = Documents::default();
        let uri = Uri::from_str("file:///s.rs").unwrap();
        documents.open(TextDocumentItem::new(uri.clone(), "rust".into(), 1, "let a = 1;\n".into()));
        let range = |a, b| Some(Range::new(Position::new(0, a), Position::new(0, b)));
        let change =
            |range, text: &str| TextDocumentContentChangeEvent { range, range_length: None, text: text.into() };
        documents.change(&uri, vec![change(range(4, 5), "bü"), change(range(6, 6), "!")]);
        assert_eq!(documents.page(uri.as_str()).cells[0].text.text(), "let bü! = 1;");
        documents.change(&uri, vec![change(None, "x")]);
        assert_eq!(documents.page(uri.as_str()).cells[0].text.text(), "x");
        documents.close(&uri);
        assert_eq!(documents.page(uri.as_str()), Page::default());
    }

    #[test]
    fn binary_texts_have_no_cells() {
        let mut documents = Documents::default();
        let uri = Uri::from_str("file:///s.rs").unwrap();
        documents.open(TextDocumentItem::new(uri.clone(), "rust".into(), 1, "a\0b".into()));
        assert_eq!(documents.page(uri.as_str()), Page::default());
    }
}
