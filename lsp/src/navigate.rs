//! `textDocument/definition` and `textDocument/references`.

use crate::server::{Place, Server};
use ironbook_session::language::{Answer, Document, Query, Spot, Target};
use lsp_types::{Location, Position, Range, Uri};
use std::str::FromStr as _;
use std::time::Duration;

/// So long the language service may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    /// Where a name is defined: in a cell, or in a file of a crate.
    pub(crate) fn definition(&self, place: &Place) -> Vec<Location> {
        self.targets(place, Query::Definition)
    }

    /// Where else a name stands on the page, its definition first.
    pub(crate) fn references(&self, place: &Place) -> Vec<Location> {
        self.targets(place, Query::References)
    }

    fn targets(&self, place: &Place, query: Query) -> Vec<Location> {
        let Some((document, Answer::Targets(targets))) = self.ask(place, query, PATIENCE) else { return Vec::new() };
        let mut found: Vec<Location> = Vec::new();
        for location in targets.into_iter().filter_map(|target| location(target, place, &document)) {
            if !found.contains(&location) {
                found.push(location);
            }
        }
        found
    }
}

fn location(target: Target, place: &Place, document: &Document) -> Option<Location> {
    match target {
        Target::Text(range) => {
            let there = document.place(range)?;
            let cell = place.page.cells.get(place.page.index_of(there.execution)?)?;
            Some(Location::new(cell.uri.clone(), cell.range(there.range)))
        }
        Target::File { path, start, end } => {
            let position = |spot: Spot| Position::new(spot.line, spot.column);
            Some(Location::new(file_uri(&path)?, Range::new(position(start), position(end))))
        }
    }
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
    fn paths_are_escaped() {
        assert_eq!(file_uri("/a b/ü.rs").unwrap().as_str(), "file:///a%20b/%C3%BC.rs");
    }
}
