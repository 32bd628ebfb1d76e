//! Waterfalls: how a prediction comes from what is expected, feature by feature.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, same_length};
use crate::figure::{Bar, Figure, Fill, Layer, Note, Reach, Side};
use crate::look::Look;
use crate::number::{Number, floats, texts};
use crate::scale::short;
use crate::scene::Anchor;
use crate::text::{clip, places, right};
use crate::theme::{AXIS, Color, INK, LOWERS, RAISES, SOFT, TICK};
use serde::{Deserialize, Serialize};

/// Steps from a base to a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waterfall {
    base: f64,
    labels: Vec<String>,
    contributions: Vec<f64>,
}

/// Steps at most; smaller ones become one.
const STEPS: usize = 10;

impl Chart {
    /// Bars from `base` (the mean prediction) to the prediction, a contribution each, the largest on top; contributions
    /// beyond the ten largest are added up into one. Orange raises the prediction, blue lowers it.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`]; [`PlotError::NotFinite`] for NaN or infinite values.
    pub fn waterfall(base: f64, labels: &[impl AsRef<str>], contributions: &[impl Number]) -> Result<Self, PlotError> {
        let (labels, contributions) = (texts(labels), floats(contributions));
        same_length(("labels", labels.len()), ("contributions", contributions.len()))?;
        if !base.is_finite() {
            return Err(PlotError::NotFinite { what: "base", value: base, label: "base".to_owned() });
        }
        if let Some(i) = contributions.iter().position(|v| !v.is_finite()) {
            let (value, label) = (contributions[i], labels[i].clone());
            return Err(PlotError::NotFinite { what: "contributions", value, label });
        }
        let height = 140 + 30 * labels.len().clamp(3, STEPS) as u32;
        Ok(Chart::of(Kind::Waterfall(Waterfall { base, labels, contributions })).size(640, height))
    }
}

/// One bar: its label, its contribution, where it begins.
type Step = (String, f64, f64);

impl Waterfall {
    fn prediction(&self) -> f64 {
        self.base + self.contributions.iter().sum::<f64>()
    }

    /// The steps, the largest first and the rest as one.
    fn steps(&self, most: usize) -> Vec<Step> {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.sort_by(|a, b| self.contributions[*b].abs().total_cmp(&self.contributions[*a].abs()));
        let shown = if order.len() > most { most - 1 } else { order.len() };
        let mut steps: Vec<(String, f64)> =
            order[..shown].iter().map(|&i| (self.labels[i].clone(), self.contributions[i])).collect();
        let rest = &order[shown..];
        if !rest.is_empty() {
            let sum = rest.iter().map(|&i| self.contributions[i]).sum();
            steps.push((format!("{} others", rest.len()), sum));
        }
        let mut at = self.base;
        let place = |(label, v): (String, f64)| {
            at += v;
            (label, v, at - v)
        };
        steps.into_iter().map(place).collect()
    }
}

/// A contribution with its sign.
fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", short(value)) } else { short(value) }
}

fn color(value: f64) -> Color {
    if value < 0.0 { LOWERS } else { RAISES }
}

impl Drawing for Waterfall {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let steps = self.steps(STEPS);
        let labels: Vec<String> = steps.iter().map(|s| s.0.clone()).collect();
        let ends = steps.iter().flat_map(|s| [s.2, s.2 + s.1]);
        let x = Side::over(ends.chain([self.base])).label(look.x_label.as_ref()).grid();
        let x = Side { whole: false, ..x }.reach(Reach::Padded(0.12));
        let bottom = labels.len() as f64 - 0.5;
        let mut figure = Figure::new(x, Side::bands(&labels).label(look.y_label.as_ref()));
        let dashed = |at: f64, from: f64, to: f64| Layer::Line {
            runs: vec![vec![(at, from), (at, to)]],
            fill: Fill::Plain(AXIS),
            width: 1.0,
            dash: Some(3.0),
            dots: false,
        };
        // Room above the first and below the last bar for what it begins and ends with.
        (figure.y.lo, figure.y.hi) = (-0.95, bottom + 0.45);
        figure.layers.push(dashed(self.base, -0.9, 0.0));
        figure.layers.push(dashed(self.prediction(), bottom - 0.5, bottom + 0.4));
        for (i, pair) in steps.windows(2).enumerate() {
            let at = pair[1].2;
            figure.layers.push(dashed(at, i as f64 + 0.36, i as f64 + 0.64));
        }
        let bar = |(i, s): (usize, &Step)| {
            let (at, label) = (i as f64, s.0.clone());
            Bar { x: (s.2, s.2 + s.1), y: (at - 0.36, at + 0.36), label, value: s.1 }
        };
        let bars = steps.iter().enumerate().map(bar).collect();
        let fill = Fill::Each(steps.iter().map(|s| color(s.1)).collect());
        figure.layers.push(Layer::Bars { bars, fill, alpha: 1.0, gap: 0.0 });
        let note = |at: (f64, f64), shift: (f32, f32), text: String, color: Color, anchor: Anchor| Note {
            at,
            shift,
            text,
            color,
            anchor,
        };
        let written = |(i, s): (usize, &Step)| {
            let (right, anchor) = if s.1 < 0.0 { (-5.0, Anchor::End) } else { (5.0, Anchor::Start) };
            note((s.2 + s.1, i as f64), (right, TICK * 0.36), signed(s.1), INK, anchor)
        };
        figure.layers.push(Layer::Texts { texts: steps.iter().enumerate().map(written).collect() });
        let end = |name: &str, v: f64, at: f64| {
            note((v, at), (5.0, TICK * 0.36), format!("{name} {}", short(v)), SOFT, Anchor::Start)
        };
        let ends = vec![end("base", self.base, -0.68), end("prediction", self.prediction(), bottom + 0.18)];
        figure.layers.push(Layer::Texts { texts: ends });
        Some(figure)
    }

    /// A bar per step, floating where its step lies.
    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let steps = self.steps(STEPS.min(rows.saturating_sub(4).max(3)));
        let room = (columns / 3).max(6);
        let margin = steps.iter().map(|s| places(&s.0).min(room)).chain([10]).max().unwrap_or(0);
        let wide = columns.saturating_sub(margin + 2 + 10).max(8);
        let ends = || steps.iter().flat_map(|s| [s.2, s.2 + s.1]).chain([self.base]);
        let (lo, hi) = ends().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        let at = |v: f64| {
            if hi > lo {
                ((v * 0.5 - lo * 0.5) / (hi * 0.5 - lo * 0.5) * (wide - 1) as f64).round() as usize
            } else {
                wide / 2
            }
        };
        let row = |label: &str, from: f64, to: f64, mark: char, text: &str| {
            let (a, b) = (at(from.min(to)), at(from.max(to)));
            let bar: String = std::iter::repeat_n(mark, b - a + 1).collect();
            let label = right(&clip(label, room), margin);
            clip(format!("{label} │{}{bar} {text}", " ".repeat(a)).trim_end(), columns)
        };
        let mut out: Vec<String> = look.y_label.iter().map(|l| clip(l, columns)).collect();
        out.push(row("base", self.base, self.base, '┊', &short(self.base)));
        let step = |s: &Step| row(&s.0, s.2, s.2 + s.1, if s.1 < 0.0 { '▒' } else { '█' }, &signed(s.1));
        out.extend(steps.iter().map(step));
        out.push(row("prediction", self.prediction(), self.prediction(), '┊', &short(self.prediction())));
        out.extend(look.x_label.iter().map(|l| crate::text::centered(l, margin + 2, wide)));
        Some(out)
    }

    fn method(&self) -> &'static str {
        "all contributions at once: waterfall(base, &labels, &contributions)"
    }

    fn size(&self) -> usize {
        self.labels.len()
    }
}
