//! Bars per label, standing or lying, side by side or stacked.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, same_length};
use crate::figure::{Bar, Figure, Fill, Key, Layer, Note, Reach, Side, Span};
use crate::font::{Weight, width};
use crate::look::Look;
use crate::number::{Number, floats, nullable, texts};
use crate::scale::alike;
use crate::scene::Anchor;
use crate::text::{block, centered, clip, places, right};
use crate::theme::{INK, TICK};
use serde::{Deserialize, Serialize};

/// Bars per label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bars {
    labels: Vec<String>,
    series: Vec<Series>,
    /// Lying whatever the labels' length.
    lying: bool,
    stacked: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Series {
    name: Option<String>,
    #[serde(with = "nullable")]
    y: Vec<f64>,
    #[serde(default, with = "nullable")]
    deviations: Vec<f64>,
}

/// A bar as drawn: whose it is, and from where to where it reaches.
#[derive(Clone, Copy, Debug)]
struct Value {
    series: usize,
    label: usize,
    value: f64,
    ends: (f64, f64),
}

/// Bars up to this many carry their value.
const VALUES: usize = 14;
/// Labels at most; the rest is left out, and the chart says so.
const LABELS: usize = 1000;
/// Half of what a label's bars take of its place.
const HALF: f64 = 0.38;

impl Chart {
    /// A bar per label, from zero; bars lie when their labels are too long to stand side by side.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::NothingFinite`].
    pub fn bar(labels: &[impl AsRef<str>], values: &[impl Number]) -> Result<Self, PlotError> {
        Bars::new(texts(labels), floats(values)).map(|bars| Self::of(Kind::Bars(bars)))
    }

    /// A lying bar per label, the first on top; the chart is as high as its bars need.
    ///
    /// # Errors
    /// As [`Chart::bar`].
    pub fn barh(labels: &[impl AsRef<str>], values: &[impl Number]) -> Result<Self, PlotError> {
        let bars = Bars { lying: true, ..Bars::new(texts(labels), floats(values))? };
        let height = 90 + 26 * bars.labels.len().min(60) as u32;
        Ok(Self::of(Kind::Bars(bars)).size(640, height))
    }

    /// Adds a bar per label, beside the others.
    ///
    /// # Errors
    /// As [`Chart::bar`]; [`PlotError::Mixed`] unless this is a bar chart.
    pub fn bars(mut self, name: impl Into<String>, values: &[impl Number]) -> Result<Self, PlotError> {
        let Kind::Bars(bars) = &mut self.kind else { return Err(self.mixed()) };
        bars.series.push(series(bars.labels.len(), Some(name.into()), floats(values))?);
        Ok(self)
    }

    /// Stacks the bars of each label: those above zero upwards, those below downwards.
    ///
    /// # Errors
    /// [`PlotError::Mixed`] unless this is a bar chart.
    pub fn stacked(mut self) -> Result<Self, PlotError> {
        let Kind::Bars(bars) = &mut self.kind else { return Err(self.mixed()) };
        bars.stacked = true;
        Ok(self)
    }
}

fn series(labels: usize, name: Option<String>, y: Vec<f64>) -> Result<Series, PlotError> {
    same_length(("labels", labels), ("values", y.len()))?;
    if !y.iter().any(|y| y.is_finite()) {
        return Err(PlotError::NothingFinite);
    }
    Ok(Series { name, y, deviations: Vec::new() })
}

impl Bars {
    fn new(labels: Vec<String>, values: Vec<f64>) -> Result<Self, PlotError> {
        let series = vec![series(labels.len(), None, values)?];
        Ok(Bars { labels, series, lying: false, stacked: false })
    }

    pub fn set_deviations(&mut self, deviations: Vec<f64>) -> Result<(), PlotError> {
        same_length(("values", self.labels.len()), ("deviations", deviations.len()))?;
        if let Some(series) = self.series.last_mut() {
            series.deviations = deviations;
        }
        Ok(())
    }

    fn shown(&self) -> usize {
        self.labels.len().min(LABELS)
    }

    /// Finite values as drawn.
    fn reaches(&self) -> Vec<Value> {
        let mut ends = vec![(0.0, 0.0); self.shown()]; // of the stacks, below and above zero
        let mut out = Vec::new();
        for (i, series) in self.series.iter().enumerate() {
            for (j, &v) in series.y.iter().take(self.shown()).enumerate().filter(|(_, v)| v.is_finite()) {
                let end = if v < 0.0 { &mut ends[j].0 } else { &mut ends[j].1 };
                let from = if self.stacked { *end } else { 0.0 };
                *end = from + v;
                out.push(Value { series: i, label: j, value: v, ends: (from, from + v) });
            }
        }
        out
    }

    /// Whether the bars lie: labels that would not fit side by side do beside lying bars.
    fn lies(&self, look: &Look) -> bool {
        let count = self.shown().max(1) as f32;
        let widest = self.labels.iter().take(LABELS).map(|l| width(l, TICK, Weight::Regular)).fold(0.0, f32::max);
        let (band, tall) = ((look.width as f32 - 88.0) / count, (look.height as f32 - 80.0) / count);
        self.lying || (widest + 6.0 > band && tall >= TICK + 2.0)
    }

    /// Places of a series' bar around its label's place.
    fn place(&self, i: usize, j: usize) -> (f64, f64) {
        if self.stacked {
            return (j as f64 - HALF, j as f64 + HALF);
        }
        let wide = 2.0 * HALF / self.series.len() as f64;
        let from = j as f64 - HALF + wide * i as f64;
        (from, from + wide)
    }

    /// The values at the ends of the bars, where there is room for all of them.
    fn notes(&self, look: &Look, lies: bool) -> Option<Vec<Note>> {
        let reaches = self.reaches();
        let written = alike(&reaches.iter().map(|r| r.value).collect::<Vec<_>>());
        let slots = (self.shown() * self.series.len()) as f32 / 0.9;
        let (wide, thick) = ((look.width as f32 - 100.0) / slots, (look.height as f32 - 90.0) / slots);
        let widest = written.iter().map(|t| width(t, TICK, Weight::Regular)).fold(0.0, f32::max);
        let room = if lies { thick >= TICK } else { widest <= wide };
        let plain = !self.stacked && self.series.iter().all(|s| s.deviations.is_empty());
        if !(plain && reaches.len() <= VALUES && room) {
            return None;
        }
        let note = |(r, text): (&Value, String)| {
            let ((a, b), v, to) = (self.place(r.series, r.label), r.value, r.ends.1);
            let across = if v < 0.0 { (-4.0, Anchor::End) } else { (4.0, Anchor::Start) };
            let (at, shift, anchor) = if lies {
                ((to, (a + b) / 2.0), (across.0, TICK * 0.36), across.1)
            } else {
                (((a + b) / 2.0, to), (0.0, if v < 0.0 { TICK + 2.0 } else { -4.0 }), Anchor::Middle)
            };
            Note { at, shift, text, color: INK, anchor }
        };
        Some(reaches.iter().zip(written).map(note).collect())
    }

    fn spans(&self, i: usize) -> Vec<Span> {
        let middle = |j: usize| (self.place(i, j).0 + self.place(i, j).1) / 2.0;
        let ends = |j: usize, v: f64, d: f64| Span { at: middle(j), lo: v - d.abs(), hi: v + d.abs() };
        let pairs = self.series[i].y.iter().zip(&self.series[i].deviations).take(self.shown()).enumerate();
        pairs.map(|(j, (v, d))| ends(j, *v, *d)).filter(|s| s.lo.is_finite() && s.hi.is_finite()).collect()
    }
}

impl Drawing for Bars {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let lies = self.lies(look);
        let notes = self.notes(look, lies);
        let reaches = self.reaches();
        let mut values = Side::over(reaches.iter().flat_map(|r| [r.ends.0, r.ends.1, 0.0])).grid();
        let spans: Vec<Vec<Span>> = (0..self.series.len()).map(|i| self.spans(i)).collect();
        spans.iter().flatten().for_each(|s| [s.lo, s.hi].into_iter().for_each(|v| values.include(v)));
        let values =
            values.label(look.y_label.as_ref()).reach(if notes.is_some() { Reach::Roomy } else { Reach::Ticks });
        let bands = Side::bands(&self.labels[..self.shown()]).label(look.x_label.as_ref());
        let mut figure = if lies { Figure::new(values, bands) } else { Figure::new(bands, values) };
        figure.entries(self.series.iter().map(|s| s.name.clone()), Key::Box);
        for i in 0..self.series.len() {
            let bar = |r: &Value| {
                let place = self.place(r.series, r.label);
                let (x, y) = if lies { (r.ends, place) } else { (place, r.ends) };
                Bar { x, y, label: self.labels[r.label].clone(), value: r.value }
            };
            let bars = reaches.iter().filter(|r| r.series == i).map(bar).collect();
            let long = if lies { look.height } else { look.width } as usize;
            let gap = if long / (self.shown() * self.series.len()).max(1) > 5 { 0.5 } else { 0.0 };
            figure.layers.push(Layer::Bars { bars, fill: Fill::Series(i), alpha: 1.0, gap });
        }
        for spans in spans.into_iter().filter(|s| !s.is_empty()) {
            figure.layers.push(Layer::Spans { spans, upright: !lies, color: INK, cap: 4.0, width: 1.2 });
        }
        figure.layers.extend(notes.map(|texts| Layer::Texts { texts }));
        if self.labels.len() > self.shown() {
            figure.remarks.push(format!("the first {} of {} bars", self.shown(), self.labels.len()));
        }
        Some(figure)
    }

    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let room = (columns / 3).max(6);
        let margin = self.labels.iter().map(|l| places(l).min(room)).max().unwrap_or(0);
        let all: Vec<f64> = self.series.iter().flat_map(|s| s.y.iter().copied()).collect();
        let (lo, hi) =
            all.iter().filter(|v| v.is_finite()).fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
        let written = alike(&all);
        let digits = written.iter().map(|t| places(t)).max().unwrap_or(1);
        let many = self.series.len() > 1;
        let names = self.series.iter().filter_map(|s| s.name.as_ref()).map(|n| places(n) + 1).max();
        let names = names.filter(|_| many).unwrap_or(0).min(room);
        let wide = columns.saturating_sub(margin + digits + names + 3).max(4);
        let mut out: Vec<String> = look.y_label.iter().map(|l| clip(l, columns)).collect();
        let taken = out.len() + 1 + usize::from(look.x_label.is_some());
        let fit = (rows.saturating_sub(taken) / (self.series.len() + usize::from(many))).max(3);
        for (j, label) in self.labels.iter().take(fit).enumerate() {
            for (i, series) in self.series.iter().enumerate() {
                let label = if i == 0 { clip(label, room) } else { String::new() };
                let bar = block(series.y[j], (lo, hi), wide);
                let name = series.name.as_deref().filter(|_| many).unwrap_or_default();
                let label = right(&label, margin);
                let value = &written[i * self.labels.len() + j];
                out.push(clip(format!("{label} │{bar} {value} {name}").trim_end(), columns));
            }
        }
        if self.labels.len() > fit {
            out.push(format!("... {} more", self.labels.len() - fit));
        }
        out.extend(look.x_label.iter().map(|l| centered(l, margin + 2, wide)));
        Some(out)
    }

    fn method(&self) -> &'static str {
        ".bars(name, &values)"
    }

    fn set_name(&mut self, name: String) {
        if let Some(series) = self.series.last_mut() {
            series.name = Some(name);
        }
    }

    fn size(&self) -> usize {
        self.series.iter().map(|s| s.y.len()).sum()
    }
}
