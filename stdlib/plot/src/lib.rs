//! Charts that show themselves: Vega-Lite for the notebook, PNG and SVG for documents, braille for the terminal.
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
mod font;
mod layout;
mod number;
mod png;
mod sample;
mod scale;
mod scene;
mod svg;
mod text;
mod theme;
mod vega;

pub use chart::{Chart, Mark, Series};
pub use error::PlotError;
pub use number::Number;

/// A line through the points, in the order given; see [`Chart::line`].
///
/// # Errors
/// As [`Chart::line`].
pub fn line(x: &[impl Number], y: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::line(x, y)
}

/// A bar per label; see [`Chart::bar`].
///
/// # Errors
/// As [`Chart::bar`].
pub fn bar(labels: &[impl AsRef<str>], values: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::bar(labels, values)
}

/// A point per pair; see [`Chart::scatter`].
///
/// # Errors
/// As [`Chart::scatter`].
pub fn scatter(x: &[impl Number], y: &[impl Number]) -> Result<Chart, PlotError> {
    Chart::scatter(x, y)
}

/// A receiver operating characteristic; see [`Chart::roc`].
///
/// # Errors
/// As [`Chart::roc`].
pub fn roc(fpr: &[impl Number], tpr: &[impl Number], auc: f64) -> Result<Chart, PlotError> {
    Chart::roc(fpr, tpr, auc)
}

/// Registers the embedded font with plotters as `sans-serif`, so that drawings made with plotters itself have text.
pub fn register() {
    font::register_with_plotters();
}
