//! Logged models through a spool.

use super::journal::Fate;
use super::op::Op;
use super::reads::new_model;
use super::runs::check_id;
use super::{SpooledStore, new_id};
use crate::error::Result;
use crate::model::{LoggedModel, ModelOrder, ModelStatus, NewModel, Page, Param, Search, Tag};
use crate::store::Models;
use crate::validate;

impl Models for SpooledStore {
    fn create_model(&self, new: &NewModel) -> Result<LoggedModel> {
        new.params.iter().try_for_each(|param| validate::key("parameter", &param.key))?;
        new.tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        let id = format!("m-{}", new_id());
        let model = new_model(&id, new);
        let new = NewModel { name: Some(model.name.clone()), ..new.clone() };
        let text = serde_json::to_string(&model).unwrap_or_default();
        match self.create(&id, &id, &text, &Op::CreateModel(new))? {
            Fate::Created(remote) => self.read_model(&remote),
            Fate::Refused(reason) => Err(self.refused("model", &reason)),
            Fate::Waiting | Fate::Foreign => Ok(model),
        }
    }

    fn model(&self, id: &str) -> Result<LoggedModel> {
        check_id(id)?;
        self.read_model(id)
    }

    fn finish_model(&self, id: &str, status: ModelStatus, message: Option<&str>) -> Result<LoggedModel> {
        check_id(id)?;
        self.push(&self.lane_of(id)?, &Op::FinishModel(status, message.map(str::to_owned)))?;
        self.read_model(id)
    }

    fn delete_model(&self, id: &str) -> Result<()> {
        check_id(id)?;
        let lane = self.lane_of(id)?;
        self.settle(&lane)?;
        self.inner().delete_model(&self.need_remote(&lane)?)
    }

    /// Models of the server. What waits is not searched.
    fn search_models(
        &self,
        search: &Search,
        datasets: &[(String, Option<String>)],
        order: &[ModelOrder],
    ) -> Result<Page<LoggedModel>> {
        self.inner().search_models(&self.translated(search)?, datasets, order)
    }

    fn log_model_params(&self, id: &str, params: &[Param]) -> Result<()> {
        check_id(id)?;
        params.iter().try_for_each(|param| validate::key("parameter", &param.key))?;
        self.push(&self.lane_of(id)?, &Op::ModelParams(params.to_vec()))
    }

    fn set_model_tags(&self, id: &str, tags: &[Tag]) -> Result<()> {
        check_id(id)?;
        tags.iter().try_for_each(|tag| validate::key("tag", &tag.key))?;
        self.push(&self.lane_of(id)?, &Op::ModelTags(tags.to_vec()))
    }

    fn delete_model_tag(&self, id: &str, key: &str) -> Result<()> {
        check_id(id)?;
        let lane = self.lane_of(id)?;
        self.settle(&lane)?;
        self.inner().delete_model_tag(&self.need_remote(&lane)?, key)
    }
}
