//! Experiments on a server.

use super::{Call, MlflowStore, check_id, limit, page, part, wire};
use crate::error::{Code, Result};
use crate::model::{DatasetSummary, Experiment, NewExperiment, Page, Search, Tag, View};
use crate::store::Experiments;
use crate::validate;
use reqwest::Method;
use serde_json::{Value, json};

/// Tags of experiments are not cut by MLflow but refused; the server says so.
const NO_CUT: usize = usize::MAX;

impl Experiments for MlflowStore {
    fn create_experiment(&self, new: &NewExperiment) -> Result<String> {
        validate::experiment_name(&new.name)?;
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        let body = wire::present(json!({
            "name": new.name,
            "artifact_location": new.artifact_location,
            "tags": wire::tags_body(&new.tags, NO_CUT),
        }));
        let answer = self.post_once("experiments/create", &body)?;
        Ok(wire::text(part(self, &answer, "experiment_id").map(|_| &answer)?, "experiment_id"))
    }

    fn experiment(&self, id: &str) -> Result<Experiment> {
        check_id("experiment", id)?;
        let answer = self.get("experiments/get", vec![("experiment_id", id.to_owned())])?;
        part(self, &answer, "experiment").map(wire::experiment)
    }

    fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        if name.is_empty() {
            return Ok(None);
        }
        match self.get("experiments/get-by-name", vec![("experiment_name", name.to_owned())]) {
            Ok(answer) => part(self, &answer, "experiment").map(wire::experiment).map(Some),
            Err(e) if e.code() == Code::ResourceDoesNotExist => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn search_experiments(&self, search: &Search) -> Result<Page<Experiment>> {
        let body = wire::present(json!({
            "max_results": limit(search, Search::MAX_LIMIT)?,
            "filter": Some(&search.filter).filter(|f| !f.trim().is_empty()),
            "order_by": search.order_by,
            "view_type": view(search.view),
            "page_token": search.page,
        }));
        let answer = self.post("experiments/search", &body)?;
        Ok(page(&answer, "experiments", wire::experiment))
    }

    fn rename_experiment(&self, id: &str, name: &str) -> Result<()> {
        check_id("experiment", id)?;
        validate::experiment_name(name)?;
        self.post("experiments/update", &json!({"experiment_id": id, "new_name": name})).map(drop)
    }

    fn delete_experiment(&self, id: &str) -> Result<()> {
        check_id("experiment", id)?;
        self.post_once("experiments/delete", &json!({"experiment_id": id})).map(drop)
    }

    fn restore_experiment(&self, id: &str) -> Result<()> {
        check_id("experiment", id)?;
        self.post_once("experiments/restore", &json!({"experiment_id": id})).map(drop)
    }

    fn set_experiment_tag(&self, id: &str, tag: &Tag) -> Result<()> {
        check_id("experiment", id)?;
        validate::key("tag", &tag.key)?;
        let body = json!({"experiment_id": id, "key": tag.key, "value": tag.value});
        self.post("experiments/set-experiment-tag", &body).map(drop)
    }

    fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<()> {
        check_id("experiment", id)?;
        self.post_once("experiments/delete-experiment-tag", &json!({"experiment_id": id, "key": key})).map(drop)
    }

    fn experiment_datasets(&self, ids: &[String]) -> Result<Vec<DatasetSummary>> {
        const MOST_AT_ONCE: usize = 20;
        const MOST: usize = 1000;
        let read = |value: &Value| DatasetSummary {
            experiment_id: wire::text(value, "experiment_id"),
            name: wire::text(value, "name"),
            digest: wire::text(value, "digest"),
            context: wire::optional(value, "context"),
        };
        let mut found = Vec::new();
        for some in ids.chunks(MOST_AT_ONCE) {
            // MLflow has this route for its page alone: that of its API is missing a slash.
            let path = "/ajax-api/2.0/mlflow/experiments/search-datasets";
            let call = Call::send(Method::POST, path, &json!({"experiment_ids": some}));
            let answer = self.http.json(call.newer("list the datasets of experiments (MLflow 2.4 can)"))?;
            found.extend(wire::list(&answer, "dataset_summaries").map(read));
        }
        found.truncate(MOST);
        Ok(found)
    }
}

/// A view as MLflow names it.
pub(super) fn view(view: View) -> &'static str {
    match view {
        View::Active => "ACTIVE_ONLY",
        View::Deleted => "DELETED_ONLY",
        View::All => "ALL",
    }
}
