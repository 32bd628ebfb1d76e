//! From a cell's source to a shared object: parse, load, generate, compile, and compile again as borrows ask for it.

mod draft;
mod failures;
mod prepare;
mod typed;

pub(crate) use draft::Draft;
pub(crate) use failures::{as_body, no_compiler};
pub(crate) use prepare::{Prepared, bare_variable};

use crate::codegen::{Binding, Generated, Load, Placement};
use crate::compile::{Compiled, Goal, Input};
use crate::diagnostics::{self, Context, Message, Style};
use crate::event::{Event, Failure, FailureKind};
use crate::items::{self, Key, Kind as ItemKind};
use crate::map::Glue;
use crate::parse::Loops;
use crate::plan::{self, Adjustment, Situation};
use crate::run::interrupted;
use crate::session::Session;
use crate::tier;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most compiles of one cell before the engine gives up on its borrows.
const MOST_COMPILES: usize = 12;

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
