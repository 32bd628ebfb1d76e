//! One of two tables while they are compared: its columns are looked at when they are needed, or were when it was read.

use crate::error::DriftError;
use crate::table::{Content, Pieces};
use crate::values::{Gathered, Sample, sample};
use ironbook_core::{Progress, check};
use polars::prelude::{DataFrame, DataType};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;

/// One of two tables.
pub(crate) enum Source<'a> {
    Frame(Cow<'a, DataFrame>),
    Pieces { table: &'a dyn Pieces, samples: HashMap<String, Sample> },
}

impl<'a> Source<'a> {
    pub fn new(content: Content<'a>) -> Self {
        match content {
            Content::Frame(frame) => Source::Frame(frame),
            Content::Pieces(table) => Source::Pieces { table, samples: HashMap::new() },
        }
    }

    pub fn rows(&self) -> usize {
        match self {
            Source::Frame(frame) => frame.height(),
            Source::Pieces { table, .. } => table.rows(),
        }
    }

    /// Names and types of the columns.
    pub fn fields(&self) -> Vec<(&str, &DataType)> {
        match self {
            Source::Frame(frame) => frame.columns().iter().map(|c| (c.name().as_str(), c.dtype())).collect(),
            Source::Pieces { table, .. } => table.fields().iter().map(|(name, dtype)| (name.as_str(), dtype)).collect(),
        }
    }

    /// Reads what is read in pieces.
    ///
    /// # Errors
    /// Those of reading; [`DriftError::Interrupted`].
    pub fn read(&mut self, names: &[String], title: &str) -> Result<(), DriftError> {
        let Source::Pieces { table, samples } = self else { return Ok(()) };
        let mut gathered: Vec<Option<Gathered>> = names.iter().map(|_| None).collect();
        let mut progress = Progress::new(format!("drift: {title}"), Some(table.rows() as u64));
        table.each(names, &mut |piece| {
            check()?;
            let columns = piece.columns().par_iter().zip(&mut gathered);
            columns.try_for_each(|(column, gathered)| {
                let piece = sample(column)?;
                match gathered {
                    Some(known) => known.add(piece),
                    None => *gathered = Some(Gathered::new(piece, names.len())),
                }
                Ok::<(), DriftError>(())
            })?;
            progress.inc(piece.height() as u64);
            Ok(())
        })?;
        let found = names.iter().cloned().zip(gathered).filter_map(|(name, g)| Some((name, g?.finish())));
        samples.extend(found);
        Ok(())
    }

    /// A column that both tables have.
    ///
    /// # Errors
    /// [`DriftError::Polars`], should a cast fail.
    pub fn sample(&self, name: &str) -> Result<Cow<'_, Sample>, DriftError> {
        match self {
            Source::Frame(frame) => Ok(Cow::Owned(sample(frame.column(name)?)?)),
            // A table without rows is refused before, so that each column has had a piece.
            Source::Pieces { samples, .. } => {
                Ok(samples.get(name).map_or(Cow::Owned(Sample::Other { missing: 0 }), Cow::Borrowed))
            }
        }
    }
}
