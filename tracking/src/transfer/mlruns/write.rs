//! Experiments and runs as MLflow's files.

use super::layout::{DATASETS, META, MODELS, TAGS, TRASH, below, make, put};
use super::yaml;
use crate::transfer::error::{Error, Result};
use crate::transfer::parts::{ModelRecord, Owner, Sink, TraceRecord, VersionRecord};
use crate::transfer::report::Report;
use ironbook_store::artifacts::{Files, Repo};
use ironbook_store::{Added, DatasetInput, Experiment, Metric, MetricOf, RegisteredModel, Run, Status, Tag};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A directory that is written as MLflow writes it.
pub(in crate::transfer) struct FilesSink {
    pub(super) root: PathBuf,
    /// Ids of experiments by name, of what is there.
    names: HashMap<String, String>,
    /// The metric that is being written, with the lines that its file had.
    known: Option<(PathBuf, HashSet<String>)>,
    /// Where the run lies that was asked for last.
    last: Option<(String, PathBuf)>,
    pub(super) links: u64,
}

/// An id that is the same for the same things, so that a copy can be repeated.
fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A number as Python writes it.
pub(super) fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "nan".to_owned(),
        f64::INFINITY => "inf".to_owned(),
        f64::NEG_INFINITY => "-inf".to_owned(),
        plain => format!("{plain:?}"),
    }
}

/// The end of a line that says on which data a metric was measured.
pub(super) fn data(of: Option<&MetricOf>) -> String {
    match of.map(|of| (of.dataset_name.as_deref(), of.dataset_digest.as_deref())) {
        Some((Some(name), Some(digest))) => format!(" {name} {digest}"),
        _ => String::new(),
    }
}

/// A line whose number is written in one way: Python writes `1e-05` where Rust writes `1e-5`.
fn meaning(line: &str) -> String {
    let mut parts: Vec<String> = line.trim().split(' ').map(str::to_owned).collect();
    if let Some(value) = parts.get_mut(1)
        && let Ok(parsed) = value.parse::<f64>()
    {
        *value = number(parsed);
    }
    parts.join(" ")
}

impl FilesSink {
    /// The store in a directory, which is made if it is not there.
    pub(in crate::transfer) fn open(root: &Path) -> Result<FilesSink> {
        let root = std::path::absolute(root).map_err(|e| Error::io("find", root, e))?;
        make(&root.join(TRASH))?;
        let mut names = HashMap::new();
        let there = super::FilesSource::open(&root)?;
        // What is broken there is none of this copy's business.
        crate::transfer::Source::experiments(&there, &Report::default(), &mut |experiment| {
            names.insert(experiment.name, experiment.id);
            Ok(())
        })?;
        Ok(FilesSink { root, names, known: None, last: None, links: 0 })
    }

    /// Directory of an experiment, deleted or not.
    pub(super) fn directory(&self, experiment: &str) -> PathBuf {
        let trashed = self.root.join(TRASH).join(experiment);
        if trashed.is_dir() { trashed } else { self.root.join(experiment) }
    }

    /// URI of a directory of an experiment, which says nothing of the trash, as MLflow's do.
    pub(super) fn uri(&self, experiment: &str, rest: &str) -> Result<String> {
        let path = self.root.join(experiment);
        let broken = || Error::Content { path: path.clone(), reason: "it has no URI".to_owned() };
        let base = url::Url::from_file_path(&path).map_err(|()| broken())?;
        Ok(if rest.is_empty() { base.to_string() } else { format!("{base}/{rest}") })
    }

    /// Names and values, a file each; how many were not there.
    pub(super) fn values<'a>(
        &self,
        directory: &Path,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<usize> {
        let mut rows = 0;
        for (key, value) in values {
            rows += usize::from(put(&below(directory, key)?, value)?);
        }
        Ok(rows)
    }

    pub(super) fn tags(&self, directory: &Path, tags: &[Tag]) -> Result<usize> {
        self.values(&directory.join(TAGS), tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))
    }

    fn dataset(&self, directory: &Path, experiment: &Path, run: &str, input: &DatasetInput) -> Result<usize> {
        let data = &input.dataset;
        let id = derived(&[&data.name, &data.digest]);
        put(
            &experiment.join(DATASETS).join(&id).join(META),
            &yaml::mapping(&[
                ("name", json!(data.name)),
                ("digest", json!(data.digest)),
                ("source_type", json!(data.source_type)),
                ("source", json!(data.source)),
                ("schema", json!(data.schema)),
                ("profile", json!(data.profile)),
            ]),
        )?;
        let tags: serde_json::Map<String, Value> =
            input.tags.iter().map(|tag| (tag.key.clone(), json!(tag.value))).collect();
        self.input(directory, run, ("DATASET", &id), tags)
    }

    fn input(
        &self,
        directory: &Path,
        run: &str,
        (kind, id): (&str, &str),
        tags: serde_json::Map<String, Value>,
    ) -> Result<usize> {
        let content = yaml::mapping(&[
            ("source_type", json!(kind)),
            ("source_id", json!(id)),
            ("destination_type", json!("RUN")),
            ("destination_id", json!(id)),
            ("tags", Value::Object(tags)),
        ]);
        let file = directory.join("inputs").join(derived(&[id, run])).join(META);
        Ok(usize::from(put(&file, &content)?))
    }

    /// Adds lines to the file of a metric, unless it has them; how many were added.
    pub(super) fn lines(&mut self, file: &Path, lines: &[String]) -> Result<usize> {
        if self.known.as_ref().is_none_or(|(path, _)| path != file) {
            let there = match fs::read_to_string(file) {
                Ok(text) => text.lines().map(meaning).collect(),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => HashSet::new(),
                Err(e) => return Err(Error::Content { path: file.to_owned(), reason: e.to_string() }),
            };
            self.known = Some((file.to_owned(), there));
        }
        let known = self.known.as_ref().map(|(_, there)| there);
        let new: Vec<&String> =
            lines.iter().filter(|line| known.is_none_or(|there| !there.contains(&meaning(line)))).collect();
        if new.is_empty() {
            return Ok(0);
        }
        make(file.parent().unwrap_or(file))?;
        let text: String = new.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let opened = OpenOptions::new().append(true).create(true).open(file);
        let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|e| Error::Content { path: file.to_owned(), reason: e.to_string() })?;
        Ok(new.len())
    }
}

impl Sink for FilesSink {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn keeps_ids(&self) -> bool {
        true
    }

    fn experiment(&mut self, experiment: &Experiment, location: Option<&str>) -> Result<(String, Added)> {
        let mut new = false;
        let id = match self.names.get(&experiment.name) {
            Some(id) => id.clone(),
            None => {
                new = true;
                let is_taken = self.directory(&experiment.id).exists() || experiment.id.parse::<u64>().is_err();
                let id = if is_taken { fresh_id(&experiment.name) } else { experiment.id.clone() };
                let place = match location {
                    Some(place) => place.to_owned(),
                    None => self.uri(&id, "")?,
                };
                let parent = if experiment.deleted { self.root.join(TRASH) } else { self.root.clone() };
                let content = yaml::mapping(&[
                    ("experiment_id", json!(id)),
                    ("name", json!(experiment.name)),
                    ("artifact_location", json!(place)),
                    ("lifecycle_stage", json!(if experiment.deleted { "deleted" } else { "active" })),
                    ("creation_time", json!(experiment.created)),
                    ("last_update_time", json!(experiment.updated)),
                ]);
                put(&parent.join(&id).join(META), &content)?;
                self.names.insert(experiment.name.clone(), id.clone());
                id
            }
        };
        let rows = self.tags(&self.directory(&id), &experiment.tags)? + usize::from(new);
        Ok((id, Added { new, rows }))
    }

    fn run(&mut self, run: &Run, location: Option<&str>) -> Result<(String, Added)> {
        let info = &run.info;
        let experiment = self.directory(&info.experiment);
        let directory = below(&experiment, &info.id)?;
        let place = match location {
            Some(place) => place.to_owned(),
            None => self.uri(&info.experiment, &format!("{}/artifacts", info.id))?,
        };
        let status = match info.status {
            Status::Running => 1,
            Status::Scheduled => 2,
            Status::Finished => 3,
            Status::Failed => 4,
            Status::Killed => 5,
        };
        let content = yaml::mapping(&[
            ("run_id", json!(info.id)),
            ("run_name", json!(info.name)),
            ("experiment_id", json!(info.experiment)),
            ("user_id", json!(info.user)),
            ("status", json!(status)),
            ("start_time", json!(info.start)),
            ("end_time", json!(info.end)),
            ("artifact_uri", json!(place)),
            ("lifecycle_stage", json!(if info.deleted { "deleted" } else { "active" })),
            ("deleted_time", json!(info.deleted.then(|| info.end.unwrap_or(info.start)))),
            ("source_type", json!(4)),
            ("source_name", json!("")),
            ("source_version", json!("")),
            ("entry_point_name", json!("")),
            ("tags", json!([])),
        ]);
        let new = put(&directory.join(META), &content)?;
        let mut rows = usize::from(new);
        for name in ["metrics", "params", TAGS, "artifacts"] {
            make(&directory.join(name))?;
        }
        let params = run.params.iter().map(|param| (param.key.as_str(), param.value.as_str()));
        rows += self.values(&directory.join("params"), params)?;
        rows += self.tags(&directory, &run.tags)?;
        for input in &run.datasets {
            rows += self.dataset(&directory, &experiment, &info.id, input)?;
        }
        for input in &run.model_inputs {
            rows += self.input(&directory, &info.id, ("MODEL", &input.model_id), serde_json::Map::new())?;
        }
        for output in &run.model_outputs {
            let content = yaml::mapping(&[
                ("source_type", json!("RUN_OUTPUT")),
                ("source_id", json!(output.model_id)),
                ("destination_type", json!("MODEL_OUTPUT")),
                ("destination_id", json!(output.model_id)),
                ("step", json!(output.step)),
                ("tags", json!({})),
            ]);
            let file = below(&directory.join("outputs"), &output.model_id)?.join(META);
            rows += usize::from(put(&file, &content)?);
        }
        Ok((info.id.clone(), Added { new, rows }))
    }

    fn metrics(&mut self, run: &str, points: &[Metric]) -> Result<usize> {
        let Some(first) = points.first() else { return Ok(0) };
        let directory = match &self.last {
            Some((id, directory)) if id == run => directory.clone(),
            _ => self.run_directory(run)?,
        };
        self.last = Some((run.to_owned(), directory.clone()));
        let file = below(&directory.join("metrics"), &first.key)?;
        // MLflow forgets the step of a point that names its data: the models keep those.
        let line = |m: &Metric| format!("{} {} {}", m.timestamp, number(m.value), m.step);
        let lines: Vec<String> = points.iter().map(line).collect();
        self.lines(&file, &lines)
    }

    fn model(&mut self, record: &ModelRecord, location: Option<&str>) -> Result<(String, Added)> {
        self.put_model(record, location)
    }

    fn registered(&mut self, model: &RegisteredModel) -> Result<Added> {
        self.put_registered(model)
    }

    fn version(&mut self, record: &VersionRecord) -> Result<Added> {
        self.put_version(record)
    }

    fn trace(&mut self, trace: &TraceRecord) -> Result<Added> {
        self.put_trace(trace)
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        let directory = match of {
            Owner::Run(run) => self.directory(&run.experiment).join(&run.id),
            Owner::Model(model) => self.directory(&model.experiment).join(MODELS).join(&model.id),
        };
        Ok(Box::new(Files::new(directory.join("artifacts"), self.root.join(TRASH).join(".tmp"))))
    }

    fn close(&mut self, report: &Report) -> Result<()> {
        // Made for files on the way; not there if there were none.
        let _ = fs::remove_dir(self.root.join(TRASH).join(".tmp"));
        if self.links > 0 {
            report.skip(format!("{} links of traces to runs: MLflow's files have no place for them", self.links));
        }
        Ok(())
    }
}

impl FilesSink {
    /// Directory of a run that was written.
    pub(super) fn run_directory(&self, run: &str) -> Result<PathBuf> {
        let found = self.names.values().map(|id| self.directory(id).join(run)).find(|path| path.join(META).is_file());
        found.ok_or_else(|| Error::Store(ironbook_store::Error::NotFound { what: "run", name: run.to_owned() }))
    }
}

/// An id of an experiment that has none that MLflow's files could keep: 18 digits, as MLflow's.
fn fresh_id(name: &str) -> String {
    let digits = u64::from_str_radix(&derived(&[name])[..15], 16).unwrap_or(1);
    format!("{:018}", 100_000_000_000_000_000 + digits % 900_000_000_000_000_000)
}
