//! Reading and writing tables: CSV, Parquet, JSON.

use crate::error::DataError;
use crate::near::near;
use crate::patient::patiently;
use crate::union::{Types, each};
use crate::{csv, files};
use polars::prelude::{
    CsvWriter, DataFrame, JsonFormat, JsonReader, ParquetReader, ParquetWriter, PolarsError, SerReader, SerWriter,
};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads CSV files with headers: one, those that a pattern like `data/*.csv` matches, or those of a directory; dates are
/// recognised. For anything else see [`CsvOptions`](crate::CsvOptions).
///
/// Directories like `year=2013` give columns. Files of one table have the same columns, in any order.
///
/// # Errors
/// As [`CsvOptions::read`](crate::CsvOptions::read).
pub fn read_csv(path: impl AsRef<Path>) -> Result<DataFrame, DataError> {
    csv::CsvOptions::new().read(path)
}

/// Reads Parquet files: one, those that a pattern like `data/*.parquet` matches, or those of a directory and the
/// directories in it.
///
/// Directories like `year=2013/month=1` give columns (whole numbers, dates or text). Files of one table have the same
/// columns of the same types, in any order.
///
/// # Errors
/// [`DataError::MissingFile`] with names close to it, [`DataError::NoMatch`], [`DataError::NoFiles`],
/// [`DataError::EmptyFile`], [`DataError::NotParquet`]; [`DataError::Schemas`] and [`DataError::Partitions`] if files
/// differ; [`DataError::Unreadable`] if one is damaged.
pub fn read_parquet(path: impl AsRef<Path>) -> Result<DataFrame, DataError> {
    let path = path.as_ref();
    each(path, &files::sources(path, files::PARQUET)?, "Parquet", Types::Declared, read_one_parquet)
}

fn read_one_parquet(path: &Path) -> Result<DataFrame, DataError> {
    let mut file = open(path)?;
    check_magic(path, &mut file)?;
    ParquetReader::new(file).finish().map_err(|source| DataError::Unreadable {
        path: path.to_owned(),
        format: "Parquet",
        source,
    })
}

/// Reads JSON files of objects, each an array of them or one per line, as its content says: one file, those that a
/// pattern like `logs/*.jsonl` matches, or those of a directory. Directories like `year=2013` give columns.
///
/// Types are chosen from all objects; fields that an object lacks are null.
///
/// # Errors
/// [`DataError::MissingFile`] with names close to it, [`DataError::EmptyFile`]; [`DataError::NotJson`] with the place of the mistake;
/// [`DataError::Unreadable`] for JSON that is no table; [`DataError::NoMatch`], [`DataError::NoFiles`],
/// [`DataError::Schemas`] and [`DataError::Partitions`] for several files.
pub fn read_json(path: impl AsRef<Path>) -> Result<DataFrame, DataError> {
    let path = path.as_ref();
    each(path, &files::sources(path, files::JSON)?, "JSON", Types::Guessed, read_one_json)
}

/// What editors of Windows put before UTF-8 text.
const BOM: &[u8] = b"\xef\xbb\xbf";

fn read_one_json(path: &Path) -> Result<DataFrame, DataError> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    if bytes.starts_with(BOM) {
        bytes.drain(..BOM.len());
    }
    let lines = match bytes.trim_ascii_start().first() {
        None => return Err(DataError::EmptyFile { path: path.to_owned() }),
        Some(b'[') => false,
        // One object over several lines is an array of one.
        Some(_) => serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err(),
    };
    check_json(path, &bytes, lines)?;
    let format = if lines { JsonFormat::JsonLines } else { JsonFormat::Json };
    let reader = JsonReader::new(io::Cursor::new(bytes)).with_json_format(format).infer_schema_len(None);
    reader.finish().map_err(|source| DataError::Unreadable { path: path.to_owned(), format: "JSON", source })
}

/// Writes a frame as Parquet (zstd, with statistics: polars' defaults). The file appears whole or not at all.
///
/// # Errors
/// [`DataError::Write`], [`DataError::Interrupted`].
pub fn write_parquet(df: &DataFrame, path: impl AsRef<Path>) -> Result<(), DataError> {
    let mut df = df.clone();
    write_patiently(path.as_ref(), move |file| ParquetWriter::new(file).finish(&mut df).map(drop))
}

/// Writes a frame as CSV with a header; null becomes an empty field. The file appears whole or not at all.
///
/// # Errors
/// [`DataError::Write`]; nested columns cannot be written. [`DataError::Interrupted`].
pub fn write_csv(df: &DataFrame, path: impl AsRef<Path>) -> Result<(), DataError> {
    let mut df = df.clone();
    write_patiently(path.as_ref(), move |file| {
        CsvWriter::new(io::BufWriter::new(file)).include_header(true).finish(&mut df)
    })
}

/// Writes a file beside the target and renames it.
pub(crate) fn write(path: &Path, content: impl FnOnce(&mut File) -> Result<(), PolarsError>) -> Result<(), DataError> {
    let target = Target::of(path);
    let result = filled(&target.partial, content);
    target.finish(result)
}

/// As [`write`], in a way that an interrupt can leave.
fn write_patiently(
    path: &Path,
    content: impl FnOnce(&mut File) -> Result<(), PolarsError> + Send + 'static,
) -> Result<(), DataError> {
    let path = path.to_owned();
    Target::of(&path).patiently(move |partial| filled(partial, content)).map_err(|error| match error {
        DataError::Polars(source) => DataError::Write { path, source },
        other => other,
    })
}

fn filled(path: &Path, content: impl FnOnce(&mut File) -> Result<(), PolarsError>) -> Result<(), PolarsError> {
    let mut file = File::create(path)?;
    content(&mut file)?;
    // Devices and pipes have nothing to bring to a disk.
    if file.metadata()?.is_file() { Ok(file.sync_data()?) } else { Ok(()) }
}

/// Where a table is to be written: beside the file, then renamed, so that a full disk leaves no half file.
pub(crate) struct Target {
    path: PathBuf,
    /// The file beside it; the same for what is no regular file (a device, a pipe), which is written to as it is.
    partial: PathBuf,
}

/// Letters of a file's name that are kept in that of the one beside it: names have a longest length.
const KEPT: usize = 40;

impl Target {
    pub fn of(path: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = polars::io::resolve_homedir(path).into_owned();
        // Through a symbolic link to the file itself.
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        if path.exists() && !path.is_file() && !path.is_dir() {
            return Target { partial: path.clone(), path };
        }
        let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(KEPT).collect();
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Target { partial: path.with_file_name(format!(".{name}.{process}-{number}.partial")), path }
    }

    /// Lets polars fill the file; an interrupt returns at once, and what was begun is removed when polars has ended it.
    /// What is no fault of the file comes as [`DataError::Polars`].
    pub fn patiently(
        self,
        content: impl FnOnce(&Path) -> Result<(), PolarsError> + Send + 'static,
    ) -> Result<(), DataError> {
        let (work, left) = (self.partial.clone(), Target { path: self.path.clone(), partial: self.partial.clone() });
        let done = patiently(move || content(&work), move || left.clear());
        match done.map_err(|failed| failed.into_error(DataError::Polars)) {
            Ok(Err(error)) if !of_file(&error) => {
                self.clear();
                Err(DataError::Polars(error))
            }
            Ok(result) => self.finish(result),
            Err(DataError::Polars(error)) => {
                self.clear();
                Err(DataError::Polars(error))
            }
            Err(interrupted) => {
                // What polars goes on writing has no name any more, and ends with this process at the latest.
                self.clear();
                Err(interrupted)
            }
        }
    }

    fn finish(&self, result: Result<(), PolarsError>) -> Result<(), DataError> {
        let beside = self.partial != self.path;
        let done = result.and_then(|()| if beside { Ok(std::fs::rename(&self.partial, &self.path)?) } else { Ok(()) });
        done.map_err(|source| {
            self.clear();
            DataError::Write { path: self.path.clone(), source }
        })
    }

    /// Removes what has been written; it may never have been made, and the first error is the one to report.
    fn clear(&self) {
        if self.partial != self.path {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

/// Whether the system refused something, and not the query; the writer of Parquet says so in its text only.
fn of_file(error: &PolarsError) -> bool {
    match error {
        PolarsError::IO { .. } => true,
        PolarsError::Context { error, .. } => of_file(error),
        other => other.to_string().contains("(os error "),
    }
}

/// Opens a file that has content.
pub(crate) fn open(path: &Path) -> Result<File, DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => DataError::MissingFile { path: path.to_owned(), near: near_files(path) },
        _ => read(source),
    })?;
    let meta = file.metadata().map_err(read)?;
    match () {
        () if meta.is_dir() => Err(read(io::ErrorKind::IsADirectory.into())),
        () if meta.is_file() && meta.len() == 0 => Err(DataError::EmptyFile { path: path.to_owned() }),
        () => Ok(file),
    }
}

/// Files of the same directory with names close to this one.
fn near_files(path: &Path) -> Vec<String> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let Some(name) = path.file_name().map(|n| n.to_string_lossy().into_owned()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(&parent) else { return Vec::new() };
    let names: Vec<String> = entries.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned())).collect();
    near(&name, names.iter().map(String::as_str))
        .into_iter()
        .map(|n| path.with_file_name(n).display().to_string())
        .collect()
}

/// Parquet files begin and end with `PAR1`.
pub(crate) fn check_magic(path: &Path, file: &mut File) -> Result<(), DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let mut head = [0; 64];
    let n = file.read(&mut head).map_err(read)?;
    let mut tail = [0; 4];
    if n >= 12 && file.seek(SeekFrom::End(-4)).is_ok() {
        file.read_exact(&mut tail).map_err(read)?;
    }
    file.rewind().map_err(read)?;
    if head.starts_with(b"PAR1") && &tail == b"PAR1" {
        return Ok(());
    }
    let text = std::str::from_utf8(&head[..n]).is_ok_and(|t| !t.contains('\0'));
    let first = head[..n].trim_ascii_start().first();
    let (found, hint) = match () {
        () if head.starts_with(b"PAR1") => ("it is cut off before its end", "write or fetch it again"),
        () if head.starts_with(b"ARROW1") => ("it holds Arrow IPC", "read it with polars' IpcReader"),
        () if head.starts_with(b"PK") => {
            ("it is a ZIP archive (or a spreadsheet)", "unpack it, or save the sheet as CSV")
        }
        () if matches!(first, Some(b'{' | b'[')) => ("it looks like JSON", "read it with read_json"),
        () if text => ("it looks like text", "read it with read_csv if it is CSV"),
        () => ("it does not begin with the bytes PAR1", "check what wrote it"),
    };
    Err(DataError::NotParquet { path: path.to_owned(), found: found.to_owned(), hint: hint.to_owned() })
}

/// Refuses what is not JSON with its place: the reader of polars is lenient, and names none.
fn check_json(path: &Path, bytes: &[u8], lines: bool) -> Result<(), DataError> {
    let parse = serde_json::from_slice::<serde::de::IgnoredAny>;
    let fail = |error: &serde_json::Error, line: usize| {
        let text = error.to_string();
        let problem = text.split(" at line ").next().unwrap_or_default().to_owned();
        DataError::NotJson { path: path.to_owned(), line, column: error.column(), problem }
    };
    if !lines {
        return parse(bytes).map(drop).map_err(|e| fail(&e, e.line()));
    }
    for (i, line) in bytes.split(|&b| b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        parse(line).map_err(|e| fail(&e, i + 1))?;
    }
    Ok(())
}
