//! The live variables: what is known of each, and how they are listed and dropped.

use super::Session;
use crate::diagnostics::shorten_type;
use crate::map::ExecutionId;
use ironbook_core::frame::{Kept, Reply, Request};
use ironbook_core::slots::result_number;
use std::sync::Arc;

/// A variable as `%whos` lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type, shortened for reading.
    pub type_name: String,
    /// Its extent in words.
    pub shape: Option<String>,
    /// Bytes it occupies, approximately.
    pub bytes: u64,
    /// The execution that wrote it last.
    pub cell: ExecutionId,
    /// Why it is out of date, if it is.
    pub stale: Option<String>,
    /// Name and type of its columns, if it is a table.
    pub columns: Vec<(String, String)>,
}

/// A live variable as the engine sees it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) type_name: String,
    pub(crate) shape: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) execution: ExecutionId,
    /// The crate that made it, in this process.
    pub(crate) maker: Option<Arc<crate::codegen::Generated>>,
    pub(crate) kept: Kept,
}

impl Live {
    /// A cell's result, which goes with the runtime.
    pub(crate) fn result(variable: &ironbook_core::frame::Variable) -> Live {
        Live {
            type_name: variable.type_name.clone(),
            shape: variable.shape.clone(),
            bytes: variable.bytes,
            columns: variable.columns.clone(),
            execution: variable.execution,
            maker: None,
            kept: variable.kept.clone(),
        }
    }
}

impl Session {
    pub(super) fn take_variables(&mut self) -> Vec<Variable> {
        let all = self.list();
        self.lost.extend(all.iter().map(|v| (v.name.clone(), (v.cell, "went with the runtime that held it"))));
        self.live.clear();
        self.graph.clear();
        self.probe = None;
        all
    }

    pub(super) fn list(&self) -> Vec<Variable> {
        let entry = |(name, live): (&String, &Live)| Variable {
            name: name.clone(),
            type_name: shorten_type(&live.type_name),
            shape: live.shape.clone(),
            bytes: live.bytes,
            cell: live.execution,
            stale: self.graph.stale(name, &|id| self.shown(id)),
            columns: live.columns.clone(),
        };
        self.live.iter().filter(|(name, _)| result_number(name).is_none()).map(entry).collect()
    }

    /// The live variables, described as they are now.
    pub fn variables(&mut self) -> Vec<Variable> {
        let described = self.runtime().ok().and_then(|runtime| match runtime.call(&Request::List) {
            Ok(Reply::Variables(all)) => Some(all),
            _ => None,
        });
        for now in described.into_iter().flatten() {
            if let Some(live) = self.live.get_mut(&now.name) {
                live.shape = now.shape;
                live.bytes = now.bytes;
                live.columns = now.columns;
            }
        }
        self.list()
    }

    /// The live variables as they were when their last cell ended, without asking the runtime.
    pub fn known_variables(&self) -> Vec<Variable> {
        self.list()
    }

    /// Names of the live variables, without asking the runtime.
    pub fn variable_names(&self) -> Vec<String> {
        self.live.keys().filter(|name| result_number(name).is_none()).cloned().collect()
    }

    /// Drops variables; those that existed are returned.
    pub fn forget(&mut self, names: &[String]) -> Vec<String> {
        let existing: Vec<String> = names.iter().filter(|name| self.live.contains_key(*name)).cloned().collect();
        for name in &existing {
            self.live.remove(name);
            self.graph.forget(name);
        }
        if let Ok(runtime) = self.runtime() {
            // A runtime that died has dropped them as well; the next execution reports its death.
            let _ = runtime.call(&Request::Drop { names: existing.clone() });
        }
        self.write_changes(&mut |_| {});
        existing
    }
}
