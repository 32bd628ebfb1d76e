//! Logged models of MLflow's file store.

use super::layout::{META, MODELS, TAGS, directories, files, values};
use super::meta;
use super::read::{FilesSource, dataset, point, points, reported};
use crate::transfer::error::Result;
use crate::transfer::parts::{Each, ModelRecord};
use crate::transfer::report::Report;
use ironbook_store::{Experiment, LoggedModel, Metric, ModelStatus, Param, Tag};
use std::path::Path;

impl FilesSource {
    pub(super) fn read_models(
        &self,
        experiment: &Experiment,
        report: &Report,
        each: Each<'_, ModelRecord>,
    ) -> Result<()> {
        for path in directories(&self.directory(&experiment.id).join(MODELS))? {
            let Some(meta) = reported::<meta::Model>(&path.join(META), report) else { continue };
            let deleted = meta.lifecycle_stage.as_deref() == Some("deleted");
            each(ModelRecord { model: model_of(&path, meta, experiment, report)?, deleted })?;
        }
        Ok(())
    }
}

fn model_of(path: &Path, meta: meta::Model, experiment: &Experiment, report: &Report) -> Result<LoggedModel> {
    let params = values(&path.join("params"), report)?;
    let created = meta.creation_timestamp.unwrap_or_default();
    let mut model = LoggedModel {
        id: meta.model_id,
        experiment: experiment.id.clone(),
        name: meta.name,
        created,
        updated: meta.last_updated_timestamp.unwrap_or(created),
        artifact_uri: meta.artifact_location.unwrap_or_default(),
        status: match meta.status.as_deref() {
            Some("2" | "READY") => ModelStatus::Ready,
            Some("3" | "FAILED") => ModelStatus::Failed,
            _ => ModelStatus::Pending,
        },
        status_message: meta.status_message.unwrap_or_default(),
        model_type: meta.model_type.unwrap_or_default(),
        source_run: meta.source_run_id,
        params: params.into_iter().map(|Tag { key, value }| Param { key, value }).collect(),
        metrics: Vec::new(),
        tags: values(&path.join(TAGS), report)?,
    };
    let id = model.id.clone();
    for (key, file) in files(&path.join("metrics"))? {
        let read = |parts: &[&str]| {
            let mut of = dataset(parts.get(4..).unwrap_or_default());
            of.model_id = Some(id.clone());
            of.run_id = Some((*parts.get(3)?).to_owned());
            Some(Metric { of: Some(Box::new(of)), ..point(&key, parts)? })
        };
        points(&file, report, &read, &mut |page| {
            model.metrics.extend(page);
            Ok(())
        })?;
    }
    Ok(model)
}
