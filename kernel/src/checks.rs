//! Checks of cells that were not run as they stand: what front ends underline while a cell is typed.
//!
//! A request of our own, `ironbook_check_request` on the shell channel, that is answered also while a cell runs. It names
//! the page's cells in their order and those whose mistakes are wanted:
//! `{"cells": [{"id", "text"}], "wanted": [id]}`. Cells that ran to their end with this very text are part of the session;
//! all others are taken for run one after another, so that what they define is known below them. The reply has
//! `{"ran": [id], "cells": [{"id", "diagnostics": [...]}]}`; `ran` names the first kind, which need not be sent again.
//! `session` changes with the kernel's process. Before there is a session, `starting` is true and nothing is checked.
//! Places are UTF-16 code units of the cell's text. No `status` is published: nothing runs.

use crate::requests::Answer;
use crate::shared::Shared;
use crate::wire::Incoming;
use ironbook_assist::{Followed, View};
use ironbook_session::diagnostics::{Diagnostic, Fix, Severity};
use ironbook_session::{Checker, ExecutionId, Place};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// The request.
pub const REQUEST: &str = "ironbook_check_request";

/// The session at one moment, to check cells in.
pub struct Ground {
    /// Counts the moments.
    pub generation: u64,
    /// The session without its runtime.
    pub checker: Checker,
}

/// What was checked last, so that only what has changed is checked again.
pub struct Checks {
    session: String,
    chain: Mutex<Chain>,
}

impl Default for Checks {
    fn default() -> Self {
        Checks { session: uuid::Uuid::new_v4().to_string(), chain: Mutex::default() }
    }
}

#[derive(Default)]
struct Chain {
    generation: u64,
    links: Vec<Link>,
}

/// A checked cell: the hash of all texts up to it, the state after it, and what was found.
struct Link {
    hash: u64,
    after: Checker,
    followed: Followed,
}

#[derive(Deserialize)]
struct Asked {
    cells: Vec<Cell>,
    wanted: Vec<String>,
}

#[derive(Deserialize)]
struct Cell {
    id: String,
    text: String,
}

/// Answers a request.
pub fn check(shared: &Shared, request: &Incoming) -> Answer {
    let asked: Asked = request.content(json!({"wanted": []}))?;
    let records = shared.cells();
    let done: BTreeSet<&str> = records.iter().filter(|cell| cell.ok).map(|cell| cell.text.trim()).collect();
    let (ran, pending): (Vec<&Cell>, Vec<&Cell>) = asked.cells.iter().partition(|cell| done.contains(cell.text.trim()));
    // What stands below the last cell that is asked for changes nothing for it.
    let last = pending.iter().rposition(|cell| asked.wanted.contains(&cell.id));
    let pending = &pending[..last.map_or(0, |last| last + 1)];
    let ran: Vec<&str> = ran.iter().map(|cell| cell.id.as_str()).collect();
    let Some(ground) = shared.ground() else {
        return Ok(json!({"status": "ok", "session": shared.checks.session, "starting": true, "ran": [], "cells": []}));
    };
    let view = shared.view();
    let mut chain = shared.checks.chain.lock().unwrap_or_else(PoisonError::into_inner);
    chain.follow(&ground, &view, pending);
    let page = Page::new(pending, &chain.links);
    let mut cells: Vec<Value> = pending
        .iter()
        .zip(&chain.links)
        .filter(|(cell, _)| asked.wanted.contains(&cell.id))
        .map(|(cell, link)| json!({"id": cell.id, "diagnostics": page.told(cell, &link.followed.diagnostics)}))
        .collect();
    let clear = ran.iter().filter(|id| asked.wanted.iter().any(|wanted| wanted == *id));
    cells.extend(clear.map(|id| json!({"id": id, "diagnostics": []})));
    Ok(json!({"status": "ok", "session": shared.checks.session, "starting": false, "ran": ran, "cells": cells}))
}

impl Chain {
    /// Checks the cells one after another, as far as they have changed.
    fn follow(&mut self, ground: &Ground, view: &View, cells: &[&Cell]) {
        if self.generation != ground.generation {
            self.links.clear();
            self.generation = ground.generation;
        }
        let mut hash = 0;
        for (place, cell) in cells.iter().enumerate() {
            hash = chained(hash, &cell.text);
            if self.links.get(place).is_some_and(|link| link.hash == hash) {
                continue;
            }
            // As soon as one differs, those after it stand on other ground.
            self.links.truncate(place);
            let mut after = self.links.last().map_or(&ground.checker, |link| &link.after).clone();
            let followed = Followed::new(&mut after, &cell.text, view);
            self.links.push(Link { hash, after, followed });
        }
    }
}

fn chained(before: u64, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (before, text).hash(&mut hasher);
    hasher.finish()
}

/// The cells of the executions that diagnostics name.
struct Page<'a> {
    cells: BTreeMap<ExecutionId, &'a Cell>,
}

impl<'a> Page<'a> {
    fn new(cells: &[&'a Cell], links: &[Link]) -> Page<'a> {
        let executions = cells
            .iter()
            .zip(links)
            .flat_map(|(cell, link)| link.followed.executions.iter().map(move |execution| (*execution, *cell)));
        Page { cells: executions.collect() }
    }

    fn told(&self, cell: &Cell, diagnostics: &[Diagnostic]) -> Vec<Value> {
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
