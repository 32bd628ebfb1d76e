//! From a parsed cell to the crate that rustc compiles.
//!
//! The user's statements stand verbatim in nested guarded calls: each initialised `let` opens one for the rest of the
//! cell, and its variable is put after that call, so that it survives a later panic or error.

use crate::items::{Definition, Items, Key};
use crate::map::{Builder, Glue, Origin, SourceMap};
use crate::parse::{Cell, Kind, Statement};
use crate::text::{Piece, RustText, emit};
use std::collections::BTreeMap;
use std::ops::Range;

/// Where a variable is put instead of after its level's guarded call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Placement {
    /// Moved into the nested calls and put at the end of this level: it is assigned to again there.
    Inside(usize),
    /// Not put: it was moved, or borrows from another variable of the cell.
    Nowhere,
}

/// A binding: a name and the level whose statements made it; older variables are of level `None`.
pub type Binding = (String, Option<usize>);

/// An older variable that a cell loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its name in the cell.
    pub name: String,
    /// Its name in the store.
    pub slot: String,
    /// A path to its type that compiles in the cell's crate.
    pub path: String,
}

/// What to generate.
pub struct Request<'a> {
    /// The parsed cell.
    pub cell: &'a Cell,
    /// Its text.
    pub text: &'a RustText,
    /// The session's items, the cell's own among them.
    pub items: &'a Items,
    /// The items that the cell reaches, in emission order.
    pub reached: &'a [&'a Definition],
    /// Whether there are crates of `%dep`.
    pub extra_crates: bool,
    /// Older variables to load.
    pub loads: &'a [Load],
    /// The statement from which on there are no nested calls.
    pub flat: Option<usize>,
    /// Deviations found by earlier compiles.
    pub placements: &'a BTreeMap<Binding, Placement>,
}

impl Request<'_> {
    /// Whether a value could have the method by which evcxr shows values: the library's have none.
    fn evcxr(&self) -> bool {
        self.extra_crates || self.reached.iter().any(|definition| definition.idents.contains(EVCXR))
    }
}

/// The method of types that show themselves to evcxr.
pub const EVCXR: &str = "evcxr_display";

/// A generated crate.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Its text.
    pub text: String,
    /// Where each byte is from.
    pub map: SourceMap,
    /// Name of its entry function.
    pub entry: String,
    /// The levels of the statements, for [`Placement::Inside`].
    pub levels: Vec<usize>,
    /// Where the items stand.
    pub items: Vec<(Key, Range<usize>)>,
    /// Where the statements stand.
    pub statements: Vec<Range<usize>>,
}

const HEADER: &str = "#![allow(unused, dead_code, non_snake_case, non_upper_case_globals, non_camel_case_types, private_interfaces, \
                      private_bounds, improper_ctypes_definitions, static_mut_refs, unreachable_code, unused_parens)]\n\
                      #![warn(unused_must_use)]\n\
                      use ::ironbook::prelude::*;\n";
/// So many levels pass under rustc's own limit of recursion, with the user's generics on top.
const SHALLOW: usize = 40;
const PLACEHOLDER: &str = "__ironbook_cell_0000000000000000";
const OK: &str = " ::core::result::Result::Ok(())";

/// Tag of a binding's put.
pub fn put_tag(name: &str, level: Option<usize>) -> Glue {
    Glue::Put(match level {
        Some(level) => format!("{name}@{level}"),
        None => name.to_owned(),
    })
}

/// The binding that a put's tag names.
pub fn binding_of(tag: &str) -> Binding {
    match tag.split_once('@') {
        Some((name, level)) => (name.to_owned(), level.parse().ok()),
        None => (tag.to_owned(), None),
    }
}

/// Most guarded calls that stand in each other: beyond that rustc takes minutes, or overflows its stack.
const DEEPEST: usize = 400;

/// Whether a statement is a `let` behind which a guarded call for the rest of the cell opens.
///
/// None opens after the last statement, behind a `let` without initialiser, and from statement `flat_from` on; in a
/// cell with very many `let`s one opens behind every few of them.
fn opens(cell: &Cell, flat_from: Option<usize>) -> Vec<bool> {
    let lets = cell.statements.iter().filter(|s| matches!(s.kind, Kind::Let { initialised: true, .. })).count();
    let stride = lets.div_ceil(DEEPEST).max(1);
    let last = cell.statements.len().saturating_sub(1);
    let (mut flat, mut count) = (false, 0);
    let open = |(index, statement): (usize, &Statement)| {
        flat |= flat_from.is_some_and(|from| index >= from);
        match &statement.kind {
            Kind::Let { initialised: true, .. } if !flat => {
                count += 1;
                index < last && (count % stride == 0 || count == lets)
            }
            Kind::Let { initialised: false, .. } => {
                flat = true;
                false
            }
            _ => false,
        }
    };
    cell.statements.iter().enumerate().map(open).collect()
}

/// The level of each statement: how many guarded calls it stands in, besides the outermost.
pub fn levels(cell: &Cell, flat_from: Option<usize>) -> Vec<usize> {
    let before = |level: &mut usize, opens: bool| {
        let here = *level;
        *level += usize::from(opens);
        Some(here)
    };
    opens(cell, flat_from).into_iter().scan(0, before).collect()
}

/// The same crate with, in place of the puts of `asked` bindings, a mismatch that makes rustc print their types.
pub fn probe(generated: &Generated, asked: &dyn Fn(&Binding) -> bool) -> (String, SourceMap) {
    let mut builder = Builder::default();
    for segment in &generated.map.segments {
        match &segment.origin {
            Origin::Glue(Glue::Put(tag)) if asked(&binding_of(tag)) => {
                let text = format!(" let () = {};", binding_of(tag).0);
                builder.push(&text, segment.origin.clone());
            }
            origin => builder.push(&generated.text[segment.generated.clone()], origin.clone()),
        }
    }
    builder.finish()
}

/// A crate that tells how values of a type are kept; with the name of its entry.
pub fn keeper(
    items: &Items,
    reached: &[&Definition],
    extra_crates: bool,
    (path, frozen): (&str, bool),
) -> (String, String) {
    let mut builder = Builder::default();
    builder.glue(HEADER);
    if extra_crates {
        builder.glue("extern crate ironbook_deps as _;\n");
    }
    for definition in reached {
        items.emit(definition, &mut builder);
    }
    builder.glue(&format!(
        "#[unsafe(no_mangle)] pub fn {PLACEHOLDER}(__ironbook_cx: &::ironbook::rt::Cx) -> ::ironbook::rt::CellResult {{\n\
         ::ironbook::rt::know!(__ironbook_cx, {path}, \"{PLACEHOLDER}\", {frozen});\n{OK}\n}}\n"
    ));
    let text = builder.finish().0;
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let entry = format!("__ironbook_keep_{}", &hash[..16]);
    (text.replace(PLACEHOLDER, &entry), entry)
}

/// Generates the crate of a cell.
pub fn generate(request: &Request) -> Generated {
    let mut builder = Builder::default();
    let levels = levels(request.cell, request.flat);
    if let Some(deep) = levels.iter().max().filter(|deepest| **deepest > SHALLOW) {
        // Each level is a generic call in the one before.
        builder.glue(&format!("#![recursion_limit = \"{}\"]\n", 256 + 4 * deep));
    }
    builder.glue(HEADER);
    if request.extra_crates {
        builder.glue("extern crate ironbook_deps as _;\n");
    }
    let mut items = Vec::new();
    for definition in request.reached {
        let start = builder.len();
        request.items.emit(definition, &mut builder);
        items.push((definition.key.clone(), start..builder.len()));
    }
    let mut body = Body { request, levels, statements: Vec::new(), builder };
    body.entry();
    let (text, map) = body.builder.finish();
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let entry = format!("__ironbook_cell_{}", &hash[..16]);
    Generated {
        text: text.replace(PLACEHOLDER, &entry),
        map,
        entry,
        levels: body.levels,
        items,
        statements: body.statements,
    }
}

struct Body<'a> {
    request: &'a Request<'a>,
    levels: Vec<usize>,
    statements: Vec<Range<usize>>,
    builder: Builder,
}

impl Body<'_> {
    fn entry(&mut self) {
        self.builder.glue(&format!(
            "#[unsafe(no_mangle)] pub fn {PLACEHOLDER}(__ironbook_cx: &::ironbook::rt::Cx) -> ::ironbook::rt::CellResult {{\n"
        ));
        for load in self.request.loads {
            let text = format!("__ironbook_cx.expect::<{}>(\"{}\");\n", load.path, load.slot);
            self.builder.tagged(&text, Glue::Take(load.name.clone()));
        }
        self.builder.glue("__ironbook_cx.ready()?;\n");
        let outside = |load: &&Load| self.placement(&load.name, None).is_none();
        let outer: Vec<Load> = self.request.loads.iter().filter(outside).cloned().collect();
        for load in &outer {
            self.take(load);
        }
        let open = if self.request.cell.awaits {
            "let __ironbook_r = ::ironbook::rt::block_on(::ironbook::rt::run_async(async {\n"
        } else {
            "let __ironbook_r = ::ironbook::rt::run(|| {\n"
        };
        self.builder.glue(open);
        self.body();
        self.builder.glue(if self.request.cell.awaits { " }));\n" } else { " });\n" });
        for load in &outer {
            self.put(&load.name, None);
        }
        self.builder.glue("__ironbook_r\n}\n");
    }

    fn placement(&self, name: &str, level: Option<usize>) -> Option<Placement> {
        self.request.placements.get(&(name.to_owned(), level)).copied()
    }

    fn take(&mut self, load: &Load) {
        let Load { name, slot, path } = load;
        let text = format!("#[warn(unused_mut)] let mut {name} = __ironbook_cx.take::<{path}>(\"{slot}\");\n");
        self.builder.tagged(&text, Glue::Take(name.clone()));
    }

    fn put(&mut self, name: &str, level: Option<usize>) {
        let put = if self.request.evcxr() { "put_evcxr" } else { "put" };
        let load = self.request.loads.iter().find(|load| load.name == name && level.is_none());
        let slot = load.map_or(name, |load| load.slot.as_str());
        let text = format!(" ::ironbook::rt::put!(__ironbook_cx, {put}, \"{slot}\", {name});");
        self.builder.tagged(&text, put_tag(name, level));
    }

    /// The nested guarded calls.
    fn body(&mut self) {
        let cell = self.request.cell;
        let mut open: Vec<(usize, Vec<String>)> = Vec::new();
        let opens = opens(cell, self.request.flat);
        // Variables of the innermost open level, of several of one name the newest.
        let mut names_here: Vec<String> = Vec::new();
        let mut at = 0;
        self.enter(0, &open);
        for (index, statement) in cell.statements.iter().enumerate() {
            self.gap(&mut at, statement.range.start);
            let start = self.builder.len();
            self.statement(statement);
            self.statements.push(start..self.builder.len());
            at = statement.range.end;
            let level = self.levels[index];
            if let Kind::Let { names, .. } = &statement.kind {
                names_here.retain(|name| !names.contains(name));
                names_here.extend(names.iter().cloned());
            }
            if opens[index] {
                let open_call = match cell.awaits {
                    true => format!(" let __ironbook_r{level} = ::ironbook::rt::run_async(async {{"),
                    false => format!(" let __ironbook_r{level} = ::ironbook::rt::run(|| {{"),
                };
                self.builder.glue(&open_call);
                open.push((level, std::mem::take(&mut names_here)));
                self.enter(level + 1, &open);
            }
        }
        self.builder.glue("\n");
        let innermost = open.len();
        for name in names_here {
            self.close(&name, innermost);
        }
        self.leave(innermost, &open);
        self.builder.glue(OK);
        while let Some((level, names)) = open.pop() {
            self.builder.glue(if cell.awaits { " }).await;" } else { " });" });
            for name in names {
                self.close(&name, level);
            }
            self.leave(level, &open);
            self.builder.glue(&format!(" __ironbook_r{level}"));
        }
    }

    /// At the end of the scope of a variable: it is put; or, if it was moved or borrows, whatever else has its name goes.
    fn close(&mut self, name: &str, level: usize) {
        match self.placement(name, Some(level)) {
            None => self.put(name, Some(level)),
            Some(Placement::Nowhere) if !self.bound_later(name, level) => {
                self.builder.glue(&format!(" __ironbook_cx.ended(\"{name}\");"));
            }
            Some(_) => {}
        }
    }

    fn bound_later(&self, name: &str, level: usize) -> bool {
        let statements = self.request.cell.statements.iter().zip(&self.levels);
        let binds = |kind: &Kind| matches!(kind, Kind::Let { names, .. } if names.iter().any(|bound| bound == name));
        statements.filter(|(_, at)| **at > level).any(|(statement, _)| binds(&statement.kind))
    }

    /// Comments and blank lines between statements keep the layout; items that stood there are left out.
    fn gap(&mut self, at: &mut usize, until: usize) {
        let newlines = self.request.text.text.get(*at..until).map_or(0, |gap| gap.matches('\n').count());
        self.builder.glue(if newlines > 0 { "\n" } else { " " });
    }

    fn statement(&mut self, statement: &Statement) {
        let pieces = self.request.text.pieces(statement.range.clone(), &statement.edits);
        if let Kind::Tail { makes } = statement.kind {
            let bundle = if self.request.evcxr() { "bundle_evcxr" } else { "bundle" };
            let (open, close) = match makes && !self.diverges(&pieces) {
                true => (
                    "match (",
                    format!(
                        ") {{ __ironbook_v => {{ __ironbook_cx.result(::ironbook::rt::{bundle}!(&__ironbook_v)); \
                         __ironbook_cx.keep_result(__ironbook_v) }} }}"
                    ),
                ),
                false => (
                    "match &(",
                    format!(") {{ __ironbook_v => __ironbook_cx.result(::ironbook::rt::{bundle}!(__ironbook_v)) }}"),
                ),
            };
            self.builder.tagged(open, Glue::Show);
            emit(&mut self.builder, &pieces);
            self.builder.tagged(&close, Glue::Show);
        } else {
            emit(&mut self.builder, &pieces);
        }
    }

    /// Whether a value may be none, because a function of the user's does not return.
    fn diverges(&self, pieces: &[Piece]) -> bool {
        let mentions = |name: &str| pieces.iter().any(|piece| piece.text.contains(name));
        self.request.reached.iter().any(|item| item.text.contains("-> !") && mentions(&item.key.name))
    }

    /// At the start of a level: variables that are put inside a deeper level are moved in, or taken.
    fn enter(&mut self, level: usize, open: &[(usize, Vec<String>)]) {
        for load in self.request.loads {
            match self.placement(&load.name, None) {
                Some(Placement::Inside(last)) => self.enter_load(load, level, last),
                Some(Placement::Nowhere) if self.first_mention(&load.name) == level => self.take(load),
                _ => {}
            }
        }
        for (made, names) in open {
            for name in names {
                if let Some(Placement::Inside(last)) = self.placement(name, Some(*made))
                    && level <= last
                {
                    self.builder.glue(&format!(" let mut {name} = {name};"));
                }
            }
        }
    }

    fn enter_load(&mut self, load: &Load, level: usize, last: usize) {
        let first = self.first_mention(&load.name).min(last);
        if level == first {
            self.take(load);
        } else if level > first && level <= last {
            self.builder.glue(&format!(" let mut {0} = {0};", load.name));
        }
    }

    /// At the end of a level: puts of the variables that live inside it.
    fn leave(&mut self, level: usize, open: &[(usize, Vec<String>)]) {
        for load in self.request.loads {
            if self.placement(&load.name, None) == Some(Placement::Inside(level)) {
                self.put(&load.name, None);
            }
        }
        for (made, names) in open {
            for name in names {
                if self.placement(name, Some(*made)) == Some(Placement::Inside(level)) {
                    self.put(name, Some(*made));
                }
            }
        }
    }

    fn first_mention(&self, name: &str) -> usize {
        let mentions = self.request.cell.statements.iter().position(|s| s.mentions.contains(name));
        mentions.map_or(0, |index| self.levels[index])
    }
}
