//! The chart: what to draw, as plain data.

use crate::error::PlotError;
use crate::number::{Number, floats};
use crate::{layout, png, svg, text, vega};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use std::path::Path;

/// How the values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Lines through the points.
    Line,
    /// A bar per label and series.
    Bar,
    /// A dot per point.
    Scatter,
    /// ROC curves, with the diagonal.
    Roc,
}

/// The values of one line, one set of bars, one cloud of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name in the legend; without one it has no entry.
    pub name: Option<String>,
    /// Horizontal positions; empty for bars.
    #[serde(serialize_with = "write_floats", deserialize_with = "read_floats")]
    pub x: Vec<f64>,
    /// Vertical positions or heights.
    #[serde(serialize_with = "write_floats", deserialize_with = "read_floats")]
    pub y: Vec<f64>,
    /// Area under a ROC curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
}

/// A chart as data. It shows itself as the value of a cell, and can be saved.
///
/// | part | default |
/// |---|---|
/// | title, axis labels | none; ROC curves label their axes and are titled |
/// | size | 640 x 400 pixels; ROC curves 480 x 480 |
/// | colours | Okabe and Ito's (2008), told apart by colour-blind readers too |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// How the values are drawn.
    pub mark: Mark,
    /// Heading.
    pub title: Option<String>,
    /// Name of the horizontal axis, with its unit.
    pub x_label: Option<String>,
    /// Name of the vertical axis, with its unit.
    pub y_label: Option<String>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Labels of the bars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// What is drawn.
    pub series: Vec<Series>,
}

/// Smallest and largest width and height: below, titles and labels leave no room for the data.
const SIZES: std::ops::RangeInclusive<u32> = 200..=4000;

impl Chart {
    /// A line through the points, in the order given; NaN makes a gap.
    ///
    /// Long lines are thinned to 2,000 points that keep their shape (LTTB, Steinarsson 2013).
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn line(x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        Ok(Self::of(Mark::Line, points(floats(x), floats(y))?))
    }

    /// A dot per point; points with NaN are left out.
    ///
    /// Of more than 4,000 points per series every k-th is drawn, and the chart says so.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn scatter(x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        Ok(Self::of(Mark::Scatter, points(floats(x), floats(y))?))
    }

    /// A bar per label, from zero; bars lie when their labels are too long to stand side by side.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn bar(labels: &[impl AsRef<str>], values: &[impl Number]) -> Result<Self, PlotError> {
        let labels: Vec<String> = labels.iter().map(|l| l.as_ref().to_owned()).collect();
        let series = heights(labels.len(), floats(values))?;
        Ok(Chart { labels, ..Self::of(Mark::Bar, series) })
    }

    /// A receiver operating characteristic with the diagonal of chance; the legend gives the area under the curve.
    ///
    /// `fpr` and `tpr` are false and true positive rates, threshold by threshold.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`]; [`PlotError::Rate`] for a rate or area outside of 0 to 1.
    pub fn roc(fpr: &[impl Number], tpr: &[impl Number], auc: f64) -> Result<Self, PlotError> {
        let series = rates(floats(fpr), floats(tpr), auc)?;
        Ok(Chart { width: 480, height: 480, ..Self::of(Mark::Roc, series) }
            .title("ROC curve")
            .x_label("false positive rate")
            .y_label("true positive rate"))
    }

    fn of(mark: Mark, series: Series) -> Self {
        let (title, x_label, y_label) = (None, None, None);
        Chart { mark, title, x_label, y_label, width: 640, height: 400, labels: Vec::new(), series: vec![series] }
    }

    /// Names the latest series, for the legend.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        if let Some(series) = self.series.last_mut() {
            series.name = Some(name.into());
        }
        self
    }

    /// Adds a line or a cloud of points.
    ///
    /// # Errors
    /// As [`Chart::line`]; [`PlotError::Mixed`] for bars and ROC curves.
    pub fn series(self, name: impl Into<String>, x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        match self.mark {
            Mark::Line | Mark::Scatter => Ok(self.push(name.into(), points(floats(x), floats(y))?)),
            Mark::Bar | Mark::Roc => Err(self.mixed()),
        }
    }

    /// Adds a bar per label, beside the others.
    ///
    /// # Errors
    /// As [`Chart::bar`]; [`PlotError::Mixed`] unless this is a bar chart.
    pub fn bars(self, name: impl Into<String>, values: &[impl Number]) -> Result<Self, PlotError> {
        match self.mark {
            Mark::Bar => {
                let series = heights(self.labels.len(), floats(values))?;
                Ok(self.push(name.into(), series))
            }
            _ => Err(self.mixed()),
        }
    }

    /// Adds a ROC curve.
    ///
    /// # Errors
    /// As [`Chart::roc`]; [`PlotError::Mixed`] unless this is a ROC chart.
    pub fn curve(
        self,
        name: impl Into<String>,
        fpr: &[impl Number],
        tpr: &[impl Number],
        auc: f64,
    ) -> Result<Self, PlotError> {
        match self.mark {
            Mark::Roc => Ok(self.push(name.into(), rates(floats(fpr), floats(tpr), auc)?)),
            _ => Err(self.mixed()),
        }
    }

    fn push(mut self, name: String, series: Series) -> Self {
        self.series.push(Series { name: Some(name), ..series });
        self
    }

    fn mixed(&self) -> PlotError {
        let (chart, method) = match self.mark {
            Mark::Line => ("line", ".series(name, &x, &y)"),
            Mark::Scatter => ("scatter", ".series(name, &x, &y)"),
            Mark::Bar => ("bar", ".bars(name, &values)"),
            Mark::Roc => ("ROC", ".curve(name, &fpr, &tpr, auc)"),
        };
        PlotError::Mixed { chart, method }
    }

    /// Sets the heading.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Names the horizontal axis.
    #[must_use]
    pub fn x_label(mut self, label: impl Into<String>) -> Self {
        self.x_label = Some(label.into());
        self
    }

    /// Names the vertical axis.
    #[must_use]
    pub fn y_label(mut self, label: impl Into<String>) -> Self {
        self.y_label = Some(label.into());
        self
    }

    /// Sets width and height in pixels, each kept within 200 to 4000.
    #[must_use]
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.width = width.clamp(*SIZES.start(), *SIZES.end());
        self.height = height.clamp(*SIZES.start(), *SIZES.end());
        self
    }

    /// The chart as an SVG document.
    ///
    /// # Errors
    /// [`PlotError::Empty`] if the series were removed.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        Ok(svg::write(&layout::scene(self)?))
    }

    /// The chart as a PNG of twice its size, for dense screens.
    ///
    /// # Errors
    /// [`PlotError::Empty`] if the series were removed; [`PlotError::Encode`].
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

/// Vega-Lite, PNG (which documents made from notebooks can hold in every format) and text of 72 x 18.
impl Display for Chart {
    fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::text(self.to_text(72, 18)).with("application/vnd.vegalite.v5+json", self.to_vega());
        if let Ok(png) = self.to_png() {
            bundle = bundle.png(&png);
            bundle.metadata.insert("image/png".to_owned(), json!({ "width": self.width, "height": self.height }));
        }
        bundle
    }
}

impl Inspect for Chart {
    fn shape(&self) -> Option<String> {
        let points: usize = self.series.iter().map(|s| s.y.len()).sum();
        Some(format!("{points} points"))
    }

    fn heap_bytes(&self) -> u64 {
        self.series.iter().map(|s| ((s.x.len() + s.y.len()) * size_of::<f64>()) as u64).sum()
    }
}

fn points(x: Vec<f64>, y: Vec<f64>) -> Result<Series, PlotError> {
    if x.is_empty() && y.is_empty() {
        return Err(PlotError::Empty { what: "x" });
    }
    if x.len() != y.len() {
        return Err(PlotError::Lengths { first: "x", first_len: x.len(), second: "y", second_len: y.len() });
    }
    if !x.iter().zip(&y).any(|(x, y)| x.is_finite() && y.is_finite()) {
        return Err(PlotError::NothingFinite);
    }
    Ok(Series { name: None, x, y, auc: None })
}

fn heights(labels: usize, y: Vec<f64>) -> Result<Series, PlotError> {
    if labels == 0 && y.is_empty() {
        return Err(PlotError::Empty { what: "labels" });
    }
    if labels != y.len() {
        return Err(PlotError::Lengths { first: "labels", first_len: labels, second: "values", second_len: y.len() });
    }
    if !y.iter().any(|y| y.is_finite()) {
        return Err(PlotError::NothingFinite);
    }
    Ok(Series { name: None, x: Vec::new(), y, auc: None })
}

fn rates(x: Vec<f64>, y: Vec<f64>, auc: f64) -> Result<Series, PlotError> {
    if x.is_empty() && y.is_empty() {
        return Err(PlotError::Empty { what: "fpr" });
    }
    if x.len() != y.len() {
        return Err(PlotError::Lengths { first: "fpr", first_len: x.len(), second: "tpr", second_len: y.len() });
    }
    for (what, values) in [("fpr", x.as_slice()), ("tpr", y.as_slice()), ("auc", &[auc])] {
        if let Some(&value) = values.iter().find(|v| !(0.0..=1.0).contains(*v)) {
            return Err(PlotError::Rate { what, value });
        }
    }
    Ok(Series { name: None, x, y, auc: Some(auc) })
}

/// JSON has no NaN: what is not finite is written as null.
fn write_floats<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|v| v.is_finite().then_some(v)))
}

fn read_floats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}
