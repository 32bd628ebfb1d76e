//! Promotion from beginning to end: plan, write, compile, prove, publish.

use crate::page::Page;
use crate::place;
use crate::plan::{Options, Plan, plan};
use crate::program::{self, BuildError, Crates};
use crate::refusal::Refusal;
use crate::samples;
use crate::tidy;
use crate::vendor;
use crate::verify::{self, Verdict, VerifyError};
use crate::write::{self, Writing};
use ironbook_pipeline::definition::{self, Definition, seal};
use ironbook_pipeline::folder::{self, Folder};
use ironbook_pipeline::samples::SampledStage;
use ironbook_pipeline::version::{Level, Version, bump};
use ironbook_session::explored::Explored;
use ironbook_session::library::{Library, Missing, Paths};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What came of a promotion.
#[derive(Clone, Debug)]
pub struct Promoted {
    /// What was taken and left.
    pub plan: Plan,
    /// The definition that was written.
    pub definition: Definition,
    /// The directory of the version.
    pub directory: PathBuf,
    /// Why it got this version.
    pub reasons: Vec<String>,
    /// Whether this version was there already, since nothing has changed.
    pub unchanged: bool,
    /// What the runs showed; none where they were not asked for.
    pub verdict: Option<Verdict>,
    /// Which stages the crate tests on a sample of what they took, and why not the others; empty without a verdict.
    pub samples: Vec<SampledStage>,
}

/// Why nothing was promoted.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// The session cannot be reproduced, or the target not found.
    #[error("{}", refused(.0))]
    Refused(Vec<Refusal>),
    /// The values are not the session's. Nothing was published.
    #[error("{}", not_reproduced(.0, .1))]
    NotReproduced(Box<Plan>, Box<Verdict>),
    /// The stages do not compile, though the cells do.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It does not run.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The name cannot be one, or the version is there.
    #[error(transparent)]
    Folder(#[from] folder::Error),
    /// There is nothing that could travel with the version.
    #[error("the library's sources, which go with a version, are not in {}\n{}", path.display(), remedy(path))]
    NoSources {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// An older version cannot be read.
    #[error(transparent)]
    Definition(#[from] definition::Error),
    /// A file could not be written.
    #[error("the version could not be written: {0}")]
    Io(#[from] io::Error),
}

fn remedy(path: &Path) -> String {
    let missing = Missing::NoSource { path: path.to_owned() };
    format!("{}; or name that directory with `--link`", missing.remedy())
}

fn refused(refusals: &[Refusal]) -> String {
    let words: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    words.join("\n")
}

fn not_reproduced(plan: &Plan, verdict: &Verdict) -> String {
    let mut words = Vec::new();
    for value in &verdict.nondeterministic {
        let suspects = suspects(plan, value);
        let by = match suspects.is_empty() {
            true => String::new(),
            false => format!(": {}", suspects.join("; ")),
        };
        words.push(format!("`{value}` differs between two clean runs{by}"));
    }
    for (value, why) in verdict.different.iter().filter(|(value, _)| !verdict.nondeterministic.contains(value)) {
        words.push(format!("`{value}` is not what the session has ({why})"));
    }
    words.join("\n")
}

/// Calls whose results have no order of their own, and what to do about them.
const UNORDERED: &[(&str, &str)] = &[
    ("group_by", "give its result an order (`group_by_stable`, or `.sort(..)` behind it)"),
    ("unique", "use `unique_stable`, or sort behind it"),
    ("HashMap", "use a `BTreeMap`, or sort what is taken out of it"),
    ("HashSet", "use a `BTreeSet`, or sort what is taken out of it"),
    ("par_iter", "sums of parts depend on how they are split; collect, then add up in order"),
    ("into_par_iter", "sums of parts depend on how they are split; collect, then add up in order"),
    ("spawn", "what threads do has no order; join them before their results are used"),
];

/// What in the stages that a value comes from can make it differ.
fn suspects(plan: &Plan, value: &str) -> Vec<String> {
    let stage = value.split('.').next().unwrap_or_default();
    let (mut seen, mut open) = (Vec::new(), vec![stage.to_owned()]);
    while let Some(name) = open.pop() {
        let Some(stage) = plan.stages.iter().find(|stage| stage.name == name) else { continue };
        if seen.contains(&name) {
            continue;
        }
        open.extend(stage.inputs.iter().filter_map(|edge| plan.stages.get(edge.from)).map(|stage| stage.name.clone()));
        seen.push(name);
    }
    let functions = ironbook_pipeline::diff::functions(&plan.stages_rs);
    let mut out = Vec::new();
    for name in seen {
        let Some(text) = functions.get(&name) else { continue };
        let called = |call: &str| {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            text.match_indices(call)
                .any(|(at, _)| !text[..at].ends_with(word) && !text[at + call.len()..].starts_with(word))
        };
        for (call, remedy) in UNORDERED.iter().filter(|(call, _)| called(call)) {
            out.push(format!("stage {name} calls `{call}`: {remedy}"));
        }
    }
    out
}

/// How far a promotion goes.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for.
    pub options: Options,
    /// How it is written.
    pub writing: Writing,
    /// Whether it is run and compared before it is published.
    pub verify: bool,
}

/// The same, once it is known that the library's sources are there.
fn located(writing: &Writing, paths: &Paths) -> Result<Writing, PromoteError> {
    // The crate names it from another directory than this process works in.
    let link = writing.link.as_ref().map(|link| fs::canonicalize(link).unwrap_or_else(|_| link.clone()));
    let path = link.clone().unwrap_or_else(|| vendor::folder(paths));
    match path.join("stdlib/ironbook/Cargo.toml").is_file() {
        true => Ok(Writing { link, ..writing.clone() }),
        false => Err(PromoteError::NoSources { path }),
    }
}

/// Promotes.
///
/// `told` is called as it goes on: `compiling`, `running`, `sampling`.
///
/// # Errors
/// [`PromoteError`]; nothing is published then.
pub fn promote(
    explored: &Explored,
    page: Option<&Page>,
    request: &Request,
    (paths, library): (&Paths, &Library),
    told: &mut dyn FnMut(&str),
) -> Result<Promoted, PromoteError> {
    let project = place::project(explored);
    let folder = Folder::of(&project);
    let request = &Request { writing: located(&request.writing, paths)?, ..request.clone() };
    let plan = plan(explored, page, &request.options).map_err(PromoteError::Refused)?;
    let mut draft = folder.begin(&request.options.name)?;
    let mut definition = write::write(&plan, explored, (paths, library), &request.writing, draft.path())?;
    definition.write(draft.path())?;
    told("compiling");
    let crates = Crates { library, extra: explored.extra.as_ref().filter(|_| !plan.crates.is_empty()) };
    tidy::tidy(crates, draft.path())?;
    let (verdict, samples) = match request.verify {
        false => (None, Vec::new()),
        true => {
            let program = program::build(crates, draft.path(), &program::folder(paths))?;
            told("running");
            let scratch = tempfile::tempdir()?;
            let verdict = verify::verify(&plan, explored, &definition, (&program, &project), scratch.path())?;
            if !verdict.reproduced() {
                return Err(PromoteError::NotReproduced(Box::new(plan), Box::new(verdict)));
            }
            told("sampling");
            let cache = scratch.path().join(verify::FIRST);
            let samples = samples::add(draft.path(), (&program, &project, &cache), explored)?;
            (Some(verdict), samples)
        }
    };
    definition.verified = verdict.as_ref().map(Verdict::recorded);
    let latest = folder.latest(&request.options.name)?;
    let mut reasons = Vec::new();
    let version = match latest {
        None => Version::FIRST,
        Some(latest) => {
            let directory = folder.directory(&request.options.name, latest);
            let old = Definition::read(directory.join(definition::FILE))?;
            definition.version = latest.to_string();
            seal(&mut definition, draft.path())?;
            if old.content == definition.content {
                return Ok(Promoted { plan, definition: old, directory, reasons, unchanged: true, verdict, samples });
            }
            let step = bump(&old, &definition);
            reasons = step.reasons.iter().map(ToString::to_string).collect();
            // Only files changed that no part of the definition tells of.
            if step.level.is_none() { latest.next(Level::Patch) } else { step.version }
        }
    };
    definition.version = version.to_string();
    write::finish(&mut definition, draft.path())?;
    let directory = draft.publish(version)?;
    if request.verify {
        // The one that was proved says another version of itself.
        let program = program::build(crates, &directory, &program::folder(paths))?;
        program::remember(paths, &definition.content, &program, crates);
    }
    Ok(Promoted { plan, definition, directory, reasons, unchanged: false, verdict, samples })
}
