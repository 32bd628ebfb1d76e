//! What a page is told of its cells: places in UTF-16, and fixes that lie in them.

use super::Cell;
use super::chain::Link;
use ironbook_session::diagnostics::{Diagnostic, Fix, Severity};
use ironbook_session::{ExecutionId, Place};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The cells of the executions that diagnostics name.
pub(super) struct Page<'a> {
    cells: BTreeMap<ExecutionId, &'a Cell>,
}

impl<'a> Page<'a> {
    pub(super) fn new(cells: &[&'a Cell], links: &[Link]) -> Page<'a> {
        let executions = cells
            .iter()
            .zip(links)
            .flat_map(|(cell, link)| link.followed.executions.iter().map(move |execution| (*execution, *cell)));
        Page { cells: executions.collect() }
    }

    pub(super) fn told(&self, cell: &Cell, diagnostics: &[Diagnostic]) -> Vec<Value> {
        diagnostics.iter().map(|diagnostic| self.one(cell, diagnostic)).collect()
    }

    fn one(&self, cell: &Cell, diagnostic: &Diagnostic) -> Value {
        let inside = diagnostic.place.as_ref().filter(|place| self.of(place).is_some_and(|at| at.id == cell.id));
        let range = inside.map_or_else(|| first_line(&cell.text), |place| place.range.clone());
        let mut message = diagnostic.message.clone();
        if !diagnostic.label.is_empty() && !message.contains(&diagnostic.label) {
            message.push_str(&format!("\n{}", diagnostic.label));
        }
        // Where else it says something, in words: one cell is underlined at a time.
        let related = diagnostic.related.iter().map(|(_, text)| text).filter(|text| !text.is_empty());
        json!({
            "severity": severity(diagnostic.severity),
            "code": diagnostic.code,
            "message": message,
            "remarks": related.chain(&diagnostic.remarks).collect::<Vec<_>>(),
            "start": units(&cell.text, range.start),
            "end": units(&cell.text, range.end),
            "fixes": diagnostic.fixes.iter().filter_map(|fix| self.fix(fix)).collect::<Vec<_>>(),
        })
    }

    /// A fix, if all that it changes lies in cells of the request.
    fn fix(&self, fix: &Fix) -> Option<Value> {
        let edits: Option<Vec<Value>> = fix.edits.iter().map(|(place, text)| self.edit(place, text)).collect();
        Some(json!({"title": fix.title, "sure": fix.sure, "edits": edits?}))
    }

    fn edit(&self, place: &Place, text: &str) -> Option<Value> {
        let cell = self.of(place)?;
        let (start, end) = (units(&cell.text, place.range.start), units(&cell.text, place.range.end));
        Some(json!({"cell": cell.id, "start": start, "end": end, "text": text}))
    }

    fn of(&self, place: &Place) -> Option<&'a Cell> {
        self.cells.get(&place.execution).copied()
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "hint",
    }
}

/// The first line with anything on it.
fn first_line(text: &str) -> std::ops::Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..text[start..].find('\n').map_or(text.len(), |length| start + length)
}

/// The UTF-16 code units before a byte.
fn units(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).map(|(_, c)| c.len_utf16()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_utf16_and_a_page_without_place_is_its_first_line() {
        assert_eq!([0, 1, 5, 6].map(|byte| units("a🦀b", byte)), [0, 1, 3, 4]);
        assert_eq!(first_line("\n  let a;\nb"), 3..9);
        assert_eq!(first_line(" "), 1..1);
    }

    #[test]
    fn a_fix_that_lies_elsewhere_is_not_offered() {
        let cell = Cell { id: "a".to_owned(), text: "é x".to_owned() };
        let page = Page { cells: BTreeMap::from([(7, &cell)]) };
        let fix = |execution| Fix {
            title: "try".to_owned(),
            edits: vec![(Place { execution, range: 3..4 }, "y".to_owned())],
            sure: true,
        };
        assert_eq!(page.fix(&fix(7)).unwrap()["edits"], json!([{"cell": "a", "start": 2, "end": 3, "text": "y"}]));
        assert_eq!(page.fix(&fix(8)), None);
    }
}
