//! What the compiler says of a cell that is not run: the drafts and compiles of running it, up to types and borrows.
//!
//! A [`Checker`] is a session without a runtime. It can take a cell for run ([`Checker::follow`]), so that the cells of
//! a script are checked one after another as they would be run: the compiler tells the types of their variables.

mod follow;
pub mod lints;
mod salvage;

use crate::codegen::{Generated, Placement};
use crate::compile::Goal;
use crate::diagnostics::{self, Context, Diagnostic, Message, Severity};
use crate::event::Failure;
use crate::execute::{Draft, Findings, Prepared, Refusal, as_body, bare_variable, no_compiler};
use crate::language::Prelude;
use crate::map::{ExecutionId, Place, SourceMap};
use crate::session::{Config, Handle, ItemInfo, Session, Variable};
use crate::source::Source;
use ironbook_core::slots::result_number;
use std::collections::BTreeSet;

/// Codes that say that a name is missing.
const MISSING: [&str; 9] = ["E0405", "E0412", "E0422", "E0423", "E0425", "E0432", "E0433", "E0531", "E0574"];

/// A session without a runtime, whose cells are checked and not run.
pub struct Checker {
    session: Session,
    /// Names that cells with errors would have made; what they are is not known.
    unknown: BTreeSet<String>,
    /// Variables whose types are those that cells with errors would give them without these.
    guessed: BTreeSet<String>,
    /// Hints that are not given, by their names behind `ironbook::`.
    allowed: BTreeSet<String>,
    /// So many changes of the cell at hand may still be tried.
    tries: u32,
}

/// What a check gave.
#[derive(Debug, Default)]
pub struct Checked {
    /// What the compiler says, most important first. Places are in the checked cell, or in an earlier one.
    pub diagnostics: Vec<Diagnostic>,
    /// How often the compiler was called.
    pub compiles: u32,
    /// Seconds in it.
    pub seconds: f64,
    /// Where errors are, those that are not told included.
    faults: Vec<Place>,
    /// Whether it works with variables whose types are guessed.
    guess: bool,
}

impl Checked {
    /// Whether the cell would be compiled.
    pub fn is_sound(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }
}

impl Clone for Checker {
    fn clone(&self) -> Self {
        let (unknown, guessed, allowed) = (self.unknown.clone(), self.guessed.clone(), self.allowed.clone());
        Checker { session: self.session.copied(), unknown, guessed, allowed, tries: 0 }
    }
}

impl Session {
    /// Checks cells as this session would compile them now. Later cells do not change it.
    pub fn checker(&self) -> Checker {
        Checker::of(self.copied())
    }
}

/// A cell that the compiler refuses, as it was drafted first.
struct Refused {
    prepared: Prepared,
    generated: Generated,
}

/// A cell whose draft is settled.
struct Sound {
    prepared: Prepared,
    draft: Draft,
    findings: Findings,
}

impl Checker {
    /// A checker before the first cell.
    ///
    /// # Errors
    /// When the cache directory cannot be made.
    pub fn new(config: Config) -> Result<Checker, Failure> {
        Session::without_runtime(config).map(Checker::of)
    }

    fn of(session: Session) -> Checker {
        Checker { session, unknown: BTreeSet::new(), guessed: BTreeSet::new(), allowed: BTreeSet::new(), tries: 0 }
    }

    /// Stops a check from another thread; it then says that it was interrupted.
    pub fn handle(&self) -> Handle {
        self.session.handle()
    }

    /// The execution that the next checked cell is.
    pub fn execution(&self) -> ExecutionId {
        self.session.last + 1
    }

    /// The variables that the next cell would find.
    pub fn variables(&self) -> Vec<Variable> {
        self.session.known_variables()
    }

    /// The items in force.
    pub fn items(&self) -> Vec<ItemInfo> {
        self.session.items()
    }

    /// What a language service has to know.
    pub fn prelude(&self) -> Prelude {
        self.session.prelude()
    }

    /// Checks a cell. What the thread has parsed before is forgotten ([`forget_texts`](crate::parse::forget_texts)).
    pub fn check(&mut self, source: &Source) -> Checked {
        self.look(source).0
    }

    fn look(&mut self, source: &Source) -> (Checked, Result<Sound, Option<Box<Refused>>>) {
        crate::parse::forget_texts();
        self.session.handle().begin();
        let execution = self.execution();
        self.session.texts.insert(execution, source.text.clone());
        self.session.numbers.insert(execution, execution);
        let mut checked = Checked::default();
        let prepared = match self.session.prepare(source, execution) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.unparsed(source, execution, &error, &mut checked);
                return (checked, Err(None));
            }
        };
        let nothing = prepared.cell.statements.is_empty() && prepared.own.is_empty();
        if nothing || bare_variable(&prepared).is_some_and(|name| self.session.live.contains_key(&name)) {
            return (checked, Err(None));
        }
        checked.guess = self.is_guess(&prepared);
        let sound = self.settle(prepared, source, &mut checked);
        if let Ok(sound) = &sound {
            self.lint(source, sound, &mut checked);
        }
        checked.faults = salvage::places(&checked.diagnostics);
        checked.diagnostics.retain(|diagnostic| !self.follows_from_unknown(diagnostic));
        if checked.guess {
            checked.diagnostics.retain(salvage::holds_for_any_type);
        }
        (checked, sound)
    }

    fn settle(
        &mut self,
        prepared: Prepared,
        source: &Source,
        checked: &mut Checked,
    ) -> Result<Sound, Option<Box<Refused>>> {
        let mut findings = Findings::default();
        let mut draft = match self.session.draft(&prepared, &findings) {
            Ok(draft) => draft,
            Err(failure) => {
                checked.diagnostics.push(of_failure(&failure, source, prepared.execution));
                return Err(None);
            }
        };
        match self.session.settle_draft(&prepared, &mut draft, &mut findings, Goal::Check) {
            Ok(settled) => {
                checked.compiles += settled.rounds;
                checked.seconds += settled.seconds;
                let messages = &settled.compiled.messages;
                checked.diagnostics =
                    self.with_context(&draft.generated, |context| diagnostics::doubts(messages, context));
                checked.diagnostics.extend(findings.notes.iter().map(|note| hint(note, source, prepared.execution)));
                Ok(Sound { prepared, draft, findings })
            }
            Err(Refusal::Errors(messages)) => {
                checked.compiles += 1;
                checked.diagnostics = self.refused(&messages, &draft, &prepared);
                self.put_plainly(&prepared, &mut findings, checked);
                Err(Some(Box::new(Refused { prepared, generated: draft.generated })))
            }
            Err(Refusal::Other(failure)) => {
                checked.diagnostics.push(of_failure(&failure, source, prepared.execution));
                Err(None)
            }
        }
    }

    /// Errors as they are without the nested calls that let variables survive: `E0384` where those make it `E0594`.
    fn put_plainly(&mut self, prepared: &Prepared, findings: &mut Findings, checked: &mut Checked) {
        const NESTED: [&str; 8] = ["E0373", "E0381", "E0382", "E0499", "E0501", "E0502", "E0506", "E0594"];
        let nested = |found: &Diagnostic| found.code.as_deref().is_some_and(|code| NESTED.contains(&code));
        if !checked.diagnostics.iter().any(nested) {
            return;
        }
        findings.flatten();
        let Ok(mut draft) = self.session.draft(prepared, findings) else { return };
        if let Err(Refusal::Errors(messages)) = self.session.settle_draft(prepared, &mut draft, findings, Goal::Check) {
            checked.compiles += 1;
            checked.diagnostics = self.refused(&messages, &draft, prepared);
        }
    }

    fn refused(&self, messages: &[Message], draft: &Draft, prepared: &Prepared) -> Vec<Diagnostic> {
        let mut found = self.with_context(&draft.generated, |context| diagnostics::errors(messages, context));
        found.iter_mut().for_each(|diagnostic| self.narrow(diagnostic));
        let hints = self.session.hints(messages, prepared);
        if let Some(first) = found.first_mut() {
            first.remarks.extend(hints.iter().map(|hint| format!("help: {hint}")));
        } else {
            let said = messages.iter().find(|message| message.is_error());
            let words = said.map_or("the compiler refused the cell without a word", |message| message.message.as_str());
            found.push(Diagnostic::new(Severity::Error, None, words));
        }
        found
    }

    /// A `use` is compiled name by name: an error of one is at its name, not at the whole.
    fn narrow(&self, diagnostic: &mut Diagnostic) {
        let Some(place) = diagnostic.place.as_mut().filter(|_| diagnostic.code.as_deref() == Some("E0432")) else {
            return;
        };
        let text = self.session.texts.get(&place.execution).and_then(|text| text.get(place.range.clone()));
        let said = [&diagnostic.label, &diagnostic.message];
        let mut names = said.into_iter().filter_map(|words| words.split('`').nth(1)?.rsplit("::").next());
        let at = text.and_then(|text| names.find_map(|name| Some((word(text, name)?, name.len()))));
        if let Some((at, length)) = at {
            place.range = place.range.start + at..place.range.start + at + length;
        }
    }

    fn with_context<T>(&self, generated: &Generated, act: impl FnOnce(&Context<'_>) -> T) -> T {
        self.with_map(&generated.text, &generated.map, act)
    }

    fn with_map<T>(&self, generated: &str, map: &SourceMap, act: impl FnOnce(&Context<'_>) -> T) -> T {
        act(&Context { map, generated, cells: &|id| self.session.text_of(id) })
    }

    /// A cell that does not parse: rustc words it better than the parser.
    fn unparsed(&self, source: &Source, execution: ExecutionId, error: &syn::Error, checked: &mut Checked) {
        let (generated, map) = as_body(source, execution);
        match self.session.compiler.compile_stoppable(&generated, Goal::Check, self.session.handle().compiling()) {
            Ok(compiled) => {
                checked.compiles += 1;
                checked.seconds += compiled.seconds;
                checked.diagnostics =
                    self.with_map(&generated, &map, |context| diagnostics::errors(&compiled.messages, context));
            }
            Err(error) => checked.diagnostics.push(of_failure(&no_compiler(&error), source, execution)),
        }
        if checked.diagnostics.is_empty() {
            let words = format!("the cell could not be taken apart: {error}");
            checked.diagnostics.push(Diagnostic::new(Severity::Error, None, words));
        }
    }

    /// Whether a diagnostic says nothing but that a name is missing which a cell with errors would have made.
    fn follows_from_unknown(&self, diagnostic: &Diagnostic) -> bool {
        let missing = diagnostic.code.as_deref().is_none_or(|code| MISSING.contains(&code));
        let mut names = diagnostic.message.split('`').skip(1).step_by(2);
        let first = names.next().and_then(|name| name.trim_start_matches("::").split("::").next());
        missing && first.is_some_and(|name| self.unknown.contains(name) || is_result(name))
    }
}

/// Whether a name stands for a result, which only a cell that runs has: `__`, `_3`.
fn is_result(name: &str) -> bool {
    ["__", "___"].contains(&name) || result_number(name).is_some()
}

/// The first name in backquotes, where the cell has it as a word.
fn named(message: &str, source: &Source, execution: ExecutionId) -> Option<Place> {
    let name = message.split('`').nth(1)?;
    let at = word(&source.text, name)?;
    Some(Place { execution, range: at..at + name.len() })
}

/// The first byte of a name, where a text has it as a word.
fn word(text: &str, name: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let whole = |at: &usize| !text[..*at].ends_with(inside) && !text[at + name.len()..].starts_with(inside);
    let mut found = text.match_indices(name).map(|(at, _)| at).filter(|_| !name.is_empty());
    found.find(whole)
}

fn hint(note: &str, source: &Source, execution: ExecutionId) -> Diagnostic {
    let mut hint = Diagnostic::new(Severity::Hint, None, note);
    hint.place = named(note, source, execution);
    hint
}

fn of_failure(failure: &Failure, source: &Source, execution: ExecutionId) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Severity::Error, Some(failure.name.clone()), failure.message.clone());
    diagnostic.place = named(&failure.message, source, execution);
    diagnostic.remarks = failure.hints.iter().map(|hint| format!("help: {hint}")).collect();
    diagnostic
}

/// Whether a binding is left where it is neither put nor put back.
fn is_gone(placement: &Placement) -> bool {
    *placement == Placement::Nowhere
}
