//! A session as one text that a language service reads: prelude, items, variables with their types, and then cells.

use super::balance::mends;
use super::lexis;
use crate::Source;
use crate::items::{Definition, Items, Key};
use crate::map::{Builder, Origin, Place, SourceMap};
use crate::parse::is_too_deep;
use crate::session::Session;
use crate::source::Part;
use crate::text::{Edit, RustText, emit};
use ironbook_core::slots::result_number;
use std::collections::{BTreeMap, BTreeSet};
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
    /// The first segment of a cell; before it stand the session's items.
    cells: usize,
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

    /// The text for cells that follow. One that nests brackets deeper than anybody reads is left out.
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
        let begun = builder.len();
        let (mut named, mut blocks) = (BTreeSet::new(), 0);
        for cell in cells {
            let rust = RustText::new(&cell.source, cell.execution);
            if is_too_deep(&rust.text) {
                continue;
            }
            let names: BTreeSet<String> = lexis::items(&rust.text).map(str::to_owned).collect();
            if !names.is_disjoint(&named) {
                // Of two items of one name in a block the first would count for all.
                builder.glue("{\n");
                blocks += 1;
            }
            named.extend(names);
            // What is open while it is typed belongs to the cell; macros are not read at all otherwise.
            emit(&mut builder, &rust.pieces(0..rust.text.len(), &edits(&cell.source)));
            builder.glue(BETWEEN);
        }
        builder.glue(&"}\n".repeat(blocks));
        builder.glue(CLOSE);
        let (text, map) = builder.finish();
        let cells = map.segments.partition_point(|segment| segment.generated.start < begun);
        Document { text, map, cells }
    }

    /// The items in the order of their cells, macros first.
    fn in_order(&self) -> Vec<&Definition> {
        let mut all: Vec<&Definition> = self.items.iter().collect();
        let is_macro = |key: &Key| key.kind == crate::items::Kind::Macro;
        all.sort_by_key(|definition| (!is_macro(&definition.key), definition.execution));
        all
    }
}

/// What makes each of the pieces that are compiled apart whole, in bytes of the Rust text.
fn edits(source: &Source) -> Vec<Edit> {
    let mut edits = Vec::new();
    let (mut text, mut begun) = (String::new(), 0);
    let mut end = |text: &str, begun: usize| {
        edits.extend(mends(&text[begun..]).into_iter().map(|edit| Edit { at: begun + edit.at, ..edit }));
    };
    for part in &source.parts {
        let own = part.text(&source.text);
        // What stands between two pieces ends what one has left open.
        if matches!(part, Part::Lowered { .. }) && own.trim_matches([' ', '\n', ';']).is_empty() {
            end(&text, begun);
            begun = text.len() + own.len();
        }
        text.push_str(own);
    }
    end(&text, begun);
    edits
}

impl Document {
    /// The byte of the text that a byte of a cell became. The end of a cell is one too, but where it ends with a bracket that
    /// ends nothing.
    pub fn at(&self, execution: u64, byte: usize) -> Option<usize> {
        let segments = self.map.segments.get(self.cells..)?;
        let found = |at: usize| match &segments[at].origin {
            Origin::Cell { execution: of, start } if *of == execution => {
                let own = *start..=start + segments[at].generated.len();
                own.contains(&byte).then(|| segments[at].generated.start + (byte - start))
            }
            _ => None,
        };
        // What was written into a cell stands behind what is typed there, and what a magic became before it.
        let last = (0..segments.len()).rev().find(|at| found(*at).is_some())?;
        let before = segments[..last].iter().rposition(|segment| !matches!(segment.origin, Origin::Glue(_)));
        before.and_then(found).or_else(|| found(last))
    }

    /// The place in a cell that bytes of the text stand for; nothing for text that no cell has.
    pub fn place(&self, range: Range<usize>) -> Option<Place> {
        let here = self.map.segment(range.start)?;
        let begins = range.is_empty() && here.generated.start == range.start;
        let before = range.start.checked_sub(1).and_then(|at| self.map.segment(at));
        match (&here.origin, before) {
            (Origin::Cell { .. }, _) => self.map.place(range),
            // An empty range may stand at the end of what a cell says.
            (_, Some(before)) if begins && matches!(before.origin, Origin::Cell { .. }) => {
                let Place { execution, range } = self.map.place(range.start - 1..range.start)?;
                Some(Place { execution, range: range.end..range.end })
            }
            (Origin::Glue(_), _) if begins => None,
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
    fn what_a_cell_closes_too_often_does_not_reach_others() {
        let document = document(&["fn f() { g( }\n}", "let b = 1;"]);
        assert!(document.text.contains("fn f() { g( )}\n \n;\nlet b = 1;\n;\n::core"), "{}", document.text);
        // Before what was written into it, as whoever types there means it.
        let at = document.at(1, "fn f() { g( ".len()).unwrap();
        assert!(document.text[..at].ends_with("g( "), "{}", &document.text[..at]);
        assert_eq!(document.place(at..at), Some(Place { execution: 1, range: 12..12 }));
        let last = "fn f() { g( }\n}".len();
        assert_eq!(document.at(1, last), None, "a bracket that is not in the text");
        assert_eq!(document.at(1, last - 1).map(|at| document.text[..at].ends_with(")}\n")), Some(true));
        assert_eq!(document.at(2, 4).map(|at| document.text[..at].ends_with("let ")), Some(true));
    }

    #[test]
    fn pieces_that_are_compiled_apart_are_whole_apart() {
        let text = "f(a.\n%m\ng(b.";
        let between = || Part::Lowered { text: "\n;\n".into(), range: text.len()..text.len() };
        let source =
            Source { text: text.into(), parts: vec![Part::User(0..4), between(), Part::User(8..12), between()] };
        let document = Prelude::default().document(&[Cell { execution: 1, source }]);
        assert!(document.text.contains("f(a.)\n;\ng(b.)\n;\n"), "{}", document.text);
        let at = document.at(1, 4).unwrap();
        assert!(document.text[..at].ends_with("f(a."));
        assert_eq!(document.place(at..at), Some(Place { execution: 1, range: 4..4 }));
    }

    #[test]
    fn the_newest_item_of_a_name_counts_from_its_cell_on() {
        let document = document(&["fn f() -> u8 { 1 }", "f()", "fn f() -> i8 { 2 }", "struct S;", "fn g() {}\nf()"]);
        let (_, cells) = document.text.split_once(OPEN).unwrap();
        let expected = "fn f() -> u8 { 1 }\n;\nf()\n;\n{\nfn f() -> i8 { 2 }\n;\nstruct S;\n;\nfn g() {}\nf()\n;\n}\n";
        assert_eq!(cells, format!("{expected}{CLOSE}"));
    }

    #[test]
    fn the_items_of_a_session_are_not_taken_for_cells() {
        let source = Source::plain("fn f() {}");
        let text = RustText::new(&source, 1);
        let parsed = crate::parse::parse(&text.text, &|_| false).unwrap();
        let mut prelude = Prelude::default();
        let (item, range) = &parsed.items[0];
        prelude.items.define(crate::items::definitions(item, range.clone(), &text, 1, &[]));
        let source = Source { text: "%m\nx.".into(), parts: vec![Part::User(3..5)] };
        let document = prelude.document(&[Cell { execution: 1, source }]);
        assert!(document.text.contains("fn f() {}"));
        assert_eq!(document.at(1, 3), document.text.find("x."));
        assert_eq!(document.at(1, 1), None);
    }

    #[test]
    fn a_cell_that_nobody_reads_is_left_out() {
        let document = document(&[&"(".repeat(5000), "let b = 1;"]);
        assert!(document.text.len() < 1000 && document.text.contains("let b = 1;"));
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
