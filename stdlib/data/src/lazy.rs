//! Tables that are not read before a query needs them, and queries in pieces that fit into memory.

use crate::content::Content;
use crate::csv::{CsvOptions, line_end};
use crate::error::DataError;
use crate::files::{self, Source};
use crate::near::near;
use crate::patient::patiently;
use crate::read::{Target, check_magic, open};
use crate::reads::Extent;
use crate::union::{Partitions, Types, common, known};
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
    /// A query over CSV files. Types are those of the first rows of each file; numbers widen to suit all files, and a
    /// column without values there takes the type that it has elsewhere.
    ///
    /// # Errors
    /// [`DataError::MissingFile`], [`DataError::EmptyFile`], [`DataError::NoMatch`], [`DataError::NoFiles`],
    /// [`DataError::OtherSeparator`], [`DataError::UnknownColumn`], [`DataError::Schemas`]; mistakes further down a file
    /// are found by the query.
    pub fn scan(&self, path: impl AsRef<Path>) -> Result<LazyFrame, DataError> {
        let path = path.as_ref();
        let sources = files::sources(path, files::CSV)?;
        let partitions = Partitions::of(&sources)?;
        let scans = sources.iter().map(|source| self.scan_one(&source.path)).collect::<Result<Vec<_>, DataError>>()?;
        let mut schemas: Vec<Schema> = scans.iter().map(|(_, schema)| schema.clone()).collect();
        if schemas.iter().any(|schema| schema != &schemas[0]) {
            for (source, schema) in sources.iter().zip(&mut schemas) {
                *schema = self.known(&source.path, schema)?;
            }
        }
        let target = common(&sources, &schemas, Types::Guessed)?;
        let mut parts = Vec::with_capacity(scans.len());
        for (at, (scan, schema)) in scans.into_iter().enumerate() {
            let scan = if schema == target { scan } else { self.scan_as(&sources[at].path, &target)? };
            parts.push(if partitions.is_empty() { scan } else { scan.with_columns(partitions.expressions(at)?) });
        }
        note(path, &sources, "CSV");
        match parts.len() {
            1 => Ok(parts.swap_remove(0)),
            _ => Ok(concat(parts, UnionArgs::default())?),
        }
    }

    /// One file with the types of its first rows.
    fn scan_one(&self, path: &Path) -> Result<(LazyFrame, Schema), DataError> {
        if path.exists() && !path.is_file() {
            // A pipe: the query would find nothing left in it.
            return Err(DataError::Read { path: path.to_owned(), source: std::io::ErrorKind::Unsupported.into() });
        }
        let content = Content::of(path)?;
        self.check_separator(&content)?;
        let (end, mut types) = (line_end(&content), self.chosen());
        let mut scan = self.lazy(reference(path)?, &types, end)?;
        let mut schema = (*scan.collect_schema()?).clone();
        if let Some(name) = types.iter_names().find(|name| !schema.contains(name)) {
            let columns: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
            let near = near(name, columns.iter().map(String::as_str));
            return Err(DataError::UnknownColumn { name: name.to_string(), near, columns });
        }
        let unclear = self.unclear_dates(&content, &schema, end);
        if !unclear.is_empty() {
            types.extend(unclear.into_iter().map(|name| (name, DataType::String)));
            scan = self.lazy(reference(path)?, &types, end)?;
            schema = (*scan.collect_schema()?).clone();
        }
        Ok((scan, schema))
    }

    /// One file with the types that all files have, in their order.
    fn scan_as(&self, path: &Path, target: &Schema) -> Result<LazyFrame, DataError> {
        let scan = self.lazy(reference(path)?, target, line_end(&Content::of(path)?))?;
        Ok(scan.select(target.iter_names().map(|name| col(name.clone())).collect::<Vec<_>>()))
    }

    /// The types of a file, unknown where its first rows have no values.
    fn known(&self, path: &Path, schema: &Schema) -> Result<Schema, DataError> {
        let content = Content::of(path)?;
        Ok(self.first_rows(&content, schema).map_or_else(|_| schema.clone(), |df| known(&df, Types::Guessed)))
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
    if let Ok(now) = Extent::of(&files) {
        crate::reads::note(path, files, format, None, now);
    }
}

/// Queries over more than fits into memory.
pub trait LazyExt {
    /// Runs the query piece by piece: only its result and what it must remember (groups, a join's smaller side) are
    /// held in memory. An interrupt returns at once; polars ends the piece that it works on in the background.
    ///
    /// # Errors
    /// [`DataError::Polars`], [`DataError::Interrupted`].
    fn collect_streaming(self) -> Result<DataFrame, DataError>;

    /// Runs the query piece by piece into a Parquet file, which appears whole or not at all.
    ///
    /// # Errors
    /// [`DataError::Write`] for the file, [`DataError::Polars`] for the query, [`DataError::Interrupted`].
    fn sink_parquet(self, path: impl AsRef<Path>) -> Result<(), DataError>;

    /// Runs the query piece by piece into a CSV file with a header, which appears whole or not at all.
    ///
    /// # Errors
    /// As [`sink_parquet`](Self::sink_parquet).
    fn sink_csv(self, path: impl AsRef<Path>) -> Result<(), DataError>;
}

impl LazyExt for LazyFrame {
    fn collect_streaming(self) -> Result<DataFrame, DataError> {
        let run = move || Ok(self.collect_with_engine(Engine::Streaming)?.unwrap_single());
        patiently(run, || ()).map_err(|failed| failed.into_error(DataError::Polars))?
    }

    fn sink_parquet(self, path: impl AsRef<Path>) -> Result<(), DataError> {
        sink(self, path.as_ref(), FileWriteFormat::Parquet(ParquetWriteOptions::default().into()))
    }

    fn sink_csv(self, path: impl AsRef<Path>) -> Result<(), DataError> {
        sink(self, path.as_ref(), FileWriteFormat::Csv(CsvWriterOptions::default()))
    }
}

fn sink(query: LazyFrame, path: &Path, format: FileWriteFormat) -> Result<(), DataError> {
    Target::of(path).patiently(move |file| {
        let target = SinkTarget::Path(PlRefPath::try_from_path(file)?);
        let sink = query.sink(SinkDestination::File { target }, format, UnifiedSinkArgs::default())?;
        sink.collect_with_engine(Engine::Streaming).map(drop)
    })
}
