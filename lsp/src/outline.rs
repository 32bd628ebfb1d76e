//! `textDocument/documentSymbol`, `workspace/symbol` and `textDocument/foldingRange`: cells, with the items and variables that they make.

use crate::page::{Cell, Page};
use crate::server::Server;
use ironbook_session::parse::{self, Kind};
use lsp_types::{DocumentSymbol, FoldingRange, FoldingRangeKind, Location, OneOf, SymbolKind, Uri, WorkspaceSymbol};
use std::ops::Range;

impl Server {
    /// The cells of a document, each with what it defines.
    pub(crate) fn symbols(&self, page: &Page, uri: &Uri) -> Vec<DocumentSymbol> {
        let here = page.cells.iter().enumerate().filter(|(_, cell)| cell.uri == *uri);
        here.map(|(index, cell)| {
            let name = cell.title.clone().unwrap_or_else(|| format!("cell {}", index + 1));
            let children = if cell.is_code { self.defined(cell) } else { Vec::new() };
            symbol(name, SymbolKind::MODULE, cell, 0..cell.text.text().len(), children)
        })
        .collect()
    }

    /// What the cells of all open pages define, if its name has the typed letters in their order.
    pub(crate) fn all_symbols(&self, typed: &str) -> Vec<WorkspaceSymbol> {
        let pages = self.documents.pages();
        let cells = pages.values().flat_map(|page| page.code());
        let all = cells.flat_map(|(_, cell)| self.defined(cell).into_iter().map(move |symbol| (symbol, cell)));
        all.filter(|(symbol, _)| has_letters(&symbol.name, typed))
            .map(|(symbol, cell)| WorkspaceSymbol {
                name: symbol.name,
                kind: symbol.kind,
                tags: None,
                container_name: cell.title.clone(),
                location: OneOf::Left(Location::new(cell.uri.clone(), symbol.range)),
                data: None,
            })
            .collect()
    }

    /// The cells of a document, to be folded.
    pub(crate) fn folds(&self, page: &Page, uri: &Uri) -> Vec<FoldingRange> {
        let here = page.cells.iter().filter(|cell| cell.uri == *uri).map(Cell::whole);
        here.filter(|range| range.start.line < range.end.line)
            .map(|range| FoldingRange {
                start_line: range.start.line,
                end_line: range.end.line,
                kind: Some(FoldingRangeKind::Region),
                ..FoldingRange::default()
            })
            .collect()
    }

    fn defined(&self, cell: &Cell) -> Vec<DocumentSymbol> {
        let found = self.made(cell).into_iter();
        let symbol = |(name, kind, range): (String, SymbolKind, Range<usize>)| {
            let own = name_in(cell.text.text(), &name, range.clone());
            DocumentSymbol { selection_range: cell.range(own), ..symbol(name, kind, cell, range, Vec::new()) }
        };
        found.map(symbol).collect()
    }

    /// What a cell defines, in order: names, and the bytes of the names where they are found.
    pub(crate) fn definitions(&self, cell: &Cell) -> Vec<(String, Range<usize>)> {
        let text = cell.text.text();
        let found = self.made(cell).into_iter();
        found.map(|(name, _, range)| (name.clone(), name_in(text, &name, range))).collect()
    }

    /// The items and variables of a cell, in order: name, kind, and bytes.
    fn made(&self, cell: &Cell) -> Vec<(String, SymbolKind, Range<usize>)> {
        if !cell.is_read() {
            return Vec::new();
        }
        let rust = self.blank_view().rust_of(cell.text.text());
        let Ok(parsed) = parse::parse(&rust, &|_| false) else { return Vec::new() };
        let items = parsed.items.iter().filter_map(|(item, range)| {
            let (name, kind) = named(item)?;
            Some((name, kind, range.clone()))
        });
        let lets = parsed.statements.iter().flat_map(|statement| {
            let names = match &statement.kind {
                Kind::Let { names, .. } => names.as_slice(),
                _ => &[],
            };
            names.iter().map(|name| (name.clone(), SymbolKind::VARIABLE, statement.range.clone()))
        });
        let mut all: Vec<_> = items.chain(lets).collect();
        all.sort_by_key(|(_, _, range)| range.start);
        all
    }
}

/// The first place of a name within a range, as a word; the range's beginning if it is not there.
fn name_in(text: &str, name: &str, range: Range<usize>) -> Range<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let own = text.get(range.clone()).unwrap_or_default();
    let is_whole = |at: &usize| !own[..*at].ends_with(inside) && !own[at + name.len()..].starts_with(inside);
    let at = own.match_indices(name).map(|(at, _)| at).find(is_whole);
    at.map_or(range.start..range.start, |at| range.start + at..range.start + at + name.len())
}

fn has_letters(name: &str, typed: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}

fn named(item: &syn::Item) -> Option<(String, SymbolKind)> {
    use syn::Item as I;
    let (name, kind) = match item {
        I::Fn(i) => (&i.sig.ident, SymbolKind::FUNCTION),
        I::Struct(i) => (&i.ident, SymbolKind::STRUCT),
        I::Enum(i) => (&i.ident, SymbolKind::ENUM),
        I::Trait(i) => (&i.ident, SymbolKind::INTERFACE),
        I::Type(i) => (&i.ident, SymbolKind::CLASS),
        I::Const(i) => (&i.ident, SymbolKind::CONSTANT),
        I::Static(i) => (&i.ident, SymbolKind::CONSTANT),
        I::Mod(i) => (&i.ident, SymbolKind::NAMESPACE),
        I::Macro(i) => (i.ident.as_ref()?, SymbolKind::FUNCTION),
        _ => return None,
    };
    Some((name.to_string(), kind))
}

#[expect(deprecated, reason = "the protocol's struct still has the field")]
fn symbol(
    name: String,
    kind: SymbolKind,
    cell: &Cell,
    bytes: Range<usize>,
    children: Vec<DocumentSymbol>,
) -> DocumentSymbol {
    let range = cell.range(bytes);
    DocumentSymbol {
        name,
        detail: None,
        kind,
        tags: None,
        deprecated: None,
        range,
        selection_range: lsp_types::Range::new(range.start, range.start),
        children: (!children.is_empty()).then_some(children),
    }
}
