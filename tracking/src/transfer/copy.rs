//! The way from a source to a sink.

use super::error::Result;
use super::files::{self, is_shared};
use super::parts::{ModelRecord, Owner, Sink, Source, TraceRecord, VersionRecord};
use super::report::{Kind, Report};
use ironbook_store::{Experiment, LoggedModel, ModelInput, ModelOutput, RegisteredModel, Run};
use std::collections::HashMap;

/// Tag of a run with its parent's id.
const PARENT: &str = "mlflow.parentRunId";
/// Entry of a trace's metadata with the id of the run in which it was made.
const SOURCE_RUN: &str = "mlflow.sourceRun";
/// So many runs pass between two lines about progress.
const OFTEN: u64 = 100;

/// How to copy.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether files are copied; else they stay where they are, and their URIs are kept.
    pub artifacts: bool,
}

/// Copies everything. `tell` is given lines about progress.
///
/// # Errors
/// When a side fails as a whole; what is wrong with single things is in the report.
pub fn copy(
    source: &dyn Source,
    sink: &mut dyn Sink,
    options: Options,
    report: &Report,
    tell: &dyn Fn(&str),
) -> Result<()> {
    let mut way = Way {
        source,
        sink,
        options,
        report,
        tell,
        ids: HashMap::new(),
        places: Vec::new(),
        links: Vec::new(),
        orphans: Vec::new(),
        seen: 0,
    };
    let mut experiments = Vec::new();
    source.experiments(report, &mut |experiment| {
        experiments.push(experiment);
        Ok(())
    })?;
    for experiment in &experiments {
        way.experiment(experiment)?;
    }
    way.link()?;
    source.registered(report, &mut |(model, versions)| way.registered(&model, &versions))?;
    for (what, count) in source.others()? {
        report.skip(format!("{count} {what}: there is no place for them"));
    }
    way.sink.close(report)
}

struct Way<'a> {
    source: &'a dyn Source,
    sink: &'a mut dyn Sink,
    options: Options,
    report: &'a Report,
    tell: &'a dyn Fn(&str),
    /// Ids of runs and models that have another one in the target.
    ids: HashMap<String, String>,
    /// Where artifacts of experiments lay that were copied.
    places: Vec<String>,
    /// Models of runs, to be said once all are there.
    links: Vec<(String, Vec<ModelInput>, Vec<ModelOutput>)>,
    /// Runs that came before their parents: id in the target, and the parent's old id.
    orphans: Vec<(String, String)>,
    seen: u64,
}

impl Way<'_> {
    /// Where files stay, if they do.
    fn stays<'u>(&self, uri: &'u str) -> Option<&'u str> {
        (!uri.is_empty() && (!self.options.artifacts || is_shared(uri))).then_some(uri)
    }

    fn id(&self, old: &str) -> String {
        self.ids.get(old).cloned().unwrap_or_else(|| old.to_owned())
    }

    fn experiment(&mut self, experiment: &Experiment) -> Result<()> {
        (self.tell)(&format!("experiment `{}`", experiment.name));
        let taken = self.sink.experiment(experiment, self.stays(&experiment.artifact_location));
        let (id, added) = match self.check(taken, || format!("experiment `{}`", experiment.name))? {
            Some(taken) => taken,
            None => return Ok(()),
        };
        if id != experiment.id {
            self.report.note(format!("experiment `{}` has the id {id} instead of {}", experiment.name, experiment.id));
        }
        self.report.count(Kind::Experiment, added);
        let source = self.source;
        let report = self.report;
        let before = report.added(Kind::Run);
        source.runs(experiment, report, &mut |run| self.run(run, &id))?;
        source.models(experiment, report, &mut |record| self.model(record, &id))?;
        source.traces(experiment, report, &mut |trace| self.trace(trace, &id))?;
        // The experiment that every store begins with is no merger, nor is a copy that is repeated.
        let is_more = added.rows > 0 || report.added(Kind::Run) > before;
        if !added.new && is_more && experiment.id != "0" {
            report.note(format!("experiment `{}` was there already: it was completed", experiment.name));
        }
        Ok(())
    }

    fn run(&mut self, mut run: Run, experiment: &str) -> Result<()> {
        let old = run.info.clone();
        run.info.experiment = experiment.to_owned();
        let mut orphan = None;
        if let Some(parent) = run.tags.iter_mut().find(|tag| tag.key == PARENT) {
            let is_known = self.sink.keeps_ids() || self.ids.contains_key(&parent.value);
            orphan = (!is_known).then(|| parent.value.clone());
            parent.value = self.id(&parent.value);
        }
        let metrics: Vec<String> = run.metrics.iter().map(|metric| metric.key.clone()).collect();
        if !self.sink.keeps_ids() {
            let (inputs, outputs) = (std::mem::take(&mut run.model_inputs), std::mem::take(&mut run.model_outputs));
            if !inputs.is_empty() || !outputs.is_empty() {
                self.links.push((old.id.clone(), inputs, outputs));
            }
        }
        let taken = self.sink.run(&run, self.stays(&old.artifact_uri));
        let Some((id, mut added)) = self.check(taken, || format!("run {}", old.id))? else { return Ok(()) };
        if id != old.id {
            self.ids.insert(old.id.clone(), id.clone());
        }
        self.orphans.extend(orphan.map(|parent| (id.clone(), parent)));
        for key in &metrics {
            let (source, report) = (self.source, self.report);
            let copied = source.history(&old, key, report, &mut |points| {
                let new = self.sink.metrics(&id, &points)?;
                self.report.count_many(Kind::Point, new, points.len());
                added.rows += new;
                Ok(())
            });
            self.check(copied, || format!("metric `{key}` of run {}", old.id))?;
        }
        self.report.count(Kind::Run, added);
        run.info.id = id;
        self.files(Owner::Run(&old), Owner::Run(&run.info))?;
        self.seen += 1;
        if self.seen.is_multiple_of(OFTEN) {
            (self.tell)(&format!("{} runs", self.seen));
        }
        Ok(())
    }

    fn model(&mut self, mut record: ModelRecord, experiment: &str) -> Result<()> {
        let old = record.model.clone();
        record.model.experiment = experiment.to_owned();
        record.model.source_run = old.source_run.as_deref().map(|run| self.id(run));
        for metric in &mut record.model.metrics {
            if let Some(run) = metric.of.as_deref_mut().and_then(|of| of.run_id.as_mut()) {
                *run = self.id(run);
            }
        }
        let taken = self.sink.model(&record, self.stays(&old.artifact_uri));
        let Some((id, added)) = self.check(taken, || format!("model {}", old.id))? else { return Ok(()) };
        self.report.count(Kind::Model, added);
        if id != old.id {
            self.ids.insert(old.id.clone(), id.clone());
        }
        record.model.id = id;
        if record.deleted { Ok(()) } else { self.files(Owner::Model(&old), Owner::Model(&record.model)) }
    }

    fn trace(&mut self, mut trace: TraceRecord, experiment: &str) -> Result<()> {
        experiment.clone_into(&mut trace.info.experiment);
        trace.runs = trace.runs.iter().map(|run| self.id(run)).collect();
        for (key, value) in &mut trace.info.metadata {
            if key == SOURCE_RUN {
                *value = self.id(value);
            }
        }
        let taken = self.sink.trace(&trace);
        if let Some(added) = self.check(taken, || format!("trace {}", trace.info.trace_id))? {
            self.report.count(Kind::Trace, added);
        }
        Ok(())
    }

    /// Copies the files of a run or model that do not stay, and remembers where they went.
    fn files(&mut self, old: Owner<'_>, new: Owner<'_>) -> Result<()> {
        let (uri, whose) = match old {
            Owner::Run(run) => (&run.artifact_uri, format!("run {}", run.id)),
            Owner::Model(model) => (&model.artifact_uri, format!("model {}", model.id)),
        };
        if self.stays(uri).is_some() || uri.is_empty() {
            return Ok(());
        }
        // Of default layouts the place of the experiment says where everything is.
        if let Some(from) = parent(uri, old)
            && !self.places.contains(&from)
        {
            self.places.push(from);
        }
        let from = match self.source.files(old) {
            Ok(from) => from,
            Err(e) => {
                self.report.skip(format!("artifacts of {whose} at {uri}: {}", e.line()));
                return Ok(());
            }
        };
        let to = self.sink.files(new)?;
        files::copy(&*from, &*to, &whose, self.report)
    }

    /// Says what could not be said in the target's ids before: parents of runs, and models that they read and made.
    fn link(&mut self) -> Result<()> {
        for (run, parent) in std::mem::take(&mut self.orphans) {
            if let Some(parent) = self.ids.get(&parent).cloned() {
                let said = self.sink.parent(&run, &parent);
                self.check(said, || format!("parent of run {run}"))?;
            }
        }
        for (run, inputs, outputs) in std::mem::take(&mut self.links) {
            let input = |input: &ModelInput| ModelInput { model_id: self.id(&input.model_id) };
            let output = |o: &ModelOutput| ModelOutput { model_id: self.id(&o.model_id), step: o.step };
            let inputs: Vec<_> = inputs.iter().map(input).collect();
            let outputs: Vec<_> = outputs.iter().map(output).collect();
            let id = self.id(&run);
            let linked = self.sink.link(&id, &inputs, &outputs);
            self.check(linked, || format!("models of run {run}"))?;
        }
        Ok(())
    }

    fn registered(&mut self, model: &RegisteredModel, versions: &[VersionRecord]) -> Result<()> {
        let taken = self.sink.registered(model);
        let Some(added) = self.check(taken, || format!("registered model `{}`", model.name))? else { return Ok(()) };
        self.report.count(Kind::Registered, added);
        for record in versions {
            let mut record = record.clone();
            let version = &mut record.version;
            version.source = self.moved(&version.source);
            version.run = version.run.as_deref().map(|run| self.id(run));
            version.model_id = version.model_id.as_deref().map(|model| self.id(model));
            let name = format!("version {} of `{}`", version.version, model.name);
            let taken = self.sink.version(&record);
            if let Some(added) = self.check(taken, || name)?
                && !record.deleted
            {
                self.report.count(Kind::Version, added);
            }
        }
        Ok(())
    }

    /// The source of a version where it lies now.
    fn moved(&self, source: &str) -> String {
        if let Some(model) = source.strip_prefix("models:/").filter(|id| id.starts_with("m-")) {
            return format!("models:/{}", self.id(model));
        }
        if let Some((run, path)) = source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/')) {
            return format!("runs:/{}/{path}", self.id(run));
        }
        let plain = plain(source);
        let below = |from: &String| plain.strip_prefix(from.as_str())?.strip_prefix('/');
        let Some(rest) = self.places.iter().find_map(below) else { return source.to_owned() };
        let parts: Vec<&str> = rest.splitn(4, '/').collect();
        match parts.as_slice() {
            ["models", model, "artifacts"] => format!("models:/{}", self.id(model)),
            [run, "artifacts", ..] => format!("runs:/{}/{}", self.id(run), parts[2..].join("/")),
            _ => source.to_owned(),
        }
    }

    /// Passes on what a side did; what concerns one thing is reported, anything else ends the copy.
    fn check<T>(&self, done: Result<T>, what: impl FnOnce() -> String) -> Result<Option<T>> {
        match done {
            Ok(value) => Ok(Some(value)),
            Err(e) if e.is_of_one_thing() => {
                self.report.skip(format!("{}: {}", what(), e.line()));
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

/// A local place as one text, however it is written.
fn plain(uri: &str) -> &str {
    uri.strip_prefix("file://").filter(|path| path.starts_with('/')).unwrap_or(uri)
}

/// The place of an experiment from the place of one of its runs or models, where the layout is the usual one.
fn parent(uri: &str, of: Owner<'_>) -> Option<String> {
    let end = match of {
        Owner::Run(run) => format!("/{}/artifacts", run.id),
        Owner::Model(LoggedModel { id, .. }) => format!("/models/{id}/artifacts"),
    };
    plain(uri.trim_end_matches('/')).strip_suffix(&end).map(str::to_owned)
}
