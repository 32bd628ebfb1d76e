//! Calibration curves: whether predicted probabilities are the shares that were observed.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, counts as check_counts, rates, same_length};
use crate::figure::{Bar, Figure, Fill, Key, Layer, Place, Side};
use crate::look::Look;
use crate::number::{Number, floats};
use crate::theme::AXIS;
use serde::{Deserialize, Serialize};

/// Curves of observed shares over predicted probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    curves: Vec<Curve>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Curve {
    name: Option<String>,
    /// Mean prediction, observed share and number of rows of each bin, in the order of the predictions.
    bins: Vec<(f64, f64, f64)>,
}

impl Chart {
    /// Observed shares against mean predicted probabilities, bin by bin, with the diagonal of perfect calibration; small
    /// bars at the bottom show how many predictions each bin has, the largest a sixth of the height.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::Rate`] for a share outside of 0 to 1,
    /// [`PlotError::Count`].
    pub fn calibration(
        predicted: &[impl Number],
        observed: &[impl Number],
        counts: &[impl Number],
    ) -> Result<Self, PlotError> {
        let curves = vec![curve(None, floats(predicted), floats(observed), floats(counts))?];
        let chart = Chart::of(Kind::Calibration(Calibration { curves })).size(480, 480).title("Calibration");
        Ok(chart.x_label("mean predicted probability").y_label("observed share"))
    }

    /// Adds the curve of another model to a calibration chart.
    ///
    /// # Errors
    /// As [`Chart::calibration`]; [`PlotError::Mixed`] for other kinds of charts.
    pub fn calibrated(
        mut self,
        name: impl Into<String>,
        predicted: &[impl Number],
        observed: &[impl Number],
        counts: &[impl Number],
    ) -> Result<Self, PlotError> {
        let Kind::Calibration(chart) = &mut self.kind else { return Err(self.mixed()) };
        chart.curves.push(curve(Some(name.into()), floats(predicted), floats(observed), floats(counts))?);
        Ok(self)
    }
}

fn curve(name: Option<String>, x: Vec<f64>, y: Vec<f64>, n: Vec<f64>) -> Result<Curve, PlotError> {
    same_length(("predicted", x.len()), ("observed", y.len()))?;
    same_length(("predicted", x.len()), ("counts", n.len()))?;
    check_counts("counts", &n)?;
    let mut bins: Vec<(f64, f64, f64)> = x.into_iter().zip(y).zip(n).map(|((x, y), n)| (x, y, n)).collect();
    // A bin without rows has no mean.
    bins.retain(|bin| bin.2 > 0.0 || (bin.0.is_finite() && bin.1.is_finite()));
    if bins.is_empty() {
        return Err(PlotError::NothingFinite);
    }
    rates("predicted", &bins.iter().map(|b| b.0).collect::<Vec<_>>())?;
    rates("observed", &bins.iter().map(|b| b.1).collect::<Vec<_>>())?;
    bins.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Curve { name, bins })
}

impl Curve {
    /// Bars of the counts, each reaching at most halfway to its neighbours.
    fn bars(&self, largest: f64) -> Vec<Bar> {
        let at = |i: usize| self.bins[i].0;
        let bar = |(i, &(x, _, n)): (usize, &(f64, f64, f64))| {
            let before = if i > 0 { x - at(i - 1) } else { 0.1 };
            let after = if i + 1 < self.bins.len() { at(i + 1) - x } else { 0.1 };
            let half = before.min(after).min(0.08) * 0.45;
            let x = ((x - half).max(0.0), (x + half).min(1.0));
            Bar { x, y: (0.0, n / largest / 6.0), label: "predictions".to_owned(), value: n }
        };
        self.bins.iter().enumerate().map(bar).collect()
    }
}

impl Drawing for Calibration {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let side = |label| Side::rates().label(label);
        let mut figure = Figure::new(side(look.x_label.as_ref()), side(look.y_label.as_ref()));
        figure.place = Place::UpperLeft;
        figure.entries(self.curves.iter().map(|c| c.name.clone()), Key::Line);
        let largest = self.curves.iter().flat_map(|c| &c.bins).map(|b| b.2).fold(0.0, f64::max);
        for (i, curve) in self.curves.iter().enumerate().filter(|_| largest > 0.0) {
            figure.layers.push(Layer::Bars { bars: curve.bars(largest), fill: Fill::Series(i), alpha: 0.25, gap: 0.0 });
        }
        let (runs, fill) = (vec![vec![(0.0, 0.0), (1.0, 1.0)]], Fill::Plain(AXIS));
        figure.layers.push(Layer::Line { runs, fill, width: 1.2, dash: Some(5.0), dots: false });
        for (i, curve) in self.curves.iter().enumerate() {
            let (runs, fill) = (vec![curve.bins.iter().map(|b| (b.0, b.1)).collect()], Fill::Series(i));
            figure.layers.push(Layer::Line { runs, fill, width: 2.0, dash: None, dots: curve.bins.len() <= 50 });
        }
        Some(figure)
    }

    fn method(&self) -> &'static str {
        ".calibrated(name, &predicted, &observed, &counts)"
    }

    fn set_name(&mut self, name: String) {
        if let Some(curve) = self.curves.last_mut() {
            curve.name = Some(name);
        }
    }

    fn size(&self) -> usize {
        self.curves.iter().map(|c| c.bins.len()).sum()
    }
}
