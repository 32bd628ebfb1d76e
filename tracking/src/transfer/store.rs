//! Any store as the source: a tracking server, or the embedded one.

use super::error::Result;
use super::parts::{Each, ModelRecord, Owner, Source, TraceRecord, VersionRecord};
use super::report::Report;
use ironbook_store::artifacts::Repo;
use ironbook_store::{
    ArtifactInfo, ArtifactsOf, Code, Experiment, LoggedModel, Metric, ModelOrder, ModelVersion, Page, RegisteredModel,
    Run, RunInfo, Search, SqliteStore, Store, TraceInfo, View,
};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

/// So many things of one page: runs can be large.
const PAGE: usize = 200;
/// So many points of one page.
const POINTS: usize = 10_000;
/// What finds the registered models that MLflow's searches leave out.
const PROMPTS: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";

/// A store that is read.
pub(super) struct FromStore {
    store: Arc<dyn Store>,
    own: Option<Arc<SqliteStore>>,
}

impl FromStore {
    /// A tracking server.
    pub(super) fn server(store: Arc<dyn Store>) -> FromStore {
        FromStore { store, own: None }
    }

    /// The embedded store, which can tell more than the interface of all stores.
    pub(super) fn own(store: Arc<SqliteStore>) -> FromStore {
        FromStore { store: Arc::clone(&store) as Arc<dyn Store>, own: Some(store) }
    }

    /// Traces of an experiment that are linked to runs, besides those in which they were made.
    fn links(&self, experiment: &Experiment) -> Result<HashMap<String, Vec<String>>> {
        let mut links: HashMap<String, Vec<String>> = HashMap::new();
        let search = Search::experiment(&experiment.id).view(View::All).limit(PAGE);
        pages(&search, |search| self.store.search_runs(search), &mut |run: Run| {
            let id = &run.info.id;
            let search = Search::experiment(&experiment.id).filter(format!("attributes.run_id = '{id}'")).limit(PAGE);
            pages(&search, |search| self.store.search_traces(search), &mut |trace: TraceInfo| {
                if !trace.metadata.iter().any(|(key, value)| key == "mlflow.sourceRun" && value == id) {
                    links.entry(trace.trace_id).or_default().push(id.clone());
                }
                Ok(())
            })
        })?;
        Ok(links)
    }

    fn versions(&self, model: &RegisteredModel, prompt: bool) -> Result<Vec<VersionRecord>> {
        let quote = if model.name.contains('\'') { '"' } else { '\'' };
        let mut filter = format!("name = {quote}{}{quote}", model.name);
        if prompt {
            filter = format!("{filter} AND {PROMPTS}");
        }
        let mut found: Vec<(u64, ModelVersion)> = Vec::new();
        pages(
            &Search::all().filter(filter),
            |search| self.store.search_versions(search),
            &mut |mut version: ModelVersion| {
                let aliases = model.aliases.iter().filter(|alias| alias.version == version.version);
                version.aliases = aliases.map(|alias| alias.alias.clone()).collect();
                found.push((version.version.parse().unwrap_or(0), version));
                Ok(())
            },
        )?;
        found.sort_by_key(|(number, _)| *number);
        let mut versions = Vec::with_capacity(found.len());
        let mut next = 1;
        for (number, version) in found {
            // Numbers are not used again: one that is missing was deleted.
            for gone in next..number {
                versions.push(VersionRecord { version: gone_version(&version, gone), deleted: true });
            }
            next = number + 1;
            versions.push(VersionRecord { version, deleted: false });
        }
        if let (Some(own), Some(like)) = (&self.own, versions.last().map(|record| record.version.clone())) {
            for gone in next..=own.last_version(&model.name)? {
                versions.push(VersionRecord { version: gone_version(&like, gone), deleted: true });
            }
        }
        Ok(versions)
    }
}

/// What is known of a version that was deleted: its number.
fn gone_version(like: &ModelVersion, number: u64) -> ModelVersion {
    ModelVersion {
        name: like.name.clone(),
        version: number.to_string(),
        created: like.created,
        updated: like.created,
        user: String::new(),
        stage: ironbook_store::Stage::None,
        description: String::new(),
        source: String::new(),
        run: None,
        model_id: None,
        status: like.status,
        status_message: String::new(),
        run_link: String::new(),
        tags: Vec::new(),
        aliases: Vec::new(),
    }
}

/// Goes through all pages of a search.
fn pages<T>(
    search: &Search,
    find: impl Fn(&Search) -> ironbook_store::Result<Page<T>>,
    each: Each<'_, T>,
) -> Result<()> {
    let mut search = search.clone();
    loop {
        let page = find(&search)?;
        page.items.into_iter().try_for_each(&mut *each)?;
        match page.next {
            Some(next) => search.page = Some(next),
            None => return Ok(()),
        }
    }
}

impl Source for FromStore {
    fn location(&self) -> String {
        self.store.location()
    }

    fn experiments(&self, _: &Report, each: Each<'_, Experiment>) -> Result<()> {
        let search = Search::all().view(View::All).order("experiment_id ASC");
        pages(&search, |search| self.store.search_experiments(search), each)
    }

    fn runs(&self, experiment: &Experiment, _: &Report, each: Each<'_, Run>) -> Result<()> {
        let search = Search::experiment(&experiment.id).view(View::All).order("attributes.start_time ASC").limit(PAGE);
        pages(&search, |search| self.store.search_runs(search), &mut |run: Run| {
            // MLflow's searches leave out which models a run read.
            let run = if self.own.is_some() { run } else { self.store.run(&run.info.id)? };
            each(run)
        })
    }

    fn history(&self, run: &RunInfo, key: &str, _: &Report, each: Each<'_, Vec<Metric>>) -> Result<()> {
        let mut page = None;
        loop {
            let part = self.store.metric_history_page(&run.id, key, POINTS, page.as_deref())?;
            if !part.items.is_empty() {
                each(part.items)?;
            }
            match part.next {
                Some(next) => page = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn models(&self, experiment: &Experiment, report: &Report, each: Each<'_, ModelRecord>) -> Result<()> {
        let search = Search::experiment(&experiment.id).limit(PAGE);
        let order = [ModelOrder { field: "creation_timestamp".to_owned(), ascending: true, ..ModelOrder::default() }];
        let found =
            pages(&search, |search| self.store.search_models(search, &[], &order), &mut |mut model: LoggedModel| {
                if let Some(own) = &self.own {
                    model.metrics = own.model_points(&model.id)?;
                }
                each(ModelRecord { model, deleted: false })
            });
        self.may_lack(found, "logged models", report)
    }

    fn registered(&self, report: &Report, each: Each<'_, (RegisteredModel, Vec<VersionRecord>)>) -> Result<()> {
        for filter in ["", PROMPTS] {
            let prompt = !filter.is_empty();
            let search = Search::all().filter(filter).limit(PAGE);
            let found = pages(&search, |search| self.store.search_registered(search), &mut |model: RegisteredModel| {
                let versions = self.versions(&model, prompt)?;
                each((model, versions))
            });
            self.may_lack(found, "registered models", report)?;
        }
        Ok(())
    }

    fn traces(&self, experiment: &Experiment, report: &Report, each: Each<'_, TraceRecord>) -> Result<()> {
        let mut links = None;
        let search = Search::experiment(&experiment.id).order("timestamp_ms ASC").limit(PAGE);
        let found = pages(&search, |search| self.store.search_traces(search), &mut |info: TraceInfo| {
            let links = match &mut links {
                Some(links) => links,
                none => none.insert(self.links(experiment)?),
            };
            let runs = links.remove(&info.trace_id).unwrap_or_default();
            let spans = self.store.spans(&info.trace_id).unwrap_or_else(|e| {
                report.skip(format!("spans of trace {}: {}", info.trace_id, super::Error::from(e).line()));
                Vec::new()
            });
            each(TraceRecord { info, spans, runs })
        });
        self.may_lack(found, "traces", report)
    }

    fn files<'a>(&'a self, of: Owner<'a>) -> Result<Box<dyn Repo + 'a>> {
        Ok(Box::new(StoreFiles::new(&*self.store, of)))
    }
}

impl FromStore {
    /// A server that is too old for some kind of thing has none of it.
    fn may_lack(&self, found: Result<()>, what: &str, report: &Report) -> Result<()> {
        match found {
            Err(super::Error::Store(e)) if matches!(e.code(), Code::NotImplemented | Code::EndpointNotFound) => {
                report.note(format!("{} has no {what}", self.location()));
                Ok(())
            }
            other => other,
        }
    }
}

/// The files of a run or model of a store.
pub(super) struct StoreFiles<'a> {
    store: &'a dyn Store,
    of: ArtifactsOf<'a>,
}

impl<'a> StoreFiles<'a> {
    /// The files of this run or model.
    pub(super) fn new(store: &'a dyn Store, of: Owner<'a>) -> StoreFiles<'a> {
        let of = match of {
            Owner::Run(run) => ArtifactsOf::Run(&run.id),
            Owner::Model(model) => ArtifactsOf::Model(&model.id),
        };
        StoreFiles { store, of }
    }
}

impl Repo for StoreFiles<'_> {
    fn write(&self, path: &str, bytes: &mut dyn Read) -> ironbook_store::Result<()> {
        self.store.write_artifact(self.of, path, bytes)
    }

    fn read(&self, path: &str) -> ironbook_store::Result<Box<dyn Read + Send>> {
        self.store.read_artifact(self.of, path)
    }

    fn list(&self, directory: &str) -> ironbook_store::Result<Vec<ArtifactInfo>> {
        self.store.list_artifacts(self.of, directory)
    }

    fn delete(&self, path: &str) -> ironbook_store::Result<()> {
        self.store.delete_artifact(self.of, path)
    }
}
