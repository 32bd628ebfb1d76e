//! Lines and clouds of points, with error bars and bands; learning curves are lines with bands.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, same_length};
use crate::figure::{Figure, Fill, Key, Layer, Reach, Span};
use crate::look::Look;
use crate::number::{Number, floats, nullable};
use crate::sample;
use crate::theme::color;
use serde::{Deserialize, Serialize};

/// Lines or clouds over common axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curves {
    /// Dots without lines.
    cloud: bool,
    series: Vec<Series>,
}

/// One line, or one cloud of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Series {
    name: Option<String>,
    #[serde(with = "nullable")]
    x: Vec<f64>,
    #[serde(with = "nullable")]
    y: Vec<f64>,
    /// Lower and upper ends, one per point, or nothing.
    #[serde(default, with = "nullable")]
    low: Vec<f64>,
    #[serde(default, with = "nullable")]
    high: Vec<f64>,
    /// Whether the ends are drawn as one area instead of a bar per point.
    #[serde(default)]
    band: bool,
    /// Dots, also where others are lines.
    #[serde(default)]
    dots: bool,
}

/// Error bars of one series at most: more of them are a grey area anyway.
const BARS: usize = 400;
/// Lines of up to this many points show each of them.
const DOTS: usize = 24;

impl Chart {
    /// A line through the points, in the order given; NaN makes a gap.
    ///
    /// Long lines are thinned to 2,000 points that keep their shape (LTTB, Steinarsson 2013); more than four lines share
    /// 8,000.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn line(x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        Ok(Self::of(Kind::Curves(Curves { cloud: false, series: vec![points(None, floats(x), floats(y))?] })))
    }

    /// A dot per point; points with NaN are left out.
    ///
    /// Of more than 4,000 points per series (16,000 of all) every k-th is drawn, and the chart says so.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn scatter(x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        Ok(Self::of(Kind::Curves(Curves { cloud: true, series: vec![points(None, floats(x), floats(y))?] })))
    }

    /// Adds a line or a cloud of points.
    ///
    /// # Errors
    /// As [`Chart::line`]; [`PlotError::Mixed`] for other kinds of charts.
    pub fn series(mut self, name: impl Into<String>, x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        let Kind::Curves(curves) = &mut self.kind else { return Err(self.mixed()) };
        curves.series.push(points(Some(name.into()), floats(x), floats(y))?);
        Ok(self)
    }

    /// Adds a cloud of points, also to lines.
    ///
    /// # Errors
    /// As [`Chart::scatter`]; [`PlotError::Mixed`] for other kinds of charts.
    pub fn points(mut self, name: impl Into<String>, x: &[impl Number], y: &[impl Number]) -> Result<Self, PlotError> {
        let Kind::Curves(curves) = &mut self.kind else { return Err(self.mixed()) };
        curves.series.push(Series { dots: true, ..points(Some(name.into()), floats(x), floats(y))? });
        Ok(self)
    }

    /// Gives the latest line a band from `low` to `high`, for instance a confidence interval.
    ///
    /// # Errors
    /// [`PlotError::Lengths`] unless there is a value per point; [`PlotError::Mixed`] for other kinds of charts.
    pub fn band(self, low: &[impl Number], high: &[impl Number]) -> Result<Self, PlotError> {
        self.spread(floats(low), floats(high), true)
    }

    /// Gives the points of the latest line, cloud or bars an error bar of this length to both sides.
    ///
    /// # Errors
    /// [`PlotError::Lengths`] unless there is a value per point; [`PlotError::Mixed`] for other kinds of charts.
    pub fn error_bars(mut self, deviations: &[impl Number]) -> Result<Self, PlotError> {
        let deviations = floats(deviations);
        match &mut self.kind {
            Kind::Bars(bars) => bars.set_deviations(deviations).map(|()| self),
            Kind::Curves(Curves { series, .. }) => {
                let y = series.last().map(|s| s.y.clone()).unwrap_or_default();
                same_length(("y", y.len()), ("deviations", deviations.len()))?;
                let end = |sign: f64| y.iter().zip(&deviations).map(|(y, d)| y + sign * d.abs()).collect();
                self.spread(end(-1.0), end(1.0), false)
            }
            _ => Err(self.mixed()),
        }
    }

    fn spread(mut self, low: Vec<f64>, high: Vec<f64>, band: bool) -> Result<Self, PlotError> {
        let Kind::Curves(Curves { series, .. }) = &mut self.kind else { return Err(self.mixed()) };
        if let Some(series) = series.last_mut() {
            same_length(("y", series.y.len()), ("low", low.len()))?;
            same_length(("y", series.y.len()), ("high", high.len()))?;
            (series.low, series.high, series.band) = (low, high, band);
        }
        Ok(self)
    }

    /// Scores in training and validation against steps (epochs, rounds, training set sizes): lines through the means,
    /// with bands of one standard deviation (of the scores themselves, as numpy's `std`) to both sides.
    ///
    /// `train` and `valid` hold the scores of all folds at each step, a single score where there was one run.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn learning_curve(steps: &[impl Number], train: &[Vec<f64>], valid: &[Vec<f64>]) -> Result<Self, PlotError> {
        let steps = floats(steps);
        same_length(("steps", steps.len()), ("train", train.len()))?;
        same_length(("steps", steps.len()), ("valid", valid.len()))?;
        let series = vec![spread("training", &steps, train)?, spread("validation", &steps, valid)?];
        Ok(Self::of(Kind::Curves(Curves { cloud: false, series }))
            .title("Learning curve")
            .x_label("step")
            .y_label("score"))
    }
}

/// Mean and deviation at each step.
fn spread(name: &str, steps: &[f64], scores: &[Vec<f64>]) -> Result<Series, PlotError> {
    let finite = |s: &Vec<f64>| s.iter().copied().filter(|v| v.is_finite()).collect::<Vec<_>>();
    let mean = |s: &[f64]| s.iter().sum::<f64>() / s.len() as f64; // NaN of none: a gap
    let moments = |s: &Vec<f64>| {
        let s = finite(s);
        let m = mean(&s);
        (m, (s.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / s.len() as f64).sqrt())
    };
    let moments: Vec<(f64, f64)> = scores.iter().map(moments).collect();
    let mut series = points(Some(name.to_owned()), steps.to_vec(), moments.iter().map(|m| m.0).collect())?;
    if scores.iter().any(|s| s.len() > 1) {
        series.low = moments.iter().map(|(m, d)| m - d).collect();
        series.high = moments.iter().map(|(m, d)| m + d).collect();
        series.band = true;
    }
    Ok(series)
}

fn points(name: Option<String>, x: Vec<f64>, y: Vec<f64>) -> Result<Series, PlotError> {
    same_length(("x", x.len()), ("y", y.len()))?;
    if !x.iter().zip(&y).any(|(x, y)| x.is_finite() && y.is_finite()) {
        return Err(PlotError::NothingFinite);
    }
    Ok(Series { name, x, y, low: Vec::new(), high: Vec::new(), band: false, dots: false })
}

impl Series {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.x.iter().copied().zip(self.y.iter().copied())
    }

    /// The ends of every point, in order.
    fn ends(&self) -> impl Iterator<Item = Span> + '_ {
        let ends = self.low.iter().zip(&self.high);
        self.x.iter().zip(ends).map(|(&at, (&a, &b))| Span {
            at,
            lo: if a <= b { a } else { b },
            hi: if a <= b { b } else { a },
        })
    }

    /// The ends that can be drawn.
    fn spans(&self, look: &Look) -> Vec<Span> {
        self.ends().filter(|s| look.shows(s.at, s.lo) && look.shows(s.at, s.hi)).collect()
    }

    /// The layers under the line: its band, parted where it has gaps, or its error bars.
    fn under(&self, look: &Look, i: usize) -> Option<Layer> {
        if !self.band {
            let spans = sample::every(self.spans(look), BARS).0;
            let bars = Layer::Spans { spans, upright: true, color: color(i), cap: 4.0, width: 1.5 };
            return (!self.low.is_empty()).then_some(bars);
        }
        let mut runs = vec![Vec::new()];
        for s in sample::every(self.ends().collect(), sample::LINE).0 {
            match runs.last_mut() {
                Some(run) if look.shows(s.at, s.lo) && look.shows(s.at, s.hi) => run.push((s.at, s.lo, s.hi)),
                Some(run) if !run.is_empty() => runs.push(Vec::new()),
                _ => {}
            }
        }
        runs.retain(|run| !run.is_empty());
        Some(Layer::Band { runs, fill: Fill::Series(i) })
    }
}

impl Curves {
    fn marks(&self, look: &Look, i: usize, figure: &mut Figure) {
        let series = &self.series[i];
        let fill = Fill::Series(i);
        if !(self.cloud || series.dots) {
            let most = sample::share(sample::LINE, self.series.len());
            let runs = sample::runs(series.points(), most, |x, y| look.shows(x, y));
            let dots = runs.iter().map(Vec::len).sum::<usize>() <= DOTS;
            figure.layers.push(Layer::Line { runs, fill, width: 2.0, dash: None, dots });
            return;
        }
        let most = sample::share(sample::CLOUD, self.series.len());
        let (points, every) = sample::every(series.points().filter(|p| look.shows(p.0, p.1)).collect(), most);
        if let Some(remark) = sample::remark(every).filter(|r| !figure.remarks.contains(r)) {
            figure.remarks.push(remark);
        }
        let (radius, alpha) = if points.len() > 400 { (2.2, 0.45) } else { (3.2, 0.75) };
        figure.layers.push(Layer::Dots { points, fill, radius, alpha });
    }
}

impl Drawing for Curves {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let all = || self.series.iter().flat_map(Series::points).filter(|p| look.shows(p.0, p.1));
        let mut y = look.y_side(all().map(|p| p.1));
        for span in self.series.iter().flat_map(|s| s.spans(look)) {
            y.include(span.lo);
            y.include(span.hi);
        }
        let (across, up) =
            if self.cloud { (Reach::Padded(0.03), Reach::Padded(0.05)) } else { (Reach::Exact, Reach::Ticks) };
        let mut figure = Figure::new(look.x_side(all().map(|p| p.0)).reach(across), y.reach(up));
        let key = if self.cloud { Key::Dot } else { Key::Line };
        figure.entries(self.series.iter().map(|s| s.name.clone()), key);
        for (entry, _) in figure.legend.iter_mut().zip(&self.series).filter(|(_, series)| series.dots) {
            entry.key = Key::Dot;
        }
        figure.layers.extend(self.series.iter().enumerate().filter_map(|(i, s)| s.under(look, i)));
        (0..self.series.len()).for_each(|i| self.marks(look, i, &mut figure));
        let below = self.series.iter().flat_map(Series::points).filter(|p| p.0.is_finite() && p.1.is_finite()).count()
            - all().count();
        match below {
            0 => {}
            1 => figure.remarks.push("1 value of zero or below is not on the logarithmic axis".to_owned()),
            n => figure.remarks.push(format!("{n} values of zero or below are not on the logarithmic axis")),
        }
        figure.zoom = true;
        Some(figure)
    }

    fn method(&self) -> &'static str {
        ".series(name, &x, &y)"
    }

    fn set_name(&mut self, name: String) {
        if let Some(series) = self.series.last_mut() {
            series.name = Some(name);
        }
    }

    fn scales(&self) -> (bool, bool) {
        (true, true)
    }

    fn size(&self) -> usize {
        self.series.iter().map(|s| s.y.len()).sum()
    }
}
