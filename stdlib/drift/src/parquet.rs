//! Parquet files that are larger than memory, row group by row group.

use crate::error::DriftError;
use crate::files::{parquet_files, unfinished};
use crate::requests::{is_log, requests};
use crate::table::{Content, Pieces, Tabular};
use ironbook_data::{DataError, read_csv, read_json, read_parquet};
use polars::prelude::{DataFrame, DataType, ParquetReader, PolarsError, SerReader as _};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Bytes of a table, as they are in memory, from which on [`open`] reads it in pieces.
const LARGE: u64 = 1 << 30;
/// Bytes of a piece at most, as far as row groups allow: of a group with more, the columns are read one after another.
const PIECE: u64 = 1 << 28;

/// A table of Parquet files that is read in pieces: memory holds a row group at a time, and for each column no more than a
/// few megabytes.
///
/// A column with up to 65,536 different numbers (fewer where the table has more than 64 columns), or 262,144 different
/// texts, is counted exactly. Beyond that numbers fall into so many buckets, and each score comes with the error that it can
/// have at most ([`Approximation`](crate::Approximation)); text with more is not tested.
#[derive(Debug)]
pub struct ParquetTable {
    files: Vec<PathBuf>,
    fields: Vec<(String, DataType)>,
    rows: usize,
}

impl ParquetTable {
    /// The table of a file, or of the Parquet files in a directory and those below it; they have one schema.
    ///
    /// # Errors
    /// [`DriftError::Data`] for files that are missing, damaged, or differ in their columns.
    pub fn scan(path: impl AsRef<Path>) -> Result<Self, DriftError> {
        let path = path.as_ref();
        let files = if path.is_dir() { parquet_files(path)? } else { vec![path.to_owned()] };
        let schema = ironbook_data::scan_parquet(path)?.collect_schema()?;
        let fields = schema.iter().map(|(name, dtype)| (name.to_string(), dtype.clone())).collect();
        let rows =
            files.iter().map(|file| reader(file)?.num_rows().map_err(|e| broken(file, e))).sum::<Result<_, _>>()?;
        Ok(ParquetTable { files, fields, rows })
    }

    /// Bytes of the table as it would be in memory, by what the files say.
    fn bytes(&self) -> Result<u64, DriftError> {
        let mut bytes = 0;
        for file in &self.files {
            let mut reader = reader(file)?;
            let metadata = reader.get_metadata().map_err(|error| broken(file, error))?;
            bytes += metadata.row_groups.iter().map(|group| group.total_byte_size() as u64).sum::<u64>();
        }
        Ok(bytes)
    }
}

fn reader(path: &Path) -> Result<ParquetReader<File>, DriftError> {
    let open = |source| DataError::Read { path: path.to_owned(), source };
    Ok(ParquetReader::new(File::open(path).map_err(open)?))
}

fn broken(path: &Path, source: PolarsError) -> DriftError {
    DataError::Unreadable { path: path.to_owned(), format: "Parquet", source }.into()
}

impl Pieces for ParquetTable {
    fn fields(&self) -> &[(String, DataType)] {
        &self.fields
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn each(
        &self,
        columns: &[String],
        take: &mut dyn FnMut(&DataFrame) -> Result<(), DriftError>,
    ) -> Result<(), DriftError> {
        for file in &self.files {
            let metadata = reader(file)?.get_metadata().map_err(|error| broken(file, error))?.clone();
            let mut from = 0;
            for group in &metadata.row_groups {
                // A group of text can have a thousand times the rows that fit.
                let parts = (group.total_byte_size() as u64).div_ceil(PIECE).max(1) as usize;
                let step = group.num_rows().div_ceil(parts).max(1);
                for at in (0..group.num_rows()).step_by(step) {
                    let rows = step.min(group.num_rows() - at);
                    let piece = reader(file)?
                        .with_columns(Some(columns.to_vec()))
                        .with_slice(Some((from + at, rows)))
                        .finish()
                        .and_then(|piece| piece.select(columns.iter().map(String::as_str)))
                        .map_err(|error| broken(file, error))?;
                    take(&piece)?;
                }
                from += group.num_rows();
            }
        }
        Ok(())
    }
}

impl Tabular for ParquetTable {
    fn content(&self) -> Result<Content<'_>, DriftError> {
        Ok(Content::Pieces(self))
    }
}

/// A table by its path: CSV, JSON or Parquet files, patterns and directories as [`ironbook_data`] reads them, and the
/// directory that a server logs its requests to ([`requests`]). Parquet files that would take more than a gigabyte in
/// memory are read in pieces, see [`ParquetTable`].
///
/// # Errors
/// Those of [`read_csv`], [`read_json`], [`read_parquet`], [`ParquetTable::scan`] and
/// [`Requests::read`](crate::Requests::read); [`DriftError::NoFiles`] for a directory without any.
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn Tabular>, DriftError> {
    let path = path.as_ref();
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&[".csv", ".csv.gz", ".csv.zst", ".tsv"]) {
        return Ok(Box::new(read_csv(path)?));
    }
    if ends(&[".json", ".jsonl", ".ndjson"]) {
        return Ok(Box::new(read_json(path)?));
    }
    let files = if path.is_dir() { parquet_files(path).unwrap_or_default() } else { Vec::new() };
    if path.is_dir() && files.is_empty() {
        return Err(DriftError::NoFiles { path: path.to_owned(), unfinished: unfinished(path) });
    }
    if is_log(&files) {
        return Ok(Box::new(requests(path).read()?));
    }
    // Directories like `year=2013` give columns, which pieces do not have.
    let plain = path.is_file() || path.is_dir() && !files.iter().any(|file| file.to_string_lossy().contains('='));
    if plain {
        let table = ParquetTable::scan(path)?;
        if table.bytes()? > LARGE {
            return Ok(Box::new(table));
        }
    }
    Ok(Box::new(read_parquet(path)?))
}
