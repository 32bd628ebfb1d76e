//! Charts in characters: braille dots for lines and points, blocks for bars.

use crate::chart::{Chart, Mark};
use crate::layout::legend_name;
use crate::sample;
use crate::scale::{Axis, alike};

/// The chart in at most `columns` x `rows` characters (but at least 20 x 6).
pub(crate) fn draw(chart: &Chart, columns: usize, rows: usize) -> String {
    let (columns, rows) = (columns.max(20), rows.max(6));
    let mut lines = match chart.mark {
        Mark::Bar => bars(chart, columns, rows),
        Mark::Line | Mark::Scatter | Mark::Roc => curves(chart, columns, rows),
    };
    if let Some(title) = &chart.title {
        lines.insert(0, clip(title, columns));
    }
    lines.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n")
}

/// A grid of dots, two by four to a character (U+2800 and following).
struct Dots {
    columns: usize,
    rows: usize,
    cells: Vec<u8>,
}

impl Dots {
    fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        if x < self.columns * 2 && y < self.rows * 4 {
            self.cells[y / 4 * self.columns + x / 2] |= BITS[y % 4][x % 2];
        }
    }

    /// The dots from one to another; every `skip`-th of them.
    fn line(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64), skip: usize) {
        let steps = (x1 - x0).abs().max((y1 - y0).abs()).ceil().max(1.0);
        for i in (0..=steps as usize).step_by(skip) {
            let t = i as f64 / steps;
            self.set((x0 + (x1 - x0) * t).round() as usize, (y0 + (y1 - y0) * t).round() as usize);
        }
    }

    fn row(&self, row: usize) -> Vec<char> {
        let cells = &self.cells[row * self.columns..(row + 1) * self.columns];
        cells.iter().map(|&c| if c == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(c)).unwrap_or(' ') }).collect()
    }
}

/// Letters that mark the ends of lines, as text has no colours.
fn letter(i: usize) -> char {
    char::from(b'A' + (i % 26) as u8)
}

fn curves(chart: &Chart, columns: usize, rows: usize) -> Vec<String> {
    let runs: Vec<sample::Runs> = chart.series.iter().map(|s| sample::runs(chart, s)).collect();
    let all = || runs.iter().flatten().flatten();
    let (xs, ys) = if chart.mark == Mark::Roc {
        (Axis { lo: 0.0, hi: 1.0, step: 0.2 }, Axis { lo: 0.0, hi: 1.0, step: 0.2 })
    } else {
        (Axis::over(all().map(|p| p.0), columns / 12), Axis::over(all().map(|p| p.1), rows / 3).widened_to_ticks())
    };
    let mut below = legend(chart, columns);
    let above: Vec<String> = chart.y_label.iter().map(|l| clip(l, columns)).collect();
    let taken =
        below.len() + above.len() + 2 + usize::from(chart.title.is_some()) + usize::from(chart.x_label.is_some());
    let height = rows.saturating_sub(taken).max(3);
    let labels: Vec<(usize, String)> =
        ys.ticks().iter().map(|&t| (((1.0 - ys.at(t)) * (height - 1) as f64).round() as usize, ys.label(t))).collect();
    let margin = labels.iter().map(|(_, l)| l.chars().count()).max().unwrap_or(0) + 1;
    let wide = columns.saturating_sub(margin + 1).max(8);
    let mut dots = Dots { columns: wide, rows: height, cells: vec![0; wide * height] };
    let place = |&(x, y): &(f64, f64)| (xs.at(x) * (wide * 2 - 1) as f64, (1.0 - ys.at(y)) * (height * 4 - 1) as f64);
    if chart.mark == Mark::Roc {
        dots.line(place(&(0.0, 0.0)), place(&(1.0, 1.0)), 4);
    }
    for run in runs.iter().flatten() {
        if chart.mark == Mark::Scatter || run.len() == 1 {
            run.iter().map(place).for_each(|(x, y)| dots.set(x.round() as usize, y.round() as usize));
        } else {
            run.windows(2).for_each(|pair| dots.line(place(&pair[0]), place(&pair[1]), 1));
        }
    }
    let mut grid: Vec<Vec<char>> = (0..height).map(|row| dots.row(row)).collect();
    if chart.series.len() > 1 {
        mark_ends(chart, &runs, &mut grid, |p| place(p));
    }
    let mut out = above;
    for (row, cells) in grid.iter().enumerate() {
        let label = labels.iter().find(|(at, _)| *at == row).map_or("", |(_, l)| l);
        let axis = if label.is_empty() { '│' } else { '┤' };
        out.push(format!("{label:>width$}{axis}{}", cells.iter().collect::<String>(), width = margin));
    }
    out.extend(x_axis(&xs, margin, wide));
    out.extend(chart.x_label.iter().map(|l| centered(l, margin + 1, wide)));
    out.append(&mut below);
    out
}

/// Puts each series' letter where it ends; the next free place above or below if that is taken.
fn mark_ends(chart: &Chart, runs: &[sample::Runs], grid: &mut [Vec<char>], place: impl Fn(&(f64, f64)) -> (f64, f64)) {
    for (i, series) in runs.iter().enumerate() {
        let point = match chart.mark {
            Mark::Roc => series.first().and_then(|run| middle(run)),
            _ => series.last().and_then(|run| run.last()).copied(),
        };
        let Some((x, y)) = point.as_ref().map(&place) else { continue };
        let (column, row) = (x.round() as usize / 2, y.round() as usize / 4);
        let free = (0..grid.len()).filter(|&r| !grid[r][column].is_ascii_uppercase()).min_by_key(|&r| r.abs_diff(row));
        if let Some(row) = free {
            grid[row][column] = letter(i);
        }
    }
}

/// Where a ROC curve crosses the middle: all curves meet at their ends.
fn middle(run: &[(f64, f64)]) -> Option<(f64, f64)> {
    let pair = run.windows(2).find(|pair| pair[0].0 <= 0.5 && pair[1].0 > 0.5)?;
    let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
    Some((0.5, y0 + (y1 - y0) * (0.5 - x0) / (x1 - x0)))
}

fn x_axis(xs: &Axis, margin: usize, wide: usize) -> [String; 2] {
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

fn legend(chart: &Chart, columns: usize) -> Vec<String> {
    let many = chart.series.len() > 1;
    let names = chart.series.iter().enumerate().filter_map(|(i, s)| {
        let name = legend_name(chart, s).or_else(|| many.then(|| format!("series {}", i + 1)))?;
        Some(if many && chart.mark != Mark::Bar { format!("{} {name}", letter(i)) } else { name })
    });
    let text = names.chain(sample::remark(chart)).collect::<Vec<_>>().join("   ");
    if text.is_empty() { Vec::new() } else { vec![clip(&text, columns)] }
}

fn bars(chart: &Chart, columns: usize, rows: usize) -> Vec<String> {
    let room = (columns / 3).max(6);
    let margin = chart.labels.iter().map(|l| l.chars().count().min(room)).max().unwrap_or(0);
    let values = || chart.series.iter().flat_map(|s| s.y.iter().copied()).filter(|v| v.is_finite());
    let written: Vec<Vec<String>> = written(chart);
    let digits = written.iter().flatten().map(|t| t.chars().count()).max().unwrap_or(1);
    let (lo, hi) = values().fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let many = chart.series.len() > 1;
    let names = chart.series.iter().filter_map(|s| s.name.as_ref()).map(|n| n.chars().count() + 1).max();
    let names = names.filter(|_| many).unwrap_or(0).min(room);
    let wide = columns.saturating_sub(margin + digits + names + 3).max(4);
    let zero = if hi > lo { (-lo / (hi - lo) * wide as f64).round() as usize } else { 0 };
    let mut out: Vec<String> = chart.y_label.iter().map(|l| clip(l, columns)).collect();
    let fit = (rows.saturating_sub(out.len() + 1) / (chart.series.len() + usize::from(many))).max(3);
    for (j, label) in chart.labels.iter().take(fit).enumerate() {
        for (i, series) in chart.series.iter().enumerate() {
            let value = series.y.get(j).copied().unwrap_or(f64::NAN);
            let label = if i == 0 { clip(label, room) } else { String::new() };
            let bar = block(value, (lo, hi), zero, wide);
            let name = series.name.as_deref().filter(|_| many).unwrap_or_default();
            let pad = margin - label.chars().count().min(margin);
            let value = written[i].get(j).map_or("", String::as_str);
            out.push(clip(format!("{}{label} │{bar} {value} {name}", " ".repeat(pad)).trim_end(), columns));
        }
    }
    if chart.labels.len() > fit {
        out.push(format!("... {} more", chart.labels.len() - fit));
    }
    out.extend(chart.x_label.iter().map(|l| centered(l, margin + 2, wide)));
    out
}

/// The values as text, series by series, all written alike.
fn written(chart: &Chart) -> Vec<Vec<String>> {
    let all: Vec<f64> = chart.series.iter().flat_map(|s| s.y.iter().copied()).collect();
    let mut texts = alike(&all).into_iter();
    chart.series.iter().map(|s| texts.by_ref().take(s.y.len()).collect()).collect()
}

/// A bar in eighths of a character, from zero to the value.
fn block(value: f64, (lo, hi): (f64, f64), zero: usize, wide: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if !value.is_finite() || hi <= lo {
        return String::new();
    }
    let length = value.abs() / (hi - lo) * wide as f64;
    if value < 0.0 {
        let cells = (length.round() as usize).min(zero);
        return " ".repeat(zero - cells) + &"█".repeat(cells);
    }
    let eighths = (length * 8.0).round() as usize;
    " ".repeat(zero) + &"█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

fn centered(text: &str, margin: usize, wide: usize) -> String {
    let text = clip(text, margin + wide);
    let before = margin + wide.saturating_sub(text.chars().count()) / 2;
    let before = before.min(margin + wide - text.chars().count());
    format!("{:before$}{text}", "")
}

/// At most `room` characters, control characters replaced.
fn clip(text: &str, room: usize) -> String {
    let text = text.replace(|c: char| c.is_control(), " ");
    if text.chars().count() <= room {
        return text;
    }
    text.chars().take(room.saturating_sub(1)).collect::<String>() + "…"
}
