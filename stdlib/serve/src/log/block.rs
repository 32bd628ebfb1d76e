//! Rows of the log in memory, column by column.

use super::parquet::{Column, Field, Kind, Texts};
use crate::contract::{Contract, Rows};
use crate::model::Answers;
use crate::wire::write::Labels;
use ironbook_data::Kind as Feature;
use std::sync::Arc;
use std::time::Instant;

/// Columns before the inputs.
const HEAD: usize = 6;

/// The columns of a model's log.
#[derive(Debug)]
pub(crate) struct Schema {
    pub(super) fields: Vec<Field>,
    pub(super) notes: Vec<(String, String)>,
    model: String,
    version: String,
    /// What each input is written as; none for those that are left out.
    inputs: Vec<Input>,
    labels: Option<Arc<Labels>>,
    /// The texts of the classes, if they are texts.
    classes: Option<Vec<String>>,
    /// Probabilities per row.
    shares: usize,
}

#[derive(Debug)]
enum Input {
    Numbers,
    Seconds,
    /// Texts, the first of which are these.
    Texts(Arc<[String]>),
    /// Left out, with the column of its kind.
    Redacted(Feature),
}

impl Schema {
    pub(crate) fn new(
        contract: &Contract,
        labels: Option<Arc<Labels>>,
        (model, version): (&str, &str),
        redact: &[String],
        sample: f64,
    ) -> Schema {
        let field = |name: &str, kind, optional| Field { name: name.to_owned(), kind, optional };
        let mut fields = vec![
            field("request_id", Kind::Text, false),
            field("row", Kind::UInt32, false),
            field("time", Kind::Time { utc: true }, false),
            field("model", Kind::Text, false),
            field("version", Kind::Text, false),
            field("latency_ms", Kind::Float64, false),
        ];
        let mut inputs = Vec::with_capacity(contract.width());
        for feature in &contract.signature().features {
            let kind = match feature.kind {
                Feature::Numeric => Kind::Float64,
                Feature::Categorical(_) => Kind::Text,
                Feature::Time => Kind::Time { utc: false },
            };
            fields.push(field(&format!("input.{}", feature.name), kind, true));
            inputs.push(match &feature.kind {
                kind if redact.contains(&feature.name) => Input::Redacted(kind.clone()),
                Feature::Numeric => Input::Numbers,
                Feature::Categorical(names) => Input::Texts(Arc::clone(names)),
                Feature::Time => Input::Seconds,
            });
        }
        let classes = contract.signature().classes.as_ref();
        let kind = match classes {
            Some(classes) if classes.text.is_some() => Kind::Text,
            Some(_) => Kind::Int64,
            None => Kind::Float64,
        };
        fields.push(field("output.prediction", kind, true));
        let names = contract.classes();
        fields.extend(names.iter().map(|name| field(&format!("output.probability.{name}"), Kind::Float64, true)));
        let redacted = serde_json::to_string(redact).unwrap_or_default();
        let notes =
            [("sample", sample.to_string()), ("redacted", redacted), ("target", contract.signature().target.clone())];
        Schema {
            fields,
            notes: notes.into_iter().map(|(name, value)| (format!("ironbook.{name}"), value)).collect(),
            model: model.to_owned(),
            version: version.to_owned(),
            inputs,
            labels,
            classes: classes.and_then(|classes| classes.text.clone()),
            shares: names.len(),
        }
    }
}

/// A request and its answer.
pub(crate) struct Entry<'a> {
    pub(crate) id: &'a str,
    /// Microseconds since 1970.
    pub(crate) time: i64,
    pub(crate) latency_ms: f64,
    pub(crate) rows: &'a Rows,
    pub(crate) answers: &'a Answers,
}

/// Rows of one schema.
pub(super) struct Block {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    pub(super) begun: Instant,
}

impl Block {
    pub(super) fn new(schema: Arc<Schema>, begun: Instant) -> Block {
        let listed = |names: &mut dyn Iterator<Item = &String>| {
            let mut texts = Texts::default();
            names.for_each(|name| {
                texts.list(name);
            });
            Column::Texts(texts)
        };
        let mut columns = vec![
            Column::Texts(Texts::default()),
            Column::UInt32(Vec::new()),
            Column::Int64(Vec::new()),
            listed(&mut [&schema.model].into_iter()),
            listed(&mut [&schema.version].into_iter()),
            Column::Float64(Vec::new()),
        ];
        columns.extend(schema.inputs.iter().map(|input| match input {
            Input::Numbers | Input::Redacted(Feature::Numeric) => Column::Float64(Vec::new()),
            Input::Seconds | Input::Redacted(Feature::Time) => Column::Seconds(Vec::new()),
            Input::Texts(names) => listed(&mut names.iter()),
            Input::Redacted(Feature::Categorical(_)) => Column::Texts(Texts::default()),
        }));
        columns.push(match (&schema.classes, &schema.labels) {
            (Some(names), _) => listed(&mut names.iter()),
            (None, Some(_)) => Column::Int64(Vec::new()),
            (None, None) => Column::Float64(Vec::new()),
        });
        columns.extend((0..schema.shares).map(|_| Column::Float64(Vec::new())));
        Block { schema, columns, begun }
    }

    pub(super) fn is_of(&self, schema: &Arc<Schema>) -> bool {
        Arc::ptr_eq(&self.schema, schema)
    }

    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn rows(&self) -> usize {
        self.columns[1].len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) {
        let Block { schema, columns, .. } = self;
        let (rows, count) = (entry.rows, entry.rows.len());
        let (head, rest) = columns.split_at_mut(HEAD);
        let (inputs, outputs) = rest.split_at_mut(schema.inputs.len());
        let id = match &mut head[0] {
            Column::Texts(texts) => texts.list(entry.id),
            _ => 0,
        };
        for row in 0..count {
            for (column, code) in [(0, id), (3, 0), (4, 0)] {
                if let Column::Texts(texts) = &mut head[column] {
                    texts.push(Some(code));
                }
            }
            if let Column::UInt32(numbers) = &mut head[1] {
                numbers.push(row as u32);
            }
            if let Column::Int64(times) = &mut head[2] {
                times.push(entry.time);
            }
            if let Column::Float64(latencies) = &mut head[5] {
                latencies.push(entry.latency_ms);
            }
            for (feature, ((input, column), value)) in
                schema.inputs.iter().zip(inputs.iter_mut()).zip(rows.row(row)).enumerate()
            {
                add_input(input, column, *value, || rows.unknown_at(row, feature));
            }
        }
        add_outputs(schema, outputs, entry.answers, count);
    }
}

fn add_input<'a>(input: &Input, column: &mut Column, value: f64, unknown: impl FnOnce() -> Option<&'a str>) {
    match (input, column) {
        (Input::Redacted(_), Column::Texts(texts)) => texts.push(None),
        (Input::Redacted(_), Column::Float64(values) | Column::Seconds(values)) => values.push(f64::NAN),
        (_, Column::Float64(values) | Column::Seconds(values)) => values.push(value),
        (Input::Texts(_), Column::Texts(texts)) if !value.is_nan() => texts.push(Some(value as u32)),
        (_, Column::Texts(texts)) => {
            let code = unknown().map(|text| texts.list(text));
            texts.push(code);
        }
        // A block is made by its schema.
        (_, Column::UInt32(_) | Column::Int64(_)) => {}
    }
}

fn add_outputs(schema: &Schema, outputs: &mut [Column], answers: &Answers, count: usize) {
    let Some((prediction, shares)) = outputs.split_first_mut() else { return };
    for value in &answers.predictions[..count] {
        let place = || schema.labels.as_ref().and_then(|labels| labels.place(*value));
        match prediction {
            Column::Texts(texts) => texts.push(place().map(|place| place as u32)),
            Column::Int64(values) => values.push(*value as i64),
            Column::Float64(values) => values.push(*value),
            Column::UInt32(_) | Column::Seconds(_) => {}
        }
    }
    for (class, column) in shares.iter_mut().enumerate() {
        if let Column::Float64(values) = column {
            let share = |row| answers.probabilities.get(row * schema.shares + class).copied().unwrap_or(f64::NAN);
            values.extend((0..count).map(share));
        }
    }
}
