//! A place in a cell, and what the cell is called in a language service's document.

use crate::lines::Lines;
use crate::page::{Cell, Page};
use std::sync::Arc;

/// A place in a cell of a page.
pub(crate) struct Place {
    /// The page.
    pub page: Page,
    /// The cell, by its place on the page.
    pub index: usize,
    /// The byte of the cell's text.
    pub byte: usize,
    pub(super) key: String,
}

impl Place {
    /// The cell.
    pub fn cell(&self) -> &Cell {
        &self.page.cells[self.index]
    }

    /// The place with another text in its cell.
    pub fn with_text(&self, text: String, byte: usize) -> Place {
        let mut page = self.page.clone();
        page.cells[self.index].text = Arc::new(Lines::new(text));
        Place { page, index: self.index, byte, key: self.key.clone() }
    }

    /// What the cell is called in a language service's document.
    pub fn execution(&self) -> u64 {
        Page::execution(self.index)
    }
}

impl Page {
    /// What a cell is called in a language service's document.
    pub(crate) fn execution(index: usize) -> u64 {
        index as u64 + 1
    }

    /// The cell that is called so.
    pub(crate) fn index_of(&self, execution: u64) -> Option<usize> {
        usize::try_from(execution.checked_sub(1)?).ok().filter(|index| *index < self.cells.len())
    }
}
