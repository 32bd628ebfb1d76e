//! CSV with its options, and a second look at files that do not parse, to say where and why.

use crate::error::DataError;
use crate::files;
use crate::read::open;
use crate::records::{Flaw, Record, Records, field_text, first_flaw, line_of, packed};
use crate::union::{Types, each};
use polars::prelude::{
    CsvEncoding, CsvReadOptions, DataFrame, LazyCsvReader, LazyFileListReader, LazyFrame, NullValues, PlRefPath,
    PolarsError, SerReader,
};
use std::io::Read as _;
use std::path::Path;

/// How a CSV file is read.
///
/// | option | default | whose |
/// |---|---|---|
/// | `separator` | `,`; a header without any that has `;`, tabs or bars is refused | polars |
/// | `has_header` | true | polars |
/// | `null_values` | none: only empty fields are null | polars |
/// | `infer_schema_length` | 10,000 rows decide the types | Ironbook (polars: 100) |
/// | `ignore_errors` | false | polars |
/// | `decimal_comma` | false: `2,5` is no number | polars |
/// | `dates` | true: ISO dates and times become dates and times | Ironbook (polars: false) |
///
/// ```
/// # let dir = std::env::temp_dir().join(format!("ironbook-csv-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("weather.csv");
/// std::fs::write(&path, "day;temp\n2013-01-01;NA\n2013-01-02;3.5\n")?;
/// let df = ironbook_data::CsvOptions::new().separator(b';').null_values(["NA"]).read(&path)?;
/// assert_eq!(df.column("temp")?.null_count(), 1);
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    separator: Option<u8>,
    has_header: bool,
    null_values: Vec<String>,
    infer_schema_length: Option<usize>,
    ignore_errors: bool,
    decimal_comma: bool,
    dates: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            separator: None,
            has_header: true,
            null_values: Vec::new(),
            infer_schema_length: Some(10_000),
            ignore_errors: false,
            decimal_comma: false,
            dates: true,
        }
    }
}

impl CsvOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the byte between fields, for instance `b';'` or `b'\t'`.
    #[must_use]
    pub fn separator(mut self, separator: u8) -> Self {
        self.separator = Some(separator);
        self
    }

    /// Whether the first line names the columns; without it they are `column_1`, `column_2`, ...
    #[must_use]
    pub fn has_header(mut self, has_header: bool) -> Self {
        self.has_header = has_header;
        self
    }

    /// Texts that stand for a missing value, for instance `["NA", "-"]`.
    #[must_use]
    pub fn null_values<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.null_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// How many rows decide the columns' types; `None` looks at all, which takes a second pass over the file.
    #[must_use]
    pub fn infer_schema_length(mut self, rows: impl Into<Option<usize>>) -> Self {
        self.infer_schema_length = rows.into();
        self
    }

    /// Goes on where it can: values that do not fit their column and missing fields become null, further fields of a row are
    /// dropped, bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn ignore_errors(mut self, ignore: bool) -> Self {
        self.ignore_errors = ignore;
        self
    }

    /// Whether numbers are written `2,5` for two and a half; the separator is then another sign than the comma.
    #[must_use]
    pub fn decimal_comma(mut self, comma: bool) -> Self {
        self.decimal_comma = comma;
        self
    }

    /// Whether ISO dates and times become dates and times.
    #[must_use]
    pub fn dates(mut self, dates: bool) -> Self {
        self.dates = dates;
        self
    }

    /// Reads one file, those that a pattern matches, or those of a directory; gzip, zlib and zstd are recognised.
    ///
    /// # Errors
    /// [`DataError::MissingFile`] with names close to it, [`DataError::EmptyFile`], [`DataError::NoMatch`],
    /// [`DataError::NoFiles`]; for broken content [`DataError::BrokenRow`], [`DataError::BrokenValue`],
    /// [`DataError::OpenQuote`] or [`DataError::NotUtf8`] with the line; [`DataError::OtherSeparator`];
    /// [`DataError::Schemas`] and [`DataError::Partitions`] if files differ; [`DataError::Unreadable`] otherwise.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<DataFrame, DataError> {
        let path = path.as_ref();
        each(path, &files::sources(path, files::CSV)?, "CSV", Types::Guessed, |file| self.read_one(file))
    }

    fn read_one(&self, path: &Path) -> Result<DataFrame, DataError> {
        let file = open(path)?;
        self.check_separator(path)?;
        let frame = self.polars().into_reader_with_file_handle(file).finish();
        match frame {
            Ok(df) if self.ignore_errors || !is_suspect(&df) => Ok(df),
            Ok(df) => self.flaw(path, df.width()).map_or(Ok(df), Err),
            Err(PolarsError::NoData(_)) => Err(DataError::EmptyFile { path: path.to_owned() }),
            Err(source) => Err(self.explain(path, source)),
        }
    }

    fn byte(&self) -> u8 {
        self.separator.unwrap_or(b',')
    }

    /// Refuses a first line that has no comma but another separator, unless the user chose one.
    pub(crate) fn check_separator(&self, path: &Path) -> Result<(), DataError> {
        let mut head = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(1 << 16).read_to_end(&mut head));
        if self.separator.is_some() || read.is_err() || packed(&head) {
            return Ok(());
        }
        let fields = |separator| Records::new(&head, separator).next().map_or(0, |record| record.fields.len());
        if fields(b',') != 1 {
            return Ok(());
        }
        let best = [b';', b'\t', b'|'].into_iter().map(|separator| (fields(separator), separator)).max_by_key(|f| f.0);
        match best {
            Some((columns, separator)) if columns > 1 => {
                Err(DataError::OtherSeparator { path: path.to_owned(), separator, columns })
            }
            _ => Ok(()),
        }
    }

    /// The file as a lazy frame.
    pub(crate) fn lazy(&self, path: PlRefPath) -> Result<LazyFrame, DataError> {
        let nulls: Vec<_> = self.null_values.iter().map(|v| v.as_str().into()).collect();
        let encoding = if self.ignore_errors { CsvEncoding::LossyUtf8 } else { CsvEncoding::Utf8 };
        let reader = LazyCsvReader::new(path)
            .with_glob(false)
            .with_has_header(self.has_header)
            .with_infer_schema_length(self.infer_schema_length)
            .with_ignore_errors(self.ignore_errors)
            .with_separator(self.byte())
            .with_decimal_comma(self.decimal_comma)
            .with_try_parse_dates(self.dates)
            .with_null_values((!nulls.is_empty()).then_some(NullValues::AllColumns(nulls)))
            .with_truncate_ragged_lines(self.ignore_errors)
            .with_encoding(encoding);
        Ok(reader.finish()?)
    }

    fn polars(&self) -> CsvReadOptions {
        let nulls: Vec<_> = self.null_values.iter().map(|v| v.as_str().into()).collect();
        CsvReadOptions::default()
            .with_has_header(self.has_header)
            .with_infer_schema_length(self.infer_schema_length)
            .with_ignore_errors(self.ignore_errors)
            .with_rechunk(true)
            .map_parse_options(|parse| {
                parse
                    .with_separator(self.byte())
                    .with_decimal_comma(self.decimal_comma)
                    .with_try_parse_dates(self.dates)
                    .with_null_values((!nulls.is_empty()).then(|| NullValues::AllColumns(nulls.clone())))
                    .with_truncate_ragged_lines(self.ignore_errors)
                    .with_encoding(if self.ignore_errors { CsvEncoding::LossyUtf8 } else { CsvEncoding::Utf8 })
            })
    }

    fn flaw(&self, path: &Path, expected: usize) -> Option<DataError> {
        let (file, path) = (std::fs::File::open(path).ok()?, path.to_owned());
        Some(match first_flaw(file, self.byte(), expected)? {
            Flaw::Uneven { line, found } => DataError::BrokenRow { path, line, expected, found },
            Flaw::OpenQuote { line } => DataError::OpenQuote { path, line },
        })
    }

    /// What is wrong with the file that polars refused, found by reading it again, record by record.
    fn explain(&self, path: &Path, source: PolarsError) -> DataError {
        let message = source.to_string();
        let value = unparsable(&message);
        plain_bytes(path)
            .and_then(|bytes| {
                let bad = std::str::from_utf8(&bytes).err().map(|e| line_of(&bytes, e.valid_up_to()));
                let utf8 = bad.map(|line| DataError::NotUtf8 { path: path.to_owned(), line });
                utf8.or_else(|| self.explain_records(path, &bytes, value.as_ref()))
            })
            .unwrap_or(DataError::Unreadable { path: path.to_owned(), format: "CSV", source })
    }

    fn explain_records(&self, path: &Path, bytes: &[u8], value: Option<&Unparsable>) -> Option<DataError> {
        let mut records = Records::new(bytes, self.byte());
        let first = records.next()?;
        let names: Vec<String> = first.fields.iter().map(|f| field_text(bytes, f)).collect();
        let position = value.and_then(|v| {
            let numbered =
                v.column.strip_prefix("column_").filter(|_| !self.has_header).and_then(|n| n.parse::<usize>().ok());
            numbered.map(|n| n - 1).or_else(|| names.iter().position(|n| *n == v.column))
        });
        let header = self.has_header.then(|| records.next()).flatten();
        let body = if self.has_header { header } else { Some(first.clone()) };
        for record in body.into_iter().chain(records) {
            if record.open_quote {
                return Some(DataError::OpenQuote { path: path.to_owned(), line: record.open_line });
            }
            if let Some(error) = wrong_width(path, &record, names.len()) {
                return Some(error);
            }
            let found = position.and_then(|j| record.fields.get(j)).map(|f| field_text(bytes, f));
            if let (Some(v), Some(found)) = (value, found)
                && found == v.value
            {
                let (column, dtype) = (v.column.clone(), v.dtype.clone());
                return Some(DataError::BrokenValue {
                    path: path.to_owned(),
                    line: record.line,
                    column,
                    value: found,
                    dtype,
                });
            }
        }
        None
    }
}

/// A row that ends early is null in its last column, and a quote that is never closed may swallow every row.
fn is_suspect(df: &DataFrame) -> bool {
    df.height() == 0 || df.columns().last().is_some_and(|column| column.null_count() > 0)
}

fn wrong_width(path: &Path, record: &Record, expected: usize) -> Option<DataError> {
    let found = record.fields.len();
    (found != expected && !record.open_quote).then(|| DataError::BrokenRow {
        path: path.to_owned(),
        line: record.line,
        expected,
        found,
    })
}

/// The value that polars could not parse, from its message.
struct Unparsable {
    value: String,
    dtype: String,
    column: String,
}

fn unparsable(message: &str) -> Option<Unparsable> {
    let rest = message.split_once("could not parse `")?.1;
    let (value, rest) = rest.split_once("` as dtype `")?;
    let (dtype, rest) = rest.split_once("` at column '")?;
    let (column, _) = rest.split_once("' (column number")?;
    Some(Unparsable { value: value.trim_matches('"').to_owned(), dtype: dtype.to_owned(), column: column.to_owned() })
}

/// The file's bytes, unless it is compressed: then lines have no meaning for whoever wants to mend it.
fn plain_bytes(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok().filter(|bytes| !packed(bytes))
}
