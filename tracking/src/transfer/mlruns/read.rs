//! Experiments and runs of MLflow's file store.

use super::layout::{DATASETS, META, MODELS, TAGS, TRACES, TRASH, directories, files, values};
use super::meta;
use crate::transfer::error::{Error, Result};
use crate::transfer::parts::{Each, ModelRecord, Owner, Source, TraceRecord, VersionRecord};
use crate::transfer::report::Report;
use ironbook_store::artifacts::{self, Repo};
use ironbook_store::{
    Dataset, DatasetInput, Experiment, Local, LoggedModel, Metric, MetricOf, ModelInput, ModelOutput, Param,
    RegisteredModel, Run, RunInfo, Status, Tag, local_path,
};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// So many points of a metric are in memory at once.
const PAGE: usize = 10_000;

/// A directory that MLflow wrote.
pub(in crate::transfer) struct FilesSource {
    pub(super) root: PathBuf,
}

impl FilesSource {
    /// The store in a directory.
    pub(in crate::transfer) fn open(root: &Path) -> Result<FilesSource> {
        let root = std::path::absolute(root).map_err(|e| Error::io("find", root, e))?;
        Ok(FilesSource { root })
    }

    /// Directory of an experiment, deleted or not.
    pub(super) fn directory(&self, experiment: &str) -> PathBuf {
        let active = self.root.join(experiment);
        if active.is_dir() { active } else { self.root.join(TRASH).join(experiment) }
    }

    fn run_of(&self, path: &Path, info: RunInfo, report: &Report) -> Result<Run> {
        let mut run = Run::empty(info);
        let params = values(&path.join("params"), report)?;
        run.params = params.into_iter().map(|Tag { key, value }| Param { key, value }).collect();
        run.tags = values(&path.join(TAGS), report)?;
        // Only the names count here: the points are read one after the other.
        let names = files(&path.join("metrics"))?;
        run.metrics = names.into_iter().map(|(key, _)| Metric::new(key, f64::NAN, 0, 0)).collect();
        for directory in directories(&path.join("inputs"))? {
            let Some(link) = reported::<meta::Link>(&directory.join(META), report) else { continue };
            if link.source_type != "DATASET" {
                run.model_inputs.push(ModelInput { model_id: link.source_id });
                continue;
            }
            let data = self.directory(&run.info.experiment).join(DATASETS).join(&link.source_id).join(META);
            let Some(data) = reported::<meta::Dataset>(&data, report) else { continue };
            let dataset = Dataset {
                name: data.name,
                digest: data.digest,
                source_type: data.source_type.unwrap_or_default(),
                source: data.source.unwrap_or_default(),
                schema: data.schema,
                profile: data.profile,
            };
            let tags = link.tags.into_iter().map(|(key, value)| Tag { key, value: value.unwrap_or_default() });
            run.datasets.push(DatasetInput { tags: tags.collect(), dataset });
        }
        for directory in directories(&path.join("outputs"))? {
            if let Some(link) = reported::<meta::Link>(&directory.join(META), report) {
                run.model_outputs.push(ModelOutput { model_id: link.source_id, step: link.step.unwrap_or_default() });
            }
        }
        Ok(run)
    }

    fn info(path: &Path, experiment: &str) -> Result<RunInfo> {
        let meta: meta::Run = meta::read(&path.join(META))?;
        let broken = |reason: String| Error::Content { path: path.join(META), reason };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let id = meta.run_id.or(meta.run_uuid).unwrap_or_else(|| name.clone());
        if id != name {
            return Err(broken(format!("it is of the run {id}")));
        }
        let status = match meta.status.as_deref() {
            None | Some("1") => Status::Running,
            Some("2") => Status::Scheduled,
            Some("3") => Status::Finished,
            Some("4") => Status::Failed,
            Some("5") => Status::Killed,
            Some(word) => word.parse().map_err(|_| broken(format!("the status `{word}` is none")))?,
        };
        let tagged = || std::fs::read_to_string(path.join(TAGS).join("mlflow.runName")).ok();
        Ok(RunInfo {
            id,
            experiment: experiment.to_owned(),
            name: meta.run_name.or(meta.name).filter(|n| !n.is_empty()).or_else(tagged).unwrap_or_default(),
            user: meta.user_id.unwrap_or_default(),
            status,
            start: meta.start_time.unwrap_or_default(),
            end: meta.end_time,
            artifact_uri: meta.artifact_uri.unwrap_or_default(),
            deleted: meta.lifecycle_stage.as_deref() == Some("deleted"),
        })
    }
}

/// Reads a file; one that is broken is reported.
pub(super) fn reported<T: serde::de::DeserializeOwned>(path: &Path, report: &Report) -> Option<T> {
    meta::read(path).map_err(|e| report.skip(e.line())).ok()
}

/// Reads points from a file, in pages; `read` takes the parts of a line.
pub(super) fn points(
    file: &Path,
    report: &Report,
    read: &dyn Fn(&[&str]) -> Option<Metric>,
    each: Each<'_, Vec<Metric>>,
) -> Result<()> {
    let opened = File::open(file).map_err(|e| Error::Content { path: file.to_owned(), reason: e.to_string() })?;
    let mut page = Vec::new();
    for (at, line) in BufReader::new(opened).split(b'\n').enumerate() {
        let line = line.map_err(|e| Error::io("read", file, e))?;
        let text = String::from_utf8_lossy(&line);
        let parts: Vec<&str> = text.trim().split(' ').collect();
        if parts == [""] {
            continue;
        }
        match read(&parts) {
            Some(point) => page.push(point),
            None => {
                let short: String = text.chars().take(80).collect();
                report.skip(format!("{}:{}: `{short}` is no point of a metric", file.display(), at + 1));
            }
        }
        if page.len() == PAGE {
            each(std::mem::take(&mut page))?;
        }
    }
    if page.is_empty() { Ok(()) } else { each(page) }
}

/// Time, value and step; before MLflow 1 there was no step.
pub(super) fn point(key: &str, parts: &[&str]) -> Option<Metric> {
    let step = match parts.get(2) {
        Some(step) => step.parse().ok()?,
        None => 0,
    };
    Some(Metric::new(key, parts.get(1)?.parse().ok()?, parts.first()?.parse().ok()?, step))
}

/// Name and digest of a dataset at the end of a line; names may have spaces.
pub(super) fn dataset(parts: &[&str]) -> MetricOf {
    match parts {
        [name @ .., digest] if !name.is_empty() => MetricOf {
            dataset_name: Some(name.join(" ")),
            dataset_digest: Some((*digest).to_owned()),
            ..MetricOf::default()
        },
        _ => MetricOf::default(),
    }
}

impl Source for FilesSource {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn experiments(&self, report: &Report, each: Each<'_, Experiment>) -> Result<()> {
        let mut found = directories(&self.root)?;
        found.extend(directories(&self.root.join(TRASH))?);
        for path in found {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == TRASH || name == MODELS && path.parent() == Some(&self.root) {
                continue;
            }
            if !path.join(META).is_file() {
                report.skip(format!("{}: there is no {META}", path.display()));
                continue;
            }
            let Some(meta) = reported::<meta::Experiment>(&path.join(META), report) else { continue };
            if meta.experiment_id != name {
                report.skip(format!("{}: it is of the experiment {}", path.join(META).display(), meta.experiment_id));
                continue;
            }
            let created = meta.creation_time.unwrap_or_default();
            each(Experiment {
                id: meta.experiment_id,
                name: meta.name,
                artifact_location: meta.artifact_location.unwrap_or_default(),
                deleted: meta.lifecycle_stage.as_deref() == Some("deleted"),
                created,
                updated: meta.last_update_time.unwrap_or(created),
                tags: values(&path.join(TAGS), report)?,
            })?;
        }
        Ok(())
    }

    fn runs(&self, experiment: &Experiment, report: &Report, each: Each<'_, Run>) -> Result<()> {
        let mut found = Vec::new();
        for path in directories(&self.directory(&experiment.id))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if matches!(&*name, TAGS | DATASETS | TRACES | MODELS) {
                continue;
            }
            if !path.join(META).is_file() {
                report.skip(format!("{}: there is no {META}", path.display()));
                continue;
            }
            match FilesSource::info(&path, &experiment.id) {
                Ok(info) => found.push((info, path)),
                Err(e) => report.skip(e.line()),
            }
        }
        // Parents come before their children.
        found.sort_by(|(one, _), (other, _)| one.start.cmp(&other.start).then_with(|| one.id.cmp(&other.id)));
        found.into_iter().try_for_each(|(info, path)| each(self.run_of(&path, info, report)?))
    }

    fn history(&self, run: &RunInfo, key: &str, report: &Report, each: Each<'_, Vec<Metric>>) -> Result<()> {
        let file = self.directory(&run.experiment).join(&run.id).join("metrics").join(key);
        let read = |parts: &[&str]| {
            let is_whole = matches!(parts.len(), 2 | 3) || parts.len() >= 5;
            is_whole.then(|| point(key, parts)).flatten()
        };
        points(&file, report, &read, each)
    }

    fn models(&self, experiment: &Experiment, report: &Report, each: Each<'_, ModelRecord>) -> Result<()> {
        self.read_models(experiment, report, each)
    }

    fn registered(&self, report: &Report, each: Each<'_, (RegisteredModel, Vec<VersionRecord>)>) -> Result<()> {
        self.read_registry(report, each)
    }

    fn traces(&self, experiment: &Experiment, report: &Report, each: Each<'_, TraceRecord>) -> Result<()> {
        self.read_traces(experiment, report, each)
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        let (uri, own) = match of {
            Owner::Run(run) => (&run.artifact_uri, self.directory(&run.experiment).join(&run.id).join("artifacts")),
            Owner::Model(LoggedModel { artifact_uri, experiment, id, .. }) => {
                (artifact_uri, self.directory(experiment).join(MODELS).join(id).join("artifacts"))
            }
        };
        self.place(uri, &own)
    }
}

impl FilesSource {
    /// The files at a URI. A store that was moved, or whose experiment was deleted, has them where they were put, not where
    /// the URI says.
    pub(super) fn place(&self, uri: &str, own: &Path) -> Result<Box<dyn Repo>> {
        let is_gone = matches!(local_path(uri), Ok(Local::Directory(path)) if !path.is_dir());
        let uri = if is_gone && own.is_dir() { own.display().to_string() } else { uri.to_owned() };
        // Nothing is written there.
        Ok(artifacts::open(&uri, &std::env::temp_dir())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_metrics_are_read_and_broken_ones_named() {
        let directory = tempfile::tempdir().unwrap();
        let run = "0123456789abcdef0123456789abcdef";
        let metrics = directory.path().join("0").join(run).join("metrics/val");
        std::fs::create_dir_all(&metrics).unwrap();
        std::fs::write(metrics.join("acc"), "5 nan 1\n6 -inf 2\n7 1e-3\nx y z\n8 0.5 3 my data 00ff\n\n9 1 2 3\n")
            .unwrap();
        let (source, report) = (FilesSource::open(directory.path()).unwrap(), Report::default());
        let info = RunInfo {
            id: run.to_owned(),
            experiment: "0".to_owned(),
            name: String::new(),
            user: String::new(),
            status: Status::Running,
            start: 0,
            end: None,
            artifact_uri: String::new(),
            deleted: false,
        };
        let mut found = Vec::new();
        let mut each = |page: Vec<Metric>| {
            found.extend(page.iter().map(|m| (m.timestamp, m.value.to_string(), m.step)));
            Ok(())
        };
        source.history(&info, "val/acc", &report, &mut each).unwrap();
        let point = |at, value: &str, step| (at, value.to_owned(), step);
        assert_eq!(found, [point(5, "NaN", 1), point(6, "-inf", 2), point(7, "0.001", 0), point(8, "0.5", 3)]);
        let skipped = report.skipped();
        assert_eq!(skipped.len(), 2);
        assert!(skipped[0].contains("val/acc:4: `x y z`") && skipped[1].contains("acc:7: `9 1 2 3`"), "{skipped:?}");
        assert_eq!(dataset(&["my", "data", "00ff"]).dataset_name.as_deref(), Some("my data"));
    }

    #[test]
    fn what_is_broken_is_left_out_with_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("1/meta.yaml", "experiment_id: '1'\nname: a\nlifecycle_stage: active\n");
        put("1/aa/params/x", "1");
        put("1/bb/meta.yaml", "run_id: bb\nstatus: [");
        put("1/cc/meta.yaml", "run_id: cc\nstatus: 3\nstart_time: 1\nend_time: null\nrun_name: good\n");
        put("2/tags/x", "no meta");
        let (source, report) = (FilesSource::open(directory.path()).unwrap(), Report::default());
        let mut names = Vec::new();
        let each = &mut |experiment: Experiment| {
            source.runs(&experiment, &report, &mut |run| {
                names.push((run.info.name, run.info.status));
                Ok(())
            })
        };
        source.experiments(&report, each).unwrap();
        assert_eq!(names, [("good".to_owned(), Status::Finished)]);
        let skipped = report.skipped();
        assert_eq!(skipped.len(), 3, "{skipped:?}");
        for (place, at) in ["1/aa", "1/bb/meta.yaml", "2"].iter().zip(0..) {
            assert!(skipped[at].contains(place), "{skipped:?}");
        }
    }
}
