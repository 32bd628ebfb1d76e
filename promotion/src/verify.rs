//! The proof: the pipeline is run twice in clean processes, and its values are compared with the session's.

use crate::plan::Plan;
use crate::program::BuildError;
use crate::write::expected;
use ironbook_pipeline::definition::{Definition, Verified};
use ironbook_session::explored::Explored;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the runs showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Values that are equal to the session's, as `stage.value`.
    pub equal: Vec<String>,
    /// Values that are not, and how.
    pub different: Vec<(String, String)>,
    /// Values that two clean runs gave differently.
    pub nondeterministic: Vec<String>,
    /// Values that the session no longer has.
    pub not_compared: Vec<String>,
    /// Gates that did not pass.
    pub gates: Vec<(String, String)>,
    /// Digests of all outputs of the first run.
    pub digests: BTreeMap<String, String>,
    /// Seconds that the first run took.
    pub seconds: f64,
}

impl Verdict {
    /// Whether everything that could be compared was equal, and equal in both runs.
    pub fn reproduced(&self) -> bool {
        self.different.is_empty() && self.nondeterministic.is_empty()
    }

    /// As the definition records it.
    pub fn recorded(&self) -> Verified {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Verified {
            runs: 2,
            compared: count(self.equal.len() + self.different.len()),
            equal: count(self.equal.len()),
            not_compared: self.not_compared.clone(),
            digests: self.digests.clone(),
        }
    }
}

/// Why nothing is proved.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The program was not built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A file could not be read or written.
    #[error("the runs could not be compared: {0}")]
    Io(#[from] io::Error),
    /// A stage failed although its cell did not.
    #[error("the pipeline does not run:\n{0}")]
    Run(String),
}

#[derive(Deserialize)]
struct Compared {
    values: Vec<ComparedValue>,
}

#[derive(Deserialize)]
struct ComparedValue {
    stage: String,
    name: String,
    result: String,
    #[serde(default)]
    why: String,
}

/// The cache of the first run, below the directory for what is not kept.
pub(crate) const FIRST: &str = "first";

/// Runs a program twice, the second time with a process for each stage, and compares. The values of the first run stay in `scratch/`[`FIRST`].
///
/// # Errors
/// [`VerifyError`].
pub(crate) fn verify(
    plan: &Plan,
    explored: &Explored,
    definition: &Definition,
    (program, project): (&Path, &Path),
    scratch: &Path,
) -> Result<Verdict, VerifyError> {
    let (values, not_compared) = expected(plan, explored);
    let folder = scratch.join("expected");
    fs::create_dir_all(&folder)?;
    let mut list = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let file = format!("{at}.value");
        fs::write(folder.join(&file), &value.bytes)?;
        list.push(serde_json::json!({ "stage": value.stage, "name": value.name, "file": file }));
    }
    fs::write(folder.join("expected.json"), serde_json::to_vec(&list).map_err(io::Error::other)?)?;
    let begun = std::time::Instant::now();
    let first = run(program, project, &scratch.join(FIRST), definition, explored, &[])?;
    let seconds = begun.elapsed().as_secs_f64();
    let compared = compare(program, project, &scratch.join(FIRST), &folder, explored)?;
    // What stages of one process leave for each other would differ here.
    let second = run(program, project, &scratch.join("second"), definition, explored, &["--isolate"])?;
    let mut verdict =
        Verdict { not_compared, gates: first.gates, digests: first.digests, seconds, ..Verdict::default() };
    let unordered: Vec<String> = compared
        .values
        .iter()
        .filter(|value| value.result == "same")
        .map(|value| format!("{}.{}", value.stage, value.name))
        .collect();
    for (value, digest) in &verdict.digests {
        // What differs in the order of a map only is the same value.
        if second.digests.get(value) != Some(digest) && !unordered.contains(value) {
            verdict.nondeterministic.push(value.clone());
        }
    }
    for value in compared.values {
        let name = format!("{}.{}", value.stage, value.name);
        match value.result.as_str() {
            "equal" | "same" => verdict.equal.push(name),
            _ => verdict.different.push((name, value.why)),
        }
    }
    Ok(verdict)
}

struct Ran {
    digests: BTreeMap<String, String>,
    gates: Vec<(String, String)>,
}

/// A command of a program, in the session's environment.
pub(crate) fn command(program: &Path, project: &Path, cache: &Path, explored: &Explored) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("IRONBOOK_PIPELINE_CACHE", cache);
    for (name, value) in &explored.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn run(
    program: &Path,
    project: &Path,
    cache: &Path,
    definition: &Definition,
    explored: &Explored,
    more: &[&str],
) -> Result<Ran, VerifyError> {
    let mut command = command(program, project, cache, explored);
    let output = command.args(["run", "--no-track", "--json", "--keep-going"]).args(more).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(|_| failed(&output.stderr))?;
    let gate = |name: &str| {
        definition.stages.iter().any(|s| s.name == name && s.kind == ironbook_pipeline::definition::Kind::Gate)
    };
    let (mut digests, mut gates, mut errors) = (BTreeMap::new(), Vec::new(), Vec::new());
    for stage in report["stages"].as_array().into_iter().flatten() {
        let name = stage["name"].as_str().unwrap_or_default();
        for output in stage["outputs"].as_array().into_iter().flatten() {
            let value = format!("{name}.{}", output["name"].as_str().unwrap_or_default());
            digests.insert(value, output["digest"].as_str().unwrap_or_default().to_owned());
        }
        if let Some(error) = stage["why"].as_str().filter(|why| !why.is_empty()) {
            if gate(name) {
                gates.push((name.to_owned(), error.to_owned()));
            } else {
                errors.push(format!("{name}: {error}"));
            }
        }
    }
    if errors.is_empty() { Ok(Ran { digests, gates }) } else { Err(VerifyError::Run(errors.join("\n"))) }
}

fn compare(
    program: &Path,
    project: &Path,
    cache: &Path,
    folder: &Path,
    explored: &Explored,
) -> Result<Compared, VerifyError> {
    let output = command(program, project, cache, explored).arg("compare").arg(folder).output()?;
    serde_json::from_slice(&output.stdout).map_err(|_| failed(&output.stderr))
}

fn failed(stderr: &[u8]) -> VerifyError {
    VerifyError::Run(String::from_utf8_lossy(stderr).trim().to_owned())
}
