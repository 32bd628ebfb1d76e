//! The commands of an exported program.

mod arguments;
mod views;

use crate::definition::Definition;
use crate::program::Pipeline;
use crate::run::cache::Cache;
use crate::run::error::{Result, RunError};
use crate::run::{self, child, compare, predict, stage, worker};
use crate::samples;
use arguments::{CacheArguments, Command, CompareArguments, PredictArguments, RunArguments, SampleArguments};
use clap::{CommandFactory, FromArgMatches};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

pub(crate) fn main(pipeline: &Pipeline) -> ExitCode {
    // Before anything else: this is how each stage begins.
    let first = std::env::args_os().nth(1);
    let is = |command: &str| first.as_ref().is_some_and(|argument| argument == command);
    if is(child::COMMAND) || is(worker::COMMAND) {
        let served =
            if is(child::COMMAND) { stage::serve(&pipeline.functions) } else { stage::work(&pipeline.functions) };
        let full = matches!(served, Err(RunError::Full { .. }));
        let code = ended(served.map(|()| 0));
        return if full { ExitCode::from(child::NO_ROOM) } else { code };
    }
    let definition = match Definition::parse(pipeline.definition) {
        Ok(definition) => definition,
        Err(error) => return ended(Err(RunError::Definition(error.to_string()))),
    };
    let about = if definition.description.is_empty() {
        format!("{} {}: a pipeline that was promoted by Ironbook", definition.name, definition.version)
    } else {
        format!("{} {}: {}", definition.name, definition.version, definition.description)
    };
    let program = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = program
        .as_deref()
        .and_then(Path::file_name)
        .map_or_else(|| definition.name.clone(), |name| name.to_string_lossy().into_owned());
    // clap keeps names for as long as the program lives.
    let (name, version): (&'static str, &'static str) = (name.leak(), definition.version.clone().leak());
    let command = arguments::Program::command().name(name).about(about).version(version);
    let parsed = command.try_get_matches().and_then(|matches| arguments::Program::from_arg_matches(&matches));
    match parsed {
        Ok(arguments) => ended(perform(pipeline, definition, arguments.command)),
        Err(error) => {
            // Without a terminal nobody reads it.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 2 } else { 0 })
        }
    }
}

fn ended(result: Result<u8>) -> ExitCode {
    result.map_or_else(
        |error| {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        },
        ExitCode::from,
    )
}

fn perform(pipeline: &Pipeline, definition: Definition, command: Command) -> Result<u8> {
    match command {
        Command::Run(arguments) => run_all(pipeline, definition, &arguments),
        Command::Stages { json } => out(&views::stages(&definition, json)),
        Command::Graph { dot, mermaid } => out(&views::graph(&definition, dot, mermaid)?),
        Command::Validate(inputs) => {
            views::validate(&pipeline.functions, &definition, &inputs).and_then(|(text, code)| {
                out(&text)?;
                Ok(code)
            })
        }
        Command::Predict(arguments) => predict_rows(pipeline, definition, &arguments),
        Command::Cache(arguments) => upkeep(&arguments),
        Command::Compare(arguments) => compared(pipeline, definition, &arguments),
        Command::Sample(arguments) => sampled(pipeline, &definition, &arguments),
    }
}

fn run_all(pipeline: &Pipeline, definition: Definition, arguments: &RunArguments) -> Result<u8> {
    let options = arguments.options(&definition)?;
    let report = run::run(definition, &pipeline.functions, &options)?;
    if arguments.json {
        json(&report)?;
    } else {
        let _ = writeln!(std::io::stderr(), "{}", report.line());
    }
    Ok(report.status.exit_code())
}

fn predict_rows(pipeline: &Pipeline, definition: Definition, arguments: &PredictArguments) -> Result<u8> {
    let options = arguments.inputs.options(&definition)?;
    predict::predict(definition, &pipeline.functions, &options, &arguments.batch, &arguments.output)
}

fn compared(pipeline: &Pipeline, definition: Definition, arguments: &CompareArguments) -> Result<u8> {
    let options = arguments.inputs.options(&definition)?;
    let compared = compare::compare(definition, &pipeline.functions, &options, &arguments.directory)?;
    json(&compared)?;
    Ok(u8::from(!compared.all_same()))
}

fn sampled(pipeline: &Pipeline, definition: &Definition, arguments: &SampleArguments) -> Result<u8> {
    let options = arguments.inputs.options(definition)?;
    let place = (arguments.directory.as_path(), arguments.rows);
    json(&samples::take(definition, &pipeline.functions, &options, place)?)?;
    Ok(0)
}

fn upkeep(arguments: &CacheArguments) -> Result<u8> {
    let cache = Cache::open(&arguments.place.cache()?)?;
    let freed = if arguments.clear {
        cache.clear()?
    } else {
        cache.prune(Duration::from_secs(arguments.days.saturating_mul(24 * 60 * 60)))?
    };
    let mib = freed.bytes as f64 / f64::from(1 << 20);
    out(&format!("removed {} files, {mib:.1} MiB, from {}\n", freed.files, cache.root().display()))
}

fn json(value: &impl serde::Serialize) -> Result<()> {
    let text =
        serde_json::to_string_pretty(value).map_err(|e| RunError::io("write", Path::new("the result"), e.into()))?;
    out(&(text + "\n")).map(drop)
}

fn out(text: &str) -> Result<u8> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(RunError::io("write to", Path::new("standard output"), error)),
        Ok(()) => Ok(0),
    }
}
