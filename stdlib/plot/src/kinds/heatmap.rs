//! Heat maps: a coloured cell per pair of labels.

use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, at_most, same_length};
use crate::figure::{Bar, ColorBar, Figure, Fill, Layer, Note, Side};
use crate::font::{Weight, width};
use crate::look::Look;
use crate::number::{nullable_rows, texts};
use crate::scale::{alike, short};
use crate::scene::Anchor;
use crate::text::{clip, right, table};
use crate::theme::{Ramp, TICK, ink_on};
use serde::{Deserialize, Serialize};

/// A value per cell, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Heatmap {
    x: Vec<String>,
    y: Vec<String>,
    #[serde(with = "nullable_rows")]
    values: Vec<Vec<f64>>,
}

/// Rows and columns at most.
pub(crate) const SIDE: usize = 200;

impl Chart {
    /// A coloured cell per pair of labels; `values` has a row per label of `y_labels`, the first on top.
    ///
    /// Values of both signs (correlations) go from blue over white at zero to red, others from dark to light. Cells
    /// carry their value where there is room; NaN is grey.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::Row`], [`PlotError::TooMany`] beyond 200 rows or
    /// columns, [`PlotError::NothingFinite`].
    pub fn heatmap(
        x_labels: &[impl AsRef<str>],
        y_labels: &[impl AsRef<str>],
        values: &[Vec<f64>],
    ) -> Result<Self, PlotError> {
        let (x, y) = (texts(x_labels), texts(y_labels));
        cells("values", x.len(), y.len(), values)?;
        if !values.iter().flatten().any(|v| v.is_finite()) {
            return Err(PlotError::NothingFinite);
        }
        let (wide, high) = size(&x, &y);
        Ok(Chart::of(Kind::Heatmap(Heatmap { x, y, values: values.to_vec() })).size(wide, high))
    }
}

/// Refuses a table that has not a value per pair of labels.
pub(crate) fn cells(what: &'static str, x: usize, y: usize, values: &[Vec<f64>]) -> Result<(), PlotError> {
    same_length(("y labels", y), (what, values.len()))?;
    if x == 0 {
        return Err(PlotError::Empty { what: "x labels" });
    }
    at_most("x labels", x, SIDE)?;
    at_most("y labels", y, SIDE)?;
    match values.iter().position(|row| row.len() != x) {
        Some(row) => Err(PlotError::Row { what, row, found: values[row].len(), expected: x }),
        None => Ok(()),
    }
}

/// A size that gives each cell room for its number, as far as a page goes.
fn size(x: &[String], y: &[String]) -> (u32, u32) {
    let beside = y.iter().map(|l| width(l, TICK, Weight::Regular)).fold(0.0, f32::max).min(200.0) as u32;
    (130 + beside + (x.len() as u32 * 56).clamp(160, 760), 130 + (y.len() as u32 * 32).clamp(120, 700))
}

/// Positions on the ramp, the ramp, and what its ends mean.
fn colored(values: &[f64]) -> (Vec<f64>, ColorBar) {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (lo, hi) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let signed = lo < 0.0 && hi > 0.0;
    let most = hi.abs().max(lo.abs());
    let (lo, hi) = if signed { (-most, most) } else { (lo, hi) };
    let place = |v: f64| match () {
        () if !v.is_finite() => f64::NAN,
        () if hi > lo => (v * 0.5 - lo * 0.5) / (hi * 0.5 - lo * 0.5),
        () => 0.5,
    };
    let ramp = if signed { Ramp::Diverging } else { Ramp::Viridis };
    (values.iter().map(|v| place(*v)).collect(), ColorBar { ramp, title: String::new(), ends: (short(lo), short(hi)) })
}

/// A rectangle per cell.
pub(crate) fn tiles(x: &[String], y: &[String], values: &[f64]) -> Vec<Bar> {
    let tile = |(i, value): (usize, &f64)| {
        let (column, row) = (i % x.len(), i / x.len());
        let (c, r) = (column as f64, row as f64);
        let label = format!("{}, {}", y[row], x[column]);
        Bar { x: (c - 0.5, c + 0.5), y: (r - 0.5, r + 0.5), label, value: *value }
    };
    values.iter().enumerate().map(tile).collect()
}

/// Pixels of a cell, about.
pub(crate) fn room(look: &Look, x: &[String], y: &[String]) -> (f32, f32) {
    let beside = y.iter().map(|l| width(l, TICK, Weight::Regular)).fold(0.0, f32::max).min(look.width as f32 * 0.4);
    ((look.width as f32 - beside - 120.0) / x.len() as f32, (look.height as f32 - 110.0) / y.len() as f32)
}

impl Drawing for Heatmap {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let flat: Vec<f64> = self.values.iter().flatten().copied().collect();
        let (places, bar) = colored(&flat);
        let side = |labels: &[String], label| Side::bands(labels).label(label);
        let mut figure = Figure::new(side(&self.x, look.x_label.as_ref()), side(&self.y, look.y_label.as_ref()));
        let written = alike(&flat);
        let widest = written.iter().map(|t| width(t, TICK, Weight::Regular)).fold(0.0, f32::max);
        let (wide, high) = room(look, &self.x, &self.y);
        let note = |(i, text): (usize, String)| Note {
            at: ((i % self.x.len()) as f64, (i / self.x.len()) as f64),
            shift: (0.0, TICK * 0.36),
            text,
            color: ink_on(bar.ramp.at(places[i])),
            anchor: Anchor::Middle,
        };
        let texts = (widest + 4.0 <= wide && high >= TICK + 2.0)
            .then(|| written.into_iter().enumerate().filter(|(i, _)| flat[*i].is_finite()).map(note).collect());
        let (bars, fill) = (tiles(&self.x, &self.y, &flat), Fill::Ramp(places.clone()));
        let gap = if wide > 8.0 && high > 8.0 { 0.5 } else { 0.0 };
        figure.layers.push(Layer::Bars { bars, fill, alpha: 1.0, gap });
        figure.layers.extend(texts.map(|texts| Layer::Texts { texts }));
        figure.bar = Some(bar);
        Some(figure)
    }

    /// Numbers if they fit, or else a shade per cell.
    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let flat: Vec<f64> = self.values.iter().flatten().copied().collect();
        let written: Vec<Vec<String>> = alike(&flat).chunks(self.x.len()).map(<[String]>::to_vec).collect();
        let head = [look.y_label.as_deref(), look.x_label.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let mut out: Vec<String> = (!head.is_empty()).then(|| clip(&head.join(" \\ "), columns)).into_iter().collect();
        let fit = rows.saturating_sub(out.len() + 3).max(3);
        if let Some(lines) = table(&self.x, &self.y, &written, columns, fit) {
            out.extend(lines);
            return Some(out);
        }
        let (places, bar) = colored(&flat);
        let margin = self.y.iter().map(|l| crate::text::places(l)).max().unwrap_or(0).min(columns / 3);
        let wide = columns.saturating_sub(margin + 1).max(1);
        for (label, row) in self.y.iter().zip(places.chunks(self.x.len())).take(fit) {
            let shades: String = row.iter().take(wide).map(|t| shade(*t)).collect();
            out.push(format!("{} {shades}", right(&clip(label, margin), margin)));
        }
        let (lo, hi) = bar.ends;
        let hidden = (self.x.len().saturating_sub(wide), self.y.len().saturating_sub(fit));
        let more = if hidden == (0, 0) {
            String::new()
        } else {
            format!("   {} columns and {} rows more", hidden.0, hidden.1)
        };
        out.push(clip(&format!("{lo} ·░▒▓█ {hi}{more}"), columns));
        Some(out)
    }

    fn method(&self) -> &'static str {
        "all cells at once: heatmap(&x_labels, &y_labels, &values)"
    }

    fn takes_references(&self) -> bool {
        false
    }

    fn size(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }
}

fn shade(place: f64) -> char {
    if place.is_nan() { ' ' } else { ['·', '░', '▒', '▓', '█'][((place * 5.0) as usize).min(4)] }
}
