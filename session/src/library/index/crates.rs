//! The crates that rustdoc documents for the index: nothing but re-exports, which it fills from the metadata of what they name.

use std::fmt::Write as _;

/// A crate of re-exports.
pub struct Source {
    /// Its name, and that of the folder that rustdoc writes.
    pub name: &'static str,
    /// Its text.
    pub text: String,
    /// Whether it needs a feature that rustc keeps for its own library; the index does without it if that fails.
    pub internal: bool,
}

/// Modules of std that people meet in notebooks.
const STD: &[&str] = &[
    "any",
    "array",
    "borrow",
    "boxed",
    "cell",
    "char",
    "cmp",
    "collections",
    "convert",
    "env",
    "error",
    "f32",
    "f64",
    "fmt",
    "fs",
    "hash",
    "hint",
    "io",
    "iter",
    "mem",
    "net",
    "num",
    "ops",
    "option",
    "panic",
    "path",
    "process",
    "ptr",
    "rc",
    "result",
    "slice",
    "str",
    "string",
    "sync",
    "thread",
    "time",
    "vec",
];

/// Macros that are in scope everywhere.
const MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "eprint",
    "eprintln",
    "env",
    "file",
    "format",
    "include_bytes",
    "include_str",
    "matches",
    "panic",
    "print",
    "println",
    "thread_local",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

/// Types of the language, and the names of their pages.
const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "slice", "array", "tuple", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8",
    "u16", "u32", "u64", "u128", "usize",
];

/// The crates; `libraries` are the foreign crates that the facade names and that would be far too much.
pub fn sources(libraries: &[&str]) -> Vec<Source> {
    vec![
        Source { name: "library", text: library(libraries), internal: false },
        Source { name: "std_names", text: standard(), internal: false },
        Source { name: "primitives", text: primitives(), internal: true },
    ]
}

fn library(libraries: &[&str]) -> String {
    let mut text =
        "#![allow(warnings)]\npub mod prelude {\n    #[doc(inline)]\n    pub use ironbook::prelude::*;\n}\n".to_owned();
    text.push_str("pub mod ironbook_facade {\n    #[doc(inline)]\n    pub use ironbook::*;\n");
    // A module of this one hides what a glob brings.
    for name in libraries.iter().chain(&["prelude", "rt"]) {
        let _ = writeln!(text, "    #[doc(hidden)]\n    pub mod {name} {{}}");
    }
    text.push_str("}\n");
    text
}

fn standard() -> String {
    let mut text =
        "#![allow(warnings)]\npub mod prelude {\n    #[doc(inline)]\n    pub use std::prelude::rust_2024::*;\n"
            .to_owned();
    for name in MACROS {
        let _ = writeln!(text, "    #[doc(inline)]\n    pub use std::{name};");
    }
    text.push_str("}\n");
    for name in STD {
        let _ = writeln!(text, "#[doc(inline)]\npub use std::{name};");
    }
    text
}

fn primitives() -> String {
    let mut text = "#![feature(rustc_attrs)]\n#![allow(warnings)]\n".to_owned();
    for name in PRIMITIVES {
        let _ =
            writeln!(text, "/// The type `{name}`.\n#[rustc_doc_primitive = \"{name}\"]\nmod primitive_{name} {{}}");
    }
    text
}

/// The path that cells write for a folder below a crate's pages; `None` for one that the index leaves out.
///
/// `""` is what cells have imported, `std::prelude` what Rust has.
pub fn module_path(source: &str, folders: &[&str], is_facade: &dyn Fn(&str) -> bool) -> Option<String> {
    Some(match (source, folders) {
        ("library", ["prelude"]) => String::new(),
        // Modules of polars' prelude hold again what the prelude has.
        ("library", ["prelude", first, ..]) if !is_facade(first) => return None,
        ("library", ["prelude", rest @ ..]) => rest.join("::"),
        ("library", ["ironbook_facade", rest @ ..]) => [&["ironbook"], rest].concat().join("::"),
        ("std_names", []) => "std".to_owned(),
        // Macros that are called as modules bring these along.
        ("std_names", ["prelude", _, ..]) => return None,
        ("std_names", folders) => format!("std::{}", folders.join("::")),
        ("primitives", []) => "primitive".to_owned(),
        _ => return None,
    })
}
