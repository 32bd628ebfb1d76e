//! The code of a pipeline: its items, a function per stage, and how they are put together.

use crate::crates;
use crate::history::History;
use crate::plan::Registration;
use crate::slice::{Slice, Taken};
use crate::stages::{Stage, identifier};
use crate::unit::Unit;
use ironbook_session::ExecutionId;
use ironbook_session::items::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

/// The prelude that every cell starts with, for telling which names need no `use`.
const PRELUDE: &str = include_str!("../../stdlib/ironbook/src/prelude.rs");

/// The text of `src/stages.rs`.
pub(crate) fn stages_file(
    history: &History<'_>,
    slice: &Slice,
    stages: &mut [Stage],
    (title, register): (&str, Option<&Registration>),
) -> String {
    let mut types = Types { paths: &history.explored.paths, uses: BTreeSet::new() };
    let functions: Vec<String> = stages.iter().map(|stage| function(history, slice, stage, &mut types)).collect();
    for (stage, text) in stages.iter_mut().zip(&functions) {
        stage.code = hash(history, slice, text);
    }
    let wiring = wiring(history, slice, stages, register, &mut types);
    let (uses, items) = items(history, slice);
    let mut out = format!("//! The stages of {title}.\n\n");
    out.push_str("use ironbook::prelude::*;\n");
    let own: BTreeSet<String> = slice.items.keys().map(|key| key.name.clone()).collect();
    for path in types.uses.iter().filter(|path| !own.contains(last(path))) {
        let _ = writeln!(out, "use {};", by_facade(path));
    }
    for line in uses {
        out.push_str(line.trim_start_matches("#[allow(unused_imports)]").trim_start());
        out.push('\n');
    }
    for item in items {
        out.push('\n');
        out.push_str(item.trim_matches('\n'));
        out.push('\n');
    }
    for function in functions {
        out.push('\n');
        out.push_str(&function);
    }
    out.push('\n');
    out.push_str(&wiring);
    out
}

/// Hash of a stage's function and of all items that it reaches.
fn hash(history: &History<'_>, slice: &Slice, text: &str) -> String {
    let mut idents = BTreeSet::new();
    if let Ok(tokens) = text.parse() {
        ironbook_session::parse::idents_of(tokens, &mut idents);
    }
    let mut hasher = blake3::Hasher::new();
    // The numbers of its cells are no part of it.
    for line in text.lines().filter(|line| !line.starts_with("///")) {
        hasher.update(line.trim().as_bytes());
        hasher.update(b"\n");
    }
    let reached = history.explored.items.reach(&idents);
    let mut named = crates::roots(text);
    for definition in reached.iter().filter(|definition| slice.items.contains_key(&definition.key)) {
        hasher.update(definition.text.as_bytes());
        hasher.update(b"\0");
        named.extend(crates::roots(&definition.text));
    }
    let packages = history.explored.extra.iter().flat_map(|extra| &extra.packages);
    for package in packages.filter(|package| named.contains(&package.library)) {
        hasher.update(crates::identity(package).as_bytes());
        hasher.update(b"\0");
    }
    hasher.finalize().to_hex().to_string()
}

/// Names of types as a person would write them.
struct Types<'a> {
    paths: &'a BTreeMap<String, String>,
    uses: BTreeSet<String>,
}

impl Types<'_> {
    fn name(&mut self, type_name: &str) -> String {
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

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// The way to a type that a person would write: the facade's modules, not the crates behind them.
fn by_facade(path: &str) -> String {
    path.trim_start_matches("::").replace("ironbook::ironbook_", "ironbook::")
}

fn in_prelude(path: &str) -> bool {
    let name = last(path);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    path.contains("ironbook::prelude::")
        || path.contains("polars::prelude::")
        || PRELUDE.split(|c| !word(c)).any(|other| other == name)
}

/// The items that are needed: `use`s, and all others as they were written.
fn items(history: &History<'_>, slice: &Slice) -> (Vec<String>, Vec<String>) {
    let mut by_unit: BTreeMap<ExecutionId, BTreeSet<&Key>> = BTreeMap::new();
    for (key, id) in &slice.items {
        by_unit.entry(*id).or_default().insert(key);
    }
    let (mut uses, mut macros, mut others) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (id, keys) in by_unit {
        let Some(unit) = history.unit(id) else { continue };
        for (item, range) in &unit.items {
            let definitions = ironbook_session::items::definitions(item, range.clone(), &unit.text, id, &[]);
            let wanted: Vec<_> = definitions.iter().filter(|d| keys.contains(&d.key)).collect();
            if wanted.is_empty() {
                continue;
            }
            let whole = wanted.len() == definitions.len();
            let text = match item {
                syn::Item::Use(_) => {
                    uses.extend(wanted.iter().map(|d| in_crate(&d.text)));
                    continue;
                }
                _ if whole => with_comments(&unit.text.text, range.clone()),
                // Of an `impl`, the methods that are reached or in force.
                _ => {
                    let mut text = String::new();
                    for definition in wanted {
                        let _ = writeln!(text, "{} }}", definition.text);
                    }
                    text
                }
            };
            let list = if matches!(item, syn::Item::Macro(_)) { &mut macros } else { &mut others };
            list.push(in_crate(&text));
        }
    }
    macros.append(&mut others);
    (uses.into_iter().collect(), macros)
}

/// In a session the items are the crate's root; in a pipeline they are in its module.
fn in_crate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("crate::") {
        let before = rest[..at].chars().next_back();
        out.push_str(&rest[..at]);
        let word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        out.push_str(if word { "crate::" } else { "crate::stages::" });
        rest = &rest[at + "crate::".len()..];
    }
    out.push_str(rest);
    out
}

/// The text with the lines of comments directly above it.
fn with_comments(text: &str, range: Range<usize>) -> String {
    let mut start = range.start;
    loop {
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        if !text[line_start..start].trim().is_empty() || line_start == 0 {
            break;
        }
        let above = text[..line_start - 1].rfind('\n').map_or(0, |at| at + 1);
        let line = text[above..line_start - 1].trim_start();
        if !line.starts_with("//") || is_mark(line) {
            break;
        }
        start = above;
    }
    text[start..range.end].to_owned()
}

/// Comments that speak to the promotion.
fn is_mark(line: &str) -> bool {
    let comment = line.trim_start_matches('/').trim_start();
    ["stage:", "gate:", "data:", "param", "tags:", "skip", "timeout:", "retries:", "memory:", "%%"]
        .iter()
        .any(|mark| comment.starts_with(mark))
}

fn function(history: &History<'_>, slice: &Slice, stage: &Stage, types: &mut Types<'_>) -> String {
    let cells: Vec<String> = stage.cells.iter().map(u64::to_string).collect();
    let plural = if cells.len() == 1 { "" } else { "s" };
    let mut out = format!("/// Made of cell{plural} {}.\n", listed(&cells));
    let body = body(history, slice, stage);
    let arguments = arguments(slice, stage, &body.changed, types);
    if arguments.len() > 7 {
        out.push_str("#[expect(clippy::too_many_arguments, reason = \"one for each value that the cells read\")]\n");
    }
    let outputs: Vec<String> = stage.outputs.iter().map(|(_, of)| types.name(of)).collect();
    let returned = match outputs.as_slice() {
        [] => "()".to_owned(),
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    let names: Vec<&str> = stage.outputs.iter().map(|(name, _)| name.as_str()).collect();
    let value = match names.as_slice() {
        [] => "Ok(())".to_owned(),
        [one] => format!("Ok({one})"),
        several => format!("Ok(({}))", several.join(", ")),
    };
    let _ = writeln!(out, "fn {}({}) -> ironbook::pipeline::Result<{returned}> {{", stage.name, arguments.join(", "));
    if body.awaits {
        let inner = indented(&format!("{}{value}", body.text), "        ");
        let _ = writeln!(out, "    ironbook::tokio::runtime::Runtime::new()?.block_on(async move {{\n{inner}    }})");
    } else {
        out.push_str(&indented(&format!("{}{value}", body.text), "    "));
    }
    out.push_str("}\n");
    out
}

fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn indented(text: &str, by: &str) -> String {
    let mut out = String::new();
    // Lines inside of literals must stay as they are, so a text with such is left for rustfmt.
    let whole = text.contains("r#\"") || text.contains("\\\n") || multiline_literal(text);
    for line in text.lines() {
        match line.is_empty() || whole {
            true => out.push_str(line),
            false => {
                out.push_str(by);
                out.push_str(line);
            }
        }
        out.push('\n');
    }
    out
}

fn multiline_literal(text: &str) -> bool {
    fn any(tokens: proc_macro2::TokenStream) -> bool {
        tokens.into_iter().any(|tree| match tree {
            proc_macro2::TokenTree::Literal(literal) => literal.to_string().contains('\n'),
            proc_macro2::TokenTree::Group(group) => any(group.stream()),
            _ => false,
        })
    }
    text.parse().is_ok_and(any)
}

fn arguments(slice: &Slice, stage: &Stage, changed: &BTreeSet<String>, types: &mut Types<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let mutable = |name: &str| if changed.contains(name) { "mut " } else { "" };
    for edge in &stage.inputs {
        out.push(format!("{}{}: {}", mutable(&edge.name), edge.name, types.name(&edge.type_name)));
    }
    for name in &stage.params {
        if let Some((_, declared)) = slice.params.get(name) {
            out.push(format!("{}{name}: {}", mutable(name), argument_type(&declared.parameter.type_name)));
        }
    }
    out.extend(paths(slice, stage).map(|name| format!("{}: &'static str", path_name(name))));
    out
}

/// Files of a stage whose paths its code takes as arguments; others are declared only.
fn paths<'a>(slice: &'a Slice, stage: &'a Stage) -> impl Iterator<Item = &'a String> {
    let written = |name: &&String| {
        let taken = stage.executions.iter().filter_map(|id| slice.taken.get(id));
        taken.flat_map(|taken| &taken.files).any(|file| file.name == **name)
    };
    stage.data.iter().filter(written)
}

fn argument_type(type_name: &str) -> &str {
    if type_name == "&str" { "&'static str" } else { type_name }
}

/// The argument that is the path of a file.
fn path_name(data: &str) -> String {
    format!("{}_path", identifier(data))
}

struct Body {
    text: String,
    /// Arguments that are changed.
    changed: BTreeSet<String>,
    awaits: bool,
}

fn body(history: &History<'_>, slice: &Slice, stage: &Stage) -> Body {
    let mut body = Body { text: String::new(), changed: BTreeSet::new(), awaits: false };
    // Names that are bound in the stage so far, and whether they can be changed.
    let mut bound: BTreeMap<String, bool> = BTreeMap::new();
    let mut seed = None;
    for id in &stage.executions {
        let (Some(unit), Some(taken)) = (history.unit(*id), slice.taken.get(id)) else { continue };
        let now = history.seed_at(*id);
        if let Some((setter, statement)) = now.filter(|now| seed != Some(now.0)) {
            let own = stage.executions.contains(&setter) && slice.taken.contains_key(&setter);
            if !own {
                let end = if statement.ends_with(';') { "" } else { ";" };
                let _ = writeln!(body.text, "{}{end}", statement.trim_start_matches("::"));
            }
            seed = Some(setter);
        }
        let changes = changes(unit, taken);
        for name in &changes {
            match bound.get(name) {
                Some(true) => {}
                Some(false) => {
                    let _ = writeln!(body.text, "let mut {name} = {name};");
                    bound.insert(name.clone(), true);
                }
                None => drop(body.changed.insert(name.clone())),
            }
        }
        for at in &taken.kept {
            let statement = &unit.statements[*at];
            if let Some(declared) = taken.own_params.iter().find(|declared| declared.statement == *at) {
                if declared.mutable {
                    body.changed.insert(declared.parameter.name.clone());
                }
                continue;
            }
            let text = in_crate(&statement_text(unit, taken, *at));
            body.text.push_str(match is_unused(history, slice, stage, (*id, *at)) {
                true => value_only(&text),
                false => &text,
            });
            body.text.push('\n');
            body.awaits |= statement.awaits;
            for name in &statement.binds {
                bound.insert(name.clone(), statement.mutable.contains(name));
            }
        }
    }
    body
}

/// Whether nothing in the stage reads what a statement binds, and nothing outside of it needs it.
fn is_unused(history: &History<'_>, slice: &Slice, stage: &Stage, (id, at): (ExecutionId, usize)) -> bool {
    let Some(unit) = history.unit(id) else { return false };
    let statement = &unit.statements[at];
    if !statement.is_let || statement.binds.len() != 1 {
        return false;
    }
    let read = |name: &String| {
        stage.outputs.iter().any(|(output, _)| output == name)
            || stage.executions.iter().filter(|other| **other >= id).any(|other| {
                let (Some(unit), Some(taken)) = (history.unit(*other), slice.taken.get(other)) else { return false };
                let later = |position: &&usize| *other > id || **position > at;
                taken.kept.iter().filter(later).any(|position| {
                    let statement = &unit.statements[*position];
                    statement.mentions.contains(name) || statement.assigns.contains(name)
                })
            })
    };
    !statement.binds.iter().any(read)
}

/// `f(x)?;` of `let a = f(x)?;`
fn value_only(text: &str) -> &str {
    let Some(at) = text.find("let ") else { return text };
    match text[at..].find('=') {
        Some(equals) if !text[at..at + equals].contains(['(', '{', '<']) => text[at + equals + 1..].trim_start(),
        _ => text,
    }
}

/// Older variables that the statements which are taken change.
fn changes(unit: &Unit<'_>, taken: &Taken) -> BTreeSet<String> {
    let flow = &unit.past.flow;
    let wrote = |name: &&String| flow.wrote.contains_key(*name) || flow.spent.contains(*name);
    let mut bound = BTreeSet::new();
    let mut out = BTreeSet::new();
    for at in &taken.kept {
        let statement = &unit.statements[*at];
        let touched = statement.mentions.iter().chain(&statement.assigns);
        out.extend(
            touched.filter(|name| taken.inputs.contains_key(*name) && !bound.contains(*name)).filter(wrote).cloned(),
        );
        bound.extend(statement.binds.iter().cloned());
    }
    // What is bound anew and nowhere changed is written, too.
    out.retain(|name| {
        let rebound = taken.kept.iter().any(|at| unit.statements[*at].binds.contains(name));
        !rebound
            || taken.kept.iter().any(|at| {
                let statement = &unit.statements[*at];
                statement.assigns.contains(name)
                    || !statement.is_let && statement.mentions.contains(name) && !statement.binds.contains(name)
            })
    });
    out
}

/// A statement with the paths of files replaced, and with the comments above it.
fn statement_text(unit: &Unit<'_>, taken: &Taken, at: usize) -> String {
    let statement = &unit.statements[at];
    let commented = with_comments(&unit.text.text, statement.range.clone());
    let above = commented.len() - statement.range.len();
    let start = statement.range.start - above;
    let mut files: Vec<_> = taken.files.iter().filter(|file| statement.range.contains(&file.range.start)).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.range.start));
    let mut out = commented;
    for file in files {
        let range = file.range.start - start..file.range.end - start;
        out.replace_range(range, &path_name(&file.name));
    }
    if statement.is_tail && !out.trim_end().ends_with(';') {
        out.push(';');
    }
    out
}

/// The function that puts the stages together.
fn wiring(
    history: &History<'_>,
    slice: &Slice,
    stages: &[Stage],
    register: Option<&Registration>,
    types: &mut Types<'_>,
) -> String {
    let mut out = String::from(
        "/// The stages, each with what it takes and leaves.\n\
         pub fn pipeline() -> ironbook::pipeline::Pipeline {\n    \
         ironbook::pipeline::Pipeline::new(include_str!(\"../pipeline.toml\"))\n        .source(include_str!(\"stages.rs\"))\n",
    );
    let values: BTreeSet<&String> = stages
        .iter()
        .flat_map(|stage| stage.outputs.iter().map(|(_, of)| of))
        .filter(|of| history.explored.by_serde.contains(*of))
        .collect();
    for type_name in values {
        let _ = writeln!(out, "        .value(ironbook::pipeline::keep!({}))", types.name(type_name));
    }
    for stage in stages {
        let mut arguments: Vec<String> = stage.inputs.iter().map(|edge| format!("io.take({:?})?", edge.name)).collect();
        for name in &stage.params {
            let text = slice.params.get(name).is_some_and(|(_, declared)| declared.parameter.type_name == "&str");
            arguments.push(match text {
                true => format!("io.param::<String>({name:?})?.leak()"),
                false => format!("io.param({name:?})?"),
            });
        }
        arguments.extend(paths(slice, stage).map(|name| format!("io.data({name:?})")));
        let call = format!("{}({})", stage.name, arguments.join(", "));
        let names: Vec<&str> = stage.outputs.iter().map(|(name, _)| name.as_str()).collect();
        let _ = match names.as_slice() {
            [] => writeln!(out, "        .stage({:?}, |io| {call})", stage.name),
            [one] => {
                writeln!(
                    out,
                    "        .stage({:?}, |io| {{\n            let {one} = {call}?;\n            io.put({one:?}, {one})\n        }})",
                    stage.name
                )
            }
            several => {
                let _ = write!(
                    out,
                    "        .stage({:?}, |io| {{\n            let ({}) = {call}?;\n",
                    stage.name,
                    several.join(", ")
                );
                for (at, name) in several.iter().enumerate() {
                    let end = if at + 1 == several.len() { "" } else { "?;" };
                    let _ = writeln!(out, "            io.put({name:?}, {name}){end}");
                }
                writeln!(out, "        }})")
            }
        };
    }
    if let Some(register) = register {
        let model = &register.model;
        let of = stages.iter().flat_map(|stage| &stage.outputs).find(|(name, _)| name == model);
        let of = of.map_or_else(|| "_".to_owned(), |(_, of)| types.name(of));
        let _ = writeln!(
            out,
            "        .register(|io| {{\n            let {model}: {of} = io.take({model:?})?;\n            \
             let version = ironbook::models::register(&{model}, io.register_name(), io.register_alias())?;\n            \
             io.registered(&version)\n        }})\n        \
             .predict(|io, from, to| {{\n            let {model}: {of} = io.take({model:?})?;\n            \
             ironbook::models::predict_file(&{model}, from, to)?;\n            Ok(())\n        }})"
        );
    }
    out.push_str("}\n");
    out
}

/// The text of `src/main.rs`.
pub(crate) fn main_file(title: &str) -> String {
    format!(
        "//! {title}: `cargo run -- run` runs it, `cargo run -- --help` tells the rest.\n\n\
         mod stages;\n\n\
         fn main() -> std::process::ExitCode {{\n    ironbook::init();\n    stages::pipeline().main()\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_crate_lead_to_the_module() {
        assert_eq!(
            in_crate("use crate::a; $crate::b; my_crate::c"),
            "use crate::stages::a; $crate::stages::b; my_crate::c"
        );
    }

    #[test]
    fn comments_go_with_what_they_are_about() {
        let text = "let a = 1;\n// about b\n// stage: x\n// more\nlet b = 2;";
        let at = text.find("let b").unwrap();
        assert_eq!(with_comments(text, at..text.len()), "// more\nlet b = 2;");
    }
}
