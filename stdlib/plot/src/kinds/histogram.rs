//! Histograms: how often values occur.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::PlotError;
use crate::figure::{Bar, Figure, Fill, Key, Layer, Reach, Side};
use crate::look::Look;
use crate::number::{Number, floats, nullable};
use crate::quantile::quartiles;
use crate::scale::short;
use serde::{Deserialize, Serialize};

/// Counts of values in bins of one width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Histogram {
    series: Vec<Series>,
    /// Number of bins; otherwise that of Freedman and Diaconis.
    bins: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Series {
    name: Option<String>,
    #[serde(with = "nullable")]
    values: Vec<f64>,
}

/// Bins at most.
const MOST: usize = 100;

impl Chart {
    /// How often values occur, in bins of one width (Freedman and Diaconis 1981, at most 100). Bins of whole numbers
    /// lie around whole numbers; NaN and infinite values are left out, and the chart says so.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::NothingFinite`].
    pub fn histogram(values: &[impl Number]) -> Result<Self, PlotError> {
        let histogram = Histogram { series: vec![series(None, floats(values))?], bins: None };
        Ok(Chart::of(Kind::Histogram(histogram)).y_label("count"))
    }

    /// Adds values to a histogram, counted in the same bins and drawn over the others.
    ///
    /// # Errors
    /// As [`Chart::histogram`]; [`PlotError::Mixed`] for other kinds of charts.
    pub fn values(mut self, name: impl Into<String>, values: &[impl Number]) -> Result<Self, PlotError> {
        let Kind::Histogram(histogram) = &mut self.kind else { return Err(self.mixed()) };
        histogram.series.push(series(Some(name.into()), floats(values))?);
        Ok(self)
    }

    /// Sets the number of bins, kept within 1 to 1000.
    ///
    /// # Errors
    /// [`PlotError::Mixed`] unless this is a histogram.
    pub fn bins(mut self, count: usize) -> Result<Self, PlotError> {
        let Kind::Histogram(histogram) = &mut self.kind else { return Err(self.mixed()) };
        histogram.bins = Some(count.clamp(1, 1000));
        Ok(self)
    }
}

fn series(name: Option<String>, values: Vec<f64>) -> Result<Series, PlotError> {
    if values.is_empty() {
        return Err(PlotError::Empty { what: "values" });
    }
    if !values.iter().any(|v| v.is_finite()) {
        return Err(PlotError::NothingFinite);
    }
    Ok(Series { name, values })
}

/// Bins of one width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bins {
    lo: f64,
    hi: f64,
    count: usize,
}

impl Bins {
    /// The bins that Freedman and Diaconis advise: twice the interquartile range over the cube root of the count.
    fn advised(values: &mut [f64]) -> Self {
        let (lo, hi) = extent(values);
        let whole = hi - lo < 1e9 && values.iter().all(|v| v.fract() == 0.0);
        let n = values.len() as f64;
        let [q1, _, q3] = quartiles(values);
        let width = 2.0 * (q3 - q1) / n.cbrt();
        // Half of the values alike: Sturges' rule looks at their number only.
        let width = if width > 0.0 { width } else { (hi / n.log2().ceil().max(1.0)) - (lo / n.log2().ceil().max(1.0)) };
        if whole {
            let wide = width.round().max(1.0).max(((hi - lo + 1.0) / MOST as f64).ceil());
            let count = ((hi - lo + 1.0) / wide).ceil() as usize;
            return Bins { lo: lo - 0.5, hi: lo - 0.5 + wide * count as f64, count };
        }
        let count = (hi / width - lo / width).ceil();
        Bins::equal(lo, hi, if count.is_finite() { (count as usize).clamp(1, MOST) } else { MOST })
    }

    fn equal(lo: f64, hi: f64, count: usize) -> Self {
        match hi > lo {
            true => Bins { lo, hi, count },
            // Values that are all alike stand in the middle of the bins.
            false => {
                let pad = if lo == 0.0 { 0.5 } else { lo.abs() * 0.05 };
                Bins { lo: lo - pad, hi: hi + pad, count }
            }
        }
    }

    /// The edge before bin `i`, as numpy rounds it.
    fn edge(&self, i: usize) -> f64 {
        let (share, wide) = (i as f64 / self.count as f64, self.hi - self.lo);
        match () {
            () if i == self.count => self.hi,
            () if wide.is_finite() => self.lo + i as f64 * (wide / self.count as f64),
            () => self.lo * (1.0 - share) + self.hi * share,
        }
    }

    fn counts(&self, values: &[f64]) -> Vec<f64> {
        let mut counts = vec![0.0; self.count];
        let (half, scale) = (self.lo * 0.5, self.count as f64 / (self.hi * 0.5 - self.lo * 0.5));
        for v in values.iter().filter(|v| v.is_finite()) {
            let at = (((v * 0.5 - half) * scale) as usize).min(self.count - 1); // below 0 becomes 0
            // The edges decide, not what the division is rounded to.
            let at = match () {
                () if *v < self.edge(at) => at.saturating_sub(1),
                () if at + 1 < self.count && *v >= self.edge(at + 1) => at + 1,
                () => at,
            };
            counts[at] += 1.0;
        }
        counts
    }
}

fn extent(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v)))
}

impl Histogram {
    fn edges(&self) -> Bins {
        let all = self.series.iter().flat_map(|s| s.values.iter().copied());
        let mut all: Vec<f64> = all.filter(|v| v.is_finite()).collect();
        match self.bins {
            Some(count) => {
                let (lo, hi) = extent(&all);
                Bins::equal(lo, hi, count)
            }
            None => Bins::advised(&mut all),
        }
    }
}

impl Drawing for Histogram {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let bins = self.edges();
        let counts: Vec<Vec<f64>> = self.series.iter().map(|s| bins.counts(&s.values)).collect();
        let heights = counts.iter().flatten().copied().chain((!look.log_y).then_some(0.0));
        // On a logarithmic axis bars stand on its lower end.
        let mut y = look.y_side(heights).reach(if look.log_y { Reach::Exact } else { Reach::Ticks });
        let floor = if look.log_y { 0.5 } else { 0.0 }; // below the smallest count, 1
        y.include(floor);
        y.whole = true;
        let x = Side { whole: false, ..Side::over([bins.lo, bins.hi].into_iter()) };
        let mut figure = Figure::new(x.label(look.x_label.as_ref()), y);
        figure.entries(self.series.iter().map(|s| s.name.clone()), Key::Box);
        let alpha = if self.series.len() > 1 { 0.55 } else { 0.9 };
        for (i, counts) in counts.into_iter().enumerate() {
            let bar = |(j, value): (usize, f64)| {
                let x = (bins.edge(j), bins.edge(j + 1));
                let label = format!("{} to {}", short(x.0), short(x.1));
                Bar { x, y: (floor, value), label, value }
            };
            let bars = counts.into_iter().enumerate().filter(|(_, v)| *v > 0.0).map(bar).collect();
            let gap = if bins.count > 60 { 0.0 } else { 0.5 };
            figure.layers.push(Layer::Bars { bars, fill: Fill::Series(i), alpha, gap });
        }
        let missing: usize = self.series.iter().map(|s| s.values.iter().filter(|v| !v.is_finite()).count()).sum();
        match missing {
            0 => {}
            1 => figure.remarks.push("1 value is missing or infinite".to_owned()),
            n => figure.remarks.push(format!("{n} values are missing or infinite")),
        }
        Some(figure)
    }

    fn method(&self) -> &'static str {
        ".values(name, &values)"
    }

    fn set_name(&mut self, name: String) {
        if let Some(series) = self.series.last_mut() {
            series.name = Some(name);
        }
    }

    fn scales(&self) -> (bool, bool) {
        (false, true)
    }

    fn size(&self) -> usize {
        self.series.iter().map(|s| s.values.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_hold_every_value() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i * i % 977) / 7.0).collect();
        let bins = Bins::advised(&mut values.clone());
        assert_eq!(bins.counts(&values).iter().sum::<f64>(), 1000.0);
        assert_eq!(Bins::equal(0.0, 1.0, 4).counts(&[0.0, 0.25, 0.3, 0.5, 0.99, 1.0]), [1.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn whole_numbers_have_bins_of_their_own() {
        let bins = Bins::advised(&mut [1.0, 2.0, 2.0, 3.0, 6.0]);
        assert_eq!((bins.lo, bins.edge(1) - bins.lo), (0.5, (bins.hi - bins.lo) / bins.count as f64));
        let bins = Bins::advised(&mut (0..100_000).map(|i| f64::from(i % 5)).collect::<Vec<_>>());
        assert_eq!((bins.lo, bins.hi, bins.count), (-0.5, 4.5, 5));
    }

    #[test]
    fn awkward_values_have_bins() {
        for values in
            [vec![3.0], vec![0.0, 0.0], vec![f64::MIN, f64::MAX], vec![0.1, 0.1, 0.1, 9.3], vec![1e300, 1.1e300]]
        {
            let bins = Bins::advised(&mut values.clone());
            assert!(bins.lo < bins.hi && (1..=MOST).contains(&bins.count), "{values:?} {bins:?}");
            assert_eq!(bins.counts(&values).iter().sum::<f64>(), values.len() as f64, "{values:?}");
        }
    }
}
