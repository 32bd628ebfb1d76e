//! Tables that are not read before a query needs them, and queries in pieces that fit into memory.

use crate::csv::CsvOptions;
use crate::error::DataError;
use crate::files::{self, Source};
use crate::read::{check_magic, open};
use crate::union::{Partitions, Types, common};
use polars::prelude::*;
use std::path::{Path, PathBuf};

/// A query over Parquet files: one, those that a pattern matches, or those of a directory, as
/// [`read_parquet`](crate::read_parquet). Only the columns, rows and partitions that the query needs are read.
///
/// ```
/// use ironbook_data::{LazyExt, scan_parquet, write_parquet};
/// use polars::prelude::*;
/// # let dir = std::env::temp_dir().join(format!("ironbook-scan-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("flights.parquet");
/// write_parquet(&df!["origin" => ["EWR", "JFK", "EWR"], "delay" => [5, -2, 11]]?, &path)?;
/// let mean = scan_parquet(&path)?.filter(col("origin").eq(lit("EWR"))).select([col("delay").mean()]);
/// assert_eq!(mean.collect_streaming()?.column("delay")?.f64()?.get(0), Some(8.0));
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`read_parquet`](crate::read_parquet), as far as the ends of the files show it.
pub fn scan_parquet(path: impl AsRef<Path>) -> Result<LazyFrame, DataError> {
    let path = path.as_ref();
    let sources = files::sources(path, files::PARQUET)?;
    let partitions = Partitions::of(&sources)?;
    let schemas = sources.iter().map(|source| schema_of(&source.path)).collect::<Result<Vec<_>, _>>()?;
    common(&sources, &schemas, Types::Declared)?;
    // polars takes the directories above the table for partitions, too.
    let above = sources.first().map(files::above).filter(|_| !partitions.is_empty()).unwrap_or_default();
    let schema: Schema = above
        .iter()
        .map(|name| Field::new(name.into(), DataType::String))
        .chain(partitions.schema().iter_fields())
        .collect();
    let hive_options = HiveOptions {
        enabled: Some(!partitions.is_empty()),
        hive_start_idx: 0,
        schema: (!partitions.is_empty()).then(|| schema.into()),
        try_parse_dates: false,
    };
    let args = ScanArgsParquet { hive_options, glob: false, ..Default::default() };
    let mut scan = LazyFrame::scan_parquet_files(paths(&sources)?.into(), args)?;
    if !above.is_empty() {
        scan = scan.drop(cols(above));
    }
    note(path, &sources, "Parquet");
    Ok(scan)
}

/// A query over CSV files with headers: one, those that a pattern matches, or those of a directory, as
/// [`read_csv`](crate::read_csv). For anything else see [`CsvOptions::scan`].
///
/// # Errors
/// As [`CsvOptions::scan`].
pub fn scan_csv(path: impl AsRef<Path>) -> Result<LazyFrame, DataError> {
    CsvOptions::new().scan(path)
}

impl CsvOptions {
    /// A query over CSV files. Types are those of the first rows of each file; numbers widen to suit all files.
    ///
    /// # Errors
    /// [`DataError::MissingFile`], [`DataError::EmptyFile`], [`DataError::NoMatch`], [`DataError::NoFiles`],
    /// [`DataError::OtherSeparator`], [`DataError::Schemas`]; mistakes further down a file are found by the query.
    pub fn scan(&self, path: impl AsRef<Path>) -> Result<LazyFrame, DataError> {
        let path = path.as_ref();
        let sources = files::sources(path, files::CSV)?;
        let partitions = Partitions::of(&sources)?;
        let mut scans = Vec::with_capacity(sources.len());
        for source in &sources {
            drop(open(&source.path)?);
            self.check_separator(&source.path)?;
            scans.push(self.lazy(reference(&source.path)?)?);
        }
        let schemas: Vec<Schema> =
            scans.iter_mut().map(|scan| Ok((*scan.collect_schema()?).clone())).collect::<Result<_, DataError>>()?;
        let target = common(&sources, &schemas, Types::Guessed)?;
        let mut parts = Vec::with_capacity(scans.len());
        for (at, (scan, schema)) in scans.into_iter().zip(&schemas).enumerate() {
            let same = schema == &target;
            let columns = target.iter().map(|(name, dtype)| col(name.clone()).cast(dtype.clone()));
            let scan = if same { scan } else { scan.select(columns.collect::<Vec<_>>()) };
            parts.push(if partitions.is_empty() { scan } else { scan.with_columns(partitions.expressions(at)?) });
        }
        note(path, &sources, "CSV");
        match parts.len() {
            1 => Ok(parts.swap_remove(0)),
            _ => Ok(concat(parts, UnionArgs::default())?),
        }
    }
}

fn schema_of(path: &Path) -> Result<Schema, DataError> {
    let mut file = open(path)?;
    check_magic(path, &mut file)?;
    let unreadable = |source| DataError::Unreadable { path: path.to_owned(), format: "Parquet", source };
    let arrow = ParquetReader::new(file).schema().map_err(unreadable)?;
    Ok(Schema::from_arrow_schema(arrow.as_ref()))
}

fn reference(path: &Path) -> Result<PlRefPath, DataError> {
    Ok(PlRefPath::try_from_path(path)?)
}

fn paths(sources: &[Source]) -> Result<Vec<PlRefPath>, DataError> {
    sources.iter().map(|source| reference(&source.path)).collect()
}

fn note(path: &Path, sources: &[Source], format: &str) {
    let files: Vec<PathBuf> = sources.iter().map(|source| source.path.clone()).collect();
    crate::reads::note(path, files, format, None);
}

/// Queries over more than fits into memory.
pub trait LazyExt {
    /// Runs the query piece by piece: only its result and what it must remember (groups, a join's smaller side) are
    /// held in memory.
    ///
    /// # Errors
    /// [`DataError::Polars`].
    fn collect_streaming(self) -> Result<DataFrame, DataError>;

    /// Runs the query piece by piece into a Parquet file, which appears whole or not at all; returns its rows.
    ///
    /// # Errors
    /// [`DataError::Write`] for the file and for whatever else the query meets.
    fn sink_parquet(self, path: impl AsRef<Path>) -> Result<(), DataError>;

    /// Runs the query piece by piece into a CSV file with a header, which appears whole or not at all.
    ///
    /// # Errors
    /// [`DataError::Write`] for the file and for whatever else the query meets.
    fn sink_csv(self, path: impl AsRef<Path>) -> Result<(), DataError>;
}

impl LazyExt for LazyFrame {
    fn collect_streaming(self) -> Result<DataFrame, DataError> {
        Ok(self.collect_with_engine(Engine::Streaming)?.unwrap_single())
    }

    fn sink_parquet(self, path: impl AsRef<Path>) -> Result<(), DataError> {
        sink(self, path.as_ref(), FileWriteFormat::Parquet(ParquetWriteOptions::default().into()))
    }

    fn sink_csv(self, path: impl AsRef<Path>) -> Result<(), DataError> {
        sink(self, path.as_ref(), FileWriteFormat::Csv(CsvWriterOptions::default()))
    }
}

fn sink(query: LazyFrame, path: &Path, format: FileWriteFormat) -> Result<(), DataError> {
    crate::read::write_beside(path, |partial| {
        let target = SinkTarget::Path(PlRefPath::try_from_path(partial)?);
        let sink = query.sink(SinkDestination::File { target }, format, UnifiedSinkArgs::default())?;
        sink.collect_with_engine(Engine::Streaming).map(drop)
    })
}
