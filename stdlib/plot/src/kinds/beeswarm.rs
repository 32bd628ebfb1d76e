//! Beeswarms: what each feature did to each prediction, as the summary of SHAP values is drawn.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, same_length};
use crate::figure::{ColorBar, Figure, Fill, Layer, Reach, Side};
use crate::look::Look;
use crate::number::{nullable_rows, texts};
use crate::quantile::quantile;
use crate::sample;
use crate::scale::{Axis, Scale, short};
use crate::text::{Dots, clip, places, right, x_axis};
use crate::theme::{AXIS, Ramp};
use serde::{Deserialize, Serialize};

/// A row of dots per feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beeswarm {
    features: Vec<String>,
    #[serde(with = "nullable_rows")]
    values: Vec<Vec<f64>>,
    #[serde(with = "nullable_rows")]
    color: Vec<Vec<f64>>,
}

/// Features at most: those with the largest mean absolute value.
const FEATURES: usize = 20;
/// Dots at most, over all features.
const DOTS: usize = 8000;
/// Places along the axis that dots are stacked at.
const PLACES: f64 = 160.0;

impl Chart {
    /// A row per feature with a dot per prediction: where it lies is what the feature did to the prediction (`values`,
    /// SHAP values), its colour is the feature's own value (`colour`), dark for low and bright for high between the 5th
    /// and the 95th percentile, grey where it is missing.
    ///
    /// Rows are sorted by mean absolute value and the first 20 shown. Dots are stacked where they are dense, always
    /// alike. Both inputs have a column per feature; an empty column of `colour` leaves its row grey.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::Row`] for a colour of another length than its values,
    /// [`PlotError::NothingFinite`].
    pub fn beeswarm(features: &[impl AsRef<str>], values: &[Vec<f64>], colour: &[Vec<f64>]) -> Result<Self, PlotError> {
        same_length(("features", features.len()), ("values", values.len()))?;
        same_length(("features", features.len()), ("colour", colour.len()))?;
        if let Some(row) = (0..values.len()).find(|&i| !colour[i].is_empty() && colour[i].len() != values[i].len()) {
            let (found, expected) = (colour[row].len(), values[row].len());
            return Err(PlotError::Row { what: "colour", row, found, expected });
        }
        if !values.iter().flatten().any(|v| v.is_finite()) {
            return Err(PlotError::NothingFinite);
        }
        let swarm = Beeswarm { features: texts(features), values: values.to_vec(), color: colour.to_vec() };
        let height = 110 + 30 * features.len().clamp(3, FEATURES) as u32;
        Ok(Chart::of(Kind::Beeswarm(swarm)).size(680, height).x_label("SHAP value (effect on the prediction)"))
    }
}

impl Beeswarm {
    /// Mean absolute value of a feature.
    fn mean(&self, feature: usize) -> f64 {
        let finite = || self.values[feature].iter().filter(|v| v.is_finite());
        finite().map(|v| v.abs()).sum::<f64>() / finite().count().max(1) as f64
    }

    /// The features shown, the most important first.
    fn order(&self) -> Vec<usize> {
        let means: Vec<f64> = (0..self.features.len()).map(|i| self.mean(i)).collect();
        let mut order: Vec<usize> = (0..means.len()).collect();
        order.sort_by(|a, b| means[*b].total_cmp(&means[*a])); // stable: equal ones keep their order
        order.truncate(FEATURES);
        order
    }

    /// The dots of a feature, thinned, and every how many one is shown: value and place on the ramp.
    fn dots(&self, feature: usize, most: usize) -> (Vec<(f64, f64)>, usize) {
        let color = &self.color[feature];
        let mut finite: Vec<f64> = color.iter().copied().filter(|v| v.is_finite()).collect();
        let (lo, hi) = (quantile(&mut finite, 0.05), quantile(&mut finite, 0.95));
        let (lo, hi) = if lo < hi { (lo, hi) } else { (quantile(&mut finite, 0.0), quantile(&mut finite, 1.0)) };
        let place = |i: usize| match color.get(i) {
            Some(v) if v.is_finite() && hi > lo => ((v - lo) / (hi - lo)).clamp(0.0, 1.0),
            Some(v) if v.is_finite() => 0.5,
            _ => f64::NAN,
        };
        let dots = self.values[feature].iter().enumerate().filter(|(_, v)| v.is_finite());
        sample::every(dots.map(|(i, v)| (*v, place(i))).collect(), most)
    }

    fn side(&self, order: &[usize]) -> Side {
        Side::over(order.iter().flat_map(|i| self.values[*i].iter().copied())).with(0.0)
    }

    fn remarks(&self, shown: usize, every: usize) -> Vec<String> {
        let most = format!("the {shown} features of {} with the largest mean absolute value", self.features.len());
        (self.features.len() > shown).then_some(most).into_iter().chain(sample::remark(every)).collect()
    }
}

/// Means in at most seven characters, three digits of the largest; what is far below it rounds to zero.
fn written(means: &[f64]) -> Vec<String> {
    let largest = means.iter().copied().fold(0.0, f64::max);
    if !(1e-3..1e5).contains(&largest) {
        return means.iter().map(|&v| short(v)).collect();
    }
    let decimals = (2.0 - largest.log10().floor()).clamp(0.0, 5.0) as usize;
    means.iter().map(|v| format!("{v:.decimals$}")).collect()
}

/// Heights of dots around their row, -0.5 to 0.5: dots at one place are stacked, in turn above and below.
fn stack(values: &[f64], (lo, hi): (f64, f64), step: f64) -> Vec<f64> {
    let place = |v: f64| if hi > lo { ((v * 0.5 - lo * 0.5) / (hi * 0.5 - lo * 0.5) * PLACES) as usize } else { 0 };
    let mut counts = vec![0_usize; PLACES as usize + 1];
    values.iter().for_each(|v| counts[place(*v)] += 1);
    let densest = counts.iter().copied().max().unwrap_or(1);
    let step = step.min(0.84 / densest as f64);
    let mut seen = vec![0_usize; counts.len()];
    let height = |v: &f64| {
        let nth = &mut seen[place(*v)];
        *nth += 1;
        let level = (*nth / 2) as f64;
        if nth.is_multiple_of(2) { level * step } else { -level * step }
    };
    values.iter().map(height).collect()
}

impl Drawing for Beeswarm {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let order = self.order();
        let labels: Vec<String> = order.iter().map(|i| self.features[*i].clone()).collect();
        let x = self.side(&order).label(look.x_label.as_ref()).reach(Reach::Padded(0.03));
        let row = (look.height as f64 - 100.0) / order.len() as f64;
        let (mut points, mut places, mut thinned) = (Vec::new(), Vec::new(), 1);
        for (i, feature) in order.iter().enumerate() {
            let (dots, every) = self.dots(*feature, DOTS / order.len());
            thinned = thinned.max(every);
            let values: Vec<f64> = dots.iter().map(|d| d.0).collect();
            let heights = stack(&values, (x.lo, x.hi), 3.2 / row);
            points.extend(values.iter().zip(heights).map(|(v, h)| (*v, i as f64 + h)));
            places.extend(dots.iter().map(|d| d.1));
        }
        let mut figure = Figure::new(x, Side { grid: true, ..Side::bands(&labels).label(look.y_label.as_ref()) });
        figure.layers.push(Layer::Rule { at: 0.0, upright: true, name: None, color: AXIS, dash: None });
        figure.layers.push(Layer::Dots { points, fill: Fill::Ramp(places), radius: 2.1, alpha: 0.85 });
        let (title, ends) = ("feature value".to_owned(), ("low".to_owned(), "high".to_owned()));
        figure.bar = Some(ColorBar { ramp: Ramp::LowHigh, title, ends });
        figure.remarks = self.remarks(order.len(), thinned);
        Some(figure)
    }

    /// A row of dots per feature; its end says which values of the feature raise the prediction.
    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let order = self.order();
        let order = &order[..order.len().min(rows.saturating_sub(5).max(3))];
        let room = (columns / 3).max(6);
        let margin = order.iter().map(|i| places(&self.features[*i]).min(room)).max().unwrap_or(0) + 1;
        let wide = columns.saturating_sub(margin + 1 + 8).max(4);
        let side = self.side(order);
        let axis = Axis::new(&Scale::Linear, (side.lo, side.hi), side.whole, columns / 12);
        let means = written(&order.iter().map(|i| self.mean(*i)).collect::<Vec<_>>());
        let mut out = vec![format!("{:>1$}", "mean |v|", columns.min(margin + wide + 9))];
        for (&feature, mean) in order.iter().zip(&means) {
            let (dots, _) = self.dots(feature, DOTS);
            let values: Vec<f64> = dots.iter().map(|d| d.0).collect();
            let mut cells = Dots::new(wide, 1);
            for (v, h) in values.iter().zip(stack(&values, (side.lo, side.hi), 1.0)) {
                cells.set((axis.at(*v) * (wide * 2 - 1) as f64).round() as usize, ((h + 0.5) * 3.0).round() as usize);
            }
            let label = right(&clip(&self.features[feature], room), margin - 1);
            let zero = ((axis.at(0.0) * (wide - 1) as f64).round() as usize).min(wide - 1);
            let mut row = cells.row(0);
            row[zero] = if row[zero] == ' ' { '│' } else { row[zero] };
            out.push(format!("{label} ┤{} {:>7}", row.into_iter().collect::<String>(), clip(mean, 7)));
        }
        out.extend(x_axis(&axis, margin, wide));
        out.extend(look.x_label.iter().map(|l| crate::text::centered(l, margin + 1, wide)));
        let remark = self.remarks(order.len(), 1).join("   ");
        out.extend((!remark.is_empty()).then(|| clip(&remark, columns)));
        Some(out)
    }

    fn method(&self) -> &'static str {
        "all features at once: beeswarm(&features, &values, &colour)"
    }

    fn size(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_short() {
        assert_eq!(written(&[1.8093, 0.0141, 0.0003]), ["1.81", "0.01", "0.00"]);
        assert_eq!(written(&[0.0241, 0.00123]), ["0.0241", "0.0012"]);
        assert_eq!(written(&[4.2e7, 12.0]), ["42M", "12"]);
        assert_eq!(written(&[1.2e-7]), ["1.20e-7"]);
    }

    #[test]
    fn dots_at_one_place_are_stacked_around_the_row() {
        assert_eq!(stack(&[0.0, 0.0, 0.0, 1.0], (0.0, 1.0), 0.1), [0.0, 0.1, -0.1, 0.0]);
        let dense = stack(&vec![0.5; 1000], (0.0, 1.0), 0.1);
        assert!(dense.iter().all(|h| h.abs() < 0.43));
        assert_eq!(stack(&[2.0, 2.0], (2.0, 2.0), 0.1).len(), 2);
    }
}
