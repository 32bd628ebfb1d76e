//! Runs on a server.

use super::experiments::view;
use super::{Call, MlflowStore, check_id, limit, page, part, v2, wire};
use crate::error::{Code, Error, Result};
use crate::model::{
    Batch, DatasetInput, Metric, ModelInput, ModelOutput, NewRun, Page, Run, RunInfo, RunUpdate, Search, now_ms,
};
use crate::store::{Experiments, Runs};
use crate::validate;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Steps beyond these do not occur: they stand for "no limit" where MLflow wants both.
const FAR: i64 = 1 << 53;

impl Runs for MlflowStore {
    fn create_run(&self, new: &NewRun) -> Result<RunInfo> {
        check_id("experiment", &new.experiment)?;
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        new.start.map_or(Ok(()), validate::timestamp)?;
        let body = wire::present(json!({
            "experiment_id": new.experiment,
            "run_name": new.name,
            "user_id": new.user,
            "start_time": new.start.unwrap_or_else(now_ms),
            "tags": wire::tags_body(&new.tags, validate::MAX_TAG_VALUE),
        }));
        let answer = self.post_once("runs/create", &body)?;
        let run = part(self, &answer, "run")?;
        part(self, run, "info").map(wire::run_info)
    }

    fn update_run(&self, run: &str, update: &RunUpdate) -> Result<RunInfo> {
        check_id("run", run)?;
        update.end.map_or(Ok(()), validate::timestamp)?;
        let body = wire::present(json!({
            "run_id": run,
            "run_uuid": run,
            "status": update.status.map(|s| s.as_str()),
            "end_time": update.end,
            "run_name": update.name,
        }));
        let answer = self.post("runs/update", &body)?;
        part(self, &answer, "run_info").map(wire::run_info)
    }

    fn run(&self, run: &str) -> Result<Run> {
        check_id("run", run)?;
        let answer = self.get("runs/get", vec![("run_id", run.to_owned()), ("run_uuid", run.to_owned())])?;
        part(self, &answer, "run").map(wire::run)
    }

    fn delete_run(&self, run: &str) -> Result<()> {
        check_id("run", run)?;
        self.post("runs/delete", &json!({"run_id": run})).map(drop)
    }

    fn restore_run(&self, run: &str) -> Result<()> {
        check_id("run", run)?;
        self.post("runs/restore", &json!({"run_id": run})).map(drop)
    }

    fn search_runs(&self, search: &Search) -> Result<Page<Run>> {
        let body = wire::present(json!({
            "experiment_ids": self.experiments_of(search)?,
            "filter": search.filter,
            "order_by": search.order_by,
            "run_view_type": view(search.view),
            "max_results": limit(search, Search::MAX_LIMIT)?,
            "page_token": search.page,
        }));
        let answer = self.post("runs/search", &body)?;
        Ok(page(&answer, "runs", wire::run))
    }

    fn log_batch(&self, run: &str, batch: Batch<'_>) -> Result<()> {
        check_id("run", run)?;
        validate::batch(&batch)?;
        for body in wire::batch_parts(run, batch) {
            let call = Call { body: Some(body.into()), ..Call::new(Method::POST, v2("runs/log-batch")) };
            self.http.json(call)?;
        }
        Ok(())
    }

    fn delete_tag(&self, run: &str, key: &str) -> Result<()> {
        check_id("run", run)?;
        self.post_once("runs/delete-tag", &json!({"run_id": run, "key": key})).map(drop)
    }

    fn metric_history(&self, run: &str, key: &str) -> Result<Vec<Metric>> {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let part = self.metric_history_page(run, key, 25_000, token.as_deref())?;
            all.extend(part.items);
            match part.next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        all.sort_by_key(|m| (m.step, m.timestamp));
        Ok(all)
    }

    fn metric_history_page(&self, run: &str, key: &str, limit: usize, token: Option<&str>) -> Result<Page<Metric>> {
        check_id("run", run)?;
        let mut query = vec![("run_id", run.to_owned()), ("run_uuid", run.to_owned()), ("metric_key", key.to_owned())];
        query.push(("max_results", limit.clamp(1, 25_000).to_string()));
        query.extend(token.map(|token| ("page_token", token.to_owned())));
        let answer = self.get("metrics/get-history", query)?;
        let mut found = page(&answer, "metrics", wire::metric);
        if found.items.is_empty() && token.is_none() {
            // MLflow answers the same for a run that is not there.
            self.run(run)?;
        }
        found.items.sort_by_key(|m| (m.step, m.timestamp));
        Ok(found)
    }

    fn metric_curves(
        &self,
        runs: &[String],
        key: &str,
        (first, last): (Option<i64>, Option<i64>),
        points: usize,
    ) -> Result<Vec<(String, Vec<Metric>)>> {
        const MOST_RUNS: usize = 100;
        const MOST_POINTS: usize = 2500;
        runs.iter().try_for_each(|run| check_id("run", run))?;
        let mut curves: HashMap<String, Vec<Metric>> = HashMap::new();
        for some in runs.chunks(MOST_RUNS) {
            let mut query: Vec<_> = some.iter().map(|run| ("run_ids", run.clone())).collect();
            query.push(("metric_key", key.to_owned()));
            query.push(("max_results", points.clamp(1, MOST_POINTS).to_string()));
            if first.is_some() || last.is_some() {
                query.push(("start_step", first.unwrap_or(-FAR).to_string()));
                query.push(("end_step", last.unwrap_or(FAR).to_string()));
            }
            let call = Call::get(v2("metrics/get-history-bulk-interval"), query).newer("thin curves (MLflow 2.4 can)");
            let answer = self.http.json(call)?;
            for value in wire::list(&answer, "metrics") {
                curves.entry(wire::text(value, "run_id")).or_default().push(wire::metric(value));
            }
        }
        let mut take = |run: &String| {
            let mut curve = curves.remove(run).unwrap_or_default();
            curve.sort_by_key(|m| (m.step, m.timestamp));
            (run.clone(), curve)
        };
        Ok(runs.iter().map(&mut take).collect())
    }

    fn log_inputs(&self, run: &str, datasets: &[DatasetInput], models: &[ModelInput]) -> Result<()> {
        check_id("run", run)?;
        let dataset = |d: &DatasetInput| {
            json!({
                "tags": wire::tags_body(&d.tags, usize::MAX),
                "dataset": wire::present(json!({
                    "name": d.dataset.name,
                    "digest": d.dataset.digest,
                    "source_type": d.dataset.source_type,
                    "source": d.dataset.source,
                    "schema": d.dataset.schema,
                    "profile": d.dataset.profile,
                })),
            })
        };
        let datasets: Value = datasets.iter().map(dataset).collect();
        let models: Value = models.iter().map(|m| json!({"model_id": m.model_id})).collect();
        let body = json!({"run_id": run, "datasets": datasets, "models": models});
        let call = Call::send(Method::POST, v2("runs/log-inputs"), &body).newer("keep datasets (MLflow 2.4 can)");
        self.http.json(call).map(drop)
    }

    fn log_outputs(&self, run: &str, models: &[ModelOutput]) -> Result<()> {
        check_id("run", run)?;
        let list: Value = models.iter().map(|m| json!({"model_id": m.model_id, "step": m.step})).collect();
        let body = json!({"run_id": run, "models": list});
        let call = Call::send(Method::POST, v2("runs/outputs"), &body).once().newer("keep models (MLflow 3 can)");
        self.http.json(call).map(drop)
    }
}

impl MlflowStore {
    /// The experiments of a search: none named means all, which MLflow wants by name.
    pub(super) fn experiments_of(&self, search: &Search) -> Result<Vec<String>> {
        if !search.experiments.is_empty() {
            return Ok(search.experiments.clone());
        }
        let mut ids = Vec::new();
        let mut token = None;
        loop {
            let all = Search { view: crate::model::View::All, page: token, ..Search::all() };
            let page = self.search_experiments(&all)?;
            ids.extend(page.items.into_iter().map(|e| e.id));
            match page.next {
                Some(next) => token = Some(next),
                None => return Ok(ids),
            }
        }
    }

    /// The URI of the artifacts of a run.
    pub(super) fn run_artifacts(&self, run: &str) -> Result<String> {
        match self.run(run) {
            Ok(found) => Ok(found.info.artifact_uri),
            Err(e) if e.code() == Code::ResourceDoesNotExist => {
                Err(Error::NotFound { what: "run", name: run.to_owned() })
            }
            Err(e) => Err(e),
        }
    }
}
