//! Why a chart cannot be made, in words: first what was wrong, then what to do.

use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// Nothing to draw.
    #[error("there is nothing to plot: {what} is empty\ncheck the filter or query that made it")]
    Empty {
        /// Which input.
        what: &'static str,
    },
    /// Inputs of different lengths.
    #[error("{first} has {first_len} values and {second} has {second_len}\ngive both one length")]
    Lengths {
        /// One input.
        first: &'static str,
        /// Its length.
        first_len: usize,
        /// The other input.
        second: &'static str,
        /// Its length.
        second_len: usize,
    },
    /// No point has two finite coordinates.
    #[error(
        "there is nothing to plot: no value is finite (all are NaN or infinite)\ncheck for missing values in the columns plotted"
    )]
    NothingFinite,
    /// A rate of a ROC curve outside of 0 to 1.
    #[error(
        "{what} holds {value}, which is not between 0 and 1\na ROC curve is drawn from rates: roc(&false_positive_rates, &true_positive_rates, auc)"
    )]
    Rate {
        /// Which input.
        what: &'static str,
        /// The first value that is wrong.
        value: f64,
    },
    /// A kind of series that the chart cannot take.
    #[error("a {chart} chart takes no such series\nadd to it with {method}")]
    Mixed {
        /// Kind of the chart.
        chart: &'static str,
        /// The method that adds to it.
        method: &'static str,
    },
    /// A file name that says no format.
    #[error("\"{}\" does not end in .png, .svg or .json\nname the file after the format that it should have", path.display())]
    Extension {
        /// The path as given.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("cannot write \"{}\"\ncheck that its directory exists, may be written and has space left", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The picture could not be encoded.
    #[error("the picture could not be encoded as PNG\nsave it as .svg instead")]
    Encode {
        /// What the encoder said.
        #[from]
        source: png::EncodingError,
    },
}
