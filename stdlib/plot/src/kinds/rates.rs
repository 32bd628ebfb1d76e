//! ROC and precision-recall curves.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, rates, same_length};
use crate::figure::{Figure, Fill, Key, Layer, Place, Side};
use crate::look::Look;
use crate::number::{Number, floats};
use crate::sample;
use crate::theme::AXIS;
use serde::{Deserialize, Serialize};

/// Curves between rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rates {
    /// Precision against recall instead of true against false positive rates.
    pr: bool,
    curves: Vec<Curve>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Curve {
    name: Option<String>,
    x: Vec<f64>,
    y: Vec<f64>,
    /// Area under the curve, or average precision.
    area: f64,
}

impl Chart {
    /// A receiver operating characteristic with the diagonal of chance; the legend gives the area under the curve.
    ///
    /// `fpr` and `tpr` are false and true positive rates, threshold by threshold.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`]; [`PlotError::Rate`] for a rate or area outside of 0 to 1.
    pub fn roc(fpr: &[impl Number], tpr: &[impl Number], auc: f64) -> Result<Self, PlotError> {
        let chart = square(Rates { pr: false, curves: vec![curve(false, None, floats(fpr), floats(tpr), auc)?] });
        Ok(chart.title("ROC curve").x_label("false positive rate").y_label("true positive rate"))
    }

    /// Precision against recall, in steps (between two thresholds precision does not change along a straight line);
    /// the legend gives the average precision. Add `.hline(share, "share of positives")` for what chance reaches.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`]; [`PlotError::Rate`] for a rate or average outside of 0 to 1.
    pub fn pr(recall: &[impl Number], precision: &[impl Number], ap: f64) -> Result<Self, PlotError> {
        let curves = vec![curve(true, None, floats(recall), floats(precision), ap)?];
        Ok(square(Rates { pr: true, curves }).title("Precision and recall").x_label("recall").y_label("precision"))
    }

    /// Adds a curve to a ROC or precision-recall chart.
    ///
    /// # Errors
    /// As [`Chart::roc`]; [`PlotError::Mixed`] for other kinds of charts.
    pub fn curve(
        mut self,
        name: impl Into<String>,
        x: &[impl Number],
        y: &[impl Number],
        area: f64,
    ) -> Result<Self, PlotError> {
        let Kind::Rates(chart) = &mut self.kind else { return Err(self.mixed()) };
        chart.curves.push(curve(chart.pr, Some(name.into()), floats(x), floats(y), area)?);
        Ok(self)
    }
}

fn square(rates: Rates) -> Chart {
    Chart::of(Kind::Rates(rates)).size(480, 480)
}

fn curve(pr: bool, name: Option<String>, x: Vec<f64>, y: Vec<f64>, area: f64) -> Result<Curve, PlotError> {
    let (first, second, third) = if pr { ("recall", "precision", "ap") } else { ("fpr", "tpr", "auc") };
    same_length((first, x.len()), (second, y.len()))?;
    rates(first, &x)?;
    rates(second, &y)?;
    rates(third, &[area])?;
    Ok(Curve { name, x, y, area })
}

impl Rates {
    fn entry(&self, curve: &Curve) -> String {
        let area = format!("{} {:.3}", if self.pr { "AP" } else { "AUC" }, curve.area);
        curve.name.as_ref().map_or(area.clone(), |name| format!("{name} ({area})"))
    }

    fn line(&self, curve: &Curve) -> Vec<(f64, f64)> {
        let points = curve.x.iter().copied().zip(curve.y.iter().copied());
        let run =
            sample::runs(points, sample::share(sample::LINE, self.curves.len()), |_, _| true).pop().unwrap_or_default();
        if self.pr { steps(&run) } else { run }
    }
}

/// A corner between any two points: precision holds from the smaller recall to the larger.
fn steps(run: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = run.first().copied().into_iter().collect();
    for pair in run.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        if a.0 != b.0 && a.1 != b.1 {
            out.push(if b.0 < a.0 { (b.0, a.1) } else { (a.0, b.1) });
        }
        out.push(b);
    }
    out
}

impl Drawing for Rates {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let side = |label| Side::rates().label(label);
        let mut figure = Figure::new(side(look.x_label.as_ref()), side(look.y_label.as_ref()));
        figure.place = if self.pr { Place::LowerLeft } else { Place::LowerRight };
        figure.entries(self.curves.iter().map(|c| Some(self.entry(c))), Key::Line);
        if !self.pr {
            let runs = vec![vec![(0.0, 0.0), (1.0, 1.0)]];
            let (fill, dash) = (Fill::Plain(AXIS), Some(5.0));
            figure.layers.push(Layer::Line { runs, fill, width: 1.2, dash, dots: false });
        }
        for (i, curve) in self.curves.iter().enumerate() {
            let (runs, fill) = (vec![self.line(curve)], Fill::Series(i));
            figure.layers.push(Layer::Line { runs, fill, width: 2.0, dash: None, dots: false });
        }
        Some(figure)
    }

    fn method(&self) -> &'static str {
        if self.pr { ".curve(name, &recall, &precision, ap)" } else { ".curve(name, &fpr, &tpr, auc)" }
    }

    fn set_name(&mut self, name: String) {
        if let Some(curve) = self.curves.last_mut() {
            curve.name = Some(name);
        }
    }

    fn size(&self) -> usize {
        self.curves.iter().map(|c| c.x.len()).sum()
    }
}
