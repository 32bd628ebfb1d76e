//! Data and models that runs read or made.

use super::failure::Outcome;
use super::tags::INPUT_TAGS;
use crate::model::{Dataset, DatasetInput, ModelInput, ModelOutput};
use rusqlite::{OptionalExtension, Transaction};

/// Records inputs of a run (its row and its experiment's); what is there already stays once, as it was.
pub(super) fn put(
    t: &Transaction<'_>,
    (run, experiment): (i64, i64),
    datasets: &[DatasetInput],
    models: &[ModelInput],
) -> Outcome<()> {
    for DatasetInput { tags, dataset } in datasets {
        let row = dataset_row(t, experiment, dataset)?;
        let mut insert =
            t.prepare_cached("INSERT OR IGNORE INTO inputs (run, dataset) VALUES (?1, ?2) RETURNING id")?;
        if let Some(input) = insert.query_row((run, row), |r| r.get::<_, i64>(0)).optional()? {
            INPUT_TAGS.put_all(t, input, tags)?;
        }
    }
    let mut insert = t.prepare_cached("INSERT OR IGNORE INTO model_inputs (run, model) VALUES (?1, ?2)")?;
    for model in models {
        insert.execute((run, &model.model_id))?;
    }
    Ok(())
}

/// Data is known by name and digest within its experiment.
fn dataset_row(t: &Transaction<'_>, experiment: i64, data: &Dataset) -> Outcome<i64> {
    let mut find = t.prepare_cached("SELECT id FROM datasets WHERE experiment = ?1 AND name = ?2 AND digest = ?3")?;
    if let Some(row) = find.query_row((experiment, &data.name, &data.digest), |r| r.get(0)).optional()? {
        return Ok(row);
    }
    let mut insert = t.prepare_cached(
        "INSERT INTO datasets (experiment, name, digest, source_type, source, schema, profile)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let Dataset { name, digest, source_type, source, schema, profile } = data;
    Ok(insert.insert((experiment, name, digest, source_type, source, schema, profile))?)
}

/// Data that a run read, in the order in which it was recorded.
pub(super) fn datasets(t: &Transaction<'_>, run: i64) -> Outcome<Vec<DatasetInput>> {
    let mut find = t.prepare_cached(
        "SELECT i.id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
         FROM inputs i JOIN datasets d ON d.id = i.dataset WHERE i.run = ?1 ORDER BY i.id",
    )?;
    let found = find.query_map([run], |row| {
        let dataset = Dataset {
            name: row.get(1)?,
            digest: row.get(2)?,
            source_type: row.get(3)?,
            source: row.get(4)?,
            schema: row.get(5)?,
            profile: row.get(6)?,
        };
        Ok((row.get(0)?, dataset))
    })?;
    found
        .map(|found| {
            let (input, dataset) = found?;
            Ok(DatasetInput { tags: INPUT_TAGS.tags(t, input)?, dataset })
        })
        .collect()
}

/// Models that a run read.
pub(super) fn models_in(t: &Transaction<'_>, run: i64) -> rusqlite::Result<Vec<ModelInput>> {
    let mut find = t.prepare_cached("SELECT model FROM model_inputs WHERE run = ?1 ORDER BY model")?;
    find.query_map([run], |row| Ok(ModelInput { model_id: row.get(0)? }))?.collect()
}

/// Models that a run made, by step.
pub(super) fn models_out(t: &Transaction<'_>, run: i64) -> rusqlite::Result<Vec<ModelOutput>> {
    let mut find = t.prepare_cached("SELECT model, step FROM model_outputs WHERE run = ?1 ORDER BY step, model")?;
    find.query_map([run], |row| Ok(ModelOutput { model_id: row.get(0)?, step: row.get(1)? }))?.collect()
}
