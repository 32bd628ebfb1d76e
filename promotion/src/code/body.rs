//! The statements of a stage, from all its cells.

use super::items::{in_crate, with_comments};
use super::stage::path_name;
use crate::history::History;
use crate::slice::{Slice, Taken};
use crate::stages::Stage;
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

pub(super) struct Body {
    pub(super) text: String,
    /// Arguments that are changed.
    pub(super) changed: BTreeSet<String>,
    pub(super) awaits: bool,
}

pub(super) fn body(history: &History<'_>, slice: &Slice, stage: &Stage) -> Body {
    let mut body = Body { text: String::new(), changed: BTreeSet::new(), awaits: false };
    // Names that are bound in the stage so far, and whether they can be changed.
    let mut bound: BTreeMap<String, bool> = BTreeMap::new();
    let mut seed = None;
    for id in &stage.executions {
        let (Some(unit), Some(taken)) = (history.unit(*id), slice.taken.get(id)) else { continue };
        let now = history.seed_at(*id);
        if let Some((setter, statement)) = now.filter(|now| seed != Some(now.0)) {
            let own = stage.executions.contains(&setter) && slice.taken.contains_key(&setter);
            if !own {
                let end = if statement.ends_with(';') { "" } else { ";" };
                let _ = writeln!(body.text, "{}{end}", statement.trim_start_matches("::"));
            }
            seed = Some(setter);
        }
        let changes = changes(unit, taken);
        for name in &changes {
            match bound.get(name) {
                Some(true) => {}
                Some(false) => {
                    let _ = writeln!(body.text, "let mut {name} = {name};");
                    bound.insert(name.clone(), true);
                }
                None => drop(body.changed.insert(name.clone())),
            }
        }
        for at in &taken.kept {
            let statement = &unit.statements[*at];
            if let Some(declared) = taken.own_params.iter().find(|declared| declared.statement == *at) {
                if declared.mutable {
                    body.changed.insert(declared.parameter.name.clone());
                }
                continue;
            }
            let text = in_crate(&statement_text(unit, taken, *at));
            body.text.push_str(match is_unused(history, slice, stage, (*id, *at)) {
                true => value_only(&text),
                false => &text,
            });
            body.text.push('\n');
            body.awaits |= statement.awaits;
            for name in &statement.binds {
                bound.insert(name.clone(), statement.mutable.contains(name));
            }
        }
    }
    body
}

/// Whether nothing in the stage reads what a statement binds, and nothing outside of it needs it.
fn is_unused(history: &History<'_>, slice: &Slice, stage: &Stage, (id, at): (ExecutionId, usize)) -> bool {
    let Some(unit) = history.unit(id) else { return false };
    let statement = &unit.statements[at];
    if !statement.is_let || statement.binds.len() != 1 {
        return false;
    }
    let read = |name: &String| {
        stage.outputs.iter().any(|(output, _)| output == name)
            || stage.executions.iter().filter(|other| **other >= id).any(|other| {
                let (Some(unit), Some(taken)) = (history.unit(*other), slice.taken.get(other)) else { return false };
                let later = |position: &&usize| *other > id || **position > at;
                taken.kept.iter().filter(later).any(|position| {
                    let statement = &unit.statements[*position];
                    statement.mentions.contains(name) || statement.assigns.contains(name)
                })
            })
    };
    !statement.binds.iter().any(read)
}

/// `f(x)?;` of `let a = f(x)?;`
fn value_only(text: &str) -> &str {
    let Some(at) = text.find("let ") else { return text };
    match text[at..].find('=') {
        Some(equals) if !text[at..at + equals].contains(['(', '{', '<']) => text[at + equals + 1..].trim_start(),
        _ => text,
    }
}

/// Older variables that the statements which are taken change.
fn changes(unit: &Unit<'_>, taken: &Taken) -> BTreeSet<String> {
    let flow = &unit.past.flow;
    let wrote = |name: &&String| flow.wrote.contains_key(*name) || flow.spent.contains(*name);
    let mut bound = BTreeSet::new();
    let mut out = BTreeSet::new();
    for at in &taken.kept {
        let statement = &unit.statements[*at];
        let touched = statement.mentions.iter().chain(&statement.assigns);
        out.extend(
            touched.filter(|name| taken.inputs.contains_key(*name) && !bound.contains(*name)).filter(wrote).cloned(),
        );
        bound.extend(statement.binds.iter().cloned());
    }
    // What is bound anew and nowhere changed is written, too.
    out.retain(|name| {
        let rebound = taken.kept.iter().any(|at| unit.statements[*at].binds.contains(name));
        !rebound
            || taken.kept.iter().any(|at| {
                let statement = &unit.statements[*at];
                statement.assigns.contains(name)
                    || !statement.is_let && statement.mentions.contains(name) && !statement.binds.contains(name)
            })
    });
    out
}

/// A statement with the paths of files replaced, and with the comments above it.
fn statement_text(unit: &Unit<'_>, taken: &Taken, at: usize) -> String {
    let statement = &unit.statements[at];
    let commented = with_comments(&unit.text.text, statement.range.clone());
    let above = commented.len() - statement.range.len();
    let start = statement.range.start - above;
    let mut files: Vec<_> = taken.files.iter().filter(|file| statement.range.contains(&file.range.start)).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.range.start));
    let mut out = commented;
    for file in files {
        let range = file.range.start - start..file.range.end - start;
        out.replace_range(range, &path_name(&file.name));
    }
    if statement.is_tail && !out.trim_end().ends_with(';') {
        out.push(';');
    }
    out
}
