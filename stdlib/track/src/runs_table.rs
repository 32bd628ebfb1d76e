//! The runs of an experiment side by side.

use crate::format::{duration, moment, number};
use crate::table::{Align, Cell, Column, Table, page};
use ironbook_core::bundle::escape_html;
use ironbook_core::{Bundle, Display};
use ironbook_store::Store;
use ironbook_store::error::{Error, Result};
use ironbook_store::model::{Page, Run, Search, Status, now_ms};
use std::collections::{BTreeMap, BTreeSet};

/// Most columns of metrics.
const MAX_METRICS: usize = 8;
/// Most columns of parameters.
const MAX_PARAMS: usize = 5;
/// What models are usually judged by, in this order.
const USUAL: [&str; 7] = ["roc_auc", "accuracy", "log_loss", "rmse", "mae", "r2", "ndcg"];
/// Most rows that are drawn.
const MAX_ROWS: usize = 50;

/// The runs of an experiment, newest first: state, times, the parameters that differ, the latest metrics.
#[derive(Clone, Debug)]
pub struct RunsTable {
    /// Name of the experiment.
    pub experiment: String,
    /// The runs.
    pub runs: Vec<Run>,
    /// Whether the experiment has more runs than these.
    pub more: bool,
    /// Names of the experiments by id, where there are several.
    experiments: BTreeMap<String, String>,
    /// The metric that stands first.
    first_metric: Option<String>,
}

impl RunsTable {
    /// A table of runs of one experiment; `more` if it has others.
    pub fn new(experiment: impl Into<String>, runs: Vec<Run>, more: bool) -> RunsTable {
        RunsTable { experiment: experiment.into(), runs, more, experiments: BTreeMap::new(), first_metric: None }
    }

    /// The newest `limit` runs of the experiment with this name.
    ///
    /// # Errors
    /// [`Error::NotFound`], or of the store.
    pub fn load(store: &dyn Store, experiment: &str, limit: usize) -> Result<RunsTable> {
        let found = store.experiment_by_name(experiment)?;
        let found = found.ok_or_else(|| Error::NotFound { what: "experiment", name: experiment.to_owned() })?;
        let Page { items: runs, next } = store.search_runs(&Search::experiment(found.id).limit(limit))?;
        Ok(RunsTable::new(found.name, runs, next.is_some()))
    }

    /// The newest `limit` runs of all experiments.
    ///
    /// # Errors
    /// Of the store.
    pub fn recent(store: &dyn Store, limit: usize) -> Result<RunsTable> {
        let Page { items: runs, next } = store.search_runs(&Search::all().limit(limit))?;
        RunsTable::of_several(store, runs, next.is_some(), "runs")
    }

    /// The `limit` runs with the best values of a metric.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no run has it; of the store.
    pub fn best(store: &dyn Store, metric: &str, smaller: bool, limit: usize) -> Result<RunsTable> {
        let order = format!("metrics.`{metric}` {}", if smaller { "ASC" } else { "DESC" });
        // Runs without it come last.
        let mut runs = store.search_runs(&Search::all().order(order).limit(limit))?.items;
        runs.retain(|run| run.metric(metric).is_some());
        if runs.is_empty() {
            let known = RunsTable::recent(store, 1000)?;
            let names: Vec<&str> =
                known.metric_names().into_iter().filter(|name| !name.starts_with("system/")).collect();
            let known = names.into_iter().map(str::to_owned).collect();
            return Err(Error::Unknown { what: "metric", name: metric.to_owned(), known });
        }
        let way = if smaller { "smallest" } else { "largest" };
        let table = RunsTable::of_several(store, runs, false, &format!("{way} {metric}"))?;
        Ok(RunsTable { first_metric: Some(metric.to_owned()), ..table })
    }

    fn of_several(store: &dyn Store, runs: Vec<Run>, more: bool, title: &str) -> Result<RunsTable> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for run in &runs {
            let id = &run.info.experiment;
            if !names.contains_key(id) {
                names.insert(id.clone(), store.experiment(id)?.name);
            }
        }
        let one = (names.len() == 1).then(|| names.values().next().cloned()).flatten();
        let experiment = match one {
            Some(name) if title == "runs" => name,
            Some(name) => format!("{name} · {title}"),
            None => title.to_owned(),
        };
        let experiments = if names.len() > 1 { names } else { BTreeMap::new() };
        Ok(RunsTable { experiment, runs, more, experiments, first_metric: None })
    }

    /// Names of the parameters whose values differ between the runs (absent counts as a value); all for a single run. The
    /// kind of model first, then those that most runs have.
    pub fn differing_params(&self) -> Vec<&str> {
        let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for param in self.runs.iter().flat_map(|run| &run.params) {
            values.entry(&param.key).or_default().push(&param.value);
        }
        let differs = |seen: &Vec<&str>| seen.len() < self.runs.len() || seen.iter().any(|v| *v != seen[0]);
        let one = self.runs.len() == 1;
        let mut keys: Vec<(&str, usize)> =
            values.into_iter().filter(|(_, seen)| one || differs(seen)).map(|(key, seen)| (key, seen.len())).collect();
        // What most runs have tells them apart best; of models of several kinds that is the kind.
        keys.sort_by_key(|(key, count)| (*key != "model", std::cmp::Reverse(*count)));
        keys.into_iter().map(|(key, _)| key).collect()
    }

    /// Names of all metrics of the runs: what models are usually judged by first, what the machine did last.
    pub fn metric_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.runs.iter().flat_map(|r| &r.metrics).map(|m| m.key.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        // What was measured comes before what the machine did.
        names.sort_by_key(|name| {
            let usual = USUAL.iter().position(|usual| usual == name).unwrap_or(USUAL.len());
            (self.first_metric.as_deref() != Some(name), is_machine(name), is_own(name), usual)
        });
        names
    }

    /// The metrics that have columns: at least one of each run, as far as there is room, and else the first.
    fn shown_metrics(&self) -> Vec<&str> {
        let all: Vec<&str> = self.metric_names().into_iter().filter(|name| !is_machine(name)).collect();
        let mut shown: Vec<&str> = self.first_metric.as_deref().into_iter().collect();
        for run in &self.runs {
            if !shown.iter().any(|name| run.metric(name).is_some()) {
                shown.extend(all.iter().find(|name| run.metric(name).is_some()));
            }
        }
        shown.truncate(MAX_METRICS);
        for name in &all {
            if shown.len() < MAX_METRICS && !shown.contains(name) {
                shown.push(name);
            }
        }
        all.into_iter().filter(|name| shown.contains(name)).collect()
    }

    /// The runs as they stand in the table, with how deep each is nested: those in a run below it, where they are not ranked.
    fn rows(&self) -> Vec<(&Run, usize)> {
        if self.first_metric.is_some() {
            return self.runs.iter().map(|run| (run, usize::from(run.parent().is_some()))).collect();
        }
        let here: BTreeSet<&str> = self.runs.iter().map(|run| run.info.id.as_str()).collect();
        let mut children: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
        let mut waiting: Vec<(&Run, usize)> = Vec::new();
        for run in &self.runs {
            match run.parent().filter(|parent| here.contains(parent)) {
                Some(parent) => children.entry(parent).or_default().push(run),
                None => waiting.push((run, usize::from(run.parent().is_some()))),
            }
        }
        waiting.reverse();
        let mut rows = Vec::new();
        while let Some((run, depth)) = waiting.pop() {
            let below = children.remove(run.info.id.as_str()).unwrap_or_default();
            waiting.extend(below.into_iter().rev().map(|child| (child, depth + 1)));
            rows.push((run, depth));
        }
        rows
    }

    fn table(&self) -> Table {
        let (params, metrics) = (self.differing_params(), self.shown_metrics());
        let params = &params[..params.len().min(MAX_PARAMS)];
        let fixed =
            [("run", Align::Left), ("status", Align::Left), ("started", Align::Left), ("duration", Align::Right)];
        let mut columns: Vec<_> = fixed.into_iter().map(|(title, align)| Column::new(title, "", align)).collect();
        if !self.experiments.is_empty() {
            columns.insert(1, Column::new("experiment", "", Align::Left));
        }
        columns.extend(params.iter().map(|key| Column::new(*key, "parameters", Align::Right)));
        columns.extend(metrics.iter().map(|key| Column::new(*key, "metrics", Align::Right)));
        let rows = self.rows().into_iter().take(MAX_ROWS).map(|(run, depth)| {
            let mut row = vec![run_cell(run, depth)];
            row.extend(self.experiments.get(&run.info.experiment).map(|name| Cell::from(name.clone())));
            row.push(status_cell(run.info.status));
            row.push(moment(run.info.start).into());
            row.push(run_duration(run).into());
            let dash = || "–".to_owned();
            row.extend(params.iter().map(|key| run.param(key).map_or_else(dash, str::to_owned).into()));
            row.extend(metrics.iter().map(|key| run.metric(key).map_or_else(dash, number).into()));
            row
        });
        Table { rows: rows.collect(), columns }
    }

    fn title(&self) -> String {
        let count = self.runs.len();
        let more = if self.more { "+" } else { "" };
        let noun = if count == 1 { "run" } else { "runs" };
        format!("{} · {count}{more} {noun}", self.experiment)
    }

    /// What the table leaves out, in words; empty if nothing.
    fn left_out(&self) -> String {
        let params = self.differing_params().len().saturating_sub(MAX_PARAMS);
        let metrics = self.metric_names().len() - self.shown_metrics().len();
        let rows = self.runs.len().saturating_sub(MAX_ROWS);
        let parts = [(rows, "older runs"), (params, "parameters"), (metrics, "metrics")];
        let said = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>();
        if said.is_empty() { String::new() } else { format!("not shown: {}", said.join(", ")) }
    }
}

/// Whether a metric is about the record more than about the model.
fn is_own(name: &str) -> bool {
    matches!(name, "fit_seconds" | "cell_seconds")
}

/// Whether a metric says what the machine did.
fn is_machine(name: &str) -> bool {
    name.starts_with("system/")
}

fn run_cell(run: &Run, depth: usize) -> Cell {
    let (name, id) = (escape_html(&run.info.name), escape_html(&run.info.id));
    // Spaces that pages do not take together.
    let nested = if depth > 0 { format!("{}↳ ", "\u{a0}\u{a0}".repeat(depth - 1)) } else { String::new() };
    let html = format!("{nested}<span title=\"{id}\">{name}</span>");
    Cell { text: format!("{nested}{}", run.info.name), html: Some(html) }
}

/// A run's state with its colour.
pub(crate) fn status_cell(status: Status) -> Cell {
    let text = status.as_str().to_lowercase();
    Cell { html: Some(format!("<span class=\"status {text}\">{text}</span>")), text }
}

/// How long a run took, or takes so far.
pub(crate) fn run_duration(run: &Run) -> String {
    let end = run.info.end.or_else(|| (run.info.status == Status::Running).then(now_ms));
    end.map_or_else(|| "–".to_owned(), |end| duration(end - run.info.start))
}

impl Display for RunsTable {
    fn bundle(&self) -> Bundle {
        let title = self.title();
        if self.runs.is_empty() {
            let hint = "no runs yet: %track start begins one";
            let html = format!("<h4>{}</h4><span class=\"soft\">{hint}</span>", escape_html(&title));
            return Bundle::text(format!("{title}\n{hint}")).html(page(&html));
        }
        let (table, left_out) = (self.table(), self.left_out());
        let text = format!("{title}\n{}\n{left_out}", table.text());
        let note = format!("<div class=\"soft\">{left_out}</div>");
        let html = format!("<h4>{}</h4>{}{note}", escape_html(&title), table.html());
        Bundle::text(text.trim_end()).html(page(&html))
    }
}
