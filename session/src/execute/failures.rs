//! Why a cell was not compiled, in words.

use super::{Draft, Prepared};
use crate::compile::Goal;
use crate::diagnostics::{self, Context, Message, Style};
use crate::event::{Failure, FailureKind};
use crate::imports;
use crate::map::{Builder, ExecutionId, SourceMap};
use crate::session::Session;
use crate::source::Source;
use crate::text::{RustText, emit};
use std::collections::BTreeSet;

impl Session {
    pub(super) fn compile_failure(&self, messages: &[Message], draft: &Draft, prepared: &Prepared) -> Failure {
        let context =
            Context { map: &draft.generated.map, generated: &draft.generated.text, cells: &|id| self.text_of(id) };
        let mut failure = diagnostics::report(messages, &context, Style::Colour);
        for hint in self.hints(messages, prepared) {
            failure = failure.hint(hint);
        }
        for name in &prepared.outdated {
            if failure.message.contains(&format!("`{name}`")) {
                failure =
                    failure.hint(format!("`{name}` had the type's earlier definition and went with it; make it anew"));
            }
        }
        failure
    }

    /// What the session knows of the names that the compiler did not find.
    pub(crate) fn hints(&self, messages: &[Message], prepared: &Prepared) -> Vec<String> {
        let unseen: BTreeSet<&str> =
            messages.iter().filter(|m| m.code() == Some("E0425")).filter_map(|m| m.message.split('`').nth(1)).collect();
        let lost = self.lost.iter().filter(|(name, _)| unseen.contains(name.as_str()));
        let mut hints = imports::hints(messages, self.library());
        hints.extend(lost.map(|(name, (execution, how))| {
            format!("`{name}` {how}; run cell {} again to make it anew", self.shown(*execution))
        }));
        let is_gone = |name: &str| !self.live.contains_key(name) && !self.lost.contains_key(name);
        let moved = self.moved.iter().filter(|(name, _)| unseen.contains(name.as_str()) && is_gone(name));
        hints.extend(moved.map(|(name, by)| {
            format!("`{name}` was moved by cell {}, or ended with it; `clone` it there to keep it", self.shown(*by))
        }));
        let live = unseen.into_iter().find(|name| self.live.contains_key(*name) && !prepared.dropped(name));
        hints.extend(live.map(|name| {
            format!(
                "functions do not see variables: hand `{name}` over as an argument, or make it a `const` or `static`"
            )
        }));
        hints
    }

    /// The error of a cell that does not parse: rustc words it better than the parser.
    pub(crate) fn syntax_failure(&self, source: &Source, execution: ExecutionId, error: &syn::Error) -> Failure {
        let (generated, map) = as_body(source, execution);
        match self.compiler.compile(&generated, Goal::Check) {
            Ok(compiled) if compiled.messages.iter().any(Message::is_error) => {
                let context = Context { map: &map, generated: &generated, cells: &|id| self.text_of(id) };
                let mut failure = diagnostics::report(&compiled.messages, &context, Style::Colour);
                if failure.kind == FailureKind::Compile {
                    failure.kind = FailureKind::Syntax;
                }
                failure
            }
            Ok(_) => Failure::new(FailureKind::Syntax, "syntax", format!("the cell could not be taken apart: {error}")),
            Err(error) => no_compiler(&error),
        }
    }
}

/// A cell that does not parse, as it stands, in a function.
pub(crate) fn as_body(source: &Source, execution: ExecutionId) -> (String, SourceMap) {
    let text = RustText::new(source, execution);
    let mut builder = Builder::default();
    builder.glue("fn __ironbook_cell() {\n");
    emit(&mut builder, &text.pieces(0..text.text.len(), &[]));
    builder.glue("\n}\n");
    builder.finish()
}

/// The compiler could not be called at all.
pub(crate) fn no_compiler(error: &std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let hint = if full {
        "free some space, or set IRONBOOK_HOME to a directory on another disk"
    } else {
        "run `ironbook doctor`: it checks the compiler, the linker and the cache directory"
    };
    Failure::new(FailureKind::Environment, "compiler", format!("the cell could not be compiled: {error}")).hint(hint)
}
