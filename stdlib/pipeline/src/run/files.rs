//! One stage whose values are files of somebody else's: tools that move values themselves call the program so.

use super::RunOptions;
use super::cache::{Cache, Entry, Made, write_whole};
use super::error::{Result, RunError, list};
use super::graph;
use super::report::Report;
use crate::definition::{Definition, Kind, Output};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Files of the one stage that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageFiles {
    /// Values that it takes, by name; none: they are made by the stages before it.
    pub inputs: BTreeMap<String, PathBuf>,
    /// Where values that it makes are written to as well, by name. What has no values, a gate or the registration, writes
    /// a line in its own name.
    pub outputs: BTreeMap<String, PathBuf>,
}

/// What a stage takes and makes.
struct Sides<'a> {
    /// Values with the stages that make them.
    inputs: Vec<(&'a str, usize)>,
    outputs: Vec<&'a str>,
}

impl StageFiles {
    /// Reads `NAME=FILE` of both options.
    ///
    /// # Errors
    /// When there is no `=`.
    pub fn read(inputs: &[String], outputs: &[String]) -> Result<StageFiles> {
        Ok(StageFiles { inputs: pairs("--input", inputs)?, outputs: pairs("--output", outputs)? })
    }

    fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty()
    }
}

fn pairs(option: &'static str, texts: &[String]) -> Result<BTreeMap<String, PathBuf>> {
    let pair = |text: &String| {
        let no_pair = || RunError::NoPair { option, text: text.clone(), what: "FILE" };
        let (name, path) = text.split_once('=').ok_or_else(no_pair)?;
        let path = std::path::absolute(path).map_err(|e| RunError::io("find", Path::new(path), e))?;
        Ok((name.to_owned(), path))
    };
    texts.iter().map(pair).collect()
}

/// Looks whether the files are those of the stage.
pub(super) fn check(definition: &Definition, options: &RunOptions) -> Result<()> {
    let files = &options.files;
    if files.is_empty() {
        return Ok(());
    }
    let [stage] = options.only.as_slice() else { return Err(RunError::FilesOfOneStage) };
    let sides = sides(definition, stage)?;
    let inputs: Vec<&str> = sides.inputs.iter().map(|input| input.0).collect();
    for (option, does, given, known) in
        [("--input", "takes", &files.inputs, &inputs), ("--output", "makes", &files.outputs, &sides.outputs)]
    {
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            let known = list(known.iter().copied());
            return Err(RunError::UnknownValue { option, does, stage: stage.clone(), name: name.clone(), known });
        }
    }
    let missing: Vec<&str> = inputs.into_iter().filter(|name| !files.inputs.contains_key(*name)).collect();
    if files.inputs.is_empty() || missing.is_empty() {
        return Ok(());
    }
    Err(RunError::MissingInputs { stage: stage.clone(), missing: format!("`{}`", missing.join("`, `")) })
}

fn sides<'a>(definition: &'a Definition, name: &str) -> Result<Sides<'a>> {
    // A stage may be called so; it is meant then.
    let is_registration = name == graph::REGISTER && graph::index(definition, name).is_err();
    if let (true, Some(register)) = (is_registration, &definition.register) {
        let (maker, value) = graph::value(definition, &register.model)?;
        return Ok(Sides { inputs: vec![(value, maker)], outputs: vec![graph::REGISTER] });
    }
    let stage = &definition.stages[graph::index(definition, name)?];
    let maker = |from: &str| graph::index(definition, from);
    let inputs = stage.inputs.iter().map(|input| Ok((input.name.as_str(), maker(&input.from)?)));
    let mut outputs: Vec<&str> = stage.outputs.iter().map(|output| output.name.as_str()).collect();
    if stage.kind == Kind::Gate && outputs.is_empty() {
        outputs.push(&stage.name);
    }
    Ok(Sides { inputs: inputs.collect::<Result<_>>()?, outputs })
}

/// Takes the given values into the cache: for each stage that is left out by them what it would have made.
pub(super) fn take(
    definition: &Definition,
    options: &RunOptions,
    (cache, work): (&Cache, &Path),
) -> Result<BTreeMap<usize, Entry>> {
    let mut entries: BTreeMap<usize, Entry> = BTreeMap::new();
    let (Some(stage), false) = (options.only.first(), options.files.inputs.is_empty()) else { return Ok(entries) };
    for (name, maker) in sides(definition, stage)?.inputs {
        let Some(path) = options.files.inputs.get(name) else { continue };
        let made = &definition.stages[maker];
        let output = made.outputs.iter().find(|output| output.name == name);
        let made_of = taken(path, name, output, cache, work).map_err(|e| RunError::io("read", path, e))?;
        let entry = entries.entry(maker).or_insert_with(|| Entry {
            stage: made.name.clone(),
            outputs: Vec::new(),
            passed: None,
            registered: None,
            lookups: Vec::new(),
            seconds: 0.0,
            made: String::new(),
            run: None,
        });
        entry.outputs.push(made_of);
    }
    Ok(entries)
}

fn taken(path: &Path, name: &str, output: Option<&Output>, cache: &Cache, work: &Path) -> io::Result<Made> {
    let mut file = File::open(path)?;
    let (digest, bytes) = cache.write(work, |to| io::copy(&mut file, to).map(drop))?;
    let type_name = output.map_or_else(String::new, |output| output.type_name.clone());
    Ok(Made { name: name.to_owned(), digest, bytes, type_name })
}

/// Writes the values of a stage that is done to the files that they were asked for in.
pub(super) fn leave(
    (only, files, track): (&[String], &StageFiles, bool),
    report: &Report,
    cache: &Cache,
) -> Result<()> {
    let made = |name: &str| {
        let stages = report.stages.iter().filter(|stage| only.contains(&stage.name));
        stages.flat_map(|stage| &stage.outputs).find(|made| made.name == name)
    };
    let is_registration = report.stages.iter().all(|stage| stage.name != graph::REGISTER);
    for (name, path) in &files.outputs {
        let bytes = match made(name) {
            Some(made) => cache.read(&made.digest).map_err(|e| RunError::io("read", &cache.object(&made.digest), e))?,
            None if is_registration && name == graph::REGISTER && !track => {
                return Err(RunError::Cannot("nothing was registered: leave out --no-track".to_owned()));
            }
            None if is_registration && name == graph::REGISTER => {
                format!("{}\n", report.registered.as_deref().unwrap_or("registered")).into_bytes()
            }
            None => b"passed\n".to_vec(),
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|e| RunError::io("create the directory", folder, e))?;
        write_whole(path, &bytes, folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::report::{StageReport, StageStatus, Status};

    fn gate() -> Definition {
        crate::sample::definition("[[stages]]\nname = \"good\"\nkind = \"gate\"\ncode = \"0\"\n")
    }

    #[test]
    fn a_gate_without_values_has_one_in_its_own_name() {
        let sides = sides(&gate(), "good").map(|sides| (sides.inputs.len(), sides.outputs.join(" ")));
        assert_eq!(sides.unwrap(), (0, "good".to_owned()));
    }

    #[test]
    fn what_has_no_values_leaves_a_line() {
        let desk = tempfile::tempdir().unwrap();
        let cache = Cache::open(&desk.path().join("cache")).unwrap();
        let file = desk.path().join("deep/good");
        let stage = StageReport {
            name: "good".into(),
            kind: Kind::Gate,
            status: StageStatus::Done,
            seconds: None,
            outputs: Vec::new(),
            failure: None,
            why: None,
            log: None,
        };
        let report = Report {
            pipeline: "p".into(),
            version: "1.0.0".into(),
            status: Status::Finished,
            seconds: 0.0,
            stages: vec![stage],
            params: BTreeMap::new(),
            data: BTreeMap::new(),
            registered: Some("model version 3".into()),
            run: None,
        };
        let files = |name: &str| StageFiles { outputs: [(name.into(), file.clone())].into(), ..StageFiles::default() };
        leave((&["good".to_owned()], &files("good"), true), &report, &cache).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "passed\n");
        leave((&["register".to_owned()], &files("register"), true), &report, &cache).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "model version 3\n");
    }
}
