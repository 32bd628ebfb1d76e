//! Names that a cell does not know and the library has: the `use` that brings them in. The compiler looks no further than
//! the crates themselves, and the library's modules are crates that the facade passes on.

use crate::diagnostics::Message;
use crate::library::Library;
use crate::library::index::Index;
use std::collections::BTreeSet;

/// Names of libraries whose modules the index does not list, as cells reach them.
const BESIDE: &[(&str, &str)] = &[
    ("DateTime", "chrono::DateTime"),
    ("Deserialize", "serde::Deserialize"),
    ("Local", "chrono::Local"),
    ("NaiveDate", "chrono::NaiveDate"),
    ("NaiveDateTime", "chrono::NaiveDateTime"),
    ("Rng", "rand::Rng"),
    ("SeedableRng", "rand::SeedableRng"),
    ("Serialize", "serde::Serialize"),
    ("SliceRandom", "rand::seq::SliceRandom"),
    ("SmallRng", "rand::rngs::SmallRng"),
    ("StdRng", "rand::rngs::StdRng"),
    ("TimeDelta", "chrono::TimeDelta"),
    ("Utc", "chrono::Utc"),
];
/// Most names that are looked for, and most places of one that are named.
const MOST: usize = 3;

/// A line for each name that the messages do not know and the library has.
pub(crate) fn hints(messages: &[Message], library: &Library) -> Vec<String> {
    let names: BTreeSet<&str> = messages.iter().filter_map(unknown).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let index = library.index_path().and_then(|path| Index::load(&path).ok()).unwrap_or_default();
    names.into_iter().take(MOST).filter_map(|name| hint(&paths(name, &index))).collect()
}

/// The name that a message does not know and the compiler says nothing of.
fn unknown(message: &Message) -> Option<&str> {
    let is_unknown = message.is_error() && message.message.starts_with("cannot find ");
    let has_use = |child: &Message| child.message.starts_with("consider importing");
    let name = message.message.split('`').nth(1)?;
    (is_unknown && !message.children.iter().any(has_use)).then_some(name)
}

/// Where a name is, the shortest path first; at most three.
pub fn paths(name: &str, index: &Index) -> Vec<String> {
    let beside = BESIDE.iter().filter(|(known, _)| *known == name).map(|(_, path)| (*path).to_owned());
    let is_shown = |module: &&str| {
        let begins = module.starts_with("ironbook::") || module.starts_with("std::");
        begins && !module.split("::").any(|part| part.starts_with('_'))
    };
    let modules = index.modules().filter(is_shown);
    let has = |module: &&str| index.module(module).into_iter().flatten().any(|entry| entry.name == name);
    let mut paths: Vec<String> = beside.chain(modules.filter(has).map(|module| format!("{module}::{name}"))).collect();
    paths.sort_by_key(|path| path.matches("::").count());
    paths.truncate(MOST);
    paths
}

fn hint(paths: &[String]) -> Option<String> {
    let (first, others) = paths.split_first()?;
    let or = others.iter().map(|path| format!("`use {path};`")).collect::<Vec<_>>().join(" or ");
    let or = if or.is_empty() { or } else { format!(" (or {or})") };
    Some(format!("`use {first};` brings it in{or}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_the_compiler_explains_is_left_to_it() {
        let of = |text: &str, child: &str| {
            let help = Message { message: child.to_owned(), ..Message::default() };
            let level = crate::diagnostics::Level::Error;
            Message { message: text.to_owned(), level, children: vec![help], ..Message::default() }
        };
        assert_eq!(unknown(&of("cannot find type `StdRng` in this scope", "a similar name")), Some("StdRng"));
        assert_eq!(unknown(&of("cannot find derive macro `Serialize` in this scope", "")), Some("Serialize"));
        assert_eq!(unknown(&of("cannot find type `Rc` in this scope", "consider importing this struct")), None);
        assert_eq!(unknown(&of("mismatched types", "")), None);
    }

    #[test]
    fn the_nearest_place_comes_first() {
        assert_eq!(paths("StdRng", &Index::default()), ["rand::rngs::StdRng"]);
        assert!(BESIDE.is_sorted(), "in order, so that nothing stands twice");
        assert_eq!(hint(&[]), None);
        let both = ["a::X".to_owned(), "b::c::X".to_owned()];
        assert_eq!(hint(&both).unwrap(), "`use a::X;` brings it in (or `use b::c::X;`)");
    }
}
