//! Several charts as one figure.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, at_most};
use crate::figure::Figure;
use crate::look::Look;
use serde::{Deserialize, Serialize};

/// Charts side by side and below each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grid {
    charts: Vec<Chart>,
    columns: usize,
}

/// Charts at most.
const CHARTS: usize = 64;

/// Several charts as one figure, row by row; `columns` is kept within 1 and the number of charts.
///
/// The figure is as large as its charts (scaled down where that exceeds 4000 pixels); `.size` sets the whole.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::TooMany`] beyond 64 charts.
pub(crate) fn grid(charts: Vec<Chart>, columns: usize) -> Result<Chart, PlotError> {
    if charts.is_empty() {
        return Err(PlotError::Empty { what: "charts" });
    }
    at_most("charts", charts.len(), CHARTS)?;
    let columns = columns.clamp(1, charts.len());
    let wide = charts.iter().map(Chart::width).max().unwrap_or(0) * columns as u32;
    let high: u32 = charts.chunks(columns).map(|row| row.iter().map(Chart::height).max().unwrap_or(0)).sum();
    Ok(Chart::of(Kind::Grid(Grid { charts, columns })).size(wide, high))
}

impl Drawing for Grid {
    fn figure(&self, _look: &Look) -> Option<Figure> {
        None
    }

    fn parts(&self) -> Option<(&[Chart], usize)> {
        Some((&self.charts, self.columns))
    }

    fn method(&self) -> &'static str {
        "all charts at once: grid(charts, columns)"
    }

    fn size(&self) -> usize {
        self.charts.iter().map(|c| c.kind.drawing().size()).sum()
    }
}
