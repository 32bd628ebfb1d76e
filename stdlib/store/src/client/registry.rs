//! Registered models on a server.

use super::{Call, MlflowStore, page, part, search_query, v2, wire};
use crate::error::{Error, Result};
use crate::model::{ModelVersion, NewVersion, Page, RegisteredModel, Search, Stage, Tag};
use crate::store::Registry;
use reqwest::Method;
use serde_json::{Value, json};

/// Values of tags in the registry are refused, not cut, when too long: the server says so.
const NO_CUT: usize = usize::MAX;

impl MlflowStore {
    fn change(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.http.json(Call::send(method, v2(path), body))
    }

    fn change_once(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        self.http.json(Call::send(method, v2(path), body).once())
    }

    fn registered_part(&self, answer: &Value) -> Result<RegisteredModel> {
        part(self, answer, "registered_model").map(wire::registered_model)
    }

    fn version_part(&self, answer: &Value) -> Result<ModelVersion> {
        part(self, answer, "model_version").map(wire::model_version)
    }
}

/// A name that MLflow's server would take for a missing argument.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::InvalidValue {
            what: "name of a registered model",
            value: String::new(),
            expected: "give it at least one letter",
        });
    }
    Ok(())
}

fn named(name: &str, version: &str) -> Vec<(&'static str, String)> {
    vec![("name", name.to_owned()), ("version", version.to_owned())]
}

impl Registry for MlflowStore {
    fn create_registered(&self, name: &str, description: Option<&str>, tags: &[Tag]) -> Result<RegisteredModel> {
        check_name(name)?;
        let body = wire::present(json!({
            "name": name,
            "description": description,
            "tags": wire::tags_body(tags, NO_CUT),
        }));
        let answer = self.change_once(Method::POST, "registered-models/create", &body)?;
        self.registered_part(&answer)
    }

    fn registered(&self, name: &str) -> Result<RegisteredModel> {
        check_name(name)?;
        let answer = self.get("registered-models/get", vec![("name", name.to_owned())])?;
        self.registered_part(&answer)
    }

    fn rename_registered(&self, name: &str, new: &str) -> Result<RegisteredModel> {
        check_name(name)?;
        check_name(new)?;
        let body = json!({"name": name, "new_name": new});
        let answer = self.change_once(Method::POST, "registered-models/rename", &body)?;
        self.registered_part(&answer)
    }

    fn describe_registered(&self, name: &str, description: &str) -> Result<RegisteredModel> {
        check_name(name)?;
        let body = json!({"name": name, "description": description});
        let answer = self.change(Method::PATCH, "registered-models/update", &body)?;
        self.registered_part(&answer)
    }

    fn delete_registered(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.change_once(Method::DELETE, "registered-models/delete", &json!({"name": name})).map(drop)
    }

    fn search_registered(&self, search: &Search) -> Result<Page<RegisteredModel>> {
        let answer = self.get("registered-models/search", search_query(search, 1000)?)?;
        Ok(page(&answer, "registered_models", wire::registered_model))
    }

    fn set_registered_tag(&self, name: &str, tag: &Tag) -> Result<()> {
        check_name(name)?;
        let body = json!({"name": name, "key": tag.key, "value": tag.value});
        self.change(Method::POST, "registered-models/set-tag", &body).map(drop)
    }

    fn delete_registered_tag(&self, name: &str, key: &str) -> Result<()> {
        check_name(name)?;
        self.change(Method::DELETE, "registered-models/delete-tag", &json!({"name": name, "key": key})).map(drop)
    }

    fn set_alias(&self, name: &str, alias: &str, version: &str) -> Result<()> {
        check_name(name)?;
        let body = json!({"name": name, "alias": alias, "version": version});
        self.change(Method::POST, "registered-models/alias", &body).map(drop)
    }

    fn delete_alias(&self, name: &str, alias: &str) -> Result<()> {
        check_name(name)?;
        self.change(Method::DELETE, "registered-models/alias", &json!({"name": name, "alias": alias})).map(drop)
    }

    fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        check_name(name)?;
        let query = vec![("name", name.to_owned()), ("alias", alias.to_owned())];
        let answer = self.get("registered-models/alias", query)?;
        self.version_part(&answer)
    }

    fn latest_versions(&self, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
        check_name(name)?;
        let stages: Vec<_> = stages.iter().map(|s| s.as_str()).collect();
        let body = json!({"name": name, "stages": stages});
        let answer = self.change(Method::POST, "registered-models/get-latest-versions", &body)?;
        Ok(wire::list(&answer, "model_versions").map(wire::model_version).collect())
    }

    fn create_version(&self, new: &NewVersion) -> Result<ModelVersion> {
        check_name(&new.name)?;
        let body = wire::present(json!({
            "name": new.name,
            "source": new.source,
            "run_id": new.run,
            "model_id": new.model_id,
            "run_link": new.run_link,
            "description": new.description,
            "tags": wire::tags_body(&new.tags, NO_CUT),
        }));
        let answer = self.change_once(Method::POST, "model-versions/create", &body)?;
        self.version_part(&answer)
    }

    fn version(&self, name: &str, version: &str) -> Result<ModelVersion> {
        check_name(name)?;
        let answer = self.get("model-versions/get", named(name, version))?;
        self.version_part(&answer)
    }

    fn describe_version(&self, name: &str, version: &str, description: &str) -> Result<ModelVersion> {
        check_name(name)?;
        let body = json!({"name": name, "version": version, "description": description});
        let answer = self.change(Method::PATCH, "model-versions/update", &body)?;
        self.version_part(&answer)
    }

    fn stage_version(&self, name: &str, version: &str, stage: Stage, archive: bool) -> Result<ModelVersion> {
        check_name(name)?;
        let body = json!({
            "name": name,
            "version": version,
            "stage": stage.as_str(),
            "archive_existing_versions": archive,
        });
        let answer = self.change(Method::POST, "model-versions/transition-stage", &body)?;
        self.version_part(&answer)
    }

    fn delete_version(&self, name: &str, version: &str) -> Result<()> {
        check_name(name)?;
        let body = json!({"name": name, "version": version});
        self.change_once(Method::DELETE, "model-versions/delete", &body).map(drop)
    }

    fn search_versions(&self, search: &Search) -> Result<Page<ModelVersion>> {
        let answer = self.get("model-versions/search", search_query(search, 200_000)?)?;
        Ok(page(&answer, "model_versions", wire::model_version))
    }

    fn version_uri(&self, name: &str, version: &str) -> Result<String> {
        check_name(name)?;
        let answer = self.get("model-versions/get-download-uri", named(name, version))?;
        Ok(wire::text(&answer, "artifact_uri"))
    }

    fn set_version_tag(&self, name: &str, version: &str, tag: &Tag) -> Result<()> {
        check_name(name)?;
        let body = json!({"name": name, "version": version, "key": tag.key, "value": tag.value});
        self.change(Method::POST, "model-versions/set-tag", &body).map(drop)
    }

    fn delete_version_tag(&self, name: &str, version: &str, key: &str) -> Result<()> {
        check_name(name)?;
        let body = json!({"name": name, "version": version, "key": key});
        self.change(Method::DELETE, "model-versions/delete-tag", &body).map(drop)
    }
}
