//! Predicting the rows of a file with the pipeline's model.

use super::child::{self, Bounds};
use super::console::Console;
use super::error::{Result, RunError};
use super::report::{Report, Status};
use super::stop::Stop;
use super::task::{Outcome, Role, Taken, Task};
use super::{Prepared, RunOptions, graph, run};
use crate::definition::Definition;
use crate::program::Functions;
use std::path::{Path, PathBuf};

/// Makes the values that the pipeline is for (which costs nothing when they are there), and predicts; the exit code.
pub(crate) fn predict(
    definition: Definition,
    functions: &Functions,
    options: &RunOptions,
    batch: &Path,
    output: &Path,
) -> Result<u8> {
    if functions.predict.is_none() {
        return Err(RunError::Cannot("this pipeline has no model that predicts rows of a file".to_owned()));
    }
    let (input, output) = (absolute(batch)?, absolute(output)?);
    std::fs::metadata(&input).map_err(|e| RunError::io("read", &input, e))?;
    let targets = targets(&definition)?;
    let mut only: Vec<String> = targets.iter().map(|(at, _)| definition.stages[*at].name.clone()).collect();
    only.dedup();
    let options = RunOptions { only, quiet: true, ..options.clone() };
    let report = run(definition.clone(), functions, &options)?;
    if report.status != Status::Finished {
        return Ok(report.status.exit_code());
    }
    let inputs = targets.iter().filter_map(|(at, name)| taken(&report, &definition.stages[*at].name, name)).collect();
    let prepared = Prepared::new(definition, &options)?;
    let task = Task { role: Role::Predict { input, output }, inputs, ..prepared.task("predict") };
    let log = prepared.cache.log(&prepared.definition.name, "predict", "latest");
    std::fs::write(&log, "").map_err(|e| RunError::io("write", &log, e))?;
    let bounds = Bounds { log: &log, timeout: None, threads: prepared.threads };
    let stop = Stop::listen(|| ()).map_err(|e| RunError::io("listen for signals to", Path::new("this process"), e))?;
    let console = Console::new(false);
    match child::run(&task, &bounds, &stop, &|_| ()) {
        child::Ended::Stopped | child::Ended::Lost => Err(RunError::Interrupted),
        child::Ended::With(Outcome::Done(_)) => {
            child::last_lines(&log, 1).iter().for_each(|line| console.note(line));
            Ok(0)
        }
        child::Ended::With(Outcome::Damaged { taken, why }) => {
            prepared.cache.discard(&taken.digest);
            let what = format!(
                "the value `{}.{}` in the cache is damaged ({why}); run again to make it anew",
                taken.from, taken.name
            );
            Err(RunError::Cannot(what))
        }
        child::Ended::With(Outcome::Failed(failed)) => {
            Err(RunError::Cannot(format!("the prediction failed: {}\nits log is {}", failed.line(), log.display())))
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| RunError::io("find", path, e))
}

/// The model that is registered, and what else the pipeline is run for.
fn targets(definition: &Definition) -> Result<Vec<(usize, &str)>> {
    let mut targets = Vec::new();
    for path in definition.register.iter().map(|register| &register.model).chain(&definition.targets) {
        let value = graph::value(definition, path)?;
        if !targets.contains(&value) {
            targets.push(value);
        }
    }
    Ok(targets)
}

fn taken(report: &Report, stage: &str, name: &str) -> Option<Taken> {
    let of = report.stages.iter().find(|of| of.name == stage)?;
    let made = of.outputs.iter().find(|made| made.name == name)?;
    Some(Taken { name: name.to_owned(), from: stage.to_owned(), digest: made.digest.clone() })
}
