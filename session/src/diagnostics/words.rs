//! The compiler's words without the names that the engine made.

use std::collections::HashMap;

/// Whether a text speaks of generated code, so that it tells the user nothing.
pub(super) fn of_engine(text: &str) -> bool {
    const MARKS: [&str; 6] = [
        "__ironbook",
        "ironbook::rt",
        "ironbook_core::rt",
        "for `Stop` to implement",
        "`CellResult`",
        "question mark operation (`?`)",
    ];
    let tidied = tidy(text);
    MARKS.iter().any(|mark| text.contains(mark) || tidied.contains(mark))
}

/// Whether a note is noise in a notebook.
pub(super) fn is_noise(text: &str) -> bool {
    const STARTS: [&str; 7] = [
        "this error originates in the macro",
        "this warning originates in the macro",
        "the full name for the type has been written to",
        "the method call chain might not have had",
        "the full type name has been written to",
        "consider using `--verbose`",
        "if you wanted to use a crate named",
    ];
    STARTS.iter().any(|start| text.starts_with(start))
        || text.contains("on by default")
        || text.contains("--explain")
        || is_long_list(text)
}

/// "The following other types implement .. and 56 others".
fn is_long_list(text: &str) -> bool {
    text.lines().count() > 8 && text.trim_end().ends_with("others")
}

/// The text in a notebook's terms: no modules that carry a definition's hash, no closure where the user wrote none,
/// types of libraries by their last name unless two would then look alike.
pub(super) fn tidy(text: &str) -> String {
    let mut text = shorten_paths(&without_hash_modules(text));
    for (from, to) in [
        ("Result<(), Stop>", "Result"),
        (" in a closure that returns `Result`", " in a cell"),
        (" in an async block that returns `Result`", " in a cell"),
        (" in an async function that returns `Result`", " in a cell"),
        (" in a function that returns `Result`", " here"),
    ] {
        if text.contains(from) {
            text = text.replace(from, to);
        }
    }
    text
}

/// Removes `t_<hash>::`, and a `cell::` or `crate::` before it.
pub(super) fn without_hash_modules(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("t_") {
        let hash = &rest[at + 2..];
        let digits = hash.bytes().take_while(u8::is_ascii_hexdigit).count();
        let follows = digits >= 4 && hash[digits..].starts_with("::");
        let starts = !rest[..at].ends_with(is_ident);
        if follows && starts {
            let before = rest[..at].strip_suffix("cell::").or_else(|| rest[..at].strip_suffix("crate::"));
            out.push_str(before.unwrap_or(&rest[..at]));
            rest = &hash[digits + 2..];
        } else {
            out.push_str(&rest[..at + 2]);
            rest = hash;
        }
    }
    out.push_str(rest);
    out
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `polars_core::frame::DataFrame` becomes `DataFrame`, unless another path in the text ends in the same name.
fn shorten_paths(text: &str) -> String {
    let paths: Vec<&str> =
        text.split(|c: char| !is_ident(c) && c != ':').filter(|path| is_library_type(path)).collect();
    if paths.is_empty() {
        return text.to_owned();
    }
    let mut by_name: HashMap<&str, &str> = HashMap::new();
    let mut alike = Vec::new();
    for path in paths {
        let name = last(path);
        if by_name.insert(name, path).is_some_and(|other| other != path) {
            alike.push(name);
        }
    }
    let mut out = text.to_owned();
    let mut found: Vec<_> = by_name.into_iter().filter(|(name, _)| !alike.contains(name)).collect();
    found.sort_by_key(|(_, path)| std::cmp::Reverse(path.len()));
    for (name, path) in found {
        out = out.replace(path, name);
    }
    out
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// A path through lower-case modules of one of our libraries to a type.
fn is_library_type(path: &str) -> bool {
    const LIBRARIES: [&str; 4] = ["ironbook", "polars", "candle", "cell::"];
    let Some((modules, name)) = path.rsplit_once("::") else { return false };
    LIBRARIES.iter().any(|library| path.starts_with(library))
        && name.starts_with(char::is_uppercase)
        && modules.chars().all(|c| !c.is_uppercase())
}

/// A label without the closure that the engine put around the rest of a cell: what happens in it happens where the
/// user wrote it.
pub(super) fn without_closure(label: &str) -> String {
    let cut = label.find(" due to use").filter(|_| label.ends_with("in closure"));
    match cut {
        Some(cut) => format!("{} here", &label[..cut]),
        None => label.replace("later captured here by closure", "later used here"),
    }
}

/// A variable's name without what tells bindings of one name apart (`x@2`).
pub(super) fn variable(tag: &str) -> &str {
    tag.split('@').next().unwrap_or(tag)
}

/// The first text between backticks.
pub(super) fn quoted(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

/// The text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_modules_go() {
        assert_eq!(tidy("expected `cell::t_3fa9c0::Foo`, found `t_77aa01::Bar`"), "expected `Foo`, found `Bar`");
        assert_eq!(tidy("`crate::t_beef12::Foo` and first_::x, t_x::Y"), "`Foo` and first_::x, t_x::Y");
    }

    #[test]
    fn library_types_are_short_unless_alike() {
        assert_eq!(tidy("found `polars_core::frame::DataFrame`"), "found `DataFrame`");
        assert_eq!(
            tidy("expected `candle_core::Error`, found `polars_core::error::Error`"),
            "expected `candle_core::Error`, found `polars_core::error::Error`"
        );
        assert_eq!(tidy("`polars_core::prelude::cloud`"), "`polars_core::prelude::cloud`");
    }
}
