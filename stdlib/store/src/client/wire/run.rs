//! Experiments, runs, batches.

use super::{float, float_value, int, list, optional, optional_int, params, tags, text};
use crate::model::{
    Batch, Dataset, DatasetInput, Experiment, Metric, MetricOf, ModelInput, ModelOutput, Run, RunInfo, Status,
};
use crate::validate::{MAX_PARAM_VALUE, MAX_TAG_VALUE, cut};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(in super::super) fn experiment(value: &Value) -> Experiment {
    Experiment {
        id: text(value, "experiment_id"),
        name: text(value, "name"),
        artifact_location: text(value, "artifact_location"),
        deleted: text(value, "lifecycle_stage") == "deleted",
        created: int(value, "creation_time"),
        updated: int(value, "last_update_time"),
        tags: tags(value, "tags"),
    }
}

pub(in super::super) fn run_info(value: &Value) -> RunInfo {
    RunInfo {
        id: optional(value, "run_id").unwrap_or_else(|| text(value, "run_uuid")),
        experiment: text(value, "experiment_id"),
        name: text(value, "run_name"),
        user: text(value, "user_id"),
        // A state that is not known here is one of a run that goes on.
        status: text(value, "status").parse().unwrap_or(Status::Running),
        start: int(value, "start_time"),
        end: optional_int(value, "end_time").filter(|end| *end != 0),
        artifact_uri: text(value, "artifact_uri"),
        deleted: text(value, "lifecycle_stage") == "deleted",
    }
}

pub(in super::super) fn run(value: &Value) -> Run {
    const NOTHING: &Value = &Value::Null;
    let part = |name| value.get(name).unwrap_or(NOTHING);
    let (data, inputs) = (part("data"), part("inputs"));
    let info = run_info(part("info"));
    let mut metrics: Vec<_> = list(data, "metrics").map(metric).collect();
    metrics.sort_by(|a, b| a.key.cmp(&b.key));
    Run {
        info,
        params: params(data, "params"),
        metrics,
        tags: tags(data, "tags"),
        datasets: dataset_inputs(inputs),
        model_inputs: model_inputs(inputs),
        model_outputs: model_outputs(part("outputs")),
    }
}

fn dataset_inputs(inputs: &Value) -> Vec<DatasetInput> {
    let read = |value: &Value| {
        let dataset = value.get("dataset").unwrap_or(&Value::Null);
        DatasetInput {
            tags: tags(value, "tags"),
            dataset: Dataset {
                name: text(dataset, "name"),
                digest: text(dataset, "digest"),
                source_type: text(dataset, "source_type"),
                source: text(dataset, "source"),
                schema: optional(dataset, "schema"),
                profile: optional(dataset, "profile"),
            },
        }
    };
    list(inputs, "dataset_inputs").map(read).collect()
}

fn model_inputs(inputs: &Value) -> Vec<ModelInput> {
    let mut found = Vec::new();
    for value in list(inputs, "model_inputs") {
        let model = ModelInput { model_id: text(value, "model_id") };
        if !found.contains(&model) {
            found.push(model);
        }
    }
    found
}

/// Each once: MLflow keeps what is recorded twice twice.
fn model_outputs(outputs: &Value) -> Vec<ModelOutput> {
    let mut found = Vec::new();
    for value in list(outputs, "model_outputs") {
        let model = ModelOutput { model_id: text(value, "model_id"), step: int(value, "step") };
        if !found.contains(&model) {
            found.push(model);
        }
    }
    found
}

pub(in super::super) fn metric(value: &Value) -> Metric {
    let of = MetricOf {
        model_id: optional(value, "model_id"),
        dataset_name: optional(value, "dataset_name"),
        dataset_digest: optional(value, "dataset_digest"),
        run_id: None,
    };
    Metric {
        key: text(value, "key"),
        value: float(value, "value"),
        timestamp: int(value, "timestamp"),
        step: int(value, "step"),
        of: (of != MetricOf::default()).then(|| Box::new(of)),
    }
}

/// A metric of a model, which says its run.
pub(super) fn metric_of_run(value: &Value) -> Metric {
    let mut metric = metric(value);
    if let Some(run) = optional(value, "run_id") {
        metric.of.get_or_insert_default().run_id = Some(run);
    }
    metric
}

/// MLflow's limits for one call of `log-batch`.
const MOST_METRICS: usize = 1000;
const MOST_PARAMS: usize = 100;
const MOST_TAGS: usize = 100;
const MOST_TOGETHER: usize = 1000;
const MOST_BYTES: usize = 1_000_000;

/// The bodies of the calls that write a batch: each within MLflow's limits, in order; one at least.
pub(in super::super) fn batch_parts(run: &str, batch: Batch<'_>) -> Vec<String> {
    let mut parts = Parts::new(run);
    for param in batch.params {
        let value = cut(&param.value, MAX_PARAM_VALUE);
        parts.add(Kind::Param, &json!({"key": param.key, "value": value}).to_string());
    }
    // MLflow wants each name once in a call.
    let last: HashMap<&str, usize> = batch.tags.iter().enumerate().map(|(at, t)| (t.key.as_str(), at)).collect();
    for (_, tag) in batch.tags.iter().enumerate().filter(|(at, tag)| last[tag.key.as_str()] == *at) {
        parts.add(Kind::Tag, &json!({"key": tag.key, "value": cut(&tag.value, MAX_TAG_VALUE)}).to_string());
    }
    let mut key = (String::new(), String::new());
    for metric in batch.metrics {
        if key.0 != metric.key || key.1.is_empty() {
            key = (metric.key.clone(), json!(metric.key).to_string());
        }
        parts.add(Kind::Metric, &metric_body(metric, &key.1));
    }
    parts.finish()
}

fn metric_body(metric: &Metric, key: &str) -> String {
    let Metric { timestamp, step, .. } = metric;
    let value = float_value(metric.value);
    let mut body = format!(r#"{{"key":{key},"value":{value},"timestamp":{timestamp},"step":{step}"#);
    if let Some(of) = &metric.of {
        let fields =
            [("model_id", &of.model_id), ("dataset_name", &of.dataset_name), ("dataset_digest", &of.dataset_digest)];
        for (name, value) in fields {
            if let Some(value) = value {
                body.push_str(&format!(r#","{name}":{}"#, json!(value)));
            }
        }
    }
    body.push('}');
    body
}

#[derive(Clone, Copy)]
enum Kind {
    Metric,
    Param,
    Tag,
}

struct Parts<'a> {
    run: &'a str,
    done: Vec<String>,
    lists: [String; 3],
    counts: [usize; 3],
}

impl<'a> Parts<'a> {
    fn new(run: &'a str) -> Parts<'a> {
        Parts { run, done: Vec::new(), lists: Default::default(), counts: [0; 3] }
    }

    fn add(&mut self, kind: Kind, item: &str) {
        let at = kind as usize;
        let most = [MOST_METRICS, MOST_PARAMS, MOST_TAGS][at];
        let bytes: usize = self.lists.iter().map(String::len).sum();
        // 200 bytes are more than the names of the fields take.
        let long = bytes + item.len() + self.run.len() + 200 > MOST_BYTES;
        let together: usize = self.counts.iter().sum();
        if together > 0 && (self.counts[at] == most || together == MOST_TOGETHER || long) {
            self.cut();
        }
        if self.counts[at] > 0 {
            self.lists[at].push(',');
        }
        self.lists[at].push_str(item);
        self.counts[at] += 1;
    }

    fn cut(&mut self) {
        let [metrics, params, tags] = std::mem::take(&mut self.lists);
        self.counts = [0; 3];
        let run = json!(self.run);
        self.done.push(format!(r#"{{"run_id":{run},"metrics":[{metrics}],"params":[{params}],"tags":[{tags}]}}"#));
    }

    fn finish(mut self) -> Vec<String> {
        if self.done.is_empty() || self.counts != [0; 3] {
            self.cut();
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Param, Tag};

    #[test]
    fn batches_are_cut_within_the_limits() {
        let metrics: Vec<_> = (0..2500).map(|i| Metric::new("m", f64::from(i), 1, i64::from(i))).collect();
        let params: Vec<_> = (0..250).map(|i| Param::new(format!("p{i}"), "ä".repeat(9000))).collect();
        let tags: Vec<_> = (0..250).map(|i| Tag::new(format!("t{i}"), "x\"".repeat(9000))).collect();
        let parts = batch_parts("r", Batch { metrics: &metrics, params: &params, tags: &tags });
        let (mut points, mut names, mut labels) = (0, 0, 0);
        for part in &parts {
            assert!(part.len() <= MOST_BYTES, "{}", part.len());
            let value: Value = serde_json::from_str(part).unwrap();
            let count = |name| value[name].as_array().unwrap().len();
            let (m, p, t) = (count("metrics"), count("params"), count("tags"));
            assert!(m <= 1000 && p <= 100 && t <= 100 && m + p + t <= 1000 && m + p + t > 0);
            for metric in value["metrics"].as_array().unwrap() {
                assert_eq!(metric["step"], points);
                points += 1;
            }
            (names, labels) = (names + p, labels + t);
        }
        assert_eq!((points, names, labels), (2500, 250, 250));
        assert_eq!(batch_parts("r", Batch::default()).len(), 1, "a run that is not there must be noticed");
    }

    #[test]
    fn the_last_of_two_tags_wins() {
        let tags = [Tag::new("a", 1), Tag::new("b", 2), Tag::new("a", 3)];
        let parts = batch_parts("r", Batch { tags: &tags, ..Batch::default() });
        let value: Value = serde_json::from_str(&parts[0]).unwrap();
        assert_eq!(value["tags"], json!([{"key": "b", "value": "2"}, {"key": "a", "value": "3"}]));
    }

    #[test]
    fn a_point_goes_and_comes_back() {
        let mut point = Metric::new("a \"b\"", f64::NAN, 5, -2);
        point.of = Some(Box::new(MetricOf { model_id: Some("m-1".into()), ..MetricOf::default() }));
        let body = metric_body(&point, &json!(point.key).to_string());
        let back = metric(&serde_json::from_str(&body).unwrap());
        assert!(back.value.is_nan());
        assert_eq!((back.key, back.timestamp, back.step, back.of), (point.key, 5, -2, point.of));
    }
}
