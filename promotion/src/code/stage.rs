//! The function of a stage.

use super::body::body;
use super::names::Types;
use crate::history::History;
use crate::slice::Slice;
use crate::stages::{Stage, identifier};
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) fn function(history: &History<'_>, slice: &Slice, stage: &Stage, types: &mut Types<'_>) -> String {
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
pub(super) fn paths<'a>(slice: &'a Slice, stage: &'a Stage) -> impl Iterator<Item = &'a String> {
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
pub(super) fn path_name(data: &str) -> String {
    format!("{}_path", identifier(data))
}
