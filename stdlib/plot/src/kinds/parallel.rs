//! Parallel coordinates: an upright axis per variable, and a line through all of them per case, coloured by a value.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, at_most, same_length};
use crate::figure::{ColorBar, Figure, Fill, Layer, Note, Runs, Side};
use crate::look::Look;
use crate::number::{nullable, nullable_rows, texts};
use crate::scale::{Scale, short};
use crate::scene::Anchor;
use crate::text::{Dots, clip, places};
use crate::theme::{AXIS, Ramp, SOFT, TICK};
use serde::{Deserialize, Serialize};

/// A line per case through upright axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parallel {
    axes: Vec<String>,
    /// What stands at the lower and the upper end of each axis.
    ends: Vec<(String, String)>,
    /// Case by case, a place from 0 to 1 on each axis; NaN is a gap.
    #[serde(with = "nullable_rows")]
    lines: Vec<Vec<f64>>,
    /// A value per case.
    #[serde(with = "nullable")]
    values: Vec<f64>,
    /// Whether the lines of small values lie above the others.
    small_first: bool,
}

/// Axes at most.
const AXES: usize = 40;
/// Lines drawn at most: the best, and an even choice of the others.
const LINES: usize = 500;
const BEST: usize = 100;
/// Colours.
const SHADES: usize = 12;
/// How far the plot reaches beyond its axes, where their ends are written.
const BEYOND: f64 = 0.09;

impl Chart {
    /// A line per case through an upright axis per variable, coloured by the case's value; those of large values lie above.
    ///
    /// `lines` has a row per case with a number per axis; each axis reaches from the smallest to the largest of its numbers.
    /// NaN is a gap. Of more than 500 cases those with the 100 largest values are drawn, and every k-th of the others.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::Row`], [`PlotError::TooMany`] beyond 40 axes,
    /// [`PlotError::NothingFinite`] where no case with a finite value crosses an axis.
    pub fn parallel(axes: &[impl AsRef<str>], lines: &[Vec<f64>], values: &[f64]) -> Result<Self, PlotError> {
        let axes = texts(axes);
        same_length(("lines", lines.len()), ("values", values.len()))?;
        at_most("axes", axes.len(), AXES)?;
        if axes.is_empty() {
            return Err(PlotError::Empty { what: "axes" });
        }
        if let Some((row, line)) = lines.iter().enumerate().find(|(_, line)| line.len() != axes.len()) {
            return Err(PlotError::Row { what: "lines", row, found: line.len(), expected: axes.len() });
        }
        let shown = |(line, value): (&Vec<f64>, &f64)| value.is_finite() && line.iter().any(|at| at.is_finite());
        if !lines.iter().zip(values).any(shown) {
            return Err(PlotError::NothingFinite);
        }
        let reach = |axis: usize| {
            let all = lines.iter().map(|line| line[axis]).filter(|at| at.is_finite());
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), at| (lo.min(at), hi.max(at)))
        };
        let reaches: Vec<(f64, f64)> = (0..axes.len()).map(reach).collect();
        let place = |(at, (lo, hi)): (&f64, &(f64, f64))| match at.is_finite() {
            false => f64::NAN,
            // Halves, as the distance of the largest floats is infinite.
            true if lo < hi => (at / 2.0 - lo / 2.0) / (hi / 2.0 - lo / 2.0),
            true => 0.5,
        };
        let ends = reaches.iter().map(|(lo, hi)| if lo <= hi { (short(*lo), short(*hi)) } else { Default::default() });
        let kind = Parallel {
            ends: ends.collect(),
            lines: lines.iter().map(|line| line.iter().zip(&reaches).map(place).collect()).collect(),
            values: values.to_vec(),
            axes,
            small_first: false,
        };
        Ok(Chart::of(Kind::Parallel(kind)))
    }

    /// What stands at the lower and the upper end of each axis, in place of numbers: for logarithms and names.
    ///
    /// # Errors
    /// [`PlotError::Lengths`] unless there is a pair per axis; [`PlotError::Mixed`] for other kinds of charts.
    pub fn ends(mut self, ends: Vec<(String, String)>) -> Result<Self, PlotError> {
        let Kind::Parallel(parallel) = &mut self.kind else { return Err(self.mixed()) };
        same_length(("axes", parallel.axes.len()), ("ends", ends.len()))?;
        parallel.ends = ends;
        Ok(self)
    }

    /// Lays the lines of small values above those of large ones, for values that are better when they are small.
    ///
    /// # Errors
    /// [`PlotError::Mixed`] for other kinds of charts.
    pub fn small_first(mut self) -> Result<Self, PlotError> {
        let Kind::Parallel(parallel) = &mut self.kind else { return Err(self.mixed()) };
        parallel.small_first = true;
        Ok(self)
    }
}

impl Parallel {
    /// The smallest and the largest value.
    fn reach(&self) -> (f64, f64) {
        let finite = self.values.iter().copied().filter(|value| value.is_finite());
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| (lo.min(value), hi.max(value)))
    }

    /// The lines that are drawn, from the lowest to the one above all others, each with its shade from 0 to 1.
    fn drawn(&self) -> Vec<(&[f64], f64)> {
        let (lo, hi) = self.reach();
        let shade = |value: f64| if lo < hi { (value / 2.0 - lo / 2.0) / (hi / 2.0 - lo / 2.0) } else { 1.0 };
        let finite = self.lines.iter().zip(&self.values).filter(|(_, value)| value.is_finite());
        let mut all: Vec<(&[f64], f64)> = finite.map(|(line, value)| (line.as_slice(), shade(*value))).collect();
        all.sort_by(|a, b| if self.small_first { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) });
        if all.len() > LINES {
            let best = all.split_off(all.len() - BEST);
            let every = all.len().div_ceil(LINES - BEST);
            all = all.into_iter().step_by(every).chain(best).collect();
        }
        all
    }

    /// A line as runs between its gaps; 0 is on top.
    fn runs(line: &[f64]) -> Runs {
        let mut runs: Runs = vec![Vec::new()];
        for (axis, at) in line.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if at.is_finite() => run.push((axis as f64, 1.0 - at)),
                Some(run) if !run.is_empty() => runs.push(Vec::new()),
                _ => {}
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }
}

impl Drawing for Parallel {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let x = Side::bands(&self.axes).label(look.x_label.as_ref());
        // Places without labels, from top to bottom.
        let y = Side { scale: Scale::Bands(Vec::new()), ..Side::over([-BEYOND, 1.0 + BEYOND].into_iter()) };
        let mut figure = Figure::new(x, y);
        let runs = (0..self.axes.len()).map(|axis| vec![(axis as f64, 0.0), (axis as f64, 1.0)]).collect();
        figure.layers.push(Layer::Line { runs, fill: Fill::Plain(AXIS), width: 1.0, dash: None, dots: false });
        let drawn = self.drawn();
        // Neighbours of one shade are one layer.
        let step = |shade: f64| ((shade * SHADES as f64) as usize).min(SHADES - 1);
        for group in drawn.chunk_by(|a, b| step(a.1) == step(b.1)) {
            let shade = (step(group[0].1) as f64 + 0.5) / SHADES as f64;
            let runs: Runs = group.iter().flat_map(|(line, _)| Parallel::runs(line)).collect();
            let fill = Fill::Plain(Ramp::Viridis.at(shade));
            figure.layers.push(Layer::Line { runs, fill, width: 1.4, dash: None, dots: false });
        }
        let note = |axis: usize, text: &str, y: f64, down: f32| Note {
            at: (axis as f64, y),
            shift: (0.0, down),
            text: text.to_owned(),
            color: SOFT,
            anchor: Anchor::Middle,
        };
        let ends = self.ends.iter().enumerate();
        let texts = ends
            .flat_map(|(axis, (low, high))| [note(axis, high, 0.0, -5.0), note(axis, low, 1.0, TICK + 3.0)])
            .filter(|note| !note.text.is_empty());
        figure.layers.push(Layer::Texts { texts: texts.collect() });
        let (lo, hi) = self.reach();
        let title = look.y_label.clone().unwrap_or_default();
        figure.bar = Some(ColorBar { ramp: Ramp::Viridis, title, ends: (short(lo), short(hi)) });
        let all = self.values.iter().filter(|value| value.is_finite()).count();
        if drawn.len() < all {
            figure.remarks.push(format!("{} of {all} lines are drawn, the best {BEST} among them", drawn.len()));
        }
        Some(figure)
    }

    /// The best fifth as lines of dots, since characters have no colours.
    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let (wide, high) = (columns.max(8), rows.saturating_sub(5).max(2));
        let count = self.axes.len();
        let mut dots = Dots::new(wide, high);
        let apart = (wide / count).max(1);
        let at = |axis: usize| (axis * apart + apart / 2).min(wide - 1);
        let place = |(axis, down): (f64, f64)| ((at(axis as usize) * 2) as f64, down * (high * 4 - 1) as f64);
        let drawn = self.drawn();
        let best = drawn.len().div_ceil(5);
        for (line, _) in &drawn[drawn.len() - best..] {
            for run in Parallel::runs(line) {
                run.iter().take(1).for_each(|p| dots.set(place(*p).0 as usize, place(*p).1.round() as usize));
                run.windows(2).for_each(|pair| dots.line(place(pair[0]), place(pair[1]), 1));
            }
        }
        let row = |texts: Vec<&str>| {
            let cell = |text: &str| {
                let text = clip(text, apart.saturating_sub(1).max(1));
                let left = (apart - places(&text).min(apart)) / 2;
                format!("{}{text}{}", " ".repeat(left), " ".repeat(apart - left - places(&text).min(apart)))
            };
            clip(&texts.into_iter().map(cell).collect::<String>(), columns)
        };
        let (lo, hi) = self.reach();
        let what = look.y_label.as_deref().unwrap_or("value");
        let mut out = vec![clip(
            &format!("{best} of {} lines: {what} from {} to {}", drawn.len(), short(lo), short(hi)),
            columns,
        )];
        out.push(row(self.ends.iter().map(|end| end.1.as_str()).collect()));
        out.extend((0..high).map(|line| dots.row(line).into_iter().collect::<String>()));
        out.push(row(self.ends.iter().map(|end| end.0.as_str()).collect()));
        out.push(row(self.axes.iter().map(String::as_str).collect()));
        Some(out)
    }

    fn method(&self) -> &'static str {
        "all lines at once: parallel(&axes, &lines, &values)"
    }

    fn takes_references(&self) -> bool {
        false
    }

    fn size(&self) -> usize {
        self.values.len()
    }
}
