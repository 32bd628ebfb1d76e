//! Inputs and outputs of runs: data and models.

use super::experiments::tags;
use super::{Answer, Call, Fields, Refusal, Reply, reply, wire};
use ironbook_store::{Dataset, DatasetInput, ModelInput, ModelOutput};

/// Most experiments of one question.
const MAX_EXPERIMENTS: usize = 20;

pub(super) fn search(call: &Call<'_>) -> Answer {
    let ids = call.fields()?.texts("experiment_ids")?;
    if ids.is_empty() {
        return Err(Refusal::invalid("SearchDatasets request must specify at least one experiment_id."));
    }
    if ids.len() > MAX_EXPERIMENTS {
        return Err(Refusal::invalid(format!(
            "SearchDatasets request cannot specify more than {MAX_EXPERIMENTS} experiment_ids. Received {}.",
            ids.len()
        )));
    }
    let found = call.store().experiment_datasets(&ids)?;
    Ok(reply::list("dataset_summaries", &found, wire::dataset_summary))
}

fn dataset(fields: &Fields<'_>) -> Result<DatasetInput, Refusal> {
    let data = fields.need_object("dataset")?;
    let dataset = Dataset {
        name: data.need("name")?,
        digest: data.need("digest")?,
        source_type: data.need("source_type")?,
        source: data.need("source")?,
        schema: data.some_text("schema")?,
        profile: data.some_text("profile")?,
    };
    Ok(DatasetInput { tags: tags(fields, "tags")?, dataset })
}

pub(super) fn log_inputs(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let datasets: Vec<DatasetInput> = fields.objects("datasets")?.iter().map(dataset).collect::<Result<_, _>>()?;
    let model = |m: &Fields<'_>| Ok(ModelInput { model_id: m.need("model_id")? });
    let models: Vec<ModelInput> = fields.objects("models")?.iter().map(model).collect::<Result<_, Refusal>>()?;
    call.store().log_inputs(&fields.run_id()?, &datasets, &models)?;
    Ok(Reply::empty())
}

pub(super) fn log_outputs(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let run = fields.run_id()?;
    if !fields.has("models")? {
        return Err(Refusal::invalid("Missing value for required parameter 'models'."));
    }
    let model =
        |m: &Fields<'_>| Ok(ModelOutput { model_id: m.need("model_id")?, step: m.int("step")?.unwrap_or_default() });
    let models: Vec<ModelOutput> = fields.objects("models")?.iter().map(model).collect::<Result<_, Refusal>>()?;
    call.store().log_outputs(&run, &models)?;
    Ok(Reply::empty())
}
