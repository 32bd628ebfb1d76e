//! A chart as plain data, and what every kind of chart can do.

use crate::error::PlotError;
use crate::kinds::Kind;
use crate::look::{Look, Reference};
use crate::scale::Scale;
use crate::{layout, png, svg, text, vega};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;

/// A chart as data. It shows itself as the value of a cell, and can be saved.
///
/// | part | default |
/// |---|---|
/// | title, axis labels | none; charts of one meaning (ROC, calibration, SHAP) label their axes themselves |
/// | size | 640 x 400 pixels; squares and tables of cells have their own |
/// | colours | Okabe and Ito's (2008); ramps that change in lightness: told apart by colour-blind readers too |
/// | page | Vega-Lite takes the colours of the reader's theme; SVG and PNG are white cards, on light and dark pages alike |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    pub(crate) kind: Kind,
    pub(crate) look: Look,
}

/// Smallest and largest width and height: below, titles and labels leave no room for the data.
const SIZES: std::ops::RangeInclusive<u32> = 200..=4000;

impl Chart {
    pub(crate) fn of(kind: Kind) -> Self {
        Chart { kind, look: Look::default() }
    }

    /// Names the latest series, for the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.kind.drawing_mut().set_name(name.into());
        self
    }

    /// Sets the heading.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.look.title = Some(title.into());
        self
    }

    /// Names the horizontal axis (of bars: that of the labels).
    #[must_use]
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.look.x_label = Some(label.into());
        self
    }

    /// Names the vertical axis (of bars: that of the values).
    #[must_use]
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.look.y_label = Some(label.into());
        self
    }

    /// Sets width and height in pixels, each kept within 200 to 4000.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.look.width = width.clamp(*SIZES.start(), *SIZES.end());
        self.look.height = height.clamp(*SIZES.start(), *SIZES.end());
        self
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.look.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.look.height
    }

    /// A dashed horizontal line at `y`, with its name.
    ///
    /// # Errors
    /// [`PlotError::Unfit`] where the vertical axis has no numbers; [`PlotError::Reference`] where `y` cannot lie on it.
    pub fn hline(self, y: f64, name: impl Into<String>) -> Result<Self, PlotError> {
        self.reference(Reference { at: y, upright: false, name: name.into() })
    }

    /// A dashed vertical line at `x`, with its name.
    ///
    /// # Errors
    /// [`PlotError::Unfit`] where the horizontal axis has no numbers; [`PlotError::Reference`] where `x` cannot lie on it.
    pub fn vline(self, x: f64, name: impl Into<String>) -> Result<Self, PlotError> {
        self.reference(Reference { at: x, upright: true, name: name.into() })
    }

    fn reference(mut self, line: Reference) -> Result<Self, PlotError> {
        let figure = self.kind.drawing().figure(&self.look).filter(|_| self.kind.drawing().takes_references());
        let side = figure.map(|f| if line.upright { f.x } else { f.y }).filter(|side| !side.is_bands());
        let Some(side) = side else {
            let what = if line.upright { "horizontal axis of numbers" } else { "vertical axis of numbers" };
            return Err(PlotError::Unfit { chart: self.kind.name(), what, method: self.kind.drawing().method() });
        };
        if !line.at.is_finite() || (side.scale == Scale::Log && line.at <= 0.0) {
            return Err(PlotError::Reference { value: line.at });
        }
        self.look.references.push(line);
        Ok(self)
    }

    /// Makes the horizontal axis logarithmic; values of zero and below are left out, and the chart says so.
    ///
    /// # Errors
    /// [`PlotError::Unfit`] unless this is a line or scatter chart; [`PlotError::Log`] where no value is positive.
    pub fn log_x(mut self) -> Result<Self, PlotError> {
        self.look.log_x = true;
        self.scaled("logarithmic horizontal axis", |scales| scales.0)
    }

    /// Makes the vertical axis logarithmic; values of zero and below are left out, and the chart says so.
    ///
    /// # Errors
    /// [`PlotError::Unfit`] unless this is a line, scatter or histogram chart; [`PlotError::Log`] where no value is
    /// positive.
    pub fn log_y(mut self) -> Result<Self, PlotError> {
        self.look.log_y = true;
        self.scaled("logarithmic vertical axis", |scales| scales.1)
    }

    /// Reads the horizontal values as seconds since 1970 (UTC) and writes dates and times at the ticks.
    ///
    /// # Errors
    /// [`PlotError::Unfit`] unless this is a line or scatter chart; [`PlotError::Time`] for values beyond the year 9999,
    /// which are no seconds.
    pub fn time_x(mut self) -> Result<Self, PlotError> {
        self.look.time_x = true;
        let chart = self.scaled("time axis", |scales| scales.0)?;
        let Some(side) = chart.kind.drawing().figure(&chart.look).map(|f| f.x) else { return Ok(chart) };
        match [side.lo, side.hi].into_iter().find(|v| !crate::time::shows(*v, *v)) {
            Some(value) => Err(PlotError::Time { value }),
            None => Ok(chart),
        }
    }

    fn scaled(self, what: &'static str, fits: fn((bool, bool)) -> bool) -> Result<Self, PlotError> {
        if !fits(self.kind.drawing().scales()) {
            return Err(PlotError::Unfit { chart: self.kind.name(), what, method: self.kind.drawing().method() });
        }
        let figure = self.kind.drawing().figure(&self.look);
        match figure.is_some_and(|f| f.x.lo > f.x.hi || f.y.lo > f.y.hi) {
            true => Err(PlotError::Log),
            false => Ok(self),
        }
    }

    pub(crate) fn mixed(&self) -> PlotError {
        PlotError::Mixed { chart: self.kind.name(), method: self.kind.drawing().method() }
    }

    /// The chart as an SVG document.
    ///
    /// # Errors
    /// [`PlotError::Empty`] if the chart was read from a file that holds no values.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        Ok(svg::write(&layout::scene(self)?))
    }

    /// The chart as a PNG of twice its size, for dense screens.
    ///
    /// # Errors
    /// As [`Chart::to_svg`]; [`PlotError::Encode`].
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        png::write(&layout::scene(self)?)
    }

    /// The chart as a Vega-Lite version 5 specification.
    pub fn to_vega(&self) -> serde_json::Value {
        vega::spec(self)
    }

    /// The chart in characters, `columns` x `rows` at most, without colours.
    pub fn to_text(&self, columns: usize, rows: usize) -> String {
        text::draw(self, columns, rows)
    }

    /// Writes the chart to a file: `.png`, `.svg`, or `.json` (Vega-Lite).
    ///
    /// # Errors
    /// [`PlotError::Extension`], [`PlotError::Write`], and those of the format.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let bytes = match extension.as_str() {
            "png" => self.to_png()?,
            "svg" => self.to_svg()?.into_bytes(),
            "json" => format!("{:#}\n", self.to_vega()).into_bytes(),
            _ => return Err(PlotError::Extension { path: path.to_owned() }),
        };
        std::fs::write(path, bytes).map_err(|source| PlotError::Write { path: path.to_owned(), source })
    }
}

/// Vega-Lite for notebooks, PNG for what is made from them, and text of 72 x 18.
///
/// No SVG: nbconvert's way to PDF turns each one into PDF with Inkscape, and fails where that is not installed, though
/// there is a PNG as well.
impl Display for Chart {
    fn bundle(&self) -> Bundle {
        let mut bundle = self.passing(self.to_text(72, 18));
        if let Ok(png) = self.to_png() {
            bundle = bundle.png(&png);
            bundle.metadata.insert("image/png".to_owned(), json!({ "width": self.width(), "height": self.height() }));
        }
        bundle
    }
}

impl Chart {
    /// The chart as one of many states of a live display, without the PNG, which takes longest to make; terminals show
    /// the text, which is to be a line.
    pub fn passing(&self, text: impl Into<String>) -> Bundle {
        Bundle::text(text).with("application/vnd.vegalite.v5+json", self.to_vega())
    }
}

impl Inspect for Chart {
    fn shape(&self) -> Option<String> {
        Some(format!("{} points", self.kind.drawing().size()))
    }

    fn heap_bytes(&self) -> u64 {
        (self.kind.drawing().size() * 2 * size_of::<f64>()) as u64
    }
}
