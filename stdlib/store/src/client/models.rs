//! Logged models on a server.

use super::{Call, MlflowStore, check_id, escape, limit, page, part, v2, wire};
use crate::error::{Error, Result};
use crate::model::{LoggedModel, ModelOrder, ModelStatus, NewModel, Page, Param, Search, Tag};
use crate::store::Models;
use crate::validate;
use reqwest::Method;
use serde_json::{Value, json};

/// So many parameters go with one call.
const PARAMS_AT_ONCE: usize = 100;
/// What servers before MLflow 3 cannot do.
const NEWER: &str = "keep logged models (MLflow 3 can)";

impl MlflowStore {
    fn model_call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.http.json(Call::send(method, v2(path), body).newer(NEWER))
    }
}

impl Models for MlflowStore {
    fn create_model(&self, new: &NewModel) -> Result<LoggedModel> {
        check_id("experiment", &new.experiment)?;
        if new.name.as_deref() == Some("") {
            // MLflow would take it for no name and make one up.
            let expected = "give it at least one letter, or no name at all";
            return Err(Error::InvalidValue { what: "name of a model", value: String::new(), expected });
        }
        let (first, rest) = new.params.split_at(new.params.len().min(PARAMS_AT_ONCE));
        let body = wire::present(json!({
            "experiment_id": new.experiment,
            "name": new.name,
            "model_type": new.model_type,
            "source_run_id": new.source_run,
            "params": wire::params_body(first),
            "tags": wire::tags_body(&new.tags, validate::MAX_TAG_VALUE),
        }));
        let call = Call::send(Method::POST, v2("logged-models"), &body).once().newer(NEWER);
        let answer = self.http.json(call)?;
        let model = part(self, &answer, "model").map(wire::logged_model)?;
        if rest.is_empty() {
            return Ok(model);
        }
        self.log_model_params(&model.id, rest)?;
        self.model(&model.id)
    }

    fn model(&self, id: &str) -> Result<LoggedModel> {
        check_id("model", id)?;
        let answer = self.http.json(Call::get(v2(&format!("logged-models/{id}")), Vec::new()).newer(NEWER))?;
        part(self, &answer, "model").map(wire::logged_model)
    }

    fn finish_model(&self, id: &str, status: ModelStatus, _message: Option<&str>) -> Result<LoggedModel> {
        check_id("model", id)?;
        let body = json!({"model_id": id, "status": wire::status_name(status)});
        let answer = self.model_call(Method::PATCH, &format!("logged-models/{id}"), &body)?;
        part(self, &answer, "model").map(wire::logged_model)
    }

    fn delete_model(&self, id: &str) -> Result<()> {
        check_id("model", id)?;
        let call = Call::send(Method::DELETE, v2(&format!("logged-models/{id}")), &json!({"model_id": id}));
        self.http.json(call.once().newer(NEWER)).map(drop)
    }

    fn search_models(
        &self,
        search: &Search,
        datasets: &[(String, Option<String>)],
        order: &[ModelOrder],
    ) -> Result<Page<LoggedModel>> {
        let dataset = |(name, digest): &(String, Option<String>)| {
            wire::present(json!({"dataset_name": name, "dataset_digest": digest}))
        };
        let key = |o: &ModelOrder| {
            wire::present(json!({
                "field_name": o.field,
                "ascending": o.ascending,
                "dataset_name": o.dataset_name,
                "dataset_digest": o.dataset_digest,
            }))
        };
        let body = wire::present(json!({
            "experiment_ids": self.experiments_of(search)?,
            "filter": Some(&search.filter).filter(|f| !f.trim().is_empty()),
            "datasets": datasets.iter().map(dataset).collect::<Vec<_>>(),
            "order_by": order.iter().map(key).collect::<Vec<_>>(),
            "max_results": limit(search, Search::MAX_LIMIT)?,
            "page_token": search.page,
        }));
        let answer = self.model_call(Method::POST, "logged-models/search", &body)?;
        Ok(page(&answer, "models", wire::logged_model))
    }

    fn log_model_params(&self, id: &str, params: &[Param]) -> Result<()> {
        check_id("model", id)?;
        for some in params.chunks(PARAMS_AT_ONCE) {
            let body = json!({"model_id": id, "params": wire::params_body(some)});
            self.model_call(Method::POST, &format!("logged-models/{id}/params"), &body)?;
        }
        Ok(())
    }

    fn set_model_tags(&self, id: &str, tags: &[Tag]) -> Result<()> {
        check_id("model", id)?;
        let body = json!({"model_id": id, "tags": wire::tags_body(tags, validate::MAX_TAG_VALUE)});
        self.model_call(Method::PATCH, &format!("logged-models/{id}/tags"), &body).map(drop)
    }

    fn delete_model_tag(&self, id: &str, key: &str) -> Result<()> {
        check_id("model", id)?;
        let path = format!("logged-models/{id}/tags/{}", escape(key, false));
        let call = Call::send(Method::DELETE, v2(&path), &json!({"model_id": id, "tag_key": key}));
        self.http.json(call.once().newer(NEWER)).map(drop)
    }
}
