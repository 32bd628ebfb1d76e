//! Hints of the notebook's own: what compiles, and is likely not what was meant.
//!
//! No hint is a guess: what it proposes was compiled before it is said, and sizes are those of live values. They are for
//! editors; a cell that is run says nothing of them.

mod costly;
mod seen;
mod trial;

use super::{Checked, Checker, Sound};
use crate::codegen::Placement;
use crate::diagnostics::{Diagnostic, Fix, Severity};
use crate::map::{ExecutionId, Place};
use crate::source::Source;
use seen::{Cloned, Parent, Seen};
use std::ops::Range;
use trial::Edit;

/// A lazy frame that nothing computes.
pub const UNUSED_LAZY_FRAME: &str = "ironbook::unused_lazy_frame";
/// `.unwrap()` or `.expect(..)` where `?` works.
pub const UNWRAP: &str = "ironbook::unwrap";
/// A copy of a large value.
pub const LARGE_CLONE: &str = "ironbook::large_clone";
/// A variable that borrows, and so ends with its cell.
pub const BORROW: &str = "ironbook::borrow";
/// A table printed as text.
pub const PRINTED_TABLE: &str = "ironbook::printed_table";

/// A column that the table of a chain does not have; found by `ironbook-assist`, which follows chains.
pub const UNKNOWN_COLUMN: &str = "ironbook::unknown_column";

/// All of them.
pub const ALL: &[&str] = &[UNUSED_LAZY_FRAME, UNWRAP, LARGE_CLONE, BORROW, PRINTED_TABLE, UNKNOWN_COLUMN];

/// So often a cell is compiled to find the `.unwrap()` that `?` can stand for.
const ROUNDS: usize = 3;
/// So many changes of a cell are tried; what would need more is said without a fix, or not at all.
const MOST_TRIED: u32 = 12;

/// Values from this size on are large, in bytes.
pub const LARGE: u64 = 16 << 20;

impl Checker {
    /// Gives none of these lints any more; `ironbook` or `all` stands for every one.
    pub fn allow(&mut self, lints: &[String]) {
        self.allowed.extend(lints.iter().map(|lint| lint.trim().trim_start_matches("ironbook::").to_owned()));
    }

    /// Adds the hints of a cell that compiles.
    pub(super) fn lint(&mut self, source: &Source, sound: &Sound, checked: &mut Checked) {
        let seen = Seen::of(&sound.prepared);
        self.tries = MOST_TRIED;
        self.lazy_frames(source, sound, checked);
        self.borrows(source, sound, &seen, checked);
        let mut found = self.unwraps(source, sound, &seen, checked);
        found.extend(self.clones(source, sound, &seen, checked));
        found.extend(self.printed_table(source, sound, &seen, checked));
        checked.diagnostics.extend(found);
        checked.diagnostics.retain(|found| !self.is_switched_off(found, &source.text));
    }

    /// Whether the user wants no such hint: everywhere, or by a comment in the cell, whose text is `text`.
    pub fn is_switched_off(&self, found: &Diagnostic, text: &str) -> bool {
        let lint = found.code.as_deref().and_then(|code| code.strip_prefix("ironbook::"));
        lint.is_some_and(|lint| self.is_allowed(lint) || is_allowed_at(lint, text, found.place.as_ref()))
    }

    fn is_allowed(&self, lint: &str) -> bool {
        ["all", "ironbook", lint].iter().any(|name| self.allowed.contains(*name))
    }

    /// A name that neither the text has, nor a variable or an item of the session.
    fn fresh(&self, name: &str, text: &str) -> String {
        let items: Vec<String> = self.items().into_iter().map(|item| item.name).collect();
        let is_free =
            |name: &String| !text.contains(name) && !self.session.live.contains_key(name) && !items.contains(name);
        let mut names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}{number}")));
        names.find(is_free).unwrap_or_else(|| name.to_owned())
    }

    /// What the compiler says of unused values, in the notebook's words.
    fn lazy_frames(&mut self, source: &Source, sound: &Sound, checked: &mut Checked) {
        let unused = |found: &Diagnostic| found.code.as_deref() == Some("unused_must_use");
        let places: Vec<usize> =
            (0..checked.diagnostics.len()).filter(|at| unused(&checked.diagnostics[*at])).collect();
        for at in places {
            let (message, place) = (checked.diagnostics[at].message.clone(), checked.diagnostics[at].place.clone());
            let Some(range) = place.map(|place| place.range) else { continue };
            let end = range.end..range.end;
            if message.contains("`LazyFrame`") {
                let name = self.fresh("computed", &source.text);
                let edits = [(range.start..range.start, format!("let {name} = ")), (end, ".collect()?".to_owned())];
                let fix =
                    self.proven(source, sound, &edits, &format!("compute it: `let {name} = ….collect()?`"), checked);
                let found = &mut checked.diagnostics[at];
                found.code = Some(UNUSED_LAZY_FRAME.to_owned());
                found.message = "this lazy frame is a plan that nothing computes; `.collect()?` computes it".to_owned();
                found.label = String::new();
                found.remarks.clear();
                found.fixes = fix.into_iter().collect();
            } else if message.starts_with("unused `Result`") {
                let fix =
                    self.proven(source, sound, &[(end, "?".to_owned())], "let an error end the cell: `?`", checked);
                checked.diagnostics[at].fixes.splice(0..0, fix);
            }
        }
    }

    /// What the engine notes of variables that borrow: with a code, and with what keeps them.
    fn borrows(&mut self, source: &Source, sound: &Sound, seen: &Seen, checked: &mut Checked) {
        for at in 0..checked.diagnostics.len() {
            let found = &checked.diagnostics[at];
            let name = found.message.split('`').nth(1).unwrap_or("").to_owned();
            if found.severity != Severity::Hint || !found.message.contains(" borrows ") {
                continue;
            }
            let owned = seen.lets.get(&name).map(seen::Value::owned);
            let keeps = owned.filter(|edits| {
                let tried = self.tried(source, edits, checked);
                tried.is_ok_and(|tried| {
                    tried.placed.iter().all(|((other, _), place)| *other != name || *place != Placement::Nowhere)
                        && tried.doubts <= doubts(checked)
                })
            });
            let found = &mut checked.diagnostics[at];
            found.code = Some(BORROW.to_owned());
            if let Some(edits) = keeps {
                let call = edits.last().map_or("", |(_, text)| text.trim_start_matches(')'));
                let title = format!("keep a copy: `{call}`");
                found.fixes.push(fix(title, &edits, sound.prepared.execution, Sure::No));
            }
        }
    }

    /// `.unwrap()` where `?` compiles as well.
    fn unwraps(&mut self, source: &Source, sound: &Sound, seen: &Seen, checked: &mut Checked) -> Vec<Diagnostic> {
        let mut left: Vec<Edit> = seen.unwraps.iter().map(|unwrap| (unwrap.range.clone(), "?".to_owned())).collect();
        let mut proven = false;
        // What does not work is left out, and the rest tried again; of a rest that never compiled nothing is said.
        for _ in 0..ROUNDS {
            if left.is_empty() {
                return Vec::new();
            }
            match self.tried(source, &left, checked) {
                Ok(tried) if tried.placed == sound.findings.placed() && tried.doubts <= doubts(checked) => {
                    proven = true;
                    break;
                }
                Ok(_) => return Vec::new(),
                Err(wrong) => {
                    let before = left.len();
                    left.retain(|(range, _)| !wrong.iter().any(|at| at.start < range.end && range.start < at.end));
                    if left.len() == before {
                        // A borrow is at odds elsewhere on the line.
                        left.retain(|(range, _)| !wrong.iter().any(|at| share_a_line(at, range, &source.text)));
                    }
                    if left.len() == before {
                        return Vec::new();
                    }
                }
            }
        }
        if !proven {
            return Vec::new();
        }
        let is_left = |range: &Range<usize>| left.iter().any(|(left, _)| left == range);
        let execution = sound.prepared.execution;
        let kept = seen.unwraps.iter().filter(|unwrap| is_left(&unwrap.range));
        let said = kept.map(|unwrap| {
            let words =
                format!("`?` works here: an error then ends the cell with its own words, `.{}` panics", unwrap.name);
            let edit = [(unwrap.range.clone(), "?".to_owned())];
            let sure = if unwrap.name == "unwrap" { Sure::Yes } else { Sure::No };
            let mut hint = hint(UNWRAP, words, unwrap.range.clone(), execution);
            hint.fixes.push(fix("replace by `?`".to_owned(), &edit, execution, sure));
            hint
        });
        said.collect()
    }

    /// Copies of large live values.
    fn clones(&mut self, source: &Source, sound: &Sound, seen: &Seen, checked: &mut Checked) -> Vec<Diagnostic> {
        let execution = sound.prepared.execution;
        let mut out = Vec::new();
        for clone in seen.clones.iter().filter(|clone| !seen.bound.contains(&clone.name)) {
            let Some(live) = self.session.live.get(&clone.name) else { continue };
            if live.bytes < LARGE || !costly::is_copied_whole(&live.type_name) {
                continue;
            }
            let size = costly::size(live.bytes);
            let edit = borrowed(clone);
            let title = format!("borrow `{}` instead", clone.name);
            let edit = edit.filter(|_| clone.parent != Parent::Receiver || self.only_reads(source, clone, checked));
            let fix = edit.and_then(|edit| self.proven(source, sound, &[edit], &title, checked));
            let words = match &fix {
                Some(_) => format!("this copies {size}; borrowing `{}` does as well", clone.name),
                None => format!("this copies {size}: `{}` is of that size", clone.name),
            };
            let mut said = hint(LARGE_CLONE, words, clone.range.clone(), execution);
            if fix.is_some() {
                said.severity = Severity::Warning;
            }
            said.fixes.extend(fix);
            out.push(said);
        }
        out
    }

    /// Whether the method that is called on a copy does with a shared borrow. Without the copy, one that takes `&mut self` would
    /// compile on a `let mut` as well, and change the variable.
    fn only_reads(&mut self, source: &Source, clone: &Cloned, checked: &mut Checked) -> bool {
        let shared = format!("(&{})", clone.name);
        self.tried(source, &[(clone.range.clone(), shared)], checked).is_ok()
    }

    /// A table that the last line prints, where its name alone shows it as one.
    fn printed_table(
        &mut self,
        source: &Source,
        sound: &Sound,
        seen: &Seen,
        checked: &mut Checked,
    ) -> Option<Diagnostic> {
        let printed = seen.printed.as_ref()?;
        // Whether it is a frame, the compiler knows.
        let probe = format!("{{ let _: &DataFrame = &{}; }}", printed.name);
        self.tried(source, &[(printed.range.clone(), probe)], checked).ok()?;
        let edit = [(printed.range.clone(), printed.name.clone())];
        let title = format!("show it: `{}`", printed.name);
        let fix = self.proven(source, sound, &edit, &title, checked)?;
        let words = format!("`{}` as the last line shows a table; printed it is text", printed.name);
        let mut said = hint(PRINTED_TABLE, words, printed.range.clone(), sound.prepared.execution);
        said.fixes.push(fix);
        Some(said)
    }

    /// A fix after which the cell compiles with the same variables and no new doubt.
    fn proven(
        &mut self,
        source: &Source,
        sound: &Sound,
        edits: &[Edit],
        title: &str,
        checked: &mut Checked,
    ) -> Option<Fix> {
        let tried = self.tried(source, edits, checked).ok()?;
        let before = sound.findings.placed();
        let same = before.iter().all(|(binding, place)| tried.placed.get(binding) == Some(place))
            && tried.placed.iter().all(|(binding, place)| before.contains_key(binding) || *place != Placement::Nowhere);
        (same && tried.doubts <= doubts(checked))
            .then(|| fix(title.to_owned(), edits, sound.prepared.execution, Sure::Yes))
    }
}

/// Whether a fix is surely what was meant.
#[derive(Clone, Copy)]
enum Sure {
    Yes,
    No,
}

fn fix(title: String, edits: &[Edit], execution: ExecutionId, sure: Sure) -> Fix {
    let edits = edits.iter().map(|(range, text)| (Place { execution, range: range.clone() }, text.clone()));
    Fix { title, edits: edits.collect(), sure: matches!(sure, Sure::Yes) }
}

fn hint(code: &str, words: String, range: Range<usize>, execution: ExecutionId) -> Diagnostic {
    let mut hint = Diagnostic::new(Severity::Hint, Some(code.to_owned()), words);
    hint.place = Some(Place { execution, range });
    hint
}

/// How many doubts the compiler has of the cell.
fn doubts(checked: &Checked) -> usize {
    checked.diagnostics.iter().filter(|found| found.severity == Severity::Warning).count()
}

/// What to write instead of a copy, where reading may be all that is done.
fn borrowed(clone: &Cloned) -> Option<Edit> {
    match clone.parent {
        Parent::Receiver | Parent::Reference => Some((clone.call.clone(), String::new())),
        Parent::Argument => Some((clone.range.clone(), format!("&{}", clone.name))),
        Parent::Other => None,
    }
}

fn share_a_line(one: &Range<usize>, other: &Range<usize>, text: &str) -> bool {
    let between = one.end.min(other.end)..one.start.max(other.start);
    between.is_empty() || text.get(between).is_some_and(|text| !text.contains('\n'))
}

/// Whether a comment switches a lint off: `// ironbook: allow(unwrap)` on the line, on the one above, or as the cell's first.
fn is_allowed_at(lint: &str, text: &str, place: Option<&Place>) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let line = place.and_then(|place| text.get(..place.range.start)).map_or(0, |before| before.matches('\n').count());
    let nearby = [Some(0), line.checked_sub(1), Some(line)];
    nearby.into_iter().flatten().filter_map(|at| lines.get(at).map(|text| (at, *text))).any(|(at, text)| {
        let comment =
            text.split_once("// ironbook: allow(").filter(|(before, _)| at == line || before.trim().is_empty());
        let names = comment.and_then(|(_, rest)| Some(rest.split_once(')')?.0));
        names.is_some_and(|names| {
            names
                .split(',')
                .map(|name| name.trim().trim_start_matches("ironbook::"))
                .any(|name| name == lint || name == "all")
        })
    })
}
