//! From the names that `std::any::type_name` prints to paths that compile in a later cell.
//!
//! A name can run through private modules (`candle_core::tensor::Tensor`). Names of std and of the session's own types
//! are translated by rule; for all others the cell that made the value is checked once more with a mismatch in the
//! place of its put, and the compiler prints the visible path. What was found is kept on disk.

use crate::codegen::binding_of;
use crate::diagnostics::Message;
use crate::map::{Glue, SourceMap};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Types whose printed path has private modules, by rule.
const STD: &[(&str, &str)] = &[
    ("alloc::boxed::Box", "::std::boxed::Box"),
    ("alloc::collections::binary_heap::BinaryHeap", "::std::collections::BinaryHeap"),
    ("alloc::collections::btree::map::BTreeMap", "::std::collections::BTreeMap"),
    ("alloc::collections::btree::set::BTreeSet", "::std::collections::BTreeSet"),
    ("alloc::collections::linked_list::LinkedList", "::std::collections::LinkedList"),
    ("alloc::collections::vec_deque::VecDeque", "::std::collections::VecDeque"),
    ("alloc::rc::Rc", "::std::rc::Rc"),
    ("alloc::rc::Weak", "::std::rc::Weak"),
    ("alloc::string::String", "::std::string::String"),
    ("alloc::sync::Arc", "::std::sync::Arc"),
    ("alloc::sync::Weak", "::std::sync::Weak"),
    ("alloc::vec::Vec", "::std::vec::Vec"),
    ("alloc::vec::into_iter::IntoIter", "::std::vec::IntoIter"),
    ("core::any::Any", "::core::any::Any"),
    ("core::cell::Cell", "::core::cell::Cell"),
    ("core::cell::OnceCell", "::core::cell::OnceCell"),
    ("core::cell::RefCell", "::core::cell::RefCell"),
    ("core::cell::once::OnceCell", "::core::cell::OnceCell"),
    ("core::cmp::Ordering", "::core::cmp::Ordering"),
    ("core::cmp::Reverse", "::core::cmp::Reverse"),
    ("core::error::Error", "::core::error::Error"),
    ("core::fmt::Debug", "::core::fmt::Debug"),
    ("core::fmt::Display", "::core::fmt::Display"),
    ("core::marker::PhantomData", "::core::marker::PhantomData"),
    ("core::marker::Send", "::core::marker::Send"),
    ("core::marker::Sync", "::core::marker::Sync"),
    ("core::num::wrapping::Wrapping", "::core::num::Wrapping"),
    ("core::ops::function::Fn", "::core::ops::Fn"),
    ("core::ops::function::FnMut", "::core::ops::FnMut"),
    ("core::ops::function::FnOnce", "::core::ops::FnOnce"),
    ("core::ops::range::Range", "::core::ops::Range"),
    ("core::ops::range::RangeInclusive", "::core::ops::RangeInclusive"),
    ("core::option::Option", "::core::option::Option"),
    ("core::result::Result", "::core::result::Result"),
    ("core::time::Duration", "::core::time::Duration"),
    ("std::collections::hash::map::HashMap", "::std::collections::HashMap"),
    ("std::collections::hash::set::HashSet", "::std::collections::HashSet"),
    ("std::fs::File", "::std::fs::File"),
    ("std::hash::random::RandomState", "::std::hash::RandomState"),
    ("std::path::PathBuf", "::std::path::PathBuf"),
    ("std::sync::mpsc::Receiver", "::std::sync::mpsc::Receiver"),
    ("std::sync::mpsc::Sender", "::std::sync::mpsc::Sender"),
    ("std::sync::poison::mutex::Mutex", "::std::sync::Mutex"),
    ("std::sync::poison::rwlock::RwLock", "::std::sync::RwLock"),
    ("std::thread::JoinHandle", "::std::thread::JoinHandle"),
    ("std::thread::join_handle::JoinHandle", "::std::thread::JoinHandle"),
    ("std::time::Instant", "::std::time::Instant"),
    ("std::time::SystemTime", "::std::time::SystemTime"),
];

const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8",
    "usize",
];

/// Why a value cannot be used by a later cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unnameable {
    /// A closure, or something that contains one.
    Closure,
    /// A function item.
    Function,
    /// Anything else that the compiler prints but does not accept.
    Other,
}

impl Unnameable {
    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Unnameable::Closure => {
                "box it with its signature (`let f: Box<dyn Fn(f64) -> f64> = Box::new(move |x| ..)`), make it a `fn`, \
                 or collect an iterator into a `Vec`"
            }
            Unnameable::Function => "give it a function pointer's type: `let f: fn(f64) -> f64 = name;`",
            Unnameable::Other => "convert it to a type that can be written down, or make and use it in one cell",
        }
    }
}

/// Known paths of types, kept on disk for one build of the library.
#[derive(Clone, Debug, Default)]
pub struct TypeBook {
    file: PathBuf,
    found: BTreeMap<String, String>,
    distrusted: BTreeSet<String>,
}

impl TypeBook {
    /// Opens the book; an unreadable one is an empty one.
    pub fn open(file: PathBuf) -> Self {
        let found = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        TypeBook { file, found, distrusted: BTreeSet::new() }
    }

    /// The path of a type, if it is known or follows by rule.
    pub fn path(&self, type_name: &str) -> Option<String> {
        if let Some(path) = self.found.get(type_name) {
            return Some(path.clone());
        }
        if self.distrusted.contains(type_name) { None } else { by_rule(type_name) }
    }

    /// Adds a path that the compiler printed.
    pub fn learn(&mut self, type_name: &str, path: String) {
        self.found.insert(type_name.to_owned(), path);
        if !type_name.contains("cell::")
            && let Ok(bytes) = serde_json::to_vec_pretty(&self.found)
        {
            // The book is a cache: without it the compiler is asked again.
            if let Some(parent) = self.file.parent() {
                let _ = std::fs::create_dir_all(parent);
            }
            let _ = crate::compile::write_atomically(&self.file, &bytes);
        }
    }

    /// Adds a path for this session only.
    pub fn suppose(&mut self, type_name: &str, path: String) {
        self.found.insert(type_name.to_owned(), path);
    }

    /// Takes back a path that did not compile or named another type.
    pub fn distrust(&mut self, type_name: &str) {
        self.found.remove(type_name);
        self.distrusted.insert(type_name.to_owned());
    }
}

/// Whether no path can exist.
pub fn unnameable(type_name: &str) -> Option<Unnameable> {
    if type_name.contains("{{closure}}") || type_name.contains("{closure") {
        Some(Unnameable::Closure)
    } else if words(type_name).any(is_function) {
        Some(Unnameable::Function)
    } else {
        None
    }
}

fn words(type_name: &str) -> impl Iterator<Item = &str> {
    type_name.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
}

/// Types have capitalised names (primitives and modules stand alone or before `::`); a path that ends otherwise is a function's.
fn is_function(word: &str) -> bool {
    word.rsplit_once("::").is_some_and(|(_, last)| last.starts_with(char::is_lowercase))
}

/// Translates a name whose paths are all of std or of the session.
fn by_rule(type_name: &str) -> Option<String> {
    translated(type_name, &translate)
}

/// A name with each path in it put otherwise.
fn translated(type_name: &str, put: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if ["{", "impl ", "for<"].iter().any(|hard| type_name.contains(hard)) {
        return None;
    }
    let mut out = String::new();
    let mut word = String::new();
    for c in type_name.chars().chain(std::iter::once('\0')) {
        if c.is_alphanumeric() || c == '_' || c == ':' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            out.push_str(&put(&word)?);
            word.clear();
        }
        if c != '\0' {
            out.push(c);
        }
    }
    Some(out)
}

/// The same with the last name of each path, which the prelude may have.
pub fn by_last_names(type_name: &str) -> Option<String> {
    let last = |word: &str| translate(word).or_else(|| word.rsplit_once("::").map(|(_, last)| last.to_owned()));
    translated(type_name, &last)
}

fn translate(word: &str) -> Option<String> {
    // Where an elided lifetime was meant otherwise the types differ, and the compiler is asked.
    if ["dyn", "fn", "mut", "const"].contains(&word)
        || PRIMITIVES.contains(&word)
        || word.chars().all(|c| c.is_ascii_digit())
    {
        return Some(word.to_owned());
    }
    if let Some(own) = word.strip_prefix("cell::") {
        return Some(format!("crate::{own}"));
    }
    STD.iter().find(|(from, _)| *from == word).map(|(_, to)| (*to).to_owned())
}

/// Names that make the compiler print whole paths: a type is abbreviated only while its name is unique.
pub fn shadows(type_names: &BTreeSet<String>) -> String {
    let mut names = BTreeSet::new();
    for type_name in type_names {
        for word in words(type_name) {
            if let Some((_, last)) = word.rsplit_once("::")
                && last.starts_with(char::is_alphabetic)
            {
                names.insert(last.to_owned());
            }
        }
    }
    let structs: String = names.iter().map(|name| format!("pub struct {name}; ")).collect();
    format!("pub mod __ironbook_shadow {{ {structs} }}\n")
}

/// The types that a probe made the compiler print, by variable; of several of one name the first, which is the newest.
pub fn printed(messages: &[Message], map: &SourceMap) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for message in messages.iter().filter(|m| m.code() == Some("E0308")) {
        for span in &message.spans {
            let label = span.label.as_deref().unwrap_or("");
            let Some(Glue::Put(tag)) = map.glue(span.byte_start) else { continue };
            if let Some(ty) = label.strip_prefix("this expression has type `").and_then(|rest| rest.strip_suffix('`')) {
                out.entry(binding_of(tag).0).or_insert_with(|| tidy(ty));
            }
        }
    }
    out
}

/// The compiler names `Error` by a crate's alias of it.
const ALIASES: &[(&str, &str)] = &[("dyn StdError", "dyn ::core::error::Error")];

/// Makes a printed type acceptable as source: the dylib's name in cells, integers without a type, erased lifetimes.
fn tidy(printed: &str) -> String {
    let printed = ALIASES.iter().fold(printed.to_owned(), |text, (alias, path)| text.replace(alias, path));
    printed
        .replace("ironbook_std::", "ironbook::")
        .replace("{integer}", "i32")
        .replace("{float}", "f64")
        .replace("&'_ ", "&")
        .replace("'_ ", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let cases = [
            ("alloc::vec::Vec<alloc::string::String>", Some("::std::vec::Vec<::std::string::String>")),
            ("(i32, [f64; 3], &str)", Some("(i32, [f64; 3], &str)")),
            ("cell::t_3fa9::Foo", Some("crate::t_3fa9::Foo")),
            ("core::option::Option<cell::t_1::Foo<u8>>", Some("::core::option::Option<crate::t_1::Foo<u8>>")),
            ("polars_core::frame::DataFrame", None),
            (
                "alloc::boxed::Box<dyn core::ops::function::Fn(i32) -> i32>",
                Some("::std::boxed::Box<dyn ::core::ops::Fn(i32) -> i32>"),
            ),
            (
                "alloc::rc::Rc<dyn cell::t_1::Draw + core::marker::Send>",
                Some("::std::rc::Rc<dyn crate::t_1::Draw + ::core::marker::Send>"),
            ),
            ("fn(&str) -> usize", Some("fn(&str) -> usize")),
        ];
        for (name, expected) in cases {
            assert_eq!(by_rule(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn functions_and_closures_have_no_path() {
        let cases = [
            ("cell::helper", Some(Unnameable::Function)),
            ("(i32, core::mem::swap<i32>)", Some(Unnameable::Function)),
            ("cell::__ironbook_cell_1::{{closure}}", Some(Unnameable::Closure)),
            ("fn(f64) -> f64", None),
            ("alloc::vec::Vec<cell::t_1::Foo<f64>>", None),
        ];
        for (name, expected) in cases {
            assert_eq!(unnameable(name), expected, "{name}");
        }
    }

    #[test]
    fn shadows_are_the_last_segments() {
        let names = BTreeSet::from(["a::b::Foo<c::Bar, i32>".to_owned()]);
        assert_eq!(shadows(&names), "pub mod __ironbook_shadow { pub struct Bar; pub struct Foo;  }\n");
    }
}
