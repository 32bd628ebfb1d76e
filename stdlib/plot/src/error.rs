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
    /// A rate outside of 0 to 1.
    #[error(
        "{what} holds {value}, which is not between 0 and 1\nthis chart is drawn from rates and areas, not from counts or percentages"
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
    /// Something that a kind of chart does not have.
    #[error("a {chart} chart has no {what}\nit takes {method}; for other axes make another kind of chart")]
    Unfit {
        /// Kind of the chart.
        chart: &'static str,
        /// What was asked for.
        what: &'static str,
        /// The method that adds to such a chart.
        method: &'static str,
    },
    /// A reference line that cannot be drawn.
    #[error("there is no line at {value} on this axis\ngive a finite number (above zero on a logarithmic axis)")]
    Reference {
        /// Where it was to be.
        value: f64,
    },
    /// No value for a logarithmic axis.
    #[error(
        "a logarithmic axis shows positive values, and there are none\nplot on a linear axis, or plot the negated values"
    )]
    Log,
    /// Values of a time axis that are no dates.
    #[error(
        "{value} seconds since 1970 lie beyond the years 1 to 9999\na time axis takes seconds: divide milliseconds by 1e3, nanoseconds by 1e9"
    )]
    Time {
        /// The first value that is wrong.
        value: f64,
    },
    /// A row of a table of another length than the others.
    #[error("row {row} of {what} has {found} values instead of {expected}\ngive a value per column in each row")]
    Row {
        /// Which input.
        what: &'static str,
        /// Which row, from 0.
        row: usize,
        /// Its length.
        found: usize,
        /// The length of the others.
        expected: usize,
    },
    /// More than can be told apart.
    #[error("{what} has {found} entries, and a chart shows {most} at most\nplot the most important ones")]
    TooMany {
        /// Which input.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are shown at most.
        most: usize,
    },
    /// A value that cannot be a count.
    #[error("{what} holds {value}, which counts nothing\ngive counts: zero or more")]
    Count {
        /// Which input.
        what: &'static str,
        /// The first value that is wrong.
        value: f64,
    },
    /// A value that has to be finite.
    #[error("{what} holds {value} for \"{label}\"\ngive finite numbers: the bars add up to the prediction")]
    NotFinite {
        /// Which input.
        what: &'static str,
        /// The first value that is wrong.
        value: f64,
        /// What it belongs to.
        label: String,
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

/// Refuses inputs that are empty or differ in length.
pub(crate) fn same_length(first: (&'static str, usize), second: (&'static str, usize)) -> Result<(), PlotError> {
    if first.1 == 0 && second.1 == 0 {
        return Err(PlotError::Empty { what: first.0 });
    }
    if first.1 != second.1 {
        return Err(PlotError::Lengths { first: first.0, first_len: first.1, second: second.0, second_len: second.1 });
    }
    Ok(())
}

/// Refuses values that are not between 0 and 1.
pub(crate) fn rates(what: &'static str, values: &[f64]) -> Result<(), PlotError> {
    match values.iter().find(|v| !(0.0..=1.0).contains(*v)) {
        Some(&value) => Err(PlotError::Rate { what, value }),
        None => Ok(()),
    }
}

/// Refuses values that are no counts.
pub(crate) fn counts(what: &'static str, values: &[f64]) -> Result<(), PlotError> {
    match values.iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
        Some(&value) => Err(PlotError::Count { what, value }),
        None => Ok(()),
    }
}

/// Refuses more entries than a chart shows.
pub(crate) fn at_most(what: &'static str, found: usize, most: usize) -> Result<(), PlotError> {
    if found > most { Err(PlotError::TooMany { what, found, most }) } else { Ok(()) }
}
