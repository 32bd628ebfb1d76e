//! How frames, columns and queries show themselves in cells.

use crate::cells::grouped;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::kind::Kind;
use crate::{html, term};
use ironbook_core::display::{failure, none};
use ironbook_core::error::chain;
use ironbook_core::{Bundle, registry};
use polars::prelude::{Column, DataFrame, DslPlan, LazyFrame, PolarsError, Schema, Series};
use std::any::Any;

/// Width of tables in `text/plain`, in columns of the terminal.
pub const TEXT_WIDTH: usize = 100;

/// A frame as a table of characters, at most `width` columns of the terminal wide (but at least 20).
///
/// ```
/// # use polars::prelude::*;
/// let df = df!["city" => [Some("Kyiv"), None], "temp" => [3.25, -1.0]]?;
/// assert_eq!(ironbook_data::to_text(&df, 80), "\
/// ┌──────┬───────┐
/// │ city │  temp │
/// │ str  │   f64 │
/// ├──────┼───────┤
/// │ Kyiv │  3.25 │
/// │ null │ -1.00 │
/// └──────┴───────┘
/// 2 rows x 2 columns");
/// # Ok::<(), PolarsError>(())
/// ```
pub fn to_text(df: &DataFrame, width: usize) -> String {
    term::table(df, width, None)
}

/// A frame as an HTML table that scrolls: up to 20 columns; all of up to 60 rows, of others the first and the last ten.
///
/// Each column has its type, and a thin bar for its share of nulls if any column has some.
pub fn to_html(df: &DataFrame) -> String {
    html::table(df, None)
}

/// What can be registered.
trait Show: Any {
    fn bundle(&self) -> Bundle;
    /// Shape and bytes.
    fn measure(&self) -> (Option<String>, u64);
}

impl Show for DataFrame {
    fn bundle(&self) -> Bundle {
        Bundle::text(to_text(self, TEXT_WIDTH)).html(to_html(self))
    }
    fn measure(&self) -> (Option<String>, u64) {
        (Some(format!("{} x {}", self.height(), self.width())), self.estimated_size() as u64)
    }
}

impl Show for Column {
    fn bundle(&self) -> Bundle {
        let caption =
            format!("{} value{} of {}", grouped(self.len()), if self.len() == 1 { "" } else { "s" }, self.dtype());
        let df = self.clone().into_frame();
        Bundle::text(term::table(&df, TEXT_WIDTH, Some(&caption))).html(html::table(&df, Some(&caption)))
    }
    fn measure(&self) -> (Option<String>, u64) {
        (Some(format!("len {}", self.len())), self.as_materialized_series().estimated_size() as u64)
    }
}

impl Show for Series {
    fn bundle(&self) -> Bundle {
        Column::from(self.clone()).bundle()
    }
    fn measure(&self) -> (Option<String>, u64) {
        (Some(format!("len {}", self.len())), self.estimated_size() as u64)
    }
}

/// The columns that the query will give; running it is the user's decision.
impl Show for LazyFrame {
    fn bundle(&self) -> Bundle {
        let schema = match self.clone().collect_schema() {
            Ok(schema) => schema,
            Err(error) => return Bundle::text(format!("a lazy frame that cannot run: {error}")),
        };
        let (names, types): (Vec<String>, Vec<String>) =
            schema.iter().map(|(name, dtype)| (name.to_string(), dtype.to_string())).unzip();
        let caption = format!(
            "a lazy frame of {} column{}, not run yet: .collect()? runs it",
            names.len(),
            if names.len() == 1 { "" } else { "s" }
        );
        let columns = vec![Column::new("column".into(), names), Column::new("type".into(), types)];
        match DataFrame::new_infer_height(columns) {
            Ok(df) => Bundle::text(term::table(&df, TEXT_WIDTH, Some(&caption))).html(html::table(&df, Some(&caption))),
            Err(error) => Bundle::text(format!("{caption} ({error})")),
        }
    }
    fn measure(&self) -> (Option<String>, u64) {
        (None, 0)
    }
}

impl<T: Show, E: std::error::Error + 'static> Show for Result<T, E> {
    fn bundle(&self) -> Bundle {
        match self {
            Ok(value) => value.bundle(),
            Err(error) => failure(&chain(error)),
        }
    }
    fn measure(&self) -> (Option<String>, u64) {
        self.as_ref().map_or((None, 0), Show::measure)
    }
}

impl<T: Show> Show for Option<T> {
    fn bundle(&self) -> Bundle {
        self.as_ref().map_or_else(none, Show::bundle)
    }
    fn measure(&self) -> (Option<String>, u64) {
        self.as_ref().map_or((None, 0), Show::measure)
    }
}

fn frame_columns(df: &DataFrame) -> registry::Columns {
    let first = df.columns().iter().take(registry::MAX_COLUMNS);
    first.map(|column| (column.name().to_string(), column.dtype().to_string())).collect()
}

/// Of a query over frames in memory; to know those of files they would have to be read.
fn query_columns(query: &LazyFrame) -> registry::Columns {
    use DslPlan as P;
    let changes = |node: &DslPlan| {
        matches!(node, P::Filter { .. } | P::Select { .. } | P::GroupBy { .. } | P::Join { .. } | P::HStack { .. })
            || matches!(node, P::Distinct { .. } | P::Sort { .. } | P::Slice { .. } | P::Cache { .. })
    };
    let in_memory = |node: &DslPlan| matches!(node, P::DataFrameScan { .. }) || changes(node);
    if !(&query.logical_plan).into_iter().all(in_memory) {
        return Vec::new();
    }
    let told = |schema: &Schema| schema.iter().map(|(name, dtype)| (name.to_string(), dtype.to_string())).collect();
    query.clone().collect_schema().map(|schema| told(&schema)).unwrap_or_default()
}

/// The features, then the target.
fn dataset_columns(data: &Dataset) -> registry::Columns {
    let features = data.features.names().iter().take(registry::MAX_COLUMNS - 1);
    let kinds = data.features.kinds();
    let kind = |at: usize| match kinds.get(at) {
        Some(Kind::Categorical(_)) => "str",
        Some(Kind::Time) => "datetime",
        _ => "f64",
    };
    let features = features.enumerate().map(|(at, name)| (name.clone(), kind(at).to_owned()));
    let target = if data.classes.is_some() { "str" } else { "f64" };
    features.chain([(data.target_name.clone(), target.to_owned())]).collect()
}

fn register_one<T: Show>() {
    registry::register::<T>(
        |any| any.downcast_ref::<T>().map(Show::bundle).unwrap_or_default(),
        |any| any.downcast_ref::<T>().map_or((None, 0), Show::measure),
    );
}

fn register_all<T: Show>() {
    register_one::<T>();
    register_one::<Option<T>>();
    register_one::<Result<T, PolarsError>>();
    register_one::<Result<T, DataError>>();
}

/// Registers the types of polars with the display of cells, and this crate's errors with their chains of causes.
pub fn register() {
    register_all::<DataFrame>();
    register_all::<Series>();
    register_all::<Column>();
    register_all::<LazyFrame>();
    registry::register_columns::<DataFrame>(|any| any.downcast_ref().map(frame_columns).unwrap_or_default());
    registry::register_columns::<LazyFrame>(|any| any.downcast_ref().map(query_columns).unwrap_or_default());
    registry::register_columns::<Dataset>(|any| any.downcast_ref().map(dataset_columns).unwrap_or_default());
    crate::keep::register();
    ironbook_core::error::register_chain::<DataError>();
    ironbook_core::error::register_chain::<PolarsError>();
}
