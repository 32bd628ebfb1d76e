//! What is known of a session at one moment.

use crate::complete;
use ironbook_magics::split::{Names, Style};
use ironbook_magics::{Engine, Registry, Shell, lexer, registry, split};
use ironbook_session::library::index::Index;
use ironbook_session::{ExecutionId, ItemInfo, Variable};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What is known of a session at one moment.
#[derive(Clone, Default)]
pub struct View {
    /// The live variables.
    pub variables: Vec<Variable>,
    /// The items in force.
    pub items: Vec<ItemInfo>,
    /// The magics.
    pub registry: Registry,
    /// The numbers that the user sees at cells, where they are not those of the executions.
    pub numbers: BTreeMap<ExecutionId, u64>,
    /// The cells' working directory.
    pub directory: PathBuf,
    /// The names of the library and of std: [`Index::load`] of what `Library::index_path` says, loaded once.
    pub index: Option<Arc<Index>>,
    /// The cells that search for parameters (`%%tune`): number and text, oldest first.
    pub searches: Vec<(u64, String)>,
}

/// Those of the cells, by number and text, that search for parameters.
pub fn searches<'t>(cells: impl Iterator<Item = (u64, &'t str)>) -> Vec<(u64, String)> {
    cells.filter(|(_, text)| text.contains("trial.")).map(|(number, text)| (number, text.to_owned())).collect()
}

/// A variable that no execution has made.
fn variable(name: &str, type_name: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        shape: None,
        bytes: 0,
        cell: 0,
        stale: None,
        columns: Vec::new(),
    }
}

impl View {
    /// The view of a shell between two cells; it asks the runtime for its variables.
    pub fn of<E: Engine>(shell: &mut Shell<E>, index: Option<Arc<Index>>) -> View {
        let numbers =
            shell.cells().iter().flat_map(|cell| cell.executions.iter().map(|execution| (*execution, cell.number)));
        View {
            numbers: numbers.collect(),
            registry: shell.registry().clone(),
            variables: shell.engine().variables(),
            items: shell.engine().items(),
            directory: shell.engine().directory().to_owned(),
            index,
            searches: searches(shell.cells().iter().map(|cell| (cell.number, cell.text.as_str()))),
        }
    }

    /// The variable of a name.
    pub(crate) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The view from within a cell: with what its magic gives to its body.
    pub(crate) fn within(&self, text: &str) -> Cow<'_, View> {
        let magics = split(text, self).into_iter().filter_map(|piece| match piece.kind {
            split::Kind::Cell { name, .. } => self.registry.find(&name),
            _ => None,
        });
        let given: Vec<Variable> =
            magics.flat_map(|magic| magic.gives()).map(|(name, of)| variable(name, of)).collect();
        if given.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut view = self.clone();
        view.variables.extend(given);
        Cow::Owned(view)
    }

    /// The number that the user sees at the cell of an execution.
    pub(crate) fn number(&self, execution: ExecutionId) -> u64 {
        self.numbers.get(&execution).copied().unwrap_or(execution)
    }

    /// Magics of the user's own: functions and macros called `magic_name`.
    pub(crate) fn own_magics(&self) -> impl Iterator<Item = &ItemInfo> {
        self.items.iter().filter(|item| matches!(item.kind.as_str(), "fn" | "macro") && item.name.starts_with("magic_"))
    }

    /// The text with everything that is no Rust replaced by spaces, so that places stay.
    pub fn rust_of(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for piece in split(text, self) {
            blank(&text[done..piece.range.start], &mut out);
            let keep = match &piece.kind {
                split::Kind::Rust => piece.range.start,
                split::Kind::Line { name, args, .. } if self.holds_code(name) => {
                    args.start.clamp(piece.range.start, piece.range.end)
                }
                split::Kind::Cell { name, body, .. } if crate::whole::is_code(self, name) => body.start,
                _ => piece.range.end,
            };
            blank(&text[piece.range.start..keep], &mut out);
            let options = match &piece.kind {
                split::Kind::Line { name, .. } => self.options_length(name, &text[keep..piece.range.end]),
                _ => 0,
            };
            blank(&text[keep..keep + options], &mut out);
            out.push_str(&text[keep + options..piece.range.end]);
            done = piece.range.end;
        }
        blank(&text[done..], &mut out);
        out
    }

    /// Bytes of `--options` and their values before the code of a magic.
    fn options_length(&self, magic: &str, args: &str) -> usize {
        let Some(magic) = self.registry.find(magic) else { return 0 };
        let command = registry::command(magic);
        let mut at = 0;
        let mut is_value = false;
        loop {
            let word = args[at..].split(char::is_whitespace).next().unwrap_or("");
            let option = complete::option_named(&command, word).filter(|_| !is_value);
            if !is_value && option.is_none() {
                return at;
            }
            is_value = option.is_some_and(|option| option.get_action().takes_values() && !word.contains('='));
            at += word.len();
            at += args[at..].len() - args[at..].trim_start().len();
            if args[at..].is_empty() {
                return at;
            }
        }
    }

    /// Whether Rust may stand in the magic's arguments.
    pub(crate) fn holds_code(&self, magic: &str) -> bool {
        matches!(self.style(magic), Some(Style::Code | Style::Pairs))
    }
}

fn blank(text: &str, out: &mut String) {
    for c in text.chars() {
        if c == '\n' {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        }
    }
}

impl Names for View {
    fn style(&self, magic: &str) -> Option<Style> {
        self.registry.find(magic).map(|magic| magic.style())
    }

    fn is_defined(&self, name: &str) -> bool {
        debug_assert!(name.chars().all(lexer::is_word), "names are words");
        self.variable(name).is_some() || self.items.iter().any(|item| item.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rust_is_blanked() {
        let view = View::default();
        for (text, rust) in [
            ("let ä = 1;\n%cd ü\nä", "let ä = 1;\n      \nä"),
            ("%timeit -n 3 f(x)", "             f(x)"),
            ("%%time\nf(x)", "      \nf(x)"),
            ("%%bash\nls", "      \n  "),
            ("!ls", "   "),
        ] {
            assert_eq!(view.rust_of(text).len(), text.len(), "{text}");
            let spaces = |text: &str| text.replace("   ", "").trim().to_owned();
            assert_eq!(spaces(&view.rust_of(text)), spaces(rust), "{text}");
        }
    }
}
