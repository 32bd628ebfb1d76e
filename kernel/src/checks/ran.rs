//! Which cells of a page are part of the session.

use super::{Cell, hashed};
use ironbook_magics::CellRecord;
use ironbook_session::ExecutionId;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The cells that are part of the session.
#[derive(Default)]
pub struct Ran {
    /// By the front end's identity of a cell what it ran last, if that stands.
    cells: HashMap<String, Option<String>>,
    /// All texts that stand.
    texts: HashSet<String>,
    /// The executions that were undone, in short.
    pub(super) undone: u64,
}

impl Ran {
    /// Of the cells that have run, oldest first, and the executions that are undone.
    pub fn new(records: &[CellRecord], undone: &BTreeSet<ExecutionId>) -> Ran {
        let mut ran = Ran { undone: hashed(undone), ..Ran::default() };
        for record in records.iter().rev() {
            let stands = record.ok && !record.executions.iter().any(|id| undone.contains(id));
            let text = stands.then(|| record.text.trim().to_owned());
            if let Some(cell) = &record.cell {
                if ran.cells.contains_key(cell) {
                    continue;
                }
                ran.cells.insert(cell.clone(), text.clone());
            }
            ran.texts.extend(text);
        }
        ran
    }

    /// Whether a cell is part of the session as it stands. One that nobody has heard of may have run under another name.
    pub(super) fn holds(&self, cell: &Cell) -> bool {
        let text = cell.text.trim();
        match self.cells.get(&cell.id) {
            Some(last) => last.as_deref() == Some(text),
            None => self.texts.contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_cell_ran_last_and_still_stands_counts_as_run() {
        let record = |cell: Option<&str>, text: &str, id, ok| CellRecord {
            text: text.to_owned(),
            ok,
            executions: vec![id],
            cell: cell.map(str::to_owned),
            ..CellRecord::default()
        };
        let records = [
            record(Some("a"), "let a = 1;", 1, true),
            record(Some("b"), "let b = 1;", 2, true),
            record(None, "let c = 1;", 3, true),
            record(Some("a"), "let a = 2;", 4, true),
            record(Some("d"), "let d = 1;", 5, false),
        ];
        let holds = |ran: &Ran, id: &str, text: &str| ran.holds(&Cell { id: id.to_owned(), text: text.to_owned() });
        let ran = Ran::new(&records, &BTreeSet::new());
        assert!(holds(&ran, "a", " let a = 2;\n") && holds(&ran, "b", "let b = 1;"));
        assert!(!holds(&ran, "a", "let a = 1;"), "it has run something else since");
        assert!(!holds(&ran, "new", "let a = 1;"));
        assert!(holds(&ran, "new", "let b = 1;") && holds(&ran, "c", "let c = 1;"), "under another name");
        assert!(!holds(&ran, "d", "let d = 1;"), "it failed");
        let after = Ran::new(&records, &BTreeSet::from([1, 2, 3]));
        assert!(!holds(&after, "b", "let b = 1;") && !holds(&after, "c", "let c = 1;"));
        assert!(holds(&after, "a", "let a = 2;"));
        assert_ne!(ran.undone, after.undone);
    }
}
