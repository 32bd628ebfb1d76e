//! The last strokes on the code of a version: what the compiler remarks of it and did not of the cells.

use crate::program::{BuildError, Crates, compiler, main_file};
use crate::write::formatted;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;
use syn::spanned::Spanned as _;

/// Takes out of `src/stages.rs` what the compiler says is not used: imports, `mut`, names. What is left of it, and other
/// things that cells may have (`let X`, a field that nobody reads), is allowed where it stands.
///
/// # Errors
/// When a file cannot be read or written; when the stages do not compile.
pub(crate) fn tidy(crates: Crates<'_>, version: &Path) -> Result<(), BuildError> {
    for _ in 0..6 {
        let mut command = compiler(crates);
        let scratch = tempfile::tempdir()?;
        command.arg(main_file(crates, version, scratch.path())?);
        command.args(["--emit=metadata", "--error-format=json", "-W", "unused"]);
        let output = command.arg("--out-dir").arg(scratch.path()).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let messages: Vec<serde_json::Value> =
            stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if !output.status.success() {
            let rendered = messages.iter().filter_map(|message| message["rendered"].as_str());
            return Err(BuildError::Compile(rendered.collect::<String>().trim().to_owned()));
        }
        let path = version.join("src/stages.rs");
        let text = fs::read_to_string(&path)?;
        let mut better = changed(&text, &messages);
        let last = better == text;
        if last {
            better = allowed(&text, &messages);
        }
        if better != text {
            fs::write(&path, formatted(&crates.library.sysroot.join("bin/rustfmt"), &better))?;
        }
        if last {
            break;
        }
    }
    Ok(())
}

/// What the compiler remarks where it would do itself what is to be done.
const TIDIED: &[&str] = &["unused_imports", "unused_mut", "unused_parens", "unused_braces"];
/// The same where it leaves the choice: the session shows that nobody wants the name, or the value.
const CHOSEN: &[&str] = &["unused_variables", "unused_must_use"];

/// Applies what the compiler would do itself, or proposes.
fn changed(text: &str, messages: &[serde_json::Value]) -> String {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for message in messages {
        let code = message["code"]["code"].as_str().unwrap_or("");
        let chosen = CHOSEN.contains(&code);
        if !chosen && !TIDIED.contains(&code) {
            continue;
        }
        let children = message["children"].as_array().into_iter().flatten();
        let found: Vec<_> = children
            .flat_map(|child| child["spans"].as_array().into_iter().flatten())
            .filter(|span| chosen || span["suggestion_applicability"] == "MachineApplicable")
            .filter_map(|span| Some((bytes(span)?, span["suggested_replacement"].as_str()?)))
            .collect();
        if found.is_empty() && code == "unused_imports" {
            let spans = message["spans"].as_array().into_iter().flatten();
            edits.extend(
                spans.filter_map(|span| whole_use(text, bytes(span)?)).map(|(from, to)| (from, to, String::new())),
            );
        }
        edits.extend(found.into_iter().map(|((from, to), with)| (from, to, with.to_owned())));
    }
    edits.sort();
    edits.dedup();
    let mut out = text.to_owned();
    let mut before = usize::MAX;
    for (from, to, with) in edits.into_iter().rev() {
        if to <= before && out.is_char_boundary(from) && to <= out.len() && out.is_char_boundary(to) {
            let mutable = out[from..to].trim() == "mut";
            out.replace_range(from..to, &with);
            before = from;
            if let Some(line) = bound_anew(&out, from).filter(|_| mutable) {
                before = line.start;
                out.replace_range(line, "");
            }
        }
    }
    out
}

/// The line around a byte, if it binds a name to itself: it was to be changed, and is not.
fn bound_anew(text: &str, at: usize) -> Option<Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let end = at + text.get(at..)?.find('\n')? + 1;
    let (name, value) = text[start..end].trim().strip_prefix("let ")?.strip_suffix(';')?.split_once(" = ")?;
    (name == value).then_some(start..end)
}

/// What cells may have without a remark.
const ALLOWED: &[&str] = &[
    "dead_code",
    "non_camel_case_types",
    "non_snake_case",
    "non_upper_case_globals",
    "path_statements",
    "private_bounds",
    "private_interfaces",
    "unreachable_code",
    "unreachable_patterns",
    "unused_assignments",
    "unused_doc_comments",
    "unused_labels",
    "unused_macro_rules",
    "unused_variables",
];

/// Allows what is remarked, at the items in which it stands.
fn allowed(text: &str, messages: &[serde_json::Value]) -> String {
    let Ok(file) = syn::parse_file(text) else { return text.to_owned() };
    let mut lints: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for message in messages {
        let code = ALLOWED.iter().find(|code| message["code"]["code"] == **code);
        let mut primary = message["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true);
        let Some((code, (from, _))) = code.zip(primary.find_map(bytes)) else { continue };
        let item = file.items.iter().find(|item| item.span().byte_range().contains(&from));
        if let Some(at) = item.and_then(|item| behind_attributes(text, item)) {
            lints.entry(at).or_default().insert(code);
        }
    }
    let mut out = text.to_owned();
    for (at, codes) in lints.into_iter().rev() {
        let codes: Vec<&str> = codes.into_iter().collect();
        out.insert_str(at, &format!("#[allow({}, reason = \"as the cells have it\")]\n", codes.join(", ")));
    }
    out
}

/// Where an item begins behind its comments and attributes.
fn behind_attributes(text: &str, item: &syn::Item) -> Option<usize> {
    let attributes = match item {
        syn::Item::Const(of) => &of.attrs,
        syn::Item::Enum(of) => &of.attrs,
        syn::Item::Fn(of) => &of.attrs,
        syn::Item::Impl(of) => &of.attrs,
        syn::Item::Macro(of) => &of.attrs,
        syn::Item::Mod(of) => &of.attrs,
        syn::Item::Static(of) => &of.attrs,
        syn::Item::Struct(of) => &of.attrs,
        syn::Item::Trait(of) => &of.attrs,
        syn::Item::Type(of) => &of.attrs,
        syn::Item::Union(of) => &of.attrs,
        _ => return None,
    };
    let Some(last) = attributes.last() else { return Some(item.span().byte_range().start) };
    let end = last.span().byte_range().end;
    let rest = text.get(end..)?;
    Some(end + rest.len() - rest.trim_start().len())
}

/// The bytes of a span of `src/stages.rs`.
fn bytes(span: &serde_json::Value) -> Option<(usize, usize)> {
    let at = |key: &str| span[key].as_u64().and_then(|at| usize::try_from(at).ok());
    let here = span["file_name"].as_str().is_some_and(|name| name.ends_with("stages.rs"));
    here.then_some(())?;
    Some((at("byte_start")?, at("byte_end")?))
}

/// The line of an import that has nothing else: of one of all names the compiler proposes nothing.
fn whole_use(text: &str, (from, to): (usize, usize)) -> Option<(usize, usize)> {
    let start = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
    let end = to + text.get(to..)?.find('\n')? + 1;
    let path = &text[from..to];
    let line = text[start..end].trim();
    (line == format!("use {path};") || line == format!("use {path}::*;")).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_used_goes() {
        let text = "use a::*;\nuse b::{c, d};\nfn f() {\n    let mut x = x;\n    let (p, q) = g();\n    h(p);\n}\n";
        let span = |of: &str, with: Option<&str>, how: &str| {
            let from = text.find(of).unwrap();
            json!({"file_name": "src/stages.rs", "byte_start": from, "byte_end": from + of.len(),
                "suggested_replacement": with, "suggestion_applicability": how})
        };
        let said = |code: &str, at: &str, child: Option<serde_json::Value>| {
            let children = child.map(|span| json!({"spans": [span]}));
            json!({"code": {"code": code}, "spans": [span(at, None, "")], "children": Vec::from_iter(children)})
        };
        let messages = [
            said("unused_imports", "a", None),
            said("unused_imports", "c", Some(span("c, ", Some(""), "MachineApplicable"))),
            said("unused_mut", "mut x", Some(span("mut ", Some(""), "MachineApplicable"))),
            said("unused_variables", "q", Some(span("q", Some("_q"), "MaybeIncorrect"))),
            said("unused_must_use", "h(p)", Some(span("h(p)", Some("let _ = h(p)"), "MaybeIncorrect"))),
            said("dead_code", "f", Some(span("f", Some("_f"), "MachineApplicable"))),
        ];
        assert_eq!(changed(text, &messages), "use b::{d};\nfn f() {\n    let (p, _q) = g();\n    let _ = h(p);\n}\n");
    }

    #[test]
    fn what_cells_may_have_is_allowed_where_it_stands() {
        let text = "/// One.\n#[derive(Debug)]\nstruct A {\n    b: u8,\n}\n\nmod c {\n    fn d() {}\n}\n\n/// é\nfn e() {\n    let X = 1;\n}\n";
        let said = |code: &str, at: &str| {
            let from = text.find(at).unwrap();
            json!({"code": {"code": code}, "spans": [
                {"file_name": "src/stages.rs", "byte_start": from, "byte_end": from + 1, "is_primary": true}]})
        };
        let messages = [
            said("dead_code", "b: u8"),
            said("dead_code", "d()"),
            said("non_snake_case", "X"),
            said("unused_assignments", "X"),
            said("clippy::all", "e()"),
        ];
        let allow = |codes: &str| format!("#[allow({codes}, reason = \"as the cells have it\")]\n");
        let expected = text
            .replace("struct A", &format!("{}struct A", allow("dead_code")))
            .replace("mod c", &format!("{}mod c", allow("dead_code")))
            .replace("fn e", &format!("{}fn e", allow("non_snake_case, unused_assignments")));
        assert_eq!(allowed(text, &messages), expected);
        assert!(syn::parse_file(&expected).is_ok());
    }
}
