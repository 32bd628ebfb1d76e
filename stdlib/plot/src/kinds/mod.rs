//! The kinds of charts: a file each, and a line in the registry below.

use crate::chart::Chart;
use crate::figure::Figure;
use crate::look::Look;
use serde::{Deserialize, Serialize};

/// What a kind of chart tells the outputs.
pub(crate) trait Drawing {
    /// The drawing; none for figures of several charts.
    fn figure(&self, look: &Look) -> Option<Figure>;

    /// Lines of text in place of the drawing in dots, where characters say it better.
    fn text(&self, _look: &Look, _columns: usize, _rows: usize) -> Option<Vec<String>> {
        None
    }

    /// The charts of a figure of several, and how many stand side by side.
    fn parts(&self) -> Option<(&[Chart], usize)> {
        None
    }

    /// The method that adds to such a chart, for messages.
    fn method(&self) -> &'static str;

    /// Names the latest series.
    fn set_name(&mut self, _name: String) {}

    /// Whether the horizontal and the vertical axis can have another scale.
    fn scales(&self) -> (bool, bool) {
        (false, false)
    }

    /// Whether reference lines may be drawn across it.
    fn takes_references(&self) -> bool {
        true
    }

    /// How many values it holds.
    fn size(&self) -> usize;
}

// A macro, so that a kind is registered in one line: the variant, its name in messages, and its way to the trait.
macro_rules! registry {
    ($($module:ident :: $kind:ident => $name:literal),+ $(,)?) => {
        /// A chart of some kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Kind { $($kind($module::$kind)),+ }

        impl Kind {
            pub fn drawing(&self) -> &dyn Drawing {
                match self { $(Kind::$kind(kind) => kind),+ }
            }

            pub fn drawing_mut(&mut self) -> &mut dyn Drawing {
                match self { $(Kind::$kind(kind) => kind),+ }
            }

            /// Its name in messages, after "a" and before "chart".
            pub fn name(&self) -> &'static str {
                match self { $(Kind::$kind(_) => $name),+ }
            }
        }

        /// Names of all kinds.
        #[doc(hidden)]
        pub const KINDS: &[&str] = &[$($name),+];
    };
}

mod bars;
mod beeswarm;
mod boxes;
mod calibration;
mod confusion;
mod curves;
mod grid;
mod heatmap;
mod histogram;
mod parallel;
mod rates;
mod waterfall;

registry! {
    curves::Curves => "line or scatter",
    bars::Bars => "bar",
    rates::Rates => "ROC or precision-recall",
    histogram::Histogram => "histogram",
    boxes::Boxes => "box",
    heatmap::Heatmap => "heatmap",
    confusion::Confusion => "confusion",
    calibration::Calibration => "calibration",
    beeswarm::Beeswarm => "beeswarm",
    waterfall::Waterfall => "waterfall",
    parallel::Parallel => "parallel coordinates",
    grid::Grid => "grid",
}

pub(crate) use grid::grid;
