//! Figures in characters: braille dots for curves and bars, and what kinds of charts need for their own text.

use crate::chart::Chart;
use crate::figure::{Bar, Figure, Fill, Layer, Place};
use crate::look::Look;
use crate::scale::{Axis, Scale, short};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The chart in at most `columns` x `rows` characters (but at least 20 x 6).
pub(crate) fn draw(chart: &Chart, columns: usize, rows: usize) -> String {
    let (columns, rows) = (columns.max(20), rows.max(6));
    let drawing = chart.kind.drawing();
    let rows_left = rows - usize::from(chart.look.title.is_some());
    let own = drawing.text(&chart.look, columns, rows_left);
    let lines = own.or_else(|| drawing.parts().map(|(charts, across)| grid(charts, across, columns, rows_left)));
    let lines = lines.or_else(|| {
        let mut figure = drawing.figure(&chart.look)?;
        chart.look.refer(&mut figure);
        Some(curves(&chart.look, &figure, columns, rows_left))
    });
    let title = chart.look.title.iter().map(|title| clip(title, columns));
    title.chain(lines.unwrap_or_default()).map(|l| clean(&l).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Charts side by side, row by row, as long as there is room.
fn grid(charts: &[Chart], across: usize, columns: usize, rows: usize) -> Vec<String> {
    let across = across.min((columns / 24).max(1)); // narrower ones show nothing
    let count = charts.len().div_ceil(across).min((rows / 7).max(1));
    let (wide, high) = ((columns - 2 * (across - 1)) / across, rows / count);
    let mut out = Vec::new();
    for row in charts.chunks(across).take(count) {
        let parts: Vec<Vec<String>> =
            row.iter().map(|c| draw(c, wide, high).lines().map(|l| clip(l, wide)).collect()).collect();
        for i in 0..parts.iter().map(Vec::len).max().unwrap_or(0) {
            let cell = |part: &Vec<String>| left(part.get(i).map_or("", String::as_str), wide);
            out.push(parts.iter().map(cell).collect::<Vec<_>>().join("  "));
        }
    }
    let hidden = charts.len().saturating_sub(count * across);
    if hidden > 0 {
        out.truncate(rows - 1);
        out.push(format!("... {hidden} more charts"));
    }
    out
}

/// A grid of dots, two by four to a character (U+2800 and following).
pub(crate) struct Dots {
    columns: usize,
    rows: usize,
    cells: Vec<u8>,
}

impl Dots {
    pub fn new(columns: usize, rows: usize) -> Self {
        Dots { columns, rows, cells: vec![0; columns * rows] }
    }

    pub fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x < self.columns * 2 && y < self.rows * 4 {
            self.cells[y / 4 * self.columns + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    /// The dots from one to another; every `skip`-th of them.
    pub fn line(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64), skip: usize) {
        let steps = (x1 - x0).abs().max((y1 - y0).abs()).ceil().max(1.0);
        for i in (0..=steps as usize).step_by(skip) {
            let t = i as f64 / steps;
            self.set((x0 + (x1 - x0) * t).round() as usize, (y0 + (y1 - y0) * t).round() as usize);
        }
    }

    pub fn row(&self, row: usize) -> Vec<char> {
        let cells = &self.cells[row * self.columns..(row + 1) * self.columns];
        cells.iter().map(|&c| if c == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(c)).unwrap_or(' ') }).collect()
    }
}

/// Letters that mark the ends of lines, as text has no colours.
fn letter(i: usize) -> char {
    char::from(b'A' + (i % 26) as u8)
}

fn curves(look: &Look, figure: &Figure, columns: usize, rows: usize) -> Vec<String> {
    let (xs, ys) = (figure.x.axis(columns / 12), figure.y.axis(rows / 3));
    let below = legend(figure, columns);
    let above: Vec<String> = look.y_label.iter().map(|l| clip(l, columns)).collect();
    let taken = below.len() + above.len() + 2 + usize::from(look.x_label.is_some());
    let height = rows.saturating_sub(taken).max(3);
    let row_of = |t: f64| ((1.0 - ys.at(t)) * (height - 1) as f64).round() as usize;
    let labels: Vec<(usize, String)> = ys.ticks().iter().map(|&t| (row_of(t), ys.label(t))).collect();
    let margin = labels.iter().map(|(_, l)| l.chars().count()).max().unwrap_or(0) + 1;
    let wide = columns.saturating_sub(margin + 1).max(8);
    let (many, within) = (figure.legend.len() > 1, figure.place != Place::Above);
    let mut canvas = Canvas { dots: Dots::new(wide, height), xs: &xs, ys: &ys, many, within };
    figure.layers.iter().for_each(|layer| canvas.layer(layer));
    let mut grid: Vec<Vec<char>> = (0..height).map(|row| canvas.dots.row(row)).collect();
    if canvas.many {
        mark_ends(figure, &mut grid, |p| canvas.place(p));
    }
    let mut out = above;
    for (row, cells) in grid.iter().enumerate() {
        let label = labels.iter().find(|(at, _)| *at == row).map_or("", |(_, l)| l);
        let axis = if label.is_empty() { '│' } else { '┤' };
        out.push(format!("{label:>width$}{axis}{}", cells.iter().collect::<String>(), width = margin));
    }
    out.extend(x_axis(&xs, margin, wide));
    out.extend(look.x_label.iter().map(|l| centered(l, margin + 1, wide)));
    out.extend(below);
    out
}

/// Dots over two axes.
struct Canvas<'a> {
    dots: Dots,
    xs: &'a Axis,
    ys: &'a Axis,
    /// Several series: bars are outlines then, as filled ones would hide each other.
    many: bool,
    /// Curves that leave no room beside them: bars of several series would only blur them.
    within: bool,
}

impl Canvas<'_> {
    /// Where a point lies, in dots.
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (wide, high) = ((self.dots.columns * 2 - 1) as f64, (self.dots.rows * 4 - 1) as f64);
        (self.xs.at(x).clamp(0.0, 1.0) * wide, (1.0 - self.ys.at(y).clamp(0.0, 1.0)) * high)
    }

    fn dot(&mut self, point: (f64, f64)) {
        let (x, y) = self.place(point);
        self.dots.set(x.round() as usize, y.round() as usize);
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), skip: usize) {
        let (from, to) = (self.place(from), self.place(to));
        self.dots.line(from, to, skip);
    }

    fn layer(&mut self, layer: &Layer) {
        match layer {
            Layer::Line { runs, dash, .. } => {
                let skip = if dash.is_some() { 4 } else { 1 };
                for run in runs {
                    run.iter().take(1).for_each(|p| self.dot(*p));
                    run.windows(2).for_each(|pair| self.line(pair[0], pair[1], skip));
                }
            }
            Layer::Dots { points, .. } => points.iter().for_each(|p| self.dot(*p)),
            Layer::Bars { .. } if self.many && self.within => {}
            Layer::Bars { bars, .. } if self.many => self.outline(bars),
            Layer::Bars { bars, .. } => bars.iter().for_each(|b| self.fill(b)),
            Layer::Band { runs, .. } => {
                for run in runs {
                    run.windows(2).for_each(|w| self.line((w[0].0, w[0].1), (w[1].0, w[1].1), 3));
                    run.windows(2).for_each(|w| self.line((w[0].0, w[0].2), (w[1].0, w[1].2), 3));
                }
            }
            Layer::Spans { spans, upright: true, .. } => {
                spans.iter().for_each(|s| self.line((s.at, s.lo), (s.at, s.hi), 1));
            }
            Layer::Spans { spans, .. } => spans.iter().for_each(|s| self.line((s.lo, s.at), (s.hi, s.at), 1)),
            Layer::Rule { at, upright: true, .. } => {
                let (lo, hi) = self.ys.ends();
                self.line((*at, lo), (*at, hi), 3);
            }
            Layer::Rule { at, .. } => {
                let (lo, hi) = self.xs.ends();
                self.line((lo, *at), (hi, *at), 3);
            }
            Layer::Texts { .. } => {}
        }
    }

    fn fill(&mut self, bar: &Bar) {
        let (x0, y0) = self.place((bar.x.0, bar.y.0));
        let (x1, y1) = self.place((bar.x.1, bar.y.1));
        // Up to the next bar's first dot, so that neighbours touch and do not overlap.
        let (from, to) = (x0.min(x1).round() as usize, x0.max(x1).round() as usize);
        for x in from..to.max(from + 1) {
            for y in y0.min(y1).round() as usize..=y0.max(y1).round() as usize {
                self.dots.set(x, y);
            }
        }
    }

    fn outline(&mut self, bars: &[Bar]) {
        let mut last: Option<&Bar> = None;
        for bar in bars {
            let before = last.filter(|l| l.x.1 == bar.x.0).map_or(bar.y.0, |l| l.y.1);
            if let Some(left) = last.filter(|l| l.x.1 != bar.x.0) {
                self.line((left.x.1, left.y.1), (left.x.1, left.y.0), 1);
            }
            self.line((bar.x.0, before), (bar.x.0, bar.y.1), 1);
            self.line((bar.x.0, bar.y.1), (bar.x.1, bar.y.1), 1);
            last = Some(bar);
        }
        if let Some(bar) = last {
            self.line((bar.x.1, bar.y.1), (bar.x.1, bar.y.0), 1);
        }
    }
}

/// Puts each series' letter where it ends; the next free place above or below if that is taken.
fn mark_ends(figure: &Figure, grid: &mut [Vec<char>], place: impl Fn((f64, f64)) -> (f64, f64)) {
    let rates = figure.place != Place::Above;
    let mut marked = vec![false; figure.legend.len()];
    for layer in figure.layers.iter().rev() {
        let (point, i) = match layer {
            Layer::Line { runs, fill: Fill::Series(i), .. } if rates => (runs.first().and_then(|r| middle(r)), *i),
            Layer::Line { runs, fill: Fill::Series(i), .. } => (runs.last().and_then(|r| r.last()).copied(), *i),
            Layer::Dots { points, fill: Fill::Series(i), .. } => (points.last().copied(), *i),
            Layer::Bars { bars, fill: Fill::Series(i), .. } => (peak(bars), *i),
            _ => continue,
        };
        let Some((x, y)) = point.map(&place).filter(|_| !std::mem::replace(&mut marked[i], true)) else { continue };
        let (column, row) = (x.round() as usize / 2, y.round() as usize / 4);
        let free = (0..grid.len()).filter(|&r| !grid[r][column].is_ascii_uppercase()).min_by_key(|&r| r.abs_diff(row));
        if let Some(row) = free {
            grid[row][column] = letter(i);
        }
    }
}

/// Where a curve between rates crosses the middle: all curves meet at their ends.
fn middle(run: &[(f64, f64)]) -> Option<(f64, f64)> {
    let crosses = |pair: &&[(f64, f64)]| (pair[0].0 <= 0.5) != (pair[1].0 <= 0.5);
    let Some(pair) = run.windows(2).find(crosses) else { return run.last().copied() };
    let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
    Some((0.5, y0 + (y1 - y0) * (0.5 - x0) / (x1 - x0)))
}

fn peak(bars: &[Bar]) -> Option<(f64, f64)> {
    let highest = bars.iter().max_by(|a, b| a.value.total_cmp(&b.value))?;
    Some((highest.x.0.midpoint(highest.x.1), highest.y.1))
}

/// The line under a drawing and the labels under that.
pub(crate) fn x_axis(xs: &Axis, margin: usize, wide: usize) -> [String; 2] {
    let mut line: Vec<char> = vec!['─'; wide];
    let mut text: Vec<char> = vec![' '; margin + 1 + wide];
    let mut free = 0;
    for tick in xs.ticks() {
        let at = (xs.at(tick) * (wide - 1) as f64).round() as usize;
        let label: Vec<char> = xs.label(tick).chars().collect();
        let start =
            (margin + 1 + at).saturating_sub(label.len() / 2).min((margin + 1 + wide).saturating_sub(label.len()));
        if start >= free && start + label.len() <= text.len() {
            line[at.min(wide - 1)] = '┬';
            text[start..start + label.len()].copy_from_slice(&label);
            free = start + label.len() + 1;
        }
    }
    [format!("{:margin$}└{}", "", line.iter().collect::<String>()), text.into_iter().collect()]
}

/// Names of the series and of reference lines, and remarks.
fn legend(figure: &Figure, columns: usize) -> Vec<String> {
    let many = figure.legend.len() > 1;
    let entry = |(i, e): (usize, &crate::figure::Entry)| {
        if many { format!("{} {}", letter(i), e.name) } else { e.name.clone() }
    };
    let rules = figure.layers.iter().filter_map(|layer| match layer {
        Layer::Rule { at, upright, name: Some(name), .. } => {
            let dated = *upright && figure.x.scale == Scale::Time;
            let at = if dated { figure.x.axis(5).label(*at) } else { short(*at) };
            Some(format!("┄ {name} {at}"))
        }
        _ => None,
    });
    let names = figure.legend.iter().enumerate().map(entry);
    let text = names.chain(rules).chain(figure.remarks.iter().cloned()).collect::<Vec<_>>().join("   ");
    if text.is_empty() { Vec::new() } else { vec![clip(&text, columns)] }
}

/// A table with a head; none if it is wider or higher than this.
pub(crate) fn table(
    x: &[String],
    y: &[String],
    cells: &[Vec<String>],
    columns: usize,
    rows: usize,
) -> Option<Vec<String>> {
    let count = |s: &String| places(s);
    let margin = y.iter().map(count).max().unwrap_or(0).min(columns / 3);
    let needs = |j: usize, head: usize| {
        cells.iter().map(|row| count(&row[j])).max().unwrap_or(0).max(count(&x[j]).min(head)) + 2
    };
    // Longer heads are cut before they widen a column.
    let widths = [16, 10, 7, 4].map(|head| (0..x.len()).map(|j| needs(j, head)).collect::<Vec<usize>>());
    let wide = widths.into_iter().find(|wide| margin + wide.iter().sum::<usize>() <= columns)?;
    if y.len() + 1 > rows {
        return None;
    }
    let line = |label: &str, texts: &[String]| {
        let cells: String = texts.iter().zip(&wide).map(|(t, w)| right(&clip(t, w - 2), *w)).collect();
        right(&clip(label, margin), margin) + &cells
    };
    Some(std::iter::once(line("", x)).chain(y.iter().zip(cells).map(|(l, row)| line(l, row))).collect())
}

/// A bar in eighths of a character, from zero to the value.
pub(crate) fn block(value: f64, (lo, hi): (f64, f64), wide: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if !value.is_finite() || hi <= lo {
        return String::new();
    }
    // halves keep ranges near the largest float finite
    let share = |v: f64| v * 0.5 / (hi * 0.5 - lo * 0.5) * wide as f64;
    let (zero, length) = (share(-lo).round() as usize, share(value.abs()));
    if value < 0.0 {
        let cells = (length.round() as usize).min(zero);
        return " ".repeat(zero - cells) + &"█".repeat(cells);
    }
    let eighths = (length * 8.0).round() as usize;
    " ".repeat(zero) + &"█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

pub(crate) fn centered(text: &str, margin: usize, wide: usize) -> String {
    let text = clip(text, margin + wide);
    let before = margin + wide.saturating_sub(places(&text)) / 2;
    let before = before.min(margin + wide - places(&text));
    format!("{:before$}{text}", "")
}

fn clean(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// How many places of the terminal a text takes: some letters take two, accents none.
pub(crate) fn places(text: &str) -> usize {
    text.width()
}

/// The text at the right of so many places.
pub(crate) fn right(text: &str, wide: usize) -> String {
    " ".repeat(wide.saturating_sub(places(text))) + text
}

/// The text at the left of so many places.
fn left(text: &str, wide: usize) -> String {
    text.to_owned() + &" ".repeat(wide.saturating_sub(places(text)))
}

/// As much of the text as takes `room` places, control characters replaced.
pub(crate) fn clip(text: &str, room: usize) -> String {
    let text = clean(text);
    if places(&text) <= room {
        return text;
    }
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or(1);
        taken < room
    };
    text.chars().take_while(fits).collect::<String>() + "…"
}
