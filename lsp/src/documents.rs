//! The documents that the editor has open, and the pages that they make.

use crate::lines::{Encoding, Lines};
use crate::page::{Cell, Page};
use crate::shown::Version;
use ironbook_magics::script;
use lsp_types::{
    DidChangeNotebookDocumentParams, DidOpenNotebookDocumentParams, NotebookCell, NotebookCellKind,
    TextDocumentContentChangeEvent, TextDocumentItem, Uri, VersionedTextDocumentIdentifier,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// Folders of a package whose files are modules and programs.
const SOURCES: [&str; 4] = ["src", "tests", "benches", "examples"];
/// Texts longer than this are not looked into: no one writes them by hand.
const LONGEST: usize = 4 << 20;

/// A document as the editor has it.
#[derive(Clone)]
struct Text {
    uri: Uri,
    version: Version,
    lines: Arc<Lines>,
    /// Whether it lies in a package of cargo's: then it is a script only if it has a marker.
    in_package: bool,
}

impl Text {
    fn cells(&self) -> Page {
        let is_script = || !self.in_package || self.lines.text().lines().any(script::is_marker);
        if is_text(&self.lines) && is_script() {
            Page::of_script(&self.uri, self.version, &self.lines)
        } else {
            Page::default()
        }
    }
}

/// The open documents.
#[derive(Clone, Default)]
pub struct Documents {
    /// What the editor counts in a line.
    encoding: Encoding,
    /// What was opened and changed.
    count: u64,
    texts: HashMap<String, Text>,
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
        let lines = Arc::new(Lines::counted(item.text, self.encoding));
        let (version, in_package) = (self.next(item.version), is_in_package(&item.uri));
        self.texts.insert(key.clone(), Text { uri: item.uri, version, lines, in_package });
        self.owner(&key)
    }

    fn next(&mut self, told: i32) -> Version {
        self.count += 1;
        Version { told, count: self.count }
    }

    /// It was changed.
    pub fn change(
        &mut self,
        document: &VersionedTextDocumentIdentifier,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) -> String {
        let version = self.next(document.version);
        if let Some(text) = self.texts.get_mut(document.uri.as_str()) {
            text.version = version;
            let lines = Arc::make_mut(&mut text.lines);
            changes.into_iter().for_each(|change| apply(lines, change));
        }
        self.owner(document.uri.as_str())
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
            self.change(&text.document, text.changes);
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

    /// The URIs of all open documents and their versions, by their words.
    pub fn versions(&self) -> HashMap<String, (Uri, Version)> {
        self.texts.iter().map(|(key, text)| (key.clone(), (text.uri.clone(), text.version))).collect()
    }

    /// All pages that are open, by their keys.
    pub fn pages(&self) -> BTreeMap<String, Page> {
        let keys: BTreeSet<String> = self.texts.keys().map(|uri| self.owner(uri)).collect();
        keys.into_iter().map(|key| (key.clone(), self.page(&key))).collect()
    }

    /// A page as it is now; without cells if it is closed or no text for us.
    pub fn page(&self, key: &str) -> Page {
        if let Some(cells) = self.notebooks.get(key) {
            let cell = |(uri, is_code): &(Uri, bool)| {
                let Text { version, lines, .. } = self.texts.get(uri.as_str())?;
                Some(Cell::of_notebook(uri.clone(), *version, Arc::clone(lines), *is_code && is_text(lines)))
            };
            return Page { cells: cells.iter().filter_map(cell).collect() };
        }
        self.texts.get(key).map(Text::cells).unwrap_or_default()
    }
}

fn is_text(lines: &Lines) -> bool {
    lines.text().len() <= LONGEST && !lines.text().contains('\0')
}

/// Whether a file is one of those that cargo compiles: below `src` or the like, beside a manifest.
fn is_in_package(uri: &Uri) -> bool {
    let is_file = uri.scheme().is_some_and(|scheme| scheme.as_str() == "file");
    let path = uri.path().as_estr().decode().into_string();
    let Some(path) = path.ok().filter(|_| is_file) else { return false };
    let is_root = |folder: &Path| {
        let name = folder.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| SOURCES.contains(&name)) && folder.with_file_name("Cargo.toml").is_file()
    };
    Path::new(path.as_ref()).ancestors().skip(1).any(is_root)
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
        let second = VersionedTextDocumentIdentifier::new(uri.clone(), 2);
        documents.change(&second, vec![change(range(4, 5), "bü"), change(range(6, 6), "!")]);
        assert_eq!(documents.page(uri.as_str()).cells[0].text.text(), "let bü! = 1;");
        documents.change(&second, vec![change(None, "x")]);
        assert_eq!(documents.page(uri.as_str()).cells[0].text.text(), "x");
        documents.close(&uri);
        assert_eq!(documents.page(uri.as_str()), Page::default());
    }

    /// Editors are told to start the server for all files of Rust.
    #[test]
    fn modules_of_packages_are_no_scripts() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("src/deep er")).unwrap();
        let mut documents = Documents::default();
        let mut cells = |name: &str, text: &str| {
            let path = folder.path().join(name);
            let uri = crate::navigate::file_uri(path.to_str().unwrap()).unwrap();
            documents.open(TextDocumentItem::new(uri.clone(), "rust".into(), 1, text.into()));
            documents.page(uri.as_str()).cells.len()
        };
        let module = "use crate::other;\npub fn f() {}\n";
        assert_eq!(cells("src/lib.rs", module), 1, "there is no manifest");
        std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"a\"\n").unwrap();
        assert_eq!(cells("src/lib.rs", module), 0);
        assert_eq!(cells("src/deep er/mod.rs", module), 0);
        assert_eq!(cells("src/train.rs", "// %% Read\nlet a = 1;\n// %%\na\n"), 2);
        assert_eq!(cells("train.rs", "let a = 1;\n"), 1);
    }

    #[test]
    fn binary_texts_have_no_cells() {
        let mut documents = Documents::default();
        let uri = Uri::from_str("file:///s.rs").unwrap();
        documents.open(TextDocumentItem::new(uri.clone(), "rust".into(), 1, "a\0b".into()));
        assert_eq!(documents.page(uri.as_str()), Page::default());
    }
}
