//! A table with what a model predicts for its rows.

use super::foretell::{Foretell, Seer};
use ironbook_drift::{Content, DriftError, Pieces, Tabular};
use ironbook_learn::Predict;
use polars::prelude::{Column, DataFrame, DataType};
use std::borrow::Cow;

/// The table with the columns `prediction` and, for classifiers, `probability.CLASS` (of two classes for the second one), as
/// logs of requests have them. A table that knows predictions already, a log for instance, stays as it is.
///
/// # Errors
/// [`DriftError::Data`] for a table that lacks a column of the model, [`DriftError::Model`] where the model fails.
pub fn predicted<M>(model: &M, table: &dyn Tabular) -> Result<DataFrame, DriftError>
where
    M: Predict<Task: Foretell<M>> + Sync,
{
    let seer = Seer::new(model);
    let table = PredictedTable::new(&seer, table, "the table")?;
    match table.content()? {
        Content::Frame(frame) => Ok(frame.into_owned()),
        Content::Pieces(pieces) => {
            let names: Vec<String> = pieces.fields().iter().map(|(name, _)| name.clone()).collect();
            let mut all = DataFrame::empty();
            pieces.each(&names, &mut |piece| {
                all.vstack_mut(piece)?;
                Ok(())
            })?;
            Ok(all)
        }
    }
}

/// A table with what a model predicts for its rows.
pub(super) struct PredictedTable<'a> {
    inner: Inner<'a>,
    target: Option<String>,
    predictions: Vec<String>,
    part: bool,
    remark: Option<String>,
}

enum Inner<'a> {
    Frame(Cow<'a, DataFrame>),
    Pieces(&'a dyn Pieces),
    Predicted(PredictedPieces<'a>),
}

impl<'a> PredictedTable<'a> {
    pub fn new(seer: &'a Seer<'a>, table: &'a dyn Tabular, name: &'static str) -> Result<Self, DriftError> {
        let known = table.predictions().to_vec();
        let (inner, predictions) = match (table.content()?, known.is_empty()) {
            (Content::Frame(frame), false) => (Inner::Frame(frame), known),
            (Content::Pieces(table), false) => (Inner::Pieces(table), known),
            (Content::Frame(frame), true) => {
                let mut frame = frame.into_owned();
                let added = seer.columns(&frame, name)?;
                let names = named(&added);
                for column in added {
                    frame.with_column(column)?;
                }
                (Inner::Frame(Cow::Owned(frame)), names)
            }
            (Content::Pieces(table), true) => {
                let pieces = PredictedPieces::new(seer, table, name)?;
                let names = pieces.added.clone();
                (Inner::Predicted(pieces), names)
            }
        };
        let has = |target: &String| match &inner {
            Inner::Frame(frame) => frame.column(target).is_ok(),
            Inner::Pieces(pieces) => has(*pieces, target),
            Inner::Predicted(pieces) => has(pieces, target),
        };
        let target = table.target().map_or_else(|| seer.target().to_owned(), str::to_owned);
        let target = Some(target).filter(has);
        Ok(PredictedTable { inner, target, predictions, part: table.is_part(), remark: table.remark() })
    }
}

fn named(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name().to_string()).collect()
}

fn has(pieces: &dyn Pieces, name: &str) -> bool {
    pieces.fields().iter().any(|(field, _)| field == name)
}

impl Tabular for PredictedTable<'_> {
    fn content(&self) -> Result<Content<'_>, DriftError> {
        Ok(match &self.inner {
            Inner::Frame(frame) => Content::Frame(Cow::Borrowed(frame)),
            Inner::Pieces(pieces) => Content::Pieces(*pieces),
            Inner::Predicted(pieces) => Content::Pieces(pieces),
        })
    }

    fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    fn predictions(&self) -> &[String] {
        &self.predictions
    }

    fn is_part(&self) -> bool {
        self.part
    }

    fn remark(&self) -> Option<String> {
        self.remark.clone()
    }
}

/// A table that is larger than memory, predicted piece by piece.
struct PredictedPieces<'a> {
    seer: &'a Seer<'a>,
    table: &'a dyn Pieces,
    name: &'static str,
    fields: Vec<(String, DataType)>,
    added: Vec<String>,
}

impl<'a> PredictedPieces<'a> {
    fn new(seer: &'a Seer<'a>, table: &'a dyn Pieces, name: &'static str) -> Result<Self, DriftError> {
        // Names and types are those of an empty piece.
        let empty = |(name, dtype): &(String, DataType)| Column::full_null(name.as_str().into(), 1, dtype);
        let row = DataFrame::new(1, table.fields().iter().map(empty).collect())?;
        let added = seer.columns(&row, name)?;
        let mut fields: Vec<_> = table.fields().to_vec();
        fields.retain(|(field, _)| added.iter().all(|column| column.name().as_str() != field));
        fields.extend(added.iter().map(|column| (column.name().to_string(), column.dtype().clone())));
        Ok(PredictedPieces { seer, table, name, fields, added: named(&added) })
    }
}

impl Pieces for PredictedPieces<'_> {
    fn fields(&self) -> &[(String, DataType)] {
        &self.fields
    }

    fn rows(&self) -> usize {
        self.table.rows()
    }

    fn each(
        &self,
        columns: &[String],
        take: &mut dyn FnMut(&DataFrame) -> Result<(), DriftError>,
    ) -> Result<(), DriftError> {
        if !columns.iter().any(|column| self.added.contains(column)) {
            return self.table.each(columns, take);
        }
        let mut read = self.seer.reads();
        read.extend(columns.iter().filter(|column| !self.added.contains(column)).cloned());
        read.sort_unstable();
        read.dedup();
        self.table.each(&read, &mut |piece| {
            let mut piece = piece.clone();
            for column in self.seer.columns(&piece, self.name)? {
                piece.with_column(column)?;
            }
            take(&piece.select(columns.iter().map(String::as_str))?)
        })
    }
}
