//! A tracking server as the target. It gives ids of its own, so each thing says in a tag what it was.

use super::error::Result;
use super::parts::{ModelRecord, Owner, Sink, TraceRecord, VersionRecord};
use super::report::Report;
use super::store::StoreFiles;
use ironbook_store::artifacts::Repo;
use ironbook_store::{
    Added, Batch, Code, Experiment, LoggedModel, Metric, ModelInput, ModelOutput, ModelStatus, ModelVersion,
    NewExperiment, NewModel, NewRun, NewVersion, RegisteredModel, Run, RunUpdate, Search, Stage, Status, Store, Tag,
    View,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Tag with the id that something had where it came from.
const FROM: &str = "ironbook.imported.from";

/// A server that is written.
pub(super) struct ToServer {
    store: Arc<dyn Store>,
    /// What is to be deleted once all is written.
    runs: Vec<String>,
    experiments: Vec<String>,
    notes: Vec<String>,
    /// Points of the metric that is being written, where the run was there before.
    known: Option<(String, String, HashSet<Point>)>,
    fresh: HashSet<String>,
    /// Aliases that registered models had before, with their versions.
    aliases: HashMap<String, HashMap<String, String>>,
    /// How many deleted versions come before the next one.
    gaps: usize,
}

/// A point of a metric: step, time, value.
type Point = (i64, i64, u64);

fn point(metric: &Metric) -> Point {
    // MLflow's database has no infinities.
    let value = if metric.value.is_nan() { f64::NAN } else { metric.value.clamp(f64::MIN, f64::MAX) };
    (metric.step, metric.timestamp, value.to_bits())
}

fn is_missing(error: &ironbook_store::Error) -> bool {
    error.code() == Code::ResourceDoesNotExist
}

impl ToServer {
    /// The server behind this store.
    pub(super) fn new(store: Arc<dyn Store>) -> ToServer {
        ToServer {
            store,
            runs: Vec::new(),
            experiments: Vec::new(),
            notes: Vec::new(),
            known: None,
            fresh: HashSet::new(),
            aliases: HashMap::new(),
            gaps: 0,
        }
    }

    fn find_run(&self, run: &Run) -> Result<Option<Run>> {
        // Where it came from is the same store, it has the same id.
        match self.store.run(&run.info.id) {
            Ok(found) => return Ok(Some(found)),
            Err(e) if is_missing(&e) => {}
            Err(e) => return Err(e.into()),
        }
        let filter = format!("tags.`{FROM}` = '{}'", run.info.id);
        let search = Search::experiment(&run.info.experiment).filter(filter).view(View::All).limit(1);
        Ok(self.store.search_runs(&search)?.items.pop())
    }

    fn find_model(&self, model: &LoggedModel) -> Result<Option<LoggedModel>> {
        match self.store.model(&model.id) {
            Ok(found) => return Ok(Some(found)),
            Err(e) if is_missing(&e) => {}
            Err(e) => return Err(e.into()),
        }
        let search = Search::experiment(&model.experiment).filter(format!("tags.`{FROM}` = '{}'", model.id)).limit(1);
        Ok(self.store.search_models(&search, &[], &[])?.items.pop())
    }

    /// Whether a version came here before and has another number.
    fn has_version(&self, version: &ModelVersion, origin: &str) -> Result<bool> {
        let quote = if version.name.contains('\'') { '"' } else { '\'' };
        let filter = format!("name = {quote}{}{quote} AND tags.`{FROM}` = {quote}{origin}{quote}", version.name);
        Ok(!self.store.search_versions(&Search::all().filter(filter).limit(1))?.items.is_empty())
    }

    /// Makes the next version.
    fn make_version(&self, version: &ModelVersion) -> Result<ModelVersion> {
        let mut tags = version.tags.clone();
        tags.push(Tag::new(FROM, origin(version)));
        Ok(self.store.create_version(&NewVersion {
            name: version.name.clone(),
            source: version.source.clone(),
            run: version.run.clone(),
            model_id: version.model_id.clone(),
            run_link: Some(version.run_link.clone()).filter(|link| !link.is_empty()),
            description: Some(version.description.clone()).filter(|words| !words.is_empty()),
            tags,
        })?)
    }

    /// The points of a metric that a run has already.
    fn points(&mut self, run: &str, key: &str) -> Result<&HashSet<Point>> {
        let is_read = self.known.as_ref().is_some_and(|(of, name, _)| of == run && name == key);
        if !is_read {
            let found = if self.fresh.contains(run) {
                HashSet::new()
            } else {
                self.store.metric_history(run, key)?.iter().map(point).collect()
            };
            self.known = Some((run.to_owned(), key.to_owned(), found));
        }
        static NONE: std::sync::LazyLock<HashSet<Point>> = std::sync::LazyLock::new(HashSet::new);
        Ok(self.known.as_ref().map_or(&NONE, |(_, _, found)| found))
    }
}

/// What a version was called where it came from.
fn origin(version: &ModelVersion) -> String {
    format!("{}/{}", version.name, version.version)
}

/// What is not there yet.
fn lacking<T: Clone>(wanted: &[T], there: impl Fn(&T) -> bool) -> Vec<T> {
    wanted.iter().filter(|item| !there(item)).cloned().collect()
}

impl Sink for ToServer {
    fn location(&self) -> String {
        self.store.location()
    }

    fn keeps_ids(&self) -> bool {
        false
    }

    fn experiment(&mut self, experiment: &Experiment, location: Option<&str>) -> Result<(String, Added)> {
        let Some(found) = self.store.experiment_by_name(&experiment.name)? else {
            let new = NewExperiment {
                name: experiment.name.clone(),
                artifact_location: location.map(str::to_owned),
                tags: experiment.tags.clone(),
            };
            let id = self.store.create_experiment(&new)?;
            if experiment.deleted {
                self.experiments.push(id.clone());
            }
            return Ok((id, Added { new: true, rows: 1 }));
        };
        if found.deleted {
            // Nothing can be written to it as it is.
            self.store.restore_experiment(&found.id)?;
            self.experiments.push(found.id.clone());
        }
        let tags = lacking(&experiment.tags, |tag| found.tags.iter().any(|other| other.key == tag.key));
        for tag in &tags {
            self.store.set_experiment_tag(&found.id, tag)?;
        }
        Ok((found.id, Added { new: false, rows: tags.len() }))
    }

    fn run(&mut self, run: &Run, _: Option<&str>) -> Result<(String, Added)> {
        let info = &run.info;
        let found = self.find_run(run)?;
        let new = found.is_none();
        let there = match found {
            Some(found) => found,
            None => {
                let mut tags = run.tags.clone();
                tags.push(Tag::new(FROM, &info.id));
                let name = Some(info.name.clone()).filter(|name| !name.is_empty());
                let user = Some(info.user.clone()).filter(|user| !user.is_empty());
                let new = NewRun { experiment: info.experiment.clone(), name, user, start: Some(info.start), tags };
                let made = self.store.create_run(&new)?;
                self.fresh.insert(made.id.clone());
                let mut made = Run::empty(made);
                made.tags.clone_from(&run.tags);
                made
            }
        };
        let id = there.info.id.clone();
        if there.info.deleted {
            self.store.restore_run(&id)?;
        }
        let params = lacking(&run.params, |param| there.params.iter().any(|other| other.key == param.key));
        let tags = lacking(&run.tags, |tag| there.tags.iter().any(|other| other.key == tag.key));
        let datasets = lacking(&run.datasets, |input| {
            let same = |name: &str, digest: &str| name == input.dataset.name && digest == input.dataset.digest;
            there.datasets.iter().any(|other| same(&other.dataset.name, &other.dataset.digest))
        });
        if !params.is_empty() || !tags.is_empty() {
            self.store.log_batch(&id, Batch { params: &params, tags: &tags, metrics: &[] })?;
        }
        if !datasets.is_empty() {
            self.store.log_inputs(&id, &datasets, &[])?;
        }
        let ended = info.status != Status::Running && there.info.status == Status::Running;
        if ended {
            let update = RunUpdate { status: Some(info.status), end: info.end, name: None };
            self.store.update_run(&id, &update)?;
        }
        if info.deleted || there.info.deleted {
            self.runs.push(id.clone());
        }
        let rows = params.len() + tags.len() + datasets.len() + usize::from(ended && !new) + usize::from(new);
        Ok((id, Added { new, rows }))
    }

    fn metrics(&mut self, run: &str, points: &[Metric]) -> Result<usize> {
        let Some(first) = points.first() else { return Ok(0) };
        let known = self.points(run, &first.key)?;
        let new = lacking(points, |metric| known.contains(&point(metric)));
        if !new.is_empty() {
            self.store.log_batch(run, Batch { metrics: &new, params: &[], tags: &[] })?;
        }
        Ok(new.len())
    }

    fn parent(&mut self, run: &str, parent: &str) -> Result<()> {
        let tag = Tag::new("mlflow.parentRunId", parent);
        Ok(self.store.log_batch(run, Batch { tags: &[tag], ..Batch::default() })?)
    }

    fn link(&mut self, run: &str, inputs: &[ModelInput], outputs: &[ModelOutput]) -> Result<()> {
        let there = self.store.run(run)?;
        let inputs = lacking(inputs, |input| there.model_inputs.contains(input));
        let outputs = lacking(outputs, |output| there.model_outputs.iter().any(|o| o.model_id == output.model_id));
        if !inputs.is_empty() {
            self.store.log_inputs(run, &[], &inputs)?;
        }
        if !outputs.is_empty() {
            self.store.log_outputs(run, &outputs)?;
        }
        Ok(())
    }

    fn model(&mut self, record: &ModelRecord, _: Option<&str>) -> Result<(String, Added)> {
        let model = &record.model;
        if record.deleted {
            self.notes.push(format!("model {} was deleted: it was not made anew", model.id));
            return Ok((model.id.clone(), Added::default()));
        }
        let found = self.find_model(model)?;
        let new = found.is_none();
        let mut rows = usize::from(new);
        let there = match found {
            Some(found) => found,
            None => {
                let mut tags = model.tags.clone();
                tags.push(Tag::new(FROM, &model.id));
                self.store.create_model(&NewModel {
                    experiment: model.experiment.clone(),
                    name: Some(model.name.clone()),
                    model_type: Some(model.model_type.clone()).filter(|kind| !kind.is_empty()),
                    source_run: model.source_run.clone(),
                    params: model.params.clone(),
                    tags,
                })?
            }
        };
        let mut by_run: HashMap<&str, Vec<Metric>> = HashMap::new();
        for metric in &model.metrics {
            let of = metric.of.as_deref();
            let run = of.and_then(|of| of.run_id.as_deref()).or(model.source_run.as_deref());
            // Some servers tell only of the latest point.
            let is_there = there.metrics.iter().any(|other| {
                let data = |m: &Metric| m.of.as_deref().map(|of| (of.dataset_name.clone(), of.dataset_digest.clone()));
                other.key == metric.key && data(other) == data(metric) && !metric.is_later_than(other)
            });
            if let (Some(run), false) = (run, is_there) {
                let mut of = of.cloned().unwrap_or_default();
                of.model_id = Some(there.id.clone());
                by_run.entry(run).or_default().push(Metric { of: Some(Box::new(of)), ..metric.clone() });
            }
        }
        for (run, metrics) in by_run {
            self.store.log_batch(run, Batch { metrics: &metrics, params: &[], tags: &[] })?;
            rows += metrics.len();
        }
        if there.status == ModelStatus::Pending && model.status != ModelStatus::Pending {
            let message = Some(model.status_message.as_str()).filter(|message| !message.is_empty());
            self.store.finish_model(&there.id, model.status, message)?;
        }
        Ok((there.id, Added { new, rows }))
    }

    fn registered(&mut self, model: &RegisteredModel) -> Result<Added> {
        self.aliases.entry(model.name.clone()).or_default();
        self.gaps = 0;
        let there = match self.store.registered(&model.name) {
            Ok(there) => there,
            Err(e) if is_missing(&e) => {
                let words = Some(model.description.as_str()).filter(|words| !words.is_empty());
                self.store.create_registered(&model.name, words, &model.tags)?;
                return Ok(Added { new: true, rows: 1 });
            }
            Err(e) => return Err(e.into()),
        };
        let tags = lacking(&model.tags, |tag| there.tags.iter().any(|other| other.key == tag.key));
        for tag in &tags {
            self.store.set_registered_tag(&model.name, tag)?;
        }
        let known = there.aliases.into_iter().map(|alias| (alias.alias, alias.version)).collect();
        self.aliases.insert(model.name.clone(), known);
        Ok(Added { new: false, rows: tags.len() })
    }

    fn version(&mut self, record: &VersionRecord) -> Result<Added> {
        let version = &record.version;
        if record.deleted {
            // A number counts only if another one follows.
            self.gaps += 1;
            return Ok(Added::default());
        }
        let origin = origin(version);
        let gaps = std::mem::take(&mut self.gaps);
        match self.store.version(&version.name, &version.version) {
            Ok(there) => {
                let is_same = there.tags.iter().any(|tag| tag.key == FROM && tag.value == origin);
                if !is_same && there.source != version.source {
                    let note = format!("version {origin} was there already, with another source: it was left as it is");
                    self.notes.push(note);
                }
                return Ok(Added::default());
            }
            Err(e) if is_missing(&e) => {}
            Err(e) => return Err(e.into()),
        }
        if self.has_version(version, &origin)? {
            return Ok(Added::default());
        }
        for _ in 0..gaps {
            // Its source is one that the server accepts.
            let made = self.make_version(version)?;
            self.store.delete_version(&made.name, &made.version)?;
        }
        let made = self.make_version(version)?;
        if made.version != version.version {
            self.notes.push(format!("version {origin} has the number {} there", made.version));
        }
        if version.stage != Stage::None {
            self.store.stage_version(&made.name, &made.version, version.stage, false)?;
        }
        for alias in &version.aliases {
            let is_known = self.aliases.get(&version.name).is_some_and(|known| known.contains_key(alias));
            if !is_known {
                self.store.set_alias(&made.name, alias, &made.version)?;
            }
        }
        Ok(Added { new: true, rows: 1 })
    }

    fn trace(&mut self, trace: &TraceRecord) -> Result<Added> {
        let id = &trace.info.trace_id;
        let is_there = match self.store.trace(id) {
            Ok(_) => true,
            Err(e) if is_missing(&e) => false,
            Err(e) => return Err(e.into()),
        };
        if is_there {
            return Ok(Added::default());
        }
        let mut info = trace.info.clone();
        // The server says itself where its things are.
        info.tags.retain(|(key, _)| key != super::own::SPANS && key != "mlflow.artifactLocation");
        let assessments = std::mem::take(&mut info.assessments);
        self.store.put_trace(&info)?;
        self.store.log_spans(&info.experiment, &trace.spans)?;
        for assessment in &assessments {
            self.store.create_assessment(id, assessment)?;
        }
        for run in &trace.runs {
            self.store.link_traces(run, std::slice::from_ref(id))?;
        }
        Ok(Added { new: true, rows: 1 })
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        Ok(Box::new(StoreFiles::new(&*self.store, of)))
    }

    fn close(&mut self, report: &Report) -> Result<()> {
        for run in self.runs.drain(..) {
            self.store.delete_run(&run)?;
        }
        for experiment in self.experiments.drain(..) {
            self.store.delete_experiment(&experiment)?;
        }
        self.notes.drain(..).for_each(|note| report.note(note));
        Ok(self.store.flush()?)
    }
}
