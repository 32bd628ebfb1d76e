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
