//! Help: on how cells work, on magics, and on names of the session.

use crate::context::Context;
use crate::engine::{ExecuteOptions, ItemInfo, Variable};
use crate::error::{Error, did_you_mean};
use crate::table::bytes;
use crate::{lexer, registry};
use ironbook_core::Bundle;
use ironbook_session::{Source, Status};

/// How cells work, on one screen.
pub(crate) const OVERVIEW: &str = "\
A cell is Rust: statements, items, and an expression at the end whose value is shown.
Variables and items stay for later cells; `?` and `.await` work anywhere.

  %name args       a magic, where a statement may begin      %lsmagic lists them
  %%name args      a magic over the rest of its cell
  %name?           help on a magic                           also %help name, %name --help
  name?            what a variable or an item is             also ?name
  !command         a line for the shell                      also %%bash
  :name            commands of the stock Rust kernel         :dep, :vars, :opt, ...

A magic of your own is a function in a cell, or one brought in from a crate by `use`:
  fn magic_shout(args: &str) -> String { args.to_uppercase() }
  %shout hello     calls magic_shout(\"hello\"); a `macro_rules! magic_shout` gets the text as Rust";

/// Help on a name: a magic (`%track`), else a variable, an item, or a magic without its sign.
///
/// # Errors
/// [`Error::Missing`] when nothing has this name.
pub(crate) fn subject(cx: &mut Context<'_>, subject: &str) -> Result<(), Error> {
    let name = subject.trim_start_matches('%').trim_end_matches('!');
    if subject.starts_with('%') {
        return magic(cx, name);
    }
    let variables = cx.engine.variables();
    if let Some(found) = variables.iter().find(|variable| variable.name == name) {
        return variable(cx, found);
    }
    let mut items = cx.engine.items();
    items.retain(|item| item.name == name || item.kind == "impl" && lexer::mentions(&item.name, name));
    if !items.is_empty() {
        items.iter().for_each(|found| item(cx, found));
        return Ok(());
    }
    if cx.registry.find(name).is_some() {
        return magic(cx, name);
    }
    if let Some(text) = cx.state.explainer.as_ref().and_then(|explain| explain(name)) {
        cx.page(text);
        return Ok(());
    }
    let items = cx.engine.items();
    let names = variables.iter().map(|v| v.name.as_str()).chain(items.iter().map(|item| item.name.as_str()));
    let mut advice: Vec<_> = did_you_mean(name, names, "").into_iter().collect();
    advice.push("`%who` lists the variables, `%lsmagic` the magics".to_owned());
    Err(Error::Missing { what: "variable, item or magic", name: subject.to_owned(), advice })
}

/// Help on a magic.
///
/// # Errors
/// [`Error::Unknown`].
pub(crate) fn magic(cx: &mut Context<'_>, name: &str) -> Result<(), Error> {
    let name = name.trim_start_matches('%');
    if let Some(found) = cx.registry.find(name) {
        let text = registry::help(found);
        cx.page(text);
        return Ok(());
    }
    let own = cx.own_magics();
    if own.iter().any(|magic| magic == name) {
        cx.say(format!("%{name} calls `magic_{name}` of this session with the text after the name."));
        return subject(cx, &format!("magic_{name}"));
    }
    Err(cx.registry.unknown(name, false, &own))
}

/// The type of a variable.
///
/// # Errors
/// [`Error::Missing`].
pub(crate) fn type_of(cx: &mut Context<'_>, name: &str) -> Result<(), Error> {
    let variables = cx.engine.variables();
    if let Some(found) = variables.iter().find(|variable| variable.name == name) {
        cx.say(format!("{name}: {}", found.type_name));
        return Ok(());
    }
    let names = variables.iter().map(|variable| variable.name.as_str());
    let advice = did_you_mean(name, names, "").unwrap_or_else(|| "`%whos` lists the variables".to_owned());
    Err(Error::Missing { what: "variable", name: name.to_owned(), advice: vec![advice] })
}

fn variable(cx: &mut Context<'_>, found: &Variable) -> Result<(), Error> {
    let mut lines = vec![format!("{}: {}", found.name, found.type_name)];
    lines.extend(found.shape.as_ref().map(|shape| format!("shape  {shape}")));
    lines.push(format!("size   {}", bytes(found.bytes)));
    lines.push(format!("cell   {}", cx.cell_number(found.cell)));
    lines.extend(found.stale.as_ref().map(|why| format!("stale  {why}")));
    cx.say(lines.join("\n"));
    let options = ExecuteOptions { silent: true, ..ExecuteOptions::default() };
    let execution = cx.engine.execute(&Source::plain(&found.name), &options, &mut *cx.out);
    match execution.status {
        Status::Ok => Ok(()),
        Status::Failed(failure) => Err(failure.into()),
    }
}

fn item(cx: &mut Context<'_>, found: &ItemInfo) {
    let cell = cx.cell_number(found.cell);
    cx.say(format!("{} {}, defined in cell {cell}", found.kind, found.name));
    let bundle = Bundle::text(found.text.clone());
    cx.show(bundle.with("text/markdown", format!("```rust\n{}\n```", found.text).into()));
}
