//! Box plots: quartiles, whiskers and outliers of groups.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, at_most, same_length};
use crate::figure::{Bar, Figure, Fill, Layer, Note, Reach, Side, Span};
use crate::font::{Weight, width};
use crate::look::Look;
use crate::number::texts;
use crate::quantile::quartiles;
use crate::scale::Axis;
use crate::scale::Scale;
use crate::scene::Anchor;
use crate::text::{clip, places, right, x_axis};
use crate::theme::{INK, SOFT, TICK, color};
use serde::{Deserialize, Serialize};

/// What is drawn of each group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Boxes {
    labels: Vec<String>,
    groups: Vec<Option<Summary>>,
}

/// A group in Tukey's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Summary {
    count: usize,
    /// The values furthest out within one and a half interquartile ranges from the box.
    whiskers: (f64, f64),
    quartiles: [f64; 3],
    outliers: Vec<f64>,
}

/// Groups at most.
const GROUPS: usize = 100;
/// Outliers of a group drawn at most.
const OUTLIERS: usize = 300;

impl Chart {
    /// A box per group from the first to the third quartile with the median in it, whiskers to the values furthest out
    /// within one and a half interquartile ranges (Tukey 1977), and dots for those beyond.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::TooMany`] beyond 100 groups,
    /// [`PlotError::NothingFinite`].
    pub fn boxplot(labels: &[impl AsRef<str>], groups: &[Vec<f64>]) -> Result<Self, PlotError> {
        same_length(("labels", labels.len()), ("groups", groups.len()))?;
        at_most("labels", labels.len(), GROUPS)?;
        let groups: Vec<Option<Summary>> = groups.iter().map(|g| summary(g)).collect();
        if groups.iter().all(Option::is_none) {
            return Err(PlotError::NothingFinite);
        }
        Ok(Chart::of(Kind::Boxes(Boxes { labels: texts(labels), groups })))
    }
}

fn summary(values: &[f64]) -> Option<Summary> {
    let mut values: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if values.is_empty() {
        return None;
    }
    let quartiles = quartiles(&mut values);
    let reach = 1.5 * (quartiles[2] - quartiles[0]);
    let (low, high) = (quartiles[0] - reach, quartiles[2] + reach);
    let inside = |v: &&f64| (low..=high).contains(*v);
    // Interpolated quartiles can have no value between themselves and the fence: the whisker ends at the box then.
    let whiskers = values.iter().filter(inside).fold((quartiles[0], quartiles[2]), |(a, b), v| (a.min(*v), b.max(*v)));
    let mut outliers: Vec<f64> = values.iter().copied().filter(|v| !inside(&v)).collect();
    outliers.sort_unstable_by(f64::total_cmp);
    Some(Summary { count: values.len(), whiskers, quartiles, outliers })
}

impl Summary {
    /// The outliers drawn: the outermost, and of the others as many as there is room for.
    fn dots(&self) -> Vec<f64> {
        let every = self.outliers.len().div_ceil(OUTLIERS).max(1);
        let last = self.outliers.len().saturating_sub(1);
        self.outliers.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last).map(|(_, v)| *v).collect()
    }
}

impl Boxes {
    fn present(&self) -> impl Iterator<Item = (usize, &Summary)> {
        self.groups.iter().enumerate().filter_map(|(i, g)| g.as_ref().map(|g| (i, g)))
    }

    fn values(&self) -> Side {
        Side::over(self.present().flat_map(|(_, g)| {
            let ends = [g.outliers.first(), g.outliers.last()].into_iter().flatten().copied();
            ends.chain([g.whiskers.0, g.whiskers.1]).collect::<Vec<_>>()
        }))
    }
}

impl Drawing for Boxes {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let widest = self.labels.iter().map(|l| width(l, TICK, Weight::Regular)).fold(0.0, f32::max);
        let lies = widest + 6.0 > (look.width as f32 - 88.0) / self.labels.len().max(1) as f32
            && (look.height as f32 - 80.0) / self.labels.len().max(1) as f32 >= TICK + 2.0;
        let values = self.values().grid().label(look.y_label.as_ref()).reach(Reach::Padded(0.04));
        let bands = Side::bands(&self.labels).label(look.x_label.as_ref());
        let turn = |p: (f64, f64)| if lies { (p.1, p.0) } else { p };
        let mut figure = if lies { Figure::new(values, bands) } else { Figure::new(bands, values) };
        let span = |i: usize, lo: f64, hi: f64| Span { at: i as f64, lo, hi };
        let whiskers = self
            .present()
            .flat_map(|(i, g)| [span(i, g.whiskers.0, g.quartiles[0]), span(i, g.quartiles[2], g.whiskers.1)]);
        let spans = whiskers.filter(|s| s.hi > s.lo).collect();
        figure.layers.push(Layer::Spans { spans, upright: !lies, color: SOFT, cap: 0.0, width: 1.2 });
        let bar = |(i, g): (usize, &Summary)| {
            let (place, reach) = ((i as f64 - 0.3, i as f64 + 0.3), (g.quartiles[0], g.quartiles[2]));
            let (x, y) = if lies { (reach, place) } else { (place, reach) };
            Bar { x, y, label: format!("{} ({} values)", self.labels[i], g.count), value: g.quartiles[1] }
        };
        let bars = self.present().map(bar).collect();
        figure.layers.push(Layer::Bars { bars, fill: Fill::Plain(color(0)), alpha: 0.45, gap: 0.0 });
        let median =
            |(i, g): (usize, &Summary)| [-0.3, 0.3].map(|side| turn((i as f64 + side, g.quartiles[1]))).to_vec();
        let (runs, fill) = (self.present().map(median).collect(), Fill::Plain(INK));
        figure.layers.push(Layer::Line { runs, fill, width: 2.0, dash: None, dots: false });
        let points: Vec<(f64, f64)> =
            self.present().flat_map(|(i, g)| g.dots().into_iter().map(move |v| turn((i as f64, v)))).collect();
        if !points.is_empty() {
            figure.layers.push(Layer::Dots { points, fill: Fill::Plain(color(0)), radius: 2.0, alpha: 0.6 });
        }
        let empty = self.groups.iter().enumerate().filter(|(_, g)| g.is_none());
        let middle = (figure.x.lo.midpoint(figure.x.hi), figure.y.lo.midpoint(figure.y.hi));
        let note = |(i, _): (usize, &Option<Summary>)| Note {
            at: if lies { (middle.0, i as f64) } else { (i as f64, middle.1) },
            shift: (0.0, 0.0),
            text: "no values".to_owned(),
            color: SOFT,
            anchor: Anchor::Middle,
        };
        let texts: Vec<Note> = empty.map(note).collect();
        figure.layers.extend((!texts.is_empty()).then_some(Layer::Texts { texts }));
        Some(figure)
    }

    /// A row per group: whiskers as lines, the box as blocks, the median as a gap in it.
    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let room = (columns / 3).max(6);
        let margin = self.labels.iter().map(|l| places(l).min(room)).max().unwrap_or(0) + 1;
        let wide = columns.saturating_sub(margin + 1).max(8);
        let side = self.values();
        let axis = Axis::new(&Scale::Linear, (side.lo, side.hi), side.whole, columns / 12);
        let at = |v: f64| ((axis.at(v) * (wide - 1) as f64).round() as usize).min(wide - 1);
        let mut out: Vec<String> = look.x_label.iter().map(|l| clip(l, columns)).collect();
        let fit = rows.saturating_sub(out.len() + 4).max(3);
        for (label, group) in self.labels.iter().zip(&self.groups).take(fit) {
            let mut cells = vec![' '; wide];
            if let Some(g) = group {
                g.outliers.iter().for_each(|v| cells[at(*v)] = '·');
                (at(g.whiskers.0)..=at(g.whiskers.1)).for_each(|c| cells[c] = '─');
                (at(g.quartiles[0])..=at(g.quartiles[2])).for_each(|c| cells[c] = '▒');
                cells[at(g.quartiles[1])] = '█';
            }
            let label = right(&clip(label, room), margin - 1);
            out.push(format!("{label} │{}", cells.into_iter().collect::<String>()));
        }
        if self.labels.len() > fit {
            out.push(format!("... {} more", self.labels.len() - fit));
        }
        out.extend(x_axis(&axis, margin, wide));
        out.extend(look.y_label.iter().map(|l| crate::text::centered(l, margin + 1, wide)));
        Some(out)
    }

    fn method(&self) -> &'static str {
        "all groups at once: boxplot(&labels, &groups)"
    }

    fn size(&self) -> usize {
        self.present().map(|(_, g)| g.count).sum()
    }
}
