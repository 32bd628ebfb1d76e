//! What a model's server has seen: its log of requests as a table that can be compared.

use crate::error::{DriftError, soon};
use crate::files::{parquet_files, unfinished};
use crate::table::{Content, Tabular};
use chrono::{DateTime, Utc};
use ironbook_data::{DataError, FrameExt as _, read_parquet, scan_parquet};
use polars::prelude::{
    Column, DataFrame, DataType, Expr, IntoLazy as _, JoinArgs, JoinType, LazyFrame, Schema, TimeUnit,
    UniqueKeepStrategy, col, lit,
};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What every file of a log has.
const KEYS: [&str; 5] = ["request_id", "row", "time", "model", "version"];
const INPUT: &str = "input.";
const OUTPUT: &str = "output.";
/// What a model has predicted.
const PREDICTION: &str = "prediction";
/// What stands before the names of classes.
const CHANCE: &str = "probability.";

/// The log that a server writes into a directory; say what is wanted of it, then [`read`](Requests::read) it.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let train = polars::prelude::DataFrame::empty();
/// let seen = ironbook_drift::requests("requests/").model("late").version("3").labels("labels.parquet", "late").read()?;
/// let report = ironbook_drift::compare(&train, &seen)?;
/// # Ok(()) }
/// ```
pub fn requests(directory: impl AsRef<Path>) -> Requests {
    Requests { directory: directory.as_ref().to_owned(), ..Requests::default() }
}

/// Which requests of a log are read; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    directory: PathBuf,
    model: Option<String>,
    version: Option<String>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    labels: Option<(PathBuf, String)>,
}

impl Requests {
    /// The requests of this model only; needed where the log holds several.
    #[must_use]
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.model = Some(name.into());
        self
    }

    /// The requests that this version answered.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The requests from this time on.
    #[must_use]
    pub fn since(mut self, time: DateTime<Utc>) -> Self {
        self.since = Some(time);
        self
    }

    /// The requests before this time.
    #[must_use]
    pub fn until(mut self, time: DateTime<Utc>) -> Self {
        self.until = Some(time);
        self
    }

    /// Labels that came later: Parquet files with `request_id`, `row` and `label`; the last one of a row counts. They become
    /// the column `target`, which is null for rows without a label.
    #[must_use]
    pub fn labels(mut self, path: impl AsRef<Path>, target: impl Into<String>) -> Self {
        self.labels = Some((path.as_ref().to_owned(), target.into()));
        self
    }

    /// Reads the log: Parquet files in the directory and those below it, in the order of their names; files whose names begin
    /// with `.` or `_` are left out.
    ///
    /// `input.NAME` becomes `NAME`, `output.prediction` and `output.probability.CLASS` lose their first word unless a
    /// feature has the name. Of two classes the second one's probability is taken, since it says all. Rows keep their order.
    /// Memory holds what is selected.
    ///
    /// # Errors
    /// [`DriftError::NoLog`], [`DriftError::NoRequests`] for an empty window, [`DriftError::SeveralModels`],
    /// [`DriftError::NotLog`], [`DriftError::LogTypes`], [`DriftError::NotLabels`]; [`DriftError::Data`] for a file that is
    /// damaged.
    pub fn read(&self) -> Result<RequestTable, DriftError> {
        let files = files(&self.directory)?;
        let mut parts = Vec::new();
        let mut types = Schema::default();
        for path in &files {
            let mut scan = scan_parquet(path)?;
            let schema = scan.collect_schema()?;
            check(path, &schema)?;
            let part = self.selected(scan).collect()?;
            if part.height() == 0 {
                continue;
            }
            same_types(&schema, &mut types)?;
            parts.push(part);
        }
        if parts.is_empty() {
            return Err(self.nothing(&files)?);
        }
        let frame = joined(parts)?;
        if self.model.is_none() {
            let models = different(&frame, "model")?;
            if models.len() > 1 {
                return Err(DriftError::SeveralModels {
                    path: self.directory.clone(),
                    models: models.into_iter().collect(),
                });
            }
        }
        let frame = self.labelled(frame)?;
        self.table(&frame)
    }

    fn selected(&self, scan: LazyFrame) -> LazyFrame {
        let micros = |time: &DateTime<Utc>| lit(time.timestamp_micros());
        let time = || col("time").cast(DataType::Int64);
        let wanted = [
            self.model.as_ref().map(|model| col("model").eq(lit(model.as_str()))),
            self.version.as_ref().map(|version| col("version").eq(lit(version.as_str()))),
            self.since.as_ref().map(|since| time().gt_eq(micros(since))),
            self.until.as_ref().map(|until| time().lt(micros(until))),
        ];
        match wanted.into_iter().flatten().reduce(Expr::and) {
            Some(wanted) => scan.filter(wanted),
            None => scan,
        }
    }

    /// Says what the log has instead of what was wanted.
    fn nothing(&self, files: &[PathBuf]) -> Result<DriftError, DriftError> {
        let mut parts = Vec::new();
        for path in files {
            let keys = scan_parquet(path)?.select([col("model"), col("version"), col("time").cast(DataType::Int64)]);
            parts.push(keys.collect()?);
        }
        let all = joined(parts)?;
        let list = |name: &str| -> Result<String, DriftError> {
            let found: Vec<String> = different(&all, name)?.into_iter().take(10).collect();
            Ok(if found.is_empty() { "none".to_owned() } else { found.join(", ") })
        };
        let times = all.column("time")?.i64()?;
        let shown =
            |micros: Option<i64>| micros.and_then(DateTime::from_timestamp_micros).map_or("-".to_owned(), shown);
        let found = match all.height() {
            0 => "no request yet".to_owned(),
            _ => format!(
                "models {}, versions {}, from {} to {}",
                list("model")?,
                list("version")?,
                shown(polars::prelude::ChunkAgg::min(times)),
                shown(polars::prelude::ChunkAgg::max(times))
            ),
        };
        let wanted: Vec<String> = [
            self.model.as_ref().map(|model| format!("of the model {model}")),
            self.version.as_ref().map(|version| format!("of version {version}")),
            self.since.map(|time| format!("from {} on", self::shown(time))),
            self.until.map(|time| format!("before {}", self::shown(time))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let wanted = if wanted.is_empty() { "there".to_owned() } else { wanted.join(", ") };
        let unfinished = unfinished(&self.directory);
        Ok(DriftError::NoRequests { path: self.directory.clone(), seen: all.height(), wanted, found, unfinished })
    }

    /// The table with its labels, if there are any.
    fn labelled(&self, frame: DataFrame) -> Result<DataFrame, DriftError> {
        let Some((path, target)) = &self.labels else { return Ok(frame) };
        let labels = read_parquet(path)?;
        if let Some(name) = ["request_id", "row", "label"].into_iter().find(|name| labels.column(name).is_err()) {
            let problem = format!("it has no column {name}");
            return Err(DriftError::NotLabels { path: path.clone(), problem });
        }
        if frame.column(&format!("{INPUT}{target}")).is_ok() {
            let problem = format!("its target \"{target}\" is a feature of the model");
            return Err(DriftError::NotLabels { path: path.clone(), problem });
        }
        let keys = [col("request_id"), col("row")];
        let labels = labels
            .lazy()
            .select([
                col("request_id").cast(DataType::String),
                col("row").cast(DataType::UInt32),
                col("label").alias(format!("{LABEL}{target}")),
            ])
            .unique_stable(Some(polars::prelude::cols(["request_id", "row"])), UniqueKeepStrategy::Last);
        let args =
            JoinArgs { maintain_order: polars::prelude::MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) };
        let left =
            frame.lazy().with_columns([col("request_id").cast(DataType::String), col("row").cast(DataType::UInt32)]);
        Ok(left.join(labels, keys.clone(), keys, args).collect()?)
    }

    fn table(&self, frame: &DataFrame) -> Result<RequestTable, DriftError> {
        let features: BTreeSet<&str> =
            frame.get_column_names().iter().filter_map(|name| name.strip_prefix(INPUT)).collect();
        let mut columns: Vec<Column> = Vec::new();
        let (mut predictions, mut target) = (Vec::new(), None);
        for column in frame.columns() {
            let name = column.name().as_str();
            let named = |name: &str| column.clone().with_name(name.into());
            if let Some(plain) = name.strip_prefix(INPUT) {
                columns.push(named(plain));
            } else if let Some(plain) = name.strip_prefix(OUTPUT) {
                let plain = if features.contains(plain) { name } else { plain };
                predictions.push(plain.to_owned());
                columns.push(named(plain));
            } else if let Some(plain) = name.strip_prefix(LABEL) {
                target = Some(plain.to_owned());
                columns.push(named(plain));
            }
        }
        // The chance of one of two classes is what the other's leaves.
        if let [first, _] = chances(&predictions).as_slice() {
            columns.retain(|column| column.name() != first);
            predictions.retain(|name| name != first);
        }
        // The answer before the chances of its classes.
        predictions.sort_by_key(|name| name.trim_start_matches(OUTPUT) != PREDICTION);
        let unfinished = match self.until {
            // What comes now is beyond the window.
            Some(until) if until <= Utc::now() => 0,
            _ => unfinished(&self.directory),
        };
        Ok(RequestTable { frame: DataFrame::new(frame.height(), columns)?, predictions, target, unfinished })
    }
}

/// The columns of the chances of classes, in the order of the classes.
fn chances(predictions: &[String]) -> Vec<String> {
    let is_chance = |name: &&String| name.trim_start_matches(OUTPUT).starts_with(CHANCE);
    predictions.iter().filter(is_chance).cloned().collect()
}

/// Marks the labels until they are named.
const LABEL: &str = "label.";

/// Rows of requests: the features under their own names, what was predicted, and the labels, if there are any.
#[derive(Clone, Debug)]
pub struct RequestTable {
    /// The table, one row per row of a request.
    pub frame: DataFrame,
    /// Names of the columns that the model has predicted: `prediction`, and `probability.CLASS` for classifiers (of two
    /// classes for the second one).
    pub predictions: Vec<String>,
    /// Name of the column of labels.
    pub target: Option<String>,
    /// Files that the server was still writing; what is in them is not in the table.
    pub unfinished: usize,
}

impl Tabular for RequestTable {
    fn content(&self) -> Result<Content<'_>, DriftError> {
        Ok(Content::Frame(Cow::Borrowed(&self.frame)))
    }

    fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    fn predictions(&self) -> &[String] {
        &self.predictions
    }

    fn is_part(&self) -> bool {
        true
    }

    fn remark(&self) -> Option<String> {
        let remark = || format!("The latest requests are not in the log yet: {}.", soon(self.unfinished));
        (self.unfinished > 0).then(remark)
    }
}

fn shown(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The files of the log.
fn files(directory: &Path) -> Result<Vec<PathBuf>, DriftError> {
    parquet_files(directory).map_err(|error| match error {
        DriftError::Data(DataError::Read { path, source }) if source.kind() == ErrorKind::NotFound => {
            let unfinished = unfinished(&path);
            DriftError::NoLog { path, unfinished }
        }
        error => error,
    })
}

/// Whether a directory holds the log of a server, by the first of its files.
pub(crate) fn is_log(files: &[PathBuf]) -> bool {
    let schema =
        files.first().and_then(|first| scan_parquet(first).ok()).and_then(|mut scan| scan.collect_schema().ok());
    schema.is_some_and(|schema| {
        KEYS.iter().all(|key| schema.contains(key)) && schema.iter_names().any(|name| name.starts_with(INPUT))
    })
}

/// Refuses a file that is no part of a log.
fn check(path: &Path, schema: &Schema) -> Result<(), DriftError> {
    let refuse = |problem: String| Err(DriftError::NotLog { path: path.to_owned(), problem });
    if let Some(name) = KEYS.into_iter().find(|name| !schema.contains(name)) {
        return refuse(format!("it has no column {name}"));
    }
    match schema.get("time") {
        Some(DataType::Datetime(TimeUnit::Microseconds, _)) => Ok(()),
        other => {
            refuse(format!("its time is {}, not microseconds", other.map_or_else(String::new, ToString::to_string)))
        }
    }
}

/// Refuses columns whose types differ from those of the files before.
fn same_types(schema: &Schema, known: &mut Schema) -> Result<(), DriftError> {
    for (name, dtype) in schema.iter().filter(|(name, _)| name.starts_with(INPUT) || name.starts_with(OUTPUT)) {
        match known.get(name) {
            Some(first) if first != dtype => {
                let column = name.trim_start_matches(INPUT).to_owned();
                return Err(DriftError::LogTypes { column, first: first.to_string(), second: dtype.to_string() });
            }
            Some(_) => {}
            None => drop(known.insert(name.clone(), dtype.clone())),
        }
    }
    Ok(())
}

/// One table of all files; what a file lacks is null.
fn joined(mut parts: Vec<DataFrame>) -> Result<DataFrame, DriftError> {
    match parts.len() {
        1 => Ok(parts.swap_remove(0)),
        _ => Ok(polars::functions::concat_df_diagonal(&parts)?),
    }
}

fn different(frame: &DataFrame, name: &str) -> Result<BTreeSet<String>, DriftError> {
    Ok(frame.column(name)?.unique()?.drop_nulls().into_frame().strings(name)?.into_iter().collect())
}
