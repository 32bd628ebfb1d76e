//! From a cell's source to a shared object: parse, load, generate, compile, and compile again as borrows ask for it.

use crate::codegen::{self, Binding, Generated, Load, Placement};
use crate::compile::{Compiled, Goal, Input};
use crate::diagnostics::{self, Context, Message, Style};
use crate::event::{Event, Failure, FailureKind};
use crate::imports;
use crate::items::{self, Definition, Items, Key, Kind as ItemKind};
use crate::map::{Builder, ExecutionId, Glue, SourceMap};
use crate::parse::{self, Cell, Kind, Loops};
use crate::plan::{self, Adjustment, Situation};
use crate::run::interrupted;
use crate::session::{Probe, Session};
use crate::source::Source;
use crate::text::{Edit, RustText, emit};
use crate::{tier, types};
use ironbook_core::slots::result_name;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most compiles of one cell before the engine gives up on its borrows.
const MOST_COMPILES: usize = 12;

/// A parsed cell with the items in force once it has run.
pub(crate) struct Prepared {
    pub(crate) execution: ExecutionId,
    pub(crate) text: RustText,
    pub(crate) cell: Cell,
    pub(crate) items: Items,
    pub(crate) own: Vec<Key>,
    /// Whether files or variables that items read at compile time have changed.
    pub(crate) reread: bool,
    /// Live variables whose type is no longer the one of that name.
    pub(crate) outdated: BTreeSet<String>,
    /// Live variables whose name the cell gives to a function, constant or static.
    pub(crate) hidden: BTreeSet<String>,
}

impl Prepared {
    /// Whether an older variable goes with this cell before its statements run.
    pub(crate) fn dropped(&self, name: &str) -> bool {
        self.outdated.contains(name) || self.hidden.contains(name)
    }
}

/// What several compiles have found out about a cell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) placements: Vec<(Binding, Placement)>,
    flat: Option<usize>,
    loads: BTreeSet<String>,
    all_items: bool,
    pub(crate) left_out: BTreeSet<String>,
    pub(crate) notes: Vec<String>,
    /// Loaded variables that the cell does not change.
    pub(crate) only_read: BTreeSet<String>,
    pub(crate) warnings: Vec<String>,
    object: PathBuf,
    /// Name of the entry function, which is a hash of the crate's text.
    #[serde(default)]
    entry: String,
}

impl Findings {
    pub(crate) fn placed(&self) -> BTreeMap<Binding, Placement> {
        self.placements.iter().cloned().collect()
    }

    /// No nested calls from the first statement on.
    pub(crate) fn flatten(&mut self) {
        *self = Findings { flat: Some(0), loads: std::mem::take(&mut self.loads), ..Findings::default() };
    }

    pub(crate) fn set_object(&mut self, object: PathBuf) {
        self.object = object;
    }

    pub(crate) fn object(&self) -> &Path {
        &self.object
    }
}

/// A cell that can be run.
pub(crate) struct Ready {
    pub(crate) generated: Arc<Generated>,
    pub(crate) object: PathBuf,
    pub(crate) loads: Vec<Load>,
    pub(crate) reached: Vec<Key>,
    pub(crate) left_out: BTreeSet<String>,
    pub(crate) findings: Findings,
    pub(crate) opt_level: u8,
    pub(crate) compiles: u32,
    pub(crate) compile_s: f64,
    pub(crate) loops: Loops,
}

/// What is compiled next.
pub(crate) struct Draft {
    pub(crate) generated: Generated,
    pub(crate) loads: Vec<Load>,
    reached: Vec<Key>,
    idents: BTreeSet<String>,
    loops: Loops,
    sliced: bool,
}

/// Why a cell cannot be compiled.
pub(crate) enum Refusal {
    /// For errors that are the user's, in the newest draft.
    Errors(Vec<Message>),
    /// For anything else.
    Other(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Refusal::Other(failure)
    }
}

/// A draft that compiles.
pub(crate) struct Settled {
    pub(crate) compiled: Compiled,
    pub(crate) rounds: u32,
    pub(crate) seconds: f64,
}

impl Session {
    pub(crate) fn prepare(&self, source: &Source, execution: ExecutionId) -> Result<Prepared, syn::Error> {
        let text = RustText::new(source, execution);
        // Macros of the cell itself can define items too: parse once for them, if there are any.
        let mut cell = parse::parse(&text.text, &|name| self.items.macro_defines_items(name))?;
        let mut includes = Vec::new();
        if let Ok(tokens) = text.text.parse() {
            parse::includes(tokens, self.directory(), &mut includes);
        }
        let mut defined = definitions(&cell, &text, execution, &includes);
        let mut items = self.items.clone();
        items.define(defined.clone());
        if defined.iter().any(|d| d.key.kind == ItemKind::Macro) {
            cell = parse::parse(&text.text, &|name| items.macro_defines_items(name))?;
            defined = definitions(&cell, &text, execution, &includes);
            items = self.items.clone();
            items.define(defined.clone());
        }
        for statement in &mut cell.statements {
            if let Kind::Let { names, .. } = &mut statement.kind {
                names.retain(|name| !name.starts_with(char::is_uppercase) || !items.in_patterns(name));
            }
            let inside = |edit: &&Edit| statement.range.contains(&edit.at);
            statement.edits.extend(includes.iter().filter(inside).cloned());
        }
        let own: Vec<Key> = defined.iter().map(|d| d.key.clone()).collect();
        let values =
            own.iter().filter(|key| matches!(key.kind, ItemKind::Function | ItemKind::Const | ItemKind::Static));
        let hidden = values.map(|key| key.name.clone()).filter(|name| self.live.contains_key(name)).collect();
        let reread = items.read_again(&|name| self.compiler.variable(name));
        let outdated = if own.is_empty() && !reread { BTreeSet::new() } else { self.outdated(&items) };
        Ok(Prepared { execution, text, cell, items, own, outdated, hidden, reread })
    }

    /// A source without the items of which there are newer ones; nothing if there are none such.
    pub(crate) fn without_outdated(&self, source: &Source, id: ExecutionId) -> Option<Source> {
        let text = RustText::new(source, id);
        let cell = parse::parse(&text.text, &|name| self.items.macro_defines_items(name)).ok()?;
        let newer = |key: &Key| self.items.iter().any(|d| d.key == *key && d.execution > id);
        let outdated = |(item, range): &&(syn::Item, std::ops::Range<usize>)| {
            items::definitions(item, range.clone(), &text, id, &[]).iter().any(|d| newer(&d.key))
        };
        let ranges: Vec<_> = cell.items.iter().filter(outdated).map(|(_, range)| range.clone()).collect();
        let last = ranges.last()?.end;
        let mut rest = String::new();
        let mut at = 0;
        for range in ranges {
            rest.push_str(&text.text[at..range.start]);
            // Lines keep their numbers.
            rest.extend(text.text[range.clone()].chars().filter(|c| *c == '\n'));
            at = range.end;
        }
        rest.push_str(&text.text[last..]);
        Some(Source::plain(rest))
    }

    /// Variables whose type has a home that the new items no longer have.
    pub(crate) fn outdated(&self, items: &Items) -> BTreeSet<String> {
        let now = items.homes();
        let gone: BTreeSet<String> = self.items.homes().difference(&now).cloned().collect();
        let calls_changed = !self.items.calls().is_subset(&items.calls());
        let old = |type_name: &str| {
            gone.iter().any(|home| type_name.contains(&format!("::{home}::")))
                || calls_changed && items::made_by_macro(type_name)
        };
        self.live.iter().filter(|(_, live)| old(&live.type_name)).map(|(name, _)| name.clone()).collect()
    }

    /// The text of the crate that would be compiled.
    pub(crate) fn generated_text(&mut self, prepared: &Prepared) -> Result<String, Failure> {
        Ok(self.draft(prepared, &Findings::default())?.generated.text)
    }

    /// Compiles a prepared cell, or finds it compiled.
    pub(crate) fn build(&mut self, prepared: &Prepared, messages_to: &mut dyn FnMut(Event)) -> Result<Ready, Failure> {
        let first = self.draft(prepared, &Findings::default())?;
        let opt_level = tier::level(self.config.tier, first.loops, &first.idents);
        let key = self.compiler.key(&first.generated.text, Goal::Object { opt_level, lines: false });
        let better = self.compiler.key(&first.generated.text, Goal::Object { opt_level: 2, lines: false });
        for (key, level) in [(&better, 2), (&key, opt_level)] {
            if (self.config.tier == tier::Tier::Auto || level == opt_level)
                && let Some(findings) = self.compiler.recall::<Findings>(key)
            {
                let draft = self.draft(prepared, &findings)?;
                // What another session found out can have led to another crate: other variables or items came in late.
                if draft.generated.entry == findings.entry {
                    return Ok(ready(draft, findings, level, 0, 0.0));
                }
            }
        }
        self.build_anew(prepared, first, opt_level, &key, messages_to)
    }

    fn build_anew(
        &mut self,
        prepared: &Prepared,
        first: Draft,
        opt_level: u8,
        key: &str,
        out: &mut dyn FnMut(Event),
    ) -> Result<Ready, Failure> {
        let goal = Goal::Object { opt_level, lines: false };
        let mut findings = Findings::default();
        let mut draft = first;
        let settled = self.settle_draft(prepared, &mut draft, &mut findings, goal);
        let settled = settled.map_err(|refusal| match refusal {
            Refusal::Errors(messages) => self.compile_failure(&messages, &draft, prepared),
            Refusal::Other(failure) => failure,
        })?;
        if let Some(object) = settled.compiled.object {
            findings.object = object;
        }
        findings.entry.clone_from(&draft.generated.entry);
        self.learn_from(&settled.compiled.messages, &draft, &mut findings);
        if findings.left_out.is_empty() {
            self.keep(key, &settled.compiled.inputs, &findings, out);
        }
        Ok(ready(draft, findings, opt_level, settled.rounds, settled.seconds))
    }

    /// Compiles a draft, and again with what the compiler says of its variables, until it compiles or is refused.
    pub(crate) fn settle_draft(
        &mut self,
        prepared: &Prepared,
        draft: &mut Draft,
        findings: &mut Findings,
        goal: Goal,
    ) -> Result<Settled, Refusal> {
        let mut seconds = 0.0;
        let handle = self.handle();
        for round in 1..=MOST_COMPILES {
            if handle.pressed() {
                return Err(interrupted().into());
            }
            let compiled = self.compiler.compile_stoppable(&draft.generated.text, goal, handle.compiling());
            if handle.pressed() {
                return Err(interrupted().into());
            }
            let compiled = compiled.map_err(|e| no_compiler(&e))?;
            seconds += compiled.seconds;
            if compiled.succeeded {
                return Ok(Settled { compiled, rounds: u32::try_from(round).unwrap_or(u32::MAX), seconds });
            }
            let adjustment = self.adjustment(prepared, draft, findings, &compiled);
            self.apply(prepared, draft, adjustment, &compiled, findings)?;
            *draft = self.draft(prepared, findings)?;
        }
        let words = format!("the cell's borrows could not be settled in {MOST_COMPILES} compiles");
        Err(Failure::new(FailureKind::Compile, "borrows", words)
            .hint("split the cell where variables are moved")
            .into())
    }

    fn keep(&self, key: &str, inputs: &[Input], findings: &Findings, out: &mut dyn FnMut(Event)) {
        if let Err(error) = self.compiler.remember(key, &findings.object, inputs, findings) {
            out(Event::Note(format!("the compiled cell could not be kept for later: {error}")));
        }
    }

    fn adjustment(&self, prepared: &Prepared, draft: &Draft, findings: &Findings, compiled: &Compiled) -> Adjustment {
        let loaded: BTreeSet<&str> = draft.loads.iter().map(|l| l.name.as_str()).collect();
        let live = |name: &str| self.live.contains_key(name) && !prepared.dropped(name) && !loaded.contains(name);
        let situation = Situation {
            cell: &prepared.cell,
            levels: &draft.generated.levels,
            map: &draft.generated.map,
            statements: &draft.generated.statements,
            flat: findings.flat,
            placements: &findings.placed(),
            live: &live,
        };
        plan::adjust(&compiled.messages, &situation)
    }

    /// Changes what is generated next, or gives up with the user's errors.
    fn apply(
        &mut self,
        prepared: &Prepared,
        draft: &Draft,
        adjustment: Adjustment,
        compiled: &Compiled,
        findings: &mut Findings,
    ) -> Result<(), Refusal> {
        if adjustment.flat.is_some() {
            // Levels are counted anew, and with them what was found about each.
            *findings =
                Findings { flat: adjustment.flat, loads: std::mem::take(&mut findings.loads), ..Findings::default() };
            return Ok(());
        }
        let names_first = !adjustment.loads.is_empty() || !adjustment.retype.is_empty();
        if !adjustment.blamed.is_empty() && !names_first {
            if adjustment.unresolved && draft.sliced && !findings.all_items {
                findings.all_items = true;
                return Ok(());
            }
            return leave_out(prepared, draft, &adjustment, findings);
        }
        if !adjustment.changes() {
            return Err(Refusal::Errors(compiled.messages.clone()));
        }
        for name in &adjustment.retype {
            self.retype(name)?;
        }
        findings.loads.extend(adjustment.loads);
        let mut placed = findings.placed();
        placed.extend(adjustment.placements);
        findings.placements = placed.into_iter().collect();
        for note in adjustment.notes {
            if !findings.notes.contains(&note) {
                findings.notes.push(note);
            }
        }
        Ok(())
    }

    fn compile_failure(&self, messages: &[Message], draft: &Draft, prepared: &Prepared) -> Failure {
        let context =
            Context { map: &draft.generated.map, generated: &draft.generated.text, cells: &|id| self.text_of(id) };
        let mut failure = diagnostics::report(messages, &context, Style::Colour);
        for hint in self.hints(messages, prepared) {
            failure = failure.hint(hint);
        }
        for name in &prepared.outdated {
            if failure.message.contains(&format!("`{name}`")) {
                failure =
                    failure.hint(format!("`{name}` had the type's earlier definition and went with it; make it anew"));
            }
        }
        failure
    }

    /// What the session knows of the names that the compiler did not find.
    pub(crate) fn hints(&self, messages: &[Message], prepared: &Prepared) -> Vec<String> {
        let unseen: BTreeSet<&str> =
            messages.iter().filter(|m| m.code() == Some("E0425")).filter_map(|m| m.message.split('`').nth(1)).collect();
        let lost = self.lost.iter().filter(|(name, _)| unseen.contains(name.as_str()));
        let mut hints = imports::hints(messages, self.library());
        hints.extend(lost.map(|(name, (execution, how))| {
            format!("`{name}` {how}; run cell {} again to make it anew", self.shown(*execution))
        }));
        let is_gone = |name: &str| !self.live.contains_key(name) && !self.lost.contains_key(name);
        let moved = self.moved.iter().filter(|(name, _)| unseen.contains(name.as_str()) && is_gone(name));
        hints.extend(moved.map(|(name, by)| {
            format!("`{name}` was moved by cell {}, or ended with it; `clone` it there to keep it", self.shown(*by))
        }));
        let live = unseen.into_iter().find(|name| self.live.contains_key(*name) && !prepared.dropped(name));
        hints.extend(live.map(|name| {
            format!(
                "functions do not see variables: hand `{name}` over as an argument, or make it a `const` or `static`"
            )
        }));
        hints
    }

    /// What a successful compile says: which loads were only read, and warnings of the user's code.
    fn learn_from(&self, messages: &[Message], draft: &Draft, findings: &mut Findings) {
        for message in messages.iter().filter(|m| m.code() == Some("unused_mut")) {
            for (_, glue) in diagnostics::glues(message, &draft.generated.map) {
                if let Glue::Take(name) = glue {
                    findings.only_read.insert(name.clone());
                }
            }
        }
        let context =
            Context { map: &draft.generated.map, generated: &draft.generated.text, cells: &|id| self.text_of(id) };
        findings.warnings = diagnostics::warnings(messages, &context, Style::Colour);
    }

    pub(crate) fn draft(&mut self, prepared: &Prepared, findings: &Findings) -> Result<Draft, Failure> {
        let loads = self.loads(prepared, findings)?;
        let mut idents = prepared.cell.idents.clone();
        for load in &loads {
            idents.extend(load.path.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned));
        }
        for key in &prepared.own {
            if let Some(definition) = prepared.items.iter().find(|d| d.key == *key) {
                idents.extend(definition.idents.iter().cloned());
                idents.extend([definition.key.name.clone()]);
            }
        }
        let mut reached: Vec<&Definition> = if findings.all_items {
            prepared.items.reach(&prepared.items.iter().flat_map(|d| d.idents.iter().cloned()).collect())
        } else {
            prepared.items.reach(&idents)
        };
        let own = prepared.items.iter().filter(|d| prepared.own.contains(&d.key));
        for definition in own {
            if !reached.iter().any(|d| d.key == definition.key) {
                reached.push(definition);
            }
        }
        reached.retain(|d| !findings.left_out.contains(&items::label(&d.key)));
        let sliced = reached.len() < prepared.items.iter().count();
        let loops = reached.iter().fold(prepared.cell.loops, |loops, d| loops.max(d.loops));
        idents.extend(reached.iter().flat_map(|d| d.idents.iter().cloned()));
        let generated = codegen::generate(&codegen::Request {
            cell: &prepared.cell,
            text: &prepared.text,
            items: &prepared.items,
            reached: &reached,
            extra_crates: !self.compiler.extras.externs.is_empty(),
            loads: &loads,
            flat: findings.flat,
            placements: &findings.placed(),
        });
        let reached = reached.iter().map(|d| d.key.clone()).collect();
        Ok(Draft { generated, loads, reached, idents, loops, sliced })
    }

    /// The older variables that the cell mentions, with paths of their types.
    fn loads(&mut self, prepared: &Prepared, findings: &Findings) -> Result<Vec<Load>, Failure> {
        let mut names: BTreeSet<&String> = prepared.cell.statements.iter().flat_map(|s| &s.mentions).collect();
        names.extend(&findings.loads);
        let wanted = names.into_iter().filter(|name| self.slot_of(name).is_some() && !prepared.dropped(name));
        let wanted: Vec<String> = wanted.cloned().collect();
        let mut loads: Vec<Load> = Vec::new();
        for name in wanted {
            let slot = self.slot_of(&name).unwrap_or_else(|| name.clone());
            let type_name = self.live[&slot].type_name.clone();
            let path = self.path_of(&slot, &type_name)?;
            if let Some(other) = loads.iter().find(|load| load.slot == slot) {
                let words = format!("`{}` and `{name}` are the same value", other.name);
                return Err(Failure::new(FailureKind::Compile, "results", words).hint("use one of the two names"));
            }
            loads.push(Load { name, slot, path });
        }
        Ok(loads)
    }

    /// The variable that a name means: `__` is the newest result, `___` the one before.
    fn slot_of(&self, name: &str) -> Option<String> {
        if self.live.contains_key(name) {
            return Some(name.to_owned());
        }
        let back = match name {
            "__" => 0,
            "___" => 1,
            _ => return None,
        };
        let (number, kept) = self.results.iter().rev().nth(back)?;
        let name = result_name(*number);
        (*kept && self.live.contains_key(&name)).then_some(name)
    }

    pub(crate) fn path_of(&mut self, name: &str, type_name: &str) -> Result<String, Failure> {
        if self.types.path(type_name).is_none() {
            self.finish_probe();
        }
        if self.types.path(type_name).is_none() && types::unnameable(type_name).is_none() {
            let made_here = self.live.get(name).is_none_or(|live| live.maker.is_some());
            match types::by_last_names(type_name).filter(|_| !made_here) {
                // Another process made it and found no time to ask; a wrong guess is refused, and costs a compile.
                Some(guess) => self.types.suppose(type_name, guess),
                None => self.retype(name)?,
            }
        }
        self.types.path(type_name).ok_or_else(|| self.unusable(name, type_name))
    }

    fn unusable(&self, name: &str, type_name: &str) -> Failure {
        let why = types::unnameable(type_name).unwrap_or(types::Unnameable::Other);
        let cell = self.live.get(name).map_or(0, |live| self.shown(live.execution));
        let words = format!(
            "`{name}` (cell {cell}) cannot be used in another cell: its type `{}` cannot be written down",
            diagnostics::shorten_type(type_name)
        );
        Failure::new(FailureKind::Compile, "unnameable type", words).hint(why.remedy())
    }

    /// Asks the compiler for the path of a variable's type, now.
    pub(crate) fn retype(&mut self, name: &str) -> Result<(), Failure> {
        let Some(live) = self.live.get(name).cloned() else { return Ok(()) };
        let before = self.types.path(&live.type_name);
        self.types.distrust(&live.type_name);
        let Some(maker) = &live.maker else { return Err(self.unusable(name, &live.type_name)) };
        let asked = BTreeMap::from([(name.to_owned(), live.type_name.clone())]);
        self.start_probe(maker, asked);
        self.finish_probe();
        match self.types.path(&live.type_name) {
            path if path.is_some() && path != before => Ok(()),
            _ => Err(self.unusable(name, &live.type_name)),
        }
    }

    /// Lets the compiler print the types of `asked` in the background.
    pub(crate) fn start_probe(&mut self, maker: &Generated, asked: BTreeMap<String, String>) {
        self.finish_probe();
        let (mut text, map) = codegen::probe(maker, &|(name, _)| asked.contains_key(name));
        text.push_str(&types::shadows(&asked.values().cloned().collect()));
        let compiler = self.compiler.clone();
        let thread = std::thread::spawn(move || match compiler.compile(&text, Goal::Check) {
            Ok(compiled) => types::printed(&compiled.messages, &map),
            Err(_) => BTreeMap::new(),
        });
        self.probe = Some(Probe { thread, asked });
    }

    /// Waits for a check in the background and notes the paths it found.
    pub(crate) fn finish_probe(&mut self) {
        let Some(probe) = self.probe.take() else { return };
        let printed = probe.thread.join().unwrap_or_default();
        for (name, path) in printed {
            if let Some(type_name) = probe.asked.get(&name)
                && syn::parse_str::<syn::Type>(&path).is_ok()
            {
                self.types.learn(type_name, path);
            }
        }
    }

    /// The error of a cell that does not parse: rustc words it better than the parser.
    pub(crate) fn syntax_failure(&self, source: &Source, execution: ExecutionId, error: &syn::Error) -> Failure {
        let (generated, map) = as_body(source, execution);
        match self.compiler.compile(&generated, Goal::Check) {
            Ok(compiled) if compiled.messages.iter().any(Message::is_error) => {
                let context = Context { map: &map, generated: &generated, cells: &|id| self.text_of(id) };
                let mut failure = diagnostics::report(&compiled.messages, &context, Style::Colour);
                if failure.kind == FailureKind::Compile {
                    failure.kind = FailureKind::Syntax;
                }
                failure
            }
            Ok(_) => Failure::new(FailureKind::Syntax, "syntax", format!("the cell could not be taken apart: {error}")),
            Err(error) => no_compiler(&error),
        }
    }
}

/// A cell that does not parse, as it stands, in a function.
pub(crate) fn as_body(source: &Source, execution: ExecutionId) -> (String, SourceMap) {
    let text = RustText::new(source, execution);
    let mut builder = Builder::default();
    builder.glue("fn __ironbook_cell() {\n");
    emit(&mut builder, &text.pieces(0..text.text.len(), &[]));
    builder.glue("\n}\n");
    builder.finish()
}

/// Items of earlier cells that do not compile with what this cell defines must not keep it from running.
fn leave_out(
    prepared: &Prepared,
    draft: &Draft,
    adjustment: &Adjustment,
    findings: &mut Findings,
) -> Result<(), Refusal> {
    let elsewhere = !adjustment.blamed_in.is_empty() && !adjustment.blamed_in.contains(&prepared.execution);
    let faulty = |key: &Key| {
        let stands = draft.generated.items.iter().filter(|(item, _)| item == key);
        stands.into_iter().any(|(_, range)| adjustment.blamed_at.iter().any(|at| range.contains(at)))
    };
    let guilty: BTreeSet<String> = draft
        .reached
        .iter()
        .filter(|key| {
            !prepared.own.contains(key) && matches!(key.kind, ItemKind::Impl | ItemKind::Function | ItemKind::Use)
        })
        .filter(|key| faulty(key))
        .map(items::label)
        .collect();
    let fresh: Vec<&String> = guilty.iter().filter(|label| !findings.left_out.contains(*label)).collect();
    if !elsewhere || fresh.is_empty() || prepared.own.is_empty() {
        return Err(Refusal::Errors(adjustment.blamed.clone()));
    }
    for label in fresh {
        findings.notes.push(format!("`{label}` does not compile with what this cell defines; run its cell again"));
    }
    findings.left_out.extend(guilty);
    Ok(())
}

fn definitions(cell: &Cell, text: &RustText, execution: ExecutionId, includes: &[Edit]) -> Vec<Definition> {
    cell.items
        .iter()
        .flat_map(|(item, range)| items::definitions(item, range.clone(), text, execution, includes))
        .collect()
}

fn ready(draft: Draft, findings: Findings, opt_level: u8, compiles: u32, compile_s: f64) -> Ready {
    Ready {
        generated: Arc::new(draft.generated),
        object: findings.object.clone(),
        loads: draft.loads,
        reached: draft.reached,
        left_out: findings.left_out.clone(),
        findings,
        opt_level,
        compiles,
        compile_s,
        loops: draft.loops,
    }
}

/// The compiler could not be called at all.
pub(crate) fn no_compiler(error: &std::io::Error) -> Failure {
    let full = error.kind() == std::io::ErrorKind::StorageFull;
    let hint = if full {
        "free some space, or set IRONBOOK_HOME to a directory on another disk"
    } else {
        "run `ironbook doctor`: it checks the compiler, the linker and the cache directory"
    };
    Failure::new(FailureKind::Environment, "compiler", format!("the cell could not be compiled: {error}")).hint(hint)
}

/// The variable that a cell is nothing but (`df` or `&df`), which needs no compiler.
pub(crate) fn bare_variable(prepared: &Prepared) -> Option<String> {
    let [statement] = prepared.cell.statements.as_slice() else { return None };
    let text = prepared.text.text.get(statement.range.clone())?;
    let name = text.strip_prefix('&').unwrap_or(text).trim();
    let single = statement.mentions.len() == 1 && statement.mentions.contains(name);
    (matches!(statement.kind, Kind::Tail { .. }) && single && prepared.own.is_empty()).then(|| name.to_owned())
}
