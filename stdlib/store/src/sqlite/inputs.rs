//! Data and models that runs read or made.

use super::failure::Outcome;
use super::tags::INPUT_TAGS;
use crate::model::{Dataset, DatasetInput, ModelInput, Run, Tag};
use rusqlite::{OptionalExtension, Row, Transaction};

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

/// Inputs of runs with their tags: a row per tag, in the order in which the inputs were recorded.
pub(super) const DATASETS: &str = "SELECT i.run, i.id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile,
         c.key, c.value, row_number() OVER (PARTITION BY i.id ORDER BY c.key)
     FROM inputs i JOIN datasets d ON d.id = i.dataset LEFT JOIN input_tags c ON c.input = i.id
     WHERE i.run IN (SELECT value FROM json_each(?1)) ORDER BY i.run, i.id, c.key";

/// Adds a row of [`DATASETS`] to its run.
pub(super) fn add(run: &mut Run, row: &Row<'_>) -> rusqlite::Result<()> {
    let is_first = row.get::<_, i64>(10)? == 1;
    if is_first {
        let dataset = Dataset {
            name: row.get(2)?,
            digest: row.get(3)?,
            source_type: row.get(4)?,
            source: row.get(5)?,
            schema: row.get(6)?,
            profile: row.get(7)?,
        };
        run.datasets.push(DatasetInput { tags: Vec::new(), dataset });
    }
    if let (Some(input), Some(key)) = (run.datasets.last_mut(), row.get(8)?) {
        input.tags.push(Tag { key, value: row.get(9)? });
    }
    Ok(())
}
