//! Things of a store as MLflow's REST API writes them: field for field protobuf's JSON, with 64-bit numbers as numbers.

use ironbook_store::{
    ArtifactInfo, DatasetInput, DatasetSummary, Experiment, LoggedModel, Metric, ModelInput, ModelOutput, ModelVersion,
    Param, RegisteredModel, Run, RunInfo, Tag,
};
use serde::{Serialize, Serializer};

/// A value of a metric: NaN is text, and infinities are the largest numbers, as in MLflow.
#[derive(Clone, Copy)]
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() { to.serialize_str("NaN") } else { to.serialize_f64(self.0.clamp(f64::MIN, f64::MAX)) }
    }
}

/// A list written item by item through a view.
pub struct Each<'a, T, V>(pub &'a [T], pub fn(&'a T) -> V);

impl<'a, T, V: Serialize> Serialize for Each<'a, T, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(self.1))
    }
}

impl<T, V> Each<'_, T, V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A key and a value: a tag or a parameter.
#[derive(Serialize)]
pub struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

/// Views of tags and parameters.
pub fn tag(tag: &Tag) -> Pair<'_> {
    Pair { key: &tag.key, value: &tag.value }
}

/// A parameter.
pub fn param(param: &Param) -> Pair<'_> {
    Pair { key: &param.key, value: &param.value }
}

type Pairs<'a, T> = Each<'a, T, Pair<'a>>;

/// A point of a metric.
#[derive(Serialize)]
pub struct MetricJson<'a> {
    key: &'a str,
    value: Number,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
}

/// A point of a metric.
pub fn metric(metric: &Metric) -> MetricJson<'_> {
    let of = metric.of.as_deref();
    MetricJson {
        key: &metric.key,
        value: Number(metric.value),
        timestamp: metric.timestamp,
        step: metric.step,
        dataset_name: of.and_then(|o| o.dataset_name.as_deref()),
        dataset_digest: of.and_then(|o| o.dataset_digest.as_deref()),
        model_id: of.and_then(|o| o.model_id.as_deref()),
        run_id: of.and_then(|o| o.run_id.as_deref()),
    }
}

/// A point of a metric of a named run.
#[derive(Serialize)]
pub struct RunMetricJson<'a> {
    key: &'a str,
    value: Number,
    timestamp: i64,
    step: i64,
    run_id: &'a str,
}

/// A point of a metric of a named run.
pub fn run_metric<'a>(run_id: &'a str, metric: &'a Metric) -> RunMetricJson<'a> {
    let Metric { key, value, timestamp, step, .. } = metric;
    RunMetricJson { key, value: Number(*value), timestamp: *timestamp, step: *step, run_id }
}

fn stage(deleted: bool) -> &'static str {
    if deleted { "deleted" } else { "active" }
}

/// An experiment.
#[derive(Serialize)]
pub struct ExperimentJson<'a> {
    experiment_id: &'a str,
    name: &'a str,
    artifact_location: &'a str,
    lifecycle_stage: &'static str,
    last_update_time: i64,
    creation_time: i64,
    #[serde(skip_serializing_if = "Each::is_empty")]
    tags: Pairs<'a, Tag>,
}

/// An experiment.
pub fn experiment(experiment: &Experiment) -> ExperimentJson<'_> {
    ExperimentJson {
        experiment_id: &experiment.id,
        name: &experiment.name,
        artifact_location: &experiment.artifact_location,
        lifecycle_stage: stage(experiment.deleted),
        last_update_time: experiment.updated,
        creation_time: experiment.created,
        tags: Each(&experiment.tags, tag),
    }
}

/// What a run is.
#[derive(Serialize)]
pub struct RunInfoJson<'a> {
    run_id: &'a str,
    run_uuid: &'a str,
    run_name: &'a str,
    experiment_id: &'a str,
    user_id: &'a str,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: &'a str,
    lifecycle_stage: &'static str,
}

/// What a run is.
pub fn run_info(info: &RunInfo) -> RunInfoJson<'_> {
    RunInfoJson {
        run_id: &info.id,
        run_uuid: &info.id,
        run_name: &info.name,
        experiment_id: &info.experiment,
        user_id: &info.user,
        status: info.status.as_str(),
        start_time: info.start,
        end_time: info.end,
        artifact_uri: &info.artifact_uri,
        lifecycle_stage: stage(info.deleted),
    }
}

#[derive(Serialize)]
struct RunDataJson<'a> {
    #[serde(skip_serializing_if = "Each::is_empty")]
    metrics: Each<'a, Metric, MetricJson<'a>>,
    #[serde(skip_serializing_if = "Each::is_empty")]
    params: Pairs<'a, Param>,
    #[serde(skip_serializing_if = "Each::is_empty")]
    tags: Pairs<'a, Tag>,
}

#[derive(Serialize)]
struct DatasetJson<'a> {
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
}

#[derive(Serialize)]
struct DatasetInputJson<'a> {
    #[serde(skip_serializing_if = "Each::is_empty")]
    tags: Pairs<'a, Tag>,
    dataset: DatasetJson<'a>,
}

fn dataset_input(input: &DatasetInput) -> DatasetInputJson<'_> {
    let data = &input.dataset;
    DatasetInputJson {
        tags: Each(&input.tags, tag),
        dataset: DatasetJson {
            name: &data.name,
            digest: &data.digest,
            source_type: &data.source_type,
            source: &data.source,
            schema: data.schema.as_deref().filter(|text| !text.is_empty()),
            profile: data.profile.as_deref().filter(|text| !text.is_empty()),
        },
    }
}

#[derive(Serialize)]
struct RunInputsJson<'a> {
    #[serde(skip_serializing_if = "Each::is_empty")]
    dataset_inputs: Each<'a, DatasetInput, DatasetInputJson<'a>>,
    #[serde(skip_serializing_if = "<[ModelInput]>::is_empty")]
    model_inputs: &'a [ModelInput],
}

#[derive(Serialize)]
struct RunOutputsJson<'a> {
    #[serde(skip_serializing_if = "<[ModelOutput]>::is_empty")]
    model_outputs: &'a [ModelOutput],
}

/// A run with what was logged to it.
#[derive(Serialize)]
pub struct RunJson<'a> {
    info: RunInfoJson<'a>,
    data: RunDataJson<'a>,
    inputs: RunInputsJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<RunOutputsJson<'a>>,
}

/// A run with what was logged to it.
pub fn run(run: &Run) -> RunJson<'_> {
    RunJson {
        info: run_info(&run.info),
        data: RunDataJson {
            metrics: Each(&run.metrics, metric),
            params: Each(&run.params, param),
            tags: Each(&run.tags, tag),
        },
        inputs: RunInputsJson { dataset_inputs: Each(&run.datasets, dataset_input), model_inputs: &run.model_inputs },
        outputs: Some(RunOutputsJson { model_outputs: &run.model_outputs }),
    }
}

/// A run that was made a moment ago: MLflow leaves its outputs out.
pub fn new_run(made: &Run) -> RunJson<'_> {
    RunJson { outputs: None, ..run(made) }
}

/// A dataset that an experiment used.
#[derive(Serialize)]
pub struct DatasetSummaryJson<'a> {
    experiment_id: &'a str,
    name: &'a str,
    digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
}

/// A dataset that an experiment used.
pub fn dataset_summary(summary: &DatasetSummary) -> DatasetSummaryJson<'_> {
    DatasetSummaryJson {
        experiment_id: &summary.experiment_id,
        name: &summary.name,
        digest: &summary.digest,
        context: summary.context.as_deref().filter(|text| !text.is_empty()),
    }
}

/// A file or directory among artifacts.
#[derive(Serialize)]
pub struct FileJson<'a> {
    path: &'a str,
    is_dir: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

/// A file or directory among artifacts, with its whole path.
pub fn file(info: &ArtifactInfo) -> FileJson<'_> {
    FileJson { path: &info.path, is_dir: info.is_directory(), file_size: info.size.filter(|size| *size > 0) }
}

/// A file or directory among artifacts, with its name only.
pub fn file_name(info: &ArtifactInfo) -> FileJson<'_> {
    FileJson { path: info.path.rsplit('/').next().unwrap_or(&info.path), ..file(info) }
}

#[derive(Serialize)]
struct LoggedInfoJson<'a> {
    model_id: &'a str,
    experiment_id: &'a str,
    name: &'a str,
    creation_timestamp_ms: i64,
    last_updated_timestamp_ms: i64,
    artifact_uri: &'a str,
    status: &'static str,
    model_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    status_message: &'a str,
    #[serde(skip_serializing_if = "Each::is_empty")]
    tags: Pairs<'a, Tag>,
}

#[derive(Serialize)]
struct LoggedDataJson<'a> {
    #[serde(skip_serializing_if = "Each::is_empty")]
    params: Pairs<'a, Param>,
    #[serde(skip_serializing_if = "Each::is_empty")]
    metrics: Each<'a, Metric, MetricJson<'a>>,
}

/// A logged model.
#[derive(Serialize)]
pub struct LoggedModelJson<'a> {
    info: LoggedInfoJson<'a>,
    data: LoggedDataJson<'a>,
}

/// A logged model.
pub fn logged_model(model: &LoggedModel) -> LoggedModelJson<'_> {
    LoggedModelJson {
        info: LoggedInfoJson {
            model_id: &model.id,
            experiment_id: &model.experiment,
            name: &model.name,
            creation_timestamp_ms: model.created,
            last_updated_timestamp_ms: model.updated,
            artifact_uri: &model.artifact_uri,
            status: model.status.as_str(),
            model_type: &model.model_type,
            source_run_id: model.source_run.as_deref().filter(|id| !id.is_empty()),
            status_message: &model.status_message,
            tags: Each(&model.tags, tag),
        },
        data: LoggedDataJson { params: Each(&model.params, param), metrics: Each(&model.metrics, metric) },
    }
}

/// One version of a registered model.
#[derive(Serialize)]
pub struct VersionJson<'a> {
    name: &'a str,
    version: &'a str,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    user_id: &'a str,
    current_stage: &'static str,
    description: &'a str,
    source: &'a str,
    run_id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    status_message: &'a str,
    #[serde(skip_serializing_if = "Each::is_empty")]
    tags: Pairs<'a, Tag>,
    run_link: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
}

/// One version of a registered model.
pub fn version(version: &ModelVersion) -> VersionJson<'_> {
    VersionJson {
        name: &version.name,
        version: &version.version,
        creation_timestamp: version.created,
        last_updated_timestamp: version.updated,
        user_id: &version.user,
        current_stage: version.stage.as_str(),
        description: &version.description,
        source: &version.source,
        run_id: version.run.as_deref().unwrap_or_default(),
        status: version.status.as_str(),
        status_message: &version.status_message,
        tags: Each(&version.tags, tag),
        run_link: &version.run_link,
        aliases: &version.aliases,
        model_id: version.model_id.as_deref().filter(|id| !id.is_empty()),
    }
}

#[derive(Serialize)]
struct AliasJson<'a> {
    alias: &'a str,
    version: &'a str,
}

/// A registered model.
#[derive(Serialize)]
pub struct RegisteredJson<'a> {
    name: &'a str,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Each::is_empty")]
    latest_versions: Each<'a, ModelVersion, VersionJson<'a>>,
    #[serde(skip_serializing_if = "Each::is_empty")]
    tags: Pairs<'a, Tag>,
    #[serde(skip_serializing_if = "Each::is_empty")]
    aliases: Each<'a, ironbook_store::Alias, AliasJson<'a>>,
}

/// A registered model.
pub fn registered(model: &RegisteredModel) -> RegisteredJson<'_> {
    RegisteredJson {
        name: &model.name,
        creation_timestamp: model.created,
        last_updated_timestamp: model.updated,
        description: &model.description,
        latest_versions: Each(&model.latest_versions, version),
        tags: Each(&model.tags, tag),
        aliases: Each(&model.aliases, |a| AliasJson { alias: &a.alias, version: &a.version }),
    }
}
