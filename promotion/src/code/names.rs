//! Names of types as a person would write them, and the `use`s that they need.

use std::collections::{BTreeMap, BTreeSet};

/// The prelude that every cell starts with, for telling which names need no `use`.
const PRELUDE: &str = include_str!("../../../stdlib/ironbook/src/prelude.rs");

/// Names of types as a person would write them.
pub(super) struct Types<'a> {
    pub(super) paths: &'a BTreeMap<String, String>,
    pub(super) uses: BTreeSet<String>,
}

impl Types<'_> {
    pub(super) fn name(&mut self, type_name: &str) -> String {
        let path = self.paths.get(type_name).cloned().unwrap_or_else(|| type_name.to_owned());
        let mut out = String::new();
        let mut word = String::new();
        for c in path.chars().chain(std::iter::once('\0')) {
            if c.is_alphanumeric() || c == '_' || c == ':' {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                out.push_str(&self.word(&word));
                word.clear();
            }
            if c != '\0' {
                out.push(c);
            }
        }
        out.replace("'_ ", "").replace("&str", "&'static str").replace("'static 'static", "'static")
    }

    fn word(&mut self, word: &str) -> String {
        if !word.contains("::") {
            return word.to_owned();
        }
        let last = last(word);
        let own = word.starts_with("crate::") || word.starts_with("cell::");
        let std_prelude = ["String", "Vec", "Option", "Result", "Box"].contains(&last)
            && ["::std::", "::alloc::", "::core::", "std::", "alloc::", "core::"]
                .iter()
                .any(|root| word.starts_with(root));
        if !own && !std_prelude && !in_prelude(word) {
            self.uses.insert(word.to_owned());
        }
        last.to_owned()
    }
}

pub(super) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// The way to a type that a person would write: the facade's modules, not the crates behind them.
pub(super) fn by_facade(path: &str) -> String {
    path.trim_start_matches("::").replace("ironbook::ironbook_", "ironbook::")
}

fn in_prelude(path: &str) -> bool {
    let name = last(path);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    path.contains("ironbook::prelude::")
        || path.contains("polars::prelude::")
        || PRELUDE.split(|c| !word(c)).any(|other| other == name)
}
