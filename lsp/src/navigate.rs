//! `textDocument/definition`, `references`, `documentHighlight` and `selectionRange`.

use crate::lines::{Encoding, Lines};
use crate::page::Page;
use crate::rename::word;
use crate::server::{Place, Server};
use ironbook_session::language::{Answer, Document, Query, Spot, Target};
use lsp_types::{DocumentHighlight, Location, Position, Range, SelectionRange, Uri};
use std::str::FromStr as _;
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    /// Where a name is defined: in a cell, or in a file of a crate. Without the language service, and for what stands in a
    /// magic's words, the newest item or variable of that name before it.
    pub(crate) fn definition(&self, place: &Place) -> Vec<Location> {
        let deep = self.targets(place, Query::Definition);
        if deep.is_empty() { self.named(place).into_iter().collect() } else { deep }
    }

    /// Where else a name stands on the page, its definition first, if that is wanted.
    pub(crate) fn references(&self, place: &Place, with_definition: bool) -> Vec<Location> {
        let mut found = self.targets(place, Query::References);
        if !with_definition {
            let defined = self.targets(place, Query::Definition);
            found.retain(|location| !defined.contains(location));
        }
        found
    }

    /// Where else a name stands in the document.
    pub(crate) fn highlights(&self, place: &Place) -> Vec<DocumentHighlight> {
        let here = self.references(place, true).into_iter().filter(|location| location.uri == place.cell().uri);
        here.map(|location| DocumentHighlight { range: location.range, kind: None }).collect()
    }

    /// The expressions around a place; the word where nothing more is known.
    pub(crate) fn selection(&self, uri: &Uri, position: Position) -> SelectionRange {
        let empty = SelectionRange { range: Range::new(position, position), parent: None };
        let Some(place) = self.place(uri, position) else { return empty };
        let cell = place.cell();
        let whole = cell.whole();
        let mut ranges: Vec<Range> =
            word(cell.text.text(), place.byte).map(|word| cell.range(word)).into_iter().collect();
        if let Some((document, Answer::Around(found))) = self.ask(&place, Query::Around, PATIENCE) {
            let own = found.into_iter().map_while(|range| place.page.written(&document, range));
            ranges.extend(own.map(|(cell, range)| cell.range(range)));
        }
        ranges.push(whole);
        ranges.retain(|range| range.start <= position && position <= range.end);
        let outward = |inner: Option<&Range>, range: &Range| {
            inner.is_none_or(|inner| *inner != *range && range.start <= inner.start && inner.end <= range.end)
        };
        let mut growing: Vec<Range> = Vec::new();
        for range in ranges {
            if outward(growing.last(), &range) {
                growing.push(range);
            }
        }
        let nested = growing
            .into_iter()
            .rev()
            .fold(None, |parent, range| Some(SelectionRange { range, parent: parent.map(Box::new) }));
        nested.unwrap_or(empty)
    }

    /// The newest item or variable that is called like the word at a place, of the cells up to it.
    fn named(&self, place: &Place) -> Option<Location> {
        let text = place.cell().text.text();
        let word = word(text, place.byte)?;
        let name = &text[word.clone()];
        let magic = format!("magic_{name}");
        let is_magic = text[..word.start].ends_with('%');
        let before = place.page.code().take_while(|(index, _)| *index <= place.index).collect::<Vec<_>>();
        before.into_iter().rev().find_map(|(index, cell)| {
            let mut found = self.definitions(cell);
            found.retain(|(own, range)| {
                let is_before = index < place.index || range.start <= word.start;
                is_before && (own == name && !is_magic || is_magic && *own == magic)
            });
            let (_, range) = found.pop()?;
            Some(Location::new(cell.uri.clone(), cell.range(range)))
        })
    }

    fn targets(&self, place: &Place, query: Query) -> Vec<Location> {
        let Some((document, Answer::Targets(targets))) = self.ask(place, query, PATIENCE) else { return Vec::new() };
        let encoding = self.client.encoding;
        let mut found: Vec<Location> = Vec::new();
        for location in targets.into_iter().filter_map(|target| location(target, &place.page, &document, encoding)) {
            if !found.contains(&location) {
                found.push(location);
            }
        }
        found
    }
}

fn location(target: Target, page: &Page, document: &Document, encoding: Encoding) -> Option<Location> {
    match target {
        Target::Text(range) => {
            let there = document.place(range)?;
            let cell = page.cells.get(page.index_of(there.execution)?)?;
            Some(Location::new(cell.uri.clone(), cell.range(there.range)))
        }
        Target::File { path, start, end } => {
            let text = match encoding {
                Encoding::Utf16 => None,
                _ => std::fs::read_to_string(&path).ok(),
            };
            let range =
                Range::new(position(start, text.as_deref(), encoding), position(end, text.as_deref(), encoding));
            Some(Location::new(file_uri(&path)?, range))
        }
    }
}

/// A place in a file, with the columns that the editor counts.
fn position(spot: Spot, text: Option<&str>, encoding: Encoding) -> Position {
    let there = Position::new(spot.line, spot.column);
    let Some(line) = text.and_then(|text| text.lines().nth(spot.line as usize)) else { return there };
    let byte = Lines::new(line.to_owned()).byte(Position::new(0, spot.column));
    Position::new(spot.line, encoding.length(&line[..byte]))
}

/// A file's URI.
pub(crate) fn file_uri(path: &str) -> Option<Uri> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let mut uri = "file://".to_owned();
    for byte in path.bytes() {
        if plain(byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri::from_str(&uri).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_files_are_those_of_the_editor() {
        let spot = Spot { line: 1, column: 3 };
        let of = |encoding| position(spot, Some("x\n\u{fc}\u{1f980}b"), encoding).character;
        assert_eq!([Encoding::Utf8, Encoding::Utf16, Encoding::Utf32].map(of), [6, 3, 2]);
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(file_uri("/a b/ü.rs").unwrap().as_str(), "file:///a%20b/%C3%BC.rs");
    }
}
