//! A session as one text that a language service reads: prelude, items, variables with their types, and then cells.

use super::closing::closing;
use crate::Source;
use crate::items::{Definition, Items, Key};
use crate::map::{Builder, Origin, Place, SourceMap};
use crate::session::Session;
use crate::source::Part;
use crate::text::emit;
use ironbook_core::slots::result_number;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What cells see when they begin.
const HEAD: &str = "#![allow(unused)]\nuse ::ironbook::prelude::*;\n";
/// The function that cells stand in; its name cannot be one of the user's.
const OPEN: &str =
    "async fn __ironbook_cell() -> ::core::result::Result<(), ::std::boxed::Box<dyn ::std::error::Error>> {\n";
/// Behind each cell: ends a last expression, and a comment.
const BETWEEN: &str = "\n;\n";
const CLOSE: &str = "::core::result::Result::Ok(()) }\n";

/// What is there before the first cell of a text: the items and variables of a session.
#[derive(Clone, Debug, Default)]
pub struct Prelude {
    items: Items,
    variables: BTreeMap<String, String>,
    crates: Option<PathBuf>,
}

/// A cell of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The execution that it is called in [`Place`]s.
    pub execution: u64,
    /// Its text, with magics lowered.
    pub source: Source,
}

/// The text.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What the service is told.
    pub text: String,
    map: SourceMap,
}

impl Session {
    /// What a language service has to know of the session.
    pub fn prelude(&self) -> Prelude {
        let homes: BTreeMap<String, ()> = self.items.homes().into_iter().map(|home| (home, ())).collect();
        let typed = self.live.iter().filter(|(name, _)| result_number(name).is_none()).filter_map(|(name, live)| {
            let known = self.types.path(&live.type_name);
            let path = known.or_else(|| crate::types::by_last_names(&live.type_name))?;
            Some((name.clone(), without_homes(&path, &homes)))
        });
        let crates = self.extra.as_ref().map(|extra| extra.metadata.clone());
        Prelude { variables: typed.collect(), items: self.items.clone(), crates }
    }
}

/// A type's path without the modules that name the versions of the session's types.
fn without_homes(path: &str, homes: &BTreeMap<String, ()>) -> String {
    homes.keys().fold(path.to_owned(), |path, home| path.replace(&format!("{home}::"), ""))
}

impl Prelude {
    /// What cargo says of the crates of `%dep`, for [`Service::use_crates`](super::Service::use_crates).
    pub fn crates(&self) -> Option<&Path> {
        self.crates.as_deref()
    }

    /// The text for cells that follow.
    pub fn document(&self, cells: &[Cell]) -> Document {
        let mut builder = Builder::default();
        builder.glue(HEAD);
        for definition in self.in_order() {
            emit(&mut builder, &definition.pieces);
            builder.glue("\n");
        }
        builder.glue(OPEN);
        for (name, path) in &self.variables {
            builder.glue(&format!("let mut {name}: {path} = ::core::todo!();\n"));
        }
        for cell in cells {
            for part in &cell.source.parts {
                let origin = match part {
                    Part::User(range) => Origin::Cell { execution: cell.execution, start: range.start },
                    Part::Lowered { range, .. } => Origin::Lowered { execution: cell.execution, range: range.clone() },
                };
                builder.push(part.text(&cell.source.text), origin);
            }
            // What is open while it is typed belongs to the cell; macros are not read at all otherwise.
            builder.glue(&closing(&lowered(&cell.source)));
            builder.glue(BETWEEN);
        }
        builder.glue(CLOSE);
        let (text, map) = builder.finish();
        Document { text, map }
    }

    /// The items in the order of their cells, macros first.
    fn in_order(&self) -> Vec<&Definition> {
        let mut all: Vec<&Definition> = self.items.iter().collect();
        let is_macro = |key: &Key| key.kind == crate::items::Kind::Macro;
        all.sort_by_key(|definition| (!is_macro(&definition.key), definition.execution));
        all
    }
}

fn lowered(source: &Source) -> String {
    source.parts.iter().map(|part| part.text(&source.text)).collect()
}

impl Document {
    /// The byte of the text that a byte of a cell became; the end of a cell is one too.
    pub fn at(&self, execution: u64, byte: usize) -> Option<usize> {
        let newest = self.map.segments.iter().rev();
        newest
            .filter_map(|segment| match &segment.origin {
                Origin::Cell { execution: of, start } if *of == execution => Some((segment, *start)),
                _ => None,
            })
            .find(|(segment, start)| (*start..=start + segment.generated.len()).contains(&byte))
            .map(|(segment, start)| segment.generated.start + (byte - start))
    }

    /// The place in a cell that bytes of the text stand for; nothing for text that no cell has.
    pub fn place(&self, range: Range<usize>) -> Option<Place> {
        let here = self.map.segment(range.start)?;
        match &here.origin {
            // An empty range may stand at the end of a cell.
            Origin::Glue(_) if range.is_empty() && here.generated.start == range.start => {
                let before = self.map.segment(range.start.checked_sub(1)?)?;
                match &before.origin {
                    Origin::Cell { execution, start } => {
                        let end = start + before.generated.len();
                        Some(Place { execution: *execution, range: end..end })
                    }
                    _ => None,
                }
            }
            _ => self.map.place(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(cells: &[&str]) -> Document {
        let cells: Vec<Cell> =
            (1..).zip(cells).map(|(execution, text)| Cell { execution, source: Source::plain(*text) }).collect();
        Prelude::default().document(&cells)
    }

    #[test]
    fn bytes_of_cells_are_found_in_the_text_and_back() {
        let document = document(&["let a = 1;", "let ü = a;\nü."]);
        assert!(document.text.contains("let a = 1;\n;\nlet ü = a;\nü.\n;\n"), "{}", document.text);
        let dot = "let ü = a;\nü.".len();
        let at = document.at(2, dot).unwrap();
        assert!(document.text[..at].ends_with("ü."));
        assert_eq!(document.place(at..at), Some(Place { execution: 2, range: dot..dot }));
        let at = document.at(1, 4).unwrap();
        assert_eq!(document.place(at..at + 1), Some(Place { execution: 1, range: 4..5 }));
        assert_eq!(document.at(3, 0), None);
        assert_eq!(document.place(0..2), None);
    }

    #[test]
    fn what_a_cell_leaves_open_does_not_reach_others() {
        let document = document(&["println!(\"{}\", a.", "let b = 1;"]);
        assert!(document.text.contains("println!(\"{}\", a.)\n;\nlet b = 1;"), "{}", document.text);
        let at = document.at(1, "println!(\"{}\", a.".len()).unwrap();
        assert!(document.text[..at].ends_with("a."));
        assert_eq!(document.place(at..at).unwrap().range, 17..17);
    }

    #[test]
    fn lowered_text_stands_for_its_magic() {
        let source = Source {
            text: "%m x\nx.".into(),
            parts: vec![Part::Lowered { text: "let x = 1;".into(), range: 0..4 }, Part::User(4..7)],
        };
        let document = Prelude::default().document(&[Cell { execution: 1, source }]);
        let at = document.text.find("let x").unwrap();
        assert_eq!(document.place(at + 4..at + 5), Some(Place { execution: 1, range: 0..4 }));
        assert_eq!(document.at(1, 7).map(|at| document.text[..at].ends_with("x.")), Some(true));
    }

    #[test]
    fn versions_of_types_are_left_out() {
        let homes = BTreeMap::from([("t_3fa9".to_owned(), ())]);
        assert_eq!(without_homes("::std::vec::Vec<crate::t_3fa9::Foo>", &homes), "::std::vec::Vec<crate::Foo>");
    }
}
