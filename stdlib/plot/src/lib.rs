//! Charts that show themselves: Vega-Lite for the notebook, PNG and SVG for documents, braille for the terminal.
//!
//! | chart | made by | more in it |
//! |---|---|---|
//! | lines, clouds of points | [`line()`], [`scatter`] | `.series`, `.points`, `.band`, `.error_bars`, `.log_x`, `.log_y`, `.time_x` |
//! | bars, lying bars | [`bar`], [`barh`] | `.bars`, `.stacked`, `.error_bars` |
//! | histogram, box plot | [`histogram`], [`boxplot`] | `.values`, `.bins` |
//! | correlations and other tables | [`heatmap`] | |
//! | ROC and precision-recall curves | [`roc`], [`pr`] | `.curve` |
//! | calibration, confusion, learning curve | [`calibration`], [`confusion`], [`learning_curve`] | `.calibrated` |
//! | explanations | [`beeswarm`], [`waterfall`] | |
//! | parallel coordinates | [`parallel`] | `.ends`, `.small_first` |
//! | several charts as one figure | [`grid()`] | |
//!
//! All take `.title`, `.x_label`, `.y_label`, `.size`; those with axes of numbers `.hline` and `.vline`.
//!
//! ```
//! use ironbook_plot::Chart;
//!
//! let epochs = [1, 2, 3, 4];
//! let chart = Chart::line(&epochs, &[0.9, 0.6, 0.5, 0.47])?
//!     .name("train")
//!     .series("test", &epochs, &[0.95, 0.7, 0.63, 0.64])?
//!     .title("Loss per epoch")
//!     .x_label("epoch")
//!     .y_label("log loss");
//! assert!(chart.to_svg()?.starts_with("<svg"));
//! # Ok::<(), ironbook_plot::PlotError>(())
//! ```

mod chart;
mod error;
mod figure;
mod font;
mod kinds;
mod layout;
mod look;
mod marks;
mod number;
mod png;
mod quantile;
mod sample;
mod scale;
mod scene;
mod svg;
mod text;
mod theme;
mod time;
mod vega;

pub use chart::Chart;
pub use error::PlotError;
pub use kinds::KINDS;
pub use number::Number;
pub use time::moment;

/// A line through the points, in the order given; see [`Chart::line`].
///
/// # Errors
/// As [`Chart::line`].
pub fn line(x: &[impl Number], y: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::line(x, y)
}

/// A point per pair; see [`Chart::scatter`].
///
/// # Errors
/// As [`Chart::scatter`].
pub fn scatter(x: &[impl Number], y: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::scatter(x, y)
}

/// A bar per label; see [`Chart::bar`].
///
/// # Errors
/// As [`Chart::bar`].
pub fn bar(labels: &[impl AsRef<str>], values: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::bar(labels, values)
}

/// A lying bar per label; see [`Chart::barh`].
///
/// # Errors
/// As [`Chart::barh`].
pub fn barh(labels: &[impl AsRef<str>], values: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::barh(labels, values)
}

/// How often values occur; see [`Chart::histogram`].
///
/// # Errors
/// As [`Chart::histogram`].
pub fn histogram(values: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::histogram(values)
}

/// Quartiles and outliers of groups; see [`Chart::boxplot`].
///
/// # Errors
/// As [`Chart::boxplot`].
pub fn boxplot(labels: &[impl AsRef<str>], groups: &[Vec<f64>]) -> Result<Chart, PlotError> {
    Chart::boxplot(labels, groups)
}

/// A coloured cell per pair of labels; see [`Chart::heatmap`].
///
/// # Errors
/// As [`Chart::heatmap`].
pub fn heatmap(
    x_labels: &[impl AsRef<str>],
    y_labels: &[impl AsRef<str>],
    values: &[Vec<f64>],
) -> Result<Chart, PlotError> {
    Chart::heatmap(x_labels, y_labels, values)
}

/// A receiver operating characteristic; see [`Chart::roc`].
///
/// # Errors
/// As [`Chart::roc`].
pub fn roc(fpr: &[impl Number], tpr: &[impl Number], auc: f64) -> Result<Chart, PlotError> {
    Chart::roc(fpr, tpr, auc)
}

/// Precision against recall; see [`Chart::pr`].
///
/// # Errors
/// As [`Chart::pr`].
pub fn pr(recall: &[impl Number], precision: &[impl Number], ap: f64) -> Result<Chart, PlotError> {
    Chart::pr(recall, precision, ap)
}

/// Observed shares against predicted probabilities; see [`Chart::calibration`].
///
/// # Errors
/// As [`Chart::calibration`].
pub fn calibration(
    predicted: &[impl Number],
    observed: &[impl Number],
    counts: &[impl Number],
) -> Result<Chart, PlotError> {
    Chart::calibration(predicted, observed, counts)
}

/// Counts per actual and predicted class; see [`Chart::confusion`].
///
/// # Errors
/// As [`Chart::confusion`].
pub fn confusion<N: Number>(labels: &[impl AsRef<str>], counts: &[Vec<N>]) -> Result<Chart, PlotError> {
    Chart::confusion(labels, counts)
}

/// Scores in training and validation against steps; see [`Chart::learning_curve`].
///
/// # Errors
/// As [`Chart::learning_curve`].
pub fn learning_curve(steps: &[impl Number], train: &[Vec<f64>], valid: &[Vec<f64>]) -> Result<Chart, PlotError> {
    Chart::learning_curve(steps, train, valid)
}

/// What each feature did to each prediction; see [`Chart::beeswarm`].
///
/// # Errors
/// As [`Chart::beeswarm`].
pub fn beeswarm(features: &[impl AsRef<str>], values: &[Vec<f64>], colour: &[Vec<f64>]) -> Result<Chart, PlotError> {
    Chart::beeswarm(features, values, colour)
}

/// From a base to a prediction, feature by feature; see [`Chart::waterfall`].
///
/// # Errors
/// As [`Chart::waterfall`].
pub fn waterfall(base: f64, labels: &[impl AsRef<str>], contributions: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::waterfall(base, labels, contributions)
}

/// A line per case through an axis per variable; see [`Chart::parallel`].
///
/// # Errors
/// As [`Chart::parallel`].
pub fn parallel(axes: &[impl AsRef<str>], lines: &[Vec<f64>], values: &[f64]) -> Result<Chart, PlotError> {
    Chart::parallel(axes, lines, values)
}

/// Several charts as one figure, row by row; `columns` is kept within 1 and the number of charts.
///
/// The figure is as large as its charts (scaled down where that exceeds 4000 pixels); [`Chart::size`] sets the whole.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::TooMany`] beyond 64 charts.
pub fn grid(charts: Vec<Chart>, columns: usize) -> Result<Chart, PlotError> {
    kinds::grid(charts, columns)
}

/// Registers the embedded font with plotters as `sans-serif`, so that drawings made with plotters itself have text.
pub fn register() {
    font::register_with_plotters();
}
