//! Panics: which cell they come from, and the user's frames of their backtrace.
//!
//! A boxed closure or a function can panic long after the cell that made it; its file name tells which one that was.

use crate::codegen::Generated;
use crate::compile::{Goal, file_name};
use crate::diagnostics::{self, Frame, Style};
use crate::event::Failure;
use crate::execute::Ready;
use crate::session::Session;
use ironbook_core::frame::Panic;
use std::path::PathBuf;
use std::sync::Arc;

/// Most cells whose twins are compiled for one backtrace.
const MOST_TWINS: usize = 3;

/// A cell that the runtime has loaded.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    generated: Arc<Generated>,
    object: PathBuf,
    opt_level: u8,
}

impl Session {
    pub(crate) fn remember_loaded(&mut self, ready: &Ready) {
        let generated = Arc::clone(&ready.generated);
        let loaded = Loaded { generated, object: ready.object.clone(), opt_level: ready.opt_level };
        self.loaded.insert(file_name(&ready.generated.text), loaded);
    }

    /// Text of a cell's standard error with places in generated files (of `dbg!`, of panics in threads) as places in cells.
    pub(crate) fn placed(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("cell_") {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (words, length) = self.place_at(rest).unwrap_or_else(|| ("cell_".to_owned(), "cell_".len()));
            out.push_str(&words);
            rest = &rest[length..];
        }
        out.push_str(rest);
        out
    }

    /// The place that `cell_0123456789ab.rs:LINE:COLUMN` at the start of a text stands for, and how long that is.
    fn place_at(&self, text: &str) -> Option<(String, usize)> {
        let (file, after) = text.split_once(".rs:")?;
        let generated = &self.loaded.get(&format!("{file}.rs"))?.generated;
        let (line, after) = after.split_once(':')?;
        let column: String = after.chars().take_while(char::is_ascii_digit).collect();
        let place =
            diagnostics::panic_place(&generated.map, &generated.text, line.parse().ok()?, column.parse().ok()?)?;
        let cell = self.text_of(place.execution)?;
        let before = cell.text.get(..place.range.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let at = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        let length = file.len() + ".rs:".len() + line.len() + 1 + column.len();
        Some((format!("cell {}:{}:{}", cell.number, at.0, at.1), length))
    }

    /// A panic in words, drawn over the cell that it was raised in.
    pub(crate) fn panicked(&self, panic: &Panic) -> Failure {
        let cells = |id| self.text_of(id);
        let file = panic.file.rsplit('/').next().unwrap_or("");
        let place = |loaded: &Loaded| {
            diagnostics::panic_place(&loaded.generated.map, &loaded.generated.text, panic.line, panic.column)
        };
        let location = self.loaded.get(file).and_then(place);
        diagnostics::panic_report(panic, location.as_ref(), &self.frames(panic), &cells, Style::Colour)
    }

    /// The user's frames, innermost first, from twins of the cells that have line tables.
    fn frames(&self, panic: &Panic) -> Vec<Frame> {
        let mut runs: Vec<(&PathBuf, Vec<u64>)> = Vec::new();
        for (object, offset) in &panic.frames {
            match runs.last_mut() {
                Some((last, offsets)) if *last == object => offsets.push(*offset),
                _ => runs.push((object, vec![*offset])),
            }
        }
        let cells = runs.iter().filter_map(|(object, offsets)| {
            let loaded = self.loaded.iter().find(|(_, loaded)| loaded.object == **object)?;
            Some((loaded, offsets))
        });
        cells.take(MOST_TWINS).flat_map(|((file, loaded), offsets)| self.resolve(file, loaded, offsets)).collect()
    }

    fn resolve(&self, file: &str, loaded: &Loaded, offsets: &[u64]) -> Vec<Frame> {
        let Generated { text, map, .. } = &*loaded.generated;
        let goal = Goal::Object { opt_level: loaded.opt_level, lines: true };
        let twin = self.compiler.compile(text, goal).ok().and_then(|compiled| compiled.object);
        let addresses = twin.and_then(|twin| diagnostics::resolve(&twin, &loaded.object, offsets));
        addresses.map(|addresses| diagnostics::user_frames(&addresses, file, map, text)).unwrap_or_default()
    }
}
