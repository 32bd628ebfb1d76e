//! The page as a front end tells of it with the cells that it runs: which it has deleted, and what ran last in each.

use ironbook_promotion::{Page, PageCell};
use ironbook_session::{CellLine, Explored};
use std::collections::{BTreeMap, BTreeSet};

/// What was told. Of a cell that was edited and not run again nobody tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// The newest text of each cell that ran and was not deleted since.
    cells: BTreeMap<String, PageCell>,
    deleted: BTreeSet<String>,
    /// Deletions that no line of the journal has yet.
    unwritten: Vec<String>,
}

impl Told {
    /// Cells were deleted.
    pub fn deleted(&mut self, cells: &[String]) {
        for id in cells {
            self.cells.remove(id);
            if self.deleted.insert(id.clone()) {
                self.unwritten.push(id.clone());
            }
        }
    }

    /// A cell is run, and so stands on the page, also if it was deleted before.
    pub fn ran(&mut self, id: &str, text: &str, tags: &[String]) {
        self.deleted.remove(id);
        let tags = tags.iter().cloned().collect();
        self.cells.insert(id.to_owned(), PageCell { id: id.to_owned(), text: text.to_owned(), tags });
    }

    /// What a session was told that goes on.
    pub fn resumed(lines: &[CellLine]) -> Told {
        let mut told = Told::default();
        for line in lines {
            told.deleted(&line.deleted);
            if let Some(id) = &line.cell {
                told.ran(id, &line.text, &line.tags);
            }
        }
        told.unwritten.clear();
        told
    }

    /// What was told of the same page afterwards.
    pub fn then(mut self, later: Told) -> Told {
        for id in later.deleted {
            self.cells.remove(&id);
            self.deleted.insert(id);
        }
        for id in later.cells.keys() {
            self.deleted.remove(id);
        }
        self.cells.extend(later.cells);
        self.unwritten.extend(later.unwritten);
        self
    }

    /// The deletions for the next line of the journal.
    pub fn take_unwritten(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unwritten)
    }

    /// The page; a cell of which nothing was told stands on it as it ran.
    pub fn page(&self, explored: &Explored) -> Page {
        let mut cells = self.cells.clone();
        for past in &explored.executions {
            if let Some(id) =
                past.cell.as_ref().filter(|id| !self.cells.contains_key(*id) && !self.deleted.contains(*id))
            {
                let cell = PageCell { id: id.clone(), text: past.source.text.clone(), tags: BTreeSet::new() };
                cells.insert(id.clone(), cell);
            }
        }
        Page { cells: cells.into_values().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(told: &Told) -> Vec<String> {
        told.page(&Explored::default()).cells.into_iter().map(|cell| format!("{}: {}", cell.id, cell.text)).collect()
    }

    #[test]
    fn the_newest_text_of_what_is_there() {
        let mut told = Told::default();
        told.ran("a", "1", &[]);
        told.ran("b", "2", &["skip".to_owned()]);
        told.ran("a", "3", &[]);
        told.deleted(&["b".to_owned(), "never ran".to_owned()]);
        assert_eq!(texts(&told), ["a: 3"]);
        assert_eq!(told.take_unwritten(), ["b", "never ran"]);
        told.deleted(&["b".to_owned()]);
        assert!(told.take_unwritten().is_empty(), "front ends repeat it until they have an answer");
        told.ran("b", "4", &[]);
        assert_eq!(texts(&told), ["a: 3", "b: 4"]);
    }

    #[test]
    fn a_session_that_goes_on_knows_it() {
        let line = |cell: &str, deleted: &[&str]| CellLine {
            text: "t".to_owned(),
            cell: Some(cell.to_owned()),
            deleted: deleted.iter().map(|id| (*id).to_owned()).collect(),
            ..CellLine::default()
        };
        let told = Told::resumed(&[line("a", &[]), line("b", &[]), line("c", &["a"])]);
        assert_eq!(texts(&told), ["b: t", "c: t"]);
        // The cell that resumes it has brought news of the page.
        let mut now = Told::default();
        now.deleted(&["b".to_owned()]);
        now.ran("a", "%resume", &[]);
        let mut told = told.then(now);
        assert_eq!(texts(&told), ["a: %resume", "c: t"]);
        assert_eq!(told.take_unwritten(), ["b"]);
    }
}
