//! What is compiled next: the crate of a cell, with the items that it reaches and the variables that it loads.

use super::{Findings, Prepared};
use crate::codegen::{self, Generated, Load};
use crate::event::{Failure, FailureKind};
use crate::items::{self, Definition, Key};
use crate::parse::Loops;
use crate::session::Session;
use ironbook_core::slots::result_name;
use std::collections::BTreeSet;

/// What is compiled next.
pub(crate) struct Draft {
    pub(crate) generated: Generated,
    pub(crate) loads: Vec<Load>,
    pub(super) reached: Vec<Key>,
    pub(super) idents: BTreeSet<String>,
    pub(super) loops: Loops,
    pub(super) sliced: bool,
}

impl Session {
    /// The text of the crate that would be compiled.
    pub(crate) fn generated_text(&mut self, prepared: &Prepared) -> Result<String, Failure> {
        Ok(self.draft(prepared, &Findings::default())?.generated.text)
    }

    pub(crate) fn draft(&mut self, prepared: &Prepared, findings: &Findings) -> Result<Draft, Failure> {
        let loads = self.loads(prepared, findings)?;
        let mut idents = prepared.cell.idents.clone();
        for load in &loads {
            idents.extend(load.path.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned));
        }
        for key in &prepared.own {
            if let Some(definition) = prepared.items.iter().find(|d| d.key == *key) {
                idents.extend(definition.idents.iter().cloned());
                idents.extend([definition.key.name.clone()]);
            }
        }
        let mut reached: Vec<&Definition> = if findings.all_items {
            prepared.items.reach(&prepared.items.iter().flat_map(|d| d.idents.iter().cloned()).collect())
        } else {
            prepared.items.reach(&idents)
        };
        let own = prepared.items.iter().filter(|d| prepared.own.contains(&d.key));
        for definition in own {
            if !reached.iter().any(|d| d.key == definition.key) {
                reached.push(definition);
            }
        }
        reached.retain(|d| !findings.left_out.contains(&items::label(&d.key)));
        let sliced = reached.len() < prepared.items.iter().count();
        let loops = reached.iter().fold(prepared.cell.loops, |loops, d| loops.max(d.loops));
        idents.extend(reached.iter().flat_map(|d| d.idents.iter().cloned()));
        let generated = codegen::generate(&codegen::Request {
            cell: &prepared.cell,
            text: &prepared.text,
            items: &prepared.items,
            reached: &reached,
            extra_crates: !self.compiler.extras.externs.is_empty(),
            loads: &loads,
            flat: findings.flat,
            placements: &findings.placed(),
        });
        let reached = reached.iter().map(|d| d.key.clone()).collect();
        Ok(Draft { generated, loads, reached, idents, loops, sliced })
    }

    /// The older variables that the cell mentions, with paths of their types.
    fn loads(&mut self, prepared: &Prepared, findings: &Findings) -> Result<Vec<Load>, Failure> {
        let mut names: BTreeSet<&String> = prepared.cell.statements.iter().flat_map(|s| &s.mentions).collect();
        names.extend(&findings.loads);
        let wanted = names.into_iter().filter(|name| self.slot_of(name).is_some() && !prepared.dropped(name));
        let wanted: Vec<String> = wanted.cloned().collect();
        let mut loads: Vec<Load> = Vec::new();
        for name in wanted {
            let slot = self.slot_of(&name).unwrap_or_else(|| name.clone());
            let type_name = self.live[&slot].type_name.clone();
            let path = self.path_of(&slot, &type_name)?;
            if let Some(other) = loads.iter().find(|load| load.slot == slot) {
                let words = format!("`{}` and `{name}` are the same value", other.name);
                return Err(Failure::new(FailureKind::Compile, "results", words).hint("use one of the two names"));
            }
            loads.push(Load { name, slot, path });
        }
        Ok(loads)
    }

    /// The variable that a name means: `__` is the newest result, `___` the one before.
    fn slot_of(&self, name: &str) -> Option<String> {
        if self.live.contains_key(name) {
            return Some(name.to_owned());
        }
        let back = match name {
            "__" => 0,
            "___" => 1,
            _ => return None,
        };
        let (number, kept) = self.results.iter().rev().nth(back)?;
        let name = result_name(*number);
        (*kept && self.live.contains_key(&name)).then_some(name)
    }
}
