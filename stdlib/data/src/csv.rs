//! CSV with its options, and a second look at files that do not parse, to say where and why.

use crate::content::Content;
use crate::error::DataError;
use crate::files;
use crate::frame::find;
use crate::records::{Flaw, Record, Records, Survey, field_text, line_of, survey};
use crate::union::{Types, each};
use polars::prelude::{
    BooleanChunked, CsvEncoding, CsvReadOptions, DataFrame, DataType, LazyCsvReader, LazyFileListReader, LazyFrame,
    NullValues, PlRefPath, PlSmallStr, PolarsError, Schema,
};
use std::collections::HashSet;
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
/// | `dates` | true: ISO dates and times become dates and times; `3/4/2013` stays text | Ironbook (polars: false) |
/// | `types` | none: values decide | polars |
/// | `quote_char` | `"`; with `None` it is a letter like others | polars |
///
/// Whole numbers too large for `i64` (identifiers, hashes) stay text, so that no digit is lost. Blank lines are no rows
/// (in a scan, and in packed files, they are rows of nulls; in a table of one column, missing values).
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
    types: Vec<(String, DataType)>,
    quote: Option<u8>,
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
            types: Vec::new(),
            quote: Some(b'"'),
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

    /// Sets the types of columns by their names: `[("zip", DataType::String)]` keeps the leading zeros of codes.
    #[must_use]
    pub fn types<S: Into<String>>(mut self, types: impl IntoIterator<Item = (S, DataType)>) -> Self {
        self.types = types.into_iter().map(|(name, dtype)| (name.into(), dtype)).collect();
        self
    }

    /// Sets the byte that fields with separators or line breaks in them stand between; `None` if there is none, and `5"`
    /// is five inches.
    #[must_use]
    pub fn quote_char(mut self, quote: impl Into<Option<u8>>) -> Self {
        self.quote = quote.into();
        self
    }

    /// Reads one file, those that a pattern matches, or those of a directory; gzip, zlib and zstd are recognised.
    ///
    /// # Errors
    /// [`DataError::MissingFile`] with names close to it, [`DataError::EmptyFile`], [`DataError::NoMatch`],
    /// [`DataError::NoFiles`]; for broken content [`DataError::BrokenRow`], [`DataError::BrokenValue`],
    /// [`DataError::OpenQuote`] or [`DataError::NotUtf8`] with the line; [`DataError::OtherSeparator`];
    /// [`DataError::UnknownColumn`] for names in `types`; [`DataError::Schemas`] and [`DataError::Partitions`] if files
    /// differ; [`DataError::Unreadable`] otherwise.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<DataFrame, DataError> {
        let (path, options) = (path.as_ref(), self.clone());
        each(path, &files::sources(path, files::CSV)?, "CSV", Types::Guessed, move |file| options.read_one(file))
    }

    fn read_one(&self, path: &Path) -> Result<DataFrame, DataError> {
        let content = Content::of(path)?;
        self.check_separator(&content)?;
        let end = line_end(&content);
        let mut types = self.chosen();
        let mut df = loop {
            match content.parse(self.polars(&types, end)) {
                Ok(df) => match self.unclear_dates(&content, df.schema(), end) {
                    texts if texts.is_empty() => break df,
                    texts => types.extend(texts.into_iter().map(|name| (name, DataType::String))),
                },
                Err(PolarsError::NoData(_)) => return Err(DataError::EmptyFile { path: path.to_owned() }),
                Err(source) => match too_large(&source).filter(|name| !types.contains(name)) {
                    Some(name) => drop(types.insert(name, DataType::String)),
                    None => return Err(self.explain(&content, source)),
                },
            }
        };
        self.types.iter().try_for_each(|(name, _)| find(&df, name).map(drop))?;
        if self.has_header {
            self.halve_quotes(&mut df)?;
        }
        match end == b'\r' || self.quote.is_none() || !is_suspect(&df) {
            true => Ok(df),
            false => self.surveyed(&content, df),
        }
    }

    /// In names, too, a doubled quote stands for one; polars leaves it as it is.
    fn halve_quotes(&self, df: &mut DataFrame) -> Result<(), DataError> {
        let Some(quote) = self.quote.map(char::from) else { return Ok(()) };
        let doubled = format!("{quote}{quote}");
        let names: Vec<PlSmallStr> = df.get_column_names_owned();
        if names.iter().any(|name| name.contains(&doubled)) {
            let names: Vec<String> = names.iter().map(|name| name.replace(&doubled, &quote.to_string())).collect();
            df.set_column_names(&names)?;
        }
        Ok(())
    }

    /// The table without the rows that polars made of blank lines, unless the text has a flaw.
    fn surveyed(&self, content: &Content<'_>, df: DataFrame) -> Result<DataFrame, DataError> {
        let read = |source| DataError::Read { path: content.path.to_owned(), source };
        let Survey { flaw, blank } = survey(content.reader().map_err(read)?, self.byte(), df.width());
        let path = content.path.to_owned();
        match flaw.filter(|_| !self.ignore_errors) {
            Some(Flaw::Uneven { line, found }) => {
                return Err(DataError::BrokenRow { path, line, expected: df.width(), found });
            }
            Some(Flaw::OpenQuote { line }) => return Err(DataError::OpenQuote { path, line }),
            None => {}
        }
        let first = usize::from(!self.has_header);
        let rows = blank.into_iter().map(|row| row + first).filter(|&row| row < df.height());
        let gone: HashSet<usize> = rows.filter(|&row| is_null(&df, row)).collect();
        // In one column a blank line is a missing value.
        if df.width() < 2 || gone.is_empty() {
            return Ok(df);
        }
        let stay: BooleanChunked = (0..df.height()).map(|row| Some(!gone.contains(&row))).collect();
        Ok(df.filter(&stay)?)
    }

    fn byte(&self) -> u8 {
        self.separator.unwrap_or(b',')
    }

    /// The types that the user chose.
    pub(crate) fn chosen(&self) -> Schema {
        self.types.iter().map(|(name, dtype)| (PlSmallStr::from(name.as_str()), dtype.clone())).collect()
    }

    /// The first rows of a file, as many as decide the types.
    pub(crate) fn first_rows(&self, content: &Content<'_>, types: &Schema) -> Result<DataFrame, PolarsError> {
        content.parse(self.polars(types, line_end(content)).with_n_rows(self.infer_schema_length))
    }

    /// The columns that polars takes for dates because of texts like 3/4/2013: whether the day or the month comes
    /// first is not for a library to guess.
    pub(crate) fn unclear_dates(&self, content: &Content<'_>, schema: &Schema, end: u8) -> Vec<PlSmallStr> {
        let dated = |dtype: &DataType| matches!(dtype, DataType::Date | DataType::Datetime(..));
        let chosen = |name: &str| self.types.iter().any(|(own, _)| own == name);
        let names: Vec<PlSmallStr> =
            schema.iter().filter(|(name, t)| dated(t) && !chosen(name)).map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return names;
        }
        let texts: Schema = names.iter().map(|name| (name.clone(), DataType::String)).collect();
        let options = self.polars(&texts, end).with_n_rows(self.infer_schema_length);
        // It has been parsed before: nothing new can be said here.
        let Ok(head) = content.parse(options.with_columns(Some(names.clone().into()))) else { return Vec::new() };
        let unclear = |name: &PlSmallStr| {
            let texts = head.column(name).and_then(|column| column.str());
            texts.is_ok_and(|texts| texts.iter().flatten().any(|text| !year_first(text)))
        };
        names.into_iter().filter(unclear).collect()
    }

    /// Refuses text of two bytes a letter, and a first line that has no comma but another separator, unless the user chose one.
    pub(crate) fn check_separator(&self, content: &Content<'_>) -> Result<(), DataError> {
        let Some(head) = content.head() else { return Ok(()) };
        if is_wide(&head) {
            return Err(DataError::NotUtf8 { path: content.path.to_owned(), line: 1 });
        }
        if self.separator.is_some() {
            return Ok(());
        }
        let fields = |separator| Records::new(&head, separator).next().map_or(0, |record| record.fields.len());
        if fields(b',') != 1 {
            return Ok(());
        }
        let best = [b';', b'\t', b'|'].into_iter().map(|separator| (fields(separator), separator)).max_by_key(|f| f.0);
        match best {
            Some((columns, separator)) if columns > 1 => {
                Err(DataError::OtherSeparator { path: content.path.to_owned(), separator, columns })
            }
            _ => Ok(()),
        }
    }

    /// The file as a lazy frame, with these types for some columns.
    pub(crate) fn lazy(&self, path: PlRefPath, types: &Schema, end: u8) -> Result<LazyFrame, DataError> {
        let nulls: Vec<_> = self.null_values.iter().map(|v| v.as_str().into()).collect();
        let encoding = if self.ignore_errors { CsvEncoding::LossyUtf8 } else { CsvEncoding::Utf8 };
        let reader = LazyCsvReader::new(path)
            .with_glob(false)
            .with_has_header(self.has_header)
            .with_infer_schema_length(self.infer_schema_length)
            .with_ignore_errors(self.ignore_errors)
            .with_dtype_overwrite(Some(types.clone().into()))
            .with_separator(self.byte())
            .with_eol_char(end)
            .with_quote_char(self.quote)
            .with_decimal_comma(self.decimal_comma)
            .with_try_parse_dates(self.dates)
            .with_null_values((!nulls.is_empty()).then_some(NullValues::AllColumns(nulls)))
            .with_truncate_ragged_lines(self.ignore_errors)
            .with_encoding(encoding);
        Ok(reader.finish()?)
    }

    fn polars(&self, types: &Schema, end: u8) -> CsvReadOptions {
        let nulls: Vec<_> = self.null_values.iter().map(|v| v.as_str().into()).collect();
        CsvReadOptions::default()
            .with_has_header(self.has_header)
            .with_infer_schema_length(self.infer_schema_length)
            .with_ignore_errors(self.ignore_errors)
            .with_schema_overwrite(Some(types.clone().into()))
            .with_rechunk(true)
            .map_parse_options(|parse| {
                parse
                    .with_separator(self.byte())
                    .with_eol_char(end)
                    .with_quote_char(self.quote)
                    .with_decimal_comma(self.decimal_comma)
                    .with_try_parse_dates(self.dates)
                    .with_null_values((!nulls.is_empty()).then(|| NullValues::AllColumns(nulls.clone())))
                    .with_truncate_ragged_lines(self.ignore_errors)
                    .with_encoding(if self.ignore_errors { CsvEncoding::LossyUtf8 } else { CsvEncoding::Utf8 })
            })
    }

    /// What is wrong with the file that polars refused, found by reading it again, record by record.
    fn explain(&self, content: &Content<'_>, source: PolarsError) -> DataError {
        let value = unparsable(&source.to_string());
        let path = content.path;
        content
            .plain()
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

fn is_null(df: &DataFrame, row: usize) -> bool {
    df.columns().iter().all(|column| column.get(row).is_ok_and(|value| value.is_null()))
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

/// The column whose value polars could not parse, if that is a whole number beyond `i64`.
fn too_large(error: &PolarsError) -> Option<PlSmallStr> {
    let found = unparsable(&error.to_string()).filter(|found| found.dtype == "i64")?;
    let text = found.value.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (whole && text.parse::<i64>().is_err()).then(|| found.column.into())
}

/// The byte that ends lines: a carriage return where there is no line break at all, as in files of old Macs.
pub(crate) fn line_end(content: &Content<'_>) -> u8 {
    let old = content.head().is_some_and(|head| head.contains(&b'\r') && !head.contains(&b'\n'));
    if old { b'\r' } else { b'\n' }
}

/// Whether text is UTF-16, as Excel's "Unicode text" is.
fn is_wide(head: &[u8]) -> bool {
    let zeros = head.iter().filter(|&&b| b == 0).count();
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || zeros > head.len() / 3
}

/// Whether a date begins with its year.
fn year_first(text: &str) -> bool {
    text.trim().bytes().take_while(u8::is_ascii_digit).count() >= 4
}
