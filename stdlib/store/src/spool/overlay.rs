//! What waits, laid over what is known of a run or model.

use super::codec::Owned;
use super::journal::Waiting;
use super::op::Op;
use crate::model::{ArtifactInfo, LoggedModel, Metric, Param, Run, RunInfo, RunUpdate, Tag, tag};
use std::collections::BTreeMap;

/// Applies calls to a run.
pub(super) fn on_run(run: &mut Run, waiting: &[Waiting]) {
    for Waiting { op, .. } in waiting {
        match op {
            Op::Batch(batch) => on_values(run, batch),
            Op::UpdateRun(update) => {
                on_info(&mut run.info, update);
                if let Some(name) = &update.name {
                    set_tag(&mut run.tags, &Tag::new(tag::RUN_NAME, name));
                }
            }
            Op::DeleteRun => run.info.deleted = true,
            Op::RestoreRun => run.info.deleted = false,
            Op::DeleteTag(key) => run.tags.retain(|tag| tag.key != *key),
            Op::Inputs(datasets, models) => {
                add(&mut run.datasets, datasets);
                add(&mut run.model_inputs, models);
            }
            Op::Outputs(models) => add(&mut run.model_outputs, models),
            _ => {}
        }
    }
}

/// Applies a change to what a run is.
pub(super) fn on_info(info: &mut RunInfo, update: &RunUpdate) {
    if let Some(name) = &update.name {
        info.name.clone_from(name);
    }
    info.status = update.status.unwrap_or(info.status);
    info.end = update.end.or(info.end);
}

fn on_values(run: &mut Run, batch: &Owned) {
    let mut latest: BTreeMap<String, Metric> = run.metrics.drain(..).map(|m| (m.key.clone(), m)).collect();
    for metric in &batch.metrics {
        match latest.get_mut(&metric.key) {
            Some(known) if !metric.is_later_than(known) => {}
            Some(known) => known.clone_from(metric),
            None => drop(latest.insert(metric.key.clone(), metric.clone())),
        }
    }
    run.metrics = latest.into_values().collect();
    add_params(&mut run.params, &batch.params);
    batch.tags.iter().for_each(|tag| set_tag(&mut run.tags, tag));
    if let Some(name) = batch.tags.iter().rfind(|t| t.key == tag::RUN_NAME) {
        run.info.name.clone_from(&name.value);
    }
}

fn add<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}

fn add_params(params: &mut Vec<Param>, more: &[Param]) {
    for param in more {
        if let Err(at) = params.binary_search_by(|p| p.key.cmp(&param.key)) {
            params.insert(at, param.clone());
        }
    }
}

fn set_tag(tags: &mut Vec<Tag>, tag: &Tag) {
    match tags.binary_search_by(|t| t.key.cmp(&tag.key)) {
        Ok(at) => tags[at].value.clone_from(&tag.value),
        Err(at) => tags.insert(at, tag.clone()),
    }
}

/// Adds the points of a metric that wait to those that are known; each once, by step, then time.
pub(super) fn on_history(history: &mut Vec<Metric>, key: &str, waiting: &[Waiting]) {
    for Waiting { op, .. } in waiting {
        if let Op::Batch(batch) = op {
            history.extend(batch.metrics.iter().filter(|m| m.key == key).cloned());
        }
    }
    history.sort_by(|a, b| (a.step, a.timestamp).cmp(&(b.step, b.timestamp)).then(a.value.total_cmp(&b.value)));
    let same = |a: &f64, b: &f64| a == b || a.is_nan() && b.is_nan();
    history.dedup_by(|a, b| a.step == b.step && a.timestamp == b.timestamp && same(&a.value, &b.value));
}

/// Applies calls to a model.
pub(super) fn on_model(model: &mut LoggedModel, waiting: &[Waiting]) {
    for Waiting { op, .. } in waiting {
        match op {
            Op::FinishModel(status, message) => {
                model.status = *status;
                model.status_message = message.clone().unwrap_or_default();
            }
            Op::ModelParams(params) => add_params(&mut model.params, params),
            Op::ModelTags(tags) => tags.iter().for_each(|tag| set_tag(&mut model.tags, tag)),
            _ => {}
        }
    }
}

/// The artifacts that wait in a directory, over those that are there; `size` tells that of a copy.
pub(super) fn on_list(
    there: Vec<ArtifactInfo>,
    directory: &str,
    waiting: &[Waiting],
    size: impl Fn(&str) -> u64,
) -> Vec<ArtifactInfo> {
    let mut all: BTreeMap<String, ArtifactInfo> = there.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
    let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    for Waiting { op, .. } in waiting {
        match op {
            Op::WriteArtifact { path, hash } => {
                let Some(rest) = path.strip_prefix(&prefix) else { continue };
                let (name, size) = match rest.split_once('/') {
                    Some((directory, _)) => (directory, None),
                    None => (rest, Some(size(hash))),
                };
                let path = format!("{prefix}{name}");
                all.insert(path.clone(), ArtifactInfo { path, size });
            }
            Op::DeleteArtifact { path } => {
                all.retain(|known, _| known != path && !known.starts_with(&format!("{path}/")));
            }
            _ => {}
        }
    }
    all.into_values().collect()
}
