//! Confusion matrices: which classes a classifier takes for which.

use super::heatmap::{cells, room, tiles};
use super::{Drawing, Kind};
use crate::chart::Chart;
use crate::error::{PlotError, counts as check_counts};
use crate::figure::{ColorBar, Figure, Fill, Layer, Note, Side};
use crate::font::{Weight, width};
use crate::look::Look;
use crate::number::{Number, floats, texts};
use crate::scale::alike;
use crate::scene::Anchor;
use crate::text::{clip, table};
use crate::theme::{Ramp, TICK, ink_on};
use serde::{Deserialize, Serialize};

/// Counts per actual (rows) and predicted class (columns).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Confusion {
    labels: Vec<String>,
    counts: Vec<Vec<f64>>,
}

impl Chart {
    /// A confusion matrix: a row per actual class, a column per predicted one. Each cell has its count and its share of
    /// the row, which is also its colour; the diagonal is what was right.
    ///
    /// # Errors
    /// [`PlotError::Empty`], [`PlotError::Lengths`], [`PlotError::Row`], [`PlotError::TooMany`] beyond 200 classes,
    /// [`PlotError::Count`] for a count below zero.
    pub fn confusion<N: Number>(labels: &[impl AsRef<str>], counts: &[Vec<N>]) -> Result<Self, PlotError> {
        let (labels, counts) = (texts(labels), counts.iter().map(|row| floats(row)).collect::<Vec<_>>());
        cells("counts", labels.len(), labels.len(), &counts)?;
        counts.iter().try_for_each(|row| check_counts("counts", row))?;
        let beside = labels.iter().map(|l| width(l, TICK, Weight::Regular)).fold(0.0, f32::max).min(200.0) as u32;
        let (wide, high) = ((labels.len() as u32 * 76).clamp(200, 720), (labels.len() as u32 * 60).clamp(160, 640));
        let chart = Chart::of(Kind::Confusion(Confusion { labels, counts }));
        Ok(chart.size(140 + beside + wide, 130 + high).title("Confusion matrix").x_label("predicted").y_label("actual"))
    }
}

impl Confusion {
    /// Share of each cell in its row; NaN in rows without counts.
    fn shares(&self) -> Vec<f64> {
        let row = |row: &Vec<f64>| {
            let sum: f64 = row.iter().sum();
            row.iter().map(|v| v / sum).collect::<Vec<_>>()
        };
        self.counts.iter().flat_map(row).collect()
    }

    fn percent(share: f64) -> String {
        if share.is_nan() { "–".to_owned() } else { format!("{:.1}%", share * 100.0) }
    }
}

impl Drawing for Confusion {
    fn figure(&self, look: &Look) -> Option<Figure> {
        let classes = self.labels.len();
        let flat: Vec<f64> = self.counts.iter().flatten().copied().collect();
        let (shares, written) = (self.shares(), alike(&flat));
        let side = |label| Side::bands(&self.labels).label(label);
        let mut figure = Figure::new(side(look.x_label.as_ref()), side(look.y_label.as_ref()));
        let widest = written.iter().map(|t| width(t, TICK, Weight::Regular)).fold(0.0, f32::max);
        let (wide, high) = room(look, &self.labels, &self.labels);
        let fits = widest + 4.0 <= wide && high >= TICK + 2.0;
        let two = wide >= 44.0 && high >= 2.0 * TICK + 10.0;
        let note = |i: usize, text: String, down: f32| Note {
            at: ((i % classes) as f64, (i / classes) as f64),
            shift: (0.0, down),
            text,
            color: ink_on(Ramp::Blues.at(shares[i])),
            anchor: Anchor::Middle,
        };
        let mut notes = Vec::new();
        for (i, text) in written.into_iter().enumerate().filter(|_| fits) {
            notes.push(note(i, text, if two { -3.0 } else { TICK * 0.36 }));
            if two {
                notes.push(note(i, Self::percent(shares[i]), TICK + 2.0));
            }
        }
        let (bars, fill) = (tiles(&self.labels, &self.labels, &flat), Fill::Ramp(shares.clone()));
        figure.layers.push(Layer::Bars { bars, fill, alpha: 1.0, gap: if wide > 8.0 { 0.5 } else { 0.0 } });
        figure.layers.extend((!notes.is_empty()).then_some(Layer::Texts { texts: notes }));
        let (title, ends) = ("share of row".to_owned(), ("0%".to_owned(), "100%".to_owned()));
        figure.bar = Some(ColorBar { ramp: Ramp::Blues, title, ends });
        Some(figure)
    }

    fn text(&self, look: &Look, columns: usize, rows: usize) -> Option<Vec<String>> {
        let (shares, n) = (self.shares(), self.labels.len());
        let written = alike(&self.counts.iter().flatten().copied().collect::<Vec<_>>());
        let cell = |with_share: bool| {
            let text = |(i, count): (usize, &String)| {
                if with_share { format!("{count} {}", Self::percent(shares[i])) } else { count.clone() }
            };
            written
                .iter()
                .enumerate()
                .map(text)
                .collect::<Vec<_>>()
                .chunks(n)
                .map(<[String]>::to_vec)
                .collect::<Vec<_>>()
        };
        let (actual, predicted) =
            (look.y_label.as_deref().unwrap_or("actual"), look.x_label.as_deref().unwrap_or("predicted"));
        let mut out = vec![clip(&format!("{actual} in rows, {predicted} in columns"), columns)];
        let fit = rows.saturating_sub(4).max(3);
        let lines = table(&self.labels, &self.labels, &cell(true), columns, fit)
            .or_else(|| table(&self.labels, &self.labels, &cell(false), columns, fit));
        out.extend(lines.unwrap_or_else(|| self.worst(columns, fit)));
        Some(out)
    }

    fn method(&self) -> &'static str {
        "all counts at once: confusion(&labels, &counts)"
    }

    fn takes_references(&self) -> bool {
        false
    }

    fn size(&self) -> usize {
        self.counts.len() * self.counts.len()
    }
}

impl Confusion {
    /// Where a table does not fit: the share of right answers and the most frequent mistakes.
    fn worst(&self, columns: usize, rows: usize) -> Vec<String> {
        let n = self.labels.len();
        let right: f64 = (0..n).map(|i| self.counts[i][i]).sum();
        let all: f64 = self.counts.iter().flatten().sum();
        let mut wrong: Vec<(f64, usize, usize)> =
            (0..n * n).map(|i| (self.counts[i / n][i % n], i / n, i % n)).filter(|w| w.1 != w.2 && w.0 > 0.0).collect();
        wrong.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut out = vec![format!("{n} classes, {} right; most frequent mistakes:", Self::percent(right / all))];
        let line = |w: &(f64, usize, usize)| format!("{:>8}  {} taken for {}", w.0, self.labels[w.1], self.labels[w.2]);
        out.extend(wrong.iter().take(rows.saturating_sub(1)).map(line));
        out.iter().map(|l| clip(l, columns)).collect()
    }
}
