//! Taking a checked cell for run: its items come in force, and its variables get the types that the compiler tells.

use super::{Checked, Checker, Sound, is_gone};
use crate::codegen::{self, Binding, binding_of};
use crate::compile::Goal;
use crate::execute::Prepared;
use crate::map::{ExecutionId, Glue, Origin};
use crate::parse::Kind;
use crate::session::Live;
use crate::source::Source;
use crate::types;
use ironbook_core::frame::Kept;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Words that come before the name of an item.
const BEFORE_NAMES: [&str; 10] =
    ["fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static", "macro_rules"];
/// Words that stand among names in patterns and in `use`.
const AMONG_NAMES: [&str; 6] = ["mut", "ref", "as", "self", "crate", "_"];

/// Types that variables often have: asked for at once, they need no second compile.
const USUAL: &str = "x::Arc x::BTreeMap x::BTreeSet x::Box x::Column x::DataFrame x::Expr x::HashMap x::HashSet x::LazyFrame \
                     x::Matrix x::Option x::Rc x::Result x::Series x::String x::Table x::Tensor x::Vec";

impl Checker {
    /// Checks a cell and takes it for run: later cells see its items and variables.
    ///
    /// Of a cell with errors the names are remembered, so that no later cell is blamed for using them, and what it makes beside
    /// the errors is taken over.
    pub fn follow(&mut self, source: &Source) -> Checked {
        let (mut checked, sound) = self.look(source);
        match sound {
            Ok(sound) => {
                let made = made(&sound.draft.generated);
                self.take_over(sound, &mut checked);
                if checked.guess {
                    self.guessed.extend(made);
                } else {
                    self.guessed.retain(|name| !made.contains(name));
                }
            }
            // Also where all that is wrong follows from names that are not known.
            Err(refused) => {
                let names = self.remember_names(source);
                // One that was there has another type now, which nobody knows.
                self.guessed.extend(names.into_iter().filter(|name| self.session.live.contains_key(name)));
                if let Some(refused) = refused {
                    self.salvage(*refused, source, &mut checked);
                }
            }
        }
        self.session.last += 1;
        checked
    }

    /// Passes over a cell that cannot be taken apart at all: its names are remembered.
    pub fn skip(&mut self, text: &str) -> ExecutionId {
        let execution = self.execution();
        self.session.texts.insert(execution, text.to_owned());
        self.remember_names(&Source::plain(text));
        self.session.last += 1;
        execution
    }

    /// Takes a name for known though nobody says what it is: a crate that is not built here.
    pub fn assume(&mut self, name: &str) {
        self.unknown.insert(name.to_owned());
    }

    fn take_over(&mut self, sound: Sound, checked: &mut Checked) {
        let generated = &sound.draft.generated;
        let made = made(generated);
        let printed = if made.is_empty() { BTreeMap::new() } else { self.printed(generated, &made, checked) };
        let gone = |name: &&String| sound.prepared.dropped(name) || made.contains(*name);
        let dropped: Vec<String> = self.session.live.keys().filter(gone).cloned().collect();
        dropped.iter().for_each(|name| drop(self.session.live.remove(name)));
        for ((name, level), placement) in sound.findings.placed() {
            if level.is_none() && is_gone(&placement) {
                self.session.live.remove(&name);
            }
        }
        if !sound.prepared.own.is_empty() {
            self.session.take_items(&sound.prepared, &sound.findings.left_out);
        }
        let maker = Arc::new(sound.draft.generated);
        for name in made {
            match printed.get(&name) {
                Some(path) => self.put(&name, path, &sound.prepared, &maker),
                None => drop(self.unknown.insert(name)),
            }
        }
    }

    pub(super) fn put(&mut self, name: &str, path: &str, prepared: &Prepared, maker: &Arc<codegen::Generated>) {
        // Where the type cannot be written down, a later cell is told so.
        let closure = path.contains("{closure");
        let type_name = if closure { "{{closure}}".to_owned() } else { self.as_named(path) };
        if !closure {
            self.session.types.suppose(&type_name, path.to_owned());
        }
        let live = Live {
            type_name,
            shape: None,
            bytes: 0,
            columns: Vec::new(),
            execution: prepared.execution,
            maker: Some(Arc::clone(maker)),
            kept: Kept::Unknown,
        };
        self.unknown.remove(name);
        self.session.live.insert(name.to_owned(), live);
    }

    /// A path as `std::any::type_name` prints it where the session's own types are concerned.
    fn as_named(&self, path: &str) -> String {
        let homes = self.session.items.homes();
        homes.iter().fold(path.to_owned(), |path, home| path.replace(&format!("{home}::"), &format!("cell::{home}::")))
    }

    /// The types of the cell's variables, as paths that compile in later cells.
    pub(super) fn printed(
        &self,
        generated: &codegen::Generated,
        made: &BTreeSet<String>,
        checked: &mut Checked,
    ) -> BTreeMap<String, String> {
        let asked = |(name, level): &Binding| level.is_some() && made.contains(name);
        let (text, map) = codegen::probe(generated, &asked);
        // The compiler shortens what is unique: first it is asked with the names that the cell mentions, then with those
        // that it has answered.
        let mut names = capitalised(&generated.text);
        names.extend(USUAL.split_whitespace().map(str::to_owned));
        let mut found = BTreeMap::new();
        for _ in 0..2 {
            let shadowed = format!("{text}{}", types::shadows(&names));
            let handle = self.session.handle();
            let compiled = self.session.compiler.compile_stoppable(&shadowed, Goal::Check, handle.compiling());
            let Ok(compiled) = compiled else { return found };
            if handle.pressed() {
                return found;
            }
            checked.compiles += 1;
            checked.seconds += compiled.seconds;
            found = types::printed(&compiled.messages, &map);
            let fresh: BTreeSet<String> = found.values().flat_map(|path| capitalised(path)).collect();
            if fresh.is_subset(&names) {
                break;
            }
            names.extend(fresh);
        }
        found.retain(|_, path| path.contains("{closure") || syn::parse_str::<syn::Type>(path).is_ok());
        found
    }

    /// The names that a cell with errors would have made; gives them.
    fn remember_names(&mut self, source: &Source) -> BTreeSet<String> {
        let names = self.names_of(source);
        self.unknown.extend(names.iter().cloned());
        names
    }

    fn names_of(&self, source: &Source) -> BTreeSet<String> {
        if let Ok(prepared) = self.session.prepare(source, self.session.last + 1) {
            let lets = prepared.cell.statements.iter().filter_map(|statement| match &statement.kind {
                Kind::Let { names, .. } => Some(names),
                _ => None,
            });
            return lets.flatten().cloned().chain(prepared.own.iter().map(|key| key.name.clone())).collect();
        }
        names(&source.rust())
    }
}

/// Names of the variables that a cell makes and that stay.
pub(super) fn made(generated: &codegen::Generated) -> BTreeSet<String> {
    let put = generated.map.segments.iter().filter_map(|segment| match &segment.origin {
        Origin::Glue(Glue::Put(tag)) => Some(binding_of(tag)),
        _ => None,
    });
    put.filter(|(_, level)| level.is_some()).map(|(name, _)| name).collect()
}

/// The names that a text which cannot be taken apart may define: those of items, and what stands in patterns and in `use`.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut before = "";
    for (at, word) in words(text).filter(|(_, word)| *word != "mut") {
        let rest = &text[at + word.len()..];
        let listed = match word {
            "let" => rest.split(['=', ';']).next(),
            "use" => rest.split(';').next(),
            _ => None,
        };
        let listed = listed.unwrap_or_default();
        let is_path = |at: usize| listed[at..].starts_with("::");
        // In a pattern, types are written with capitals, and make no name.
        let is_named =
            |own: &str| !AMONG_NAMES.contains(&own) && (word == "use" || !own.starts_with(char::is_uppercase));
        let own = words(listed).filter(|(at, own)| !is_path(at + own.len()) && is_named(own));
        names.extend(own.map(|(_, own)| own.to_owned()));
        if BEFORE_NAMES.contains(&before) && !BEFORE_NAMES.contains(&word) {
            names.insert(word.to_owned());
        }
        before = word;
    }
    names
}

/// The words of a text, with the bytes that they begin at.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    text.split(move |c: char| !inside(c)).filter_map(move |word| {
        let begins = at;
        let behind = text[at + word.len()..].chars().next();
        at += word.len() + behind.map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((begins, word))
    })
}

/// The capitalised words of a text, as paths that [`types::shadows`] takes the last names of.
fn capitalised(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with(char::is_uppercase)).map(|word| format!("x::{word}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_text_that_does_not_parse_are_those_that_it_binds() {
        for (text, expected) in [
            ("let (left, mut right) = split(data;", &["left", "right"][..]),
            ("let Point { x, y: geo::Deep(ref z) } = p; x +;", &["x", "y", "z"]),
            ("let ü: Vec<f64> = (1;", &["f64", "ü"]),
            ("use rand::{rngs::StdRng, Rng as _, self};\n(", &["StdRng", "Rng"]),
            ("static mut N: i32 = (; pub const fn f() {}\nmacro_rules! m { ( }", &["N", "f", "m"]),
            ("f(", &[]),
        ] {
            let mut expected: Vec<&str> = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(names(text).into_iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
