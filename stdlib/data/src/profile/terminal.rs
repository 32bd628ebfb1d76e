//! The profile as text for the terminal.

use super::column::{ColumnProfile, Detail};
use super::target::{Measure, TargetKind, TargetProfile};
use super::warnings::{brief, measured, share, shortened};
use super::{Histogram, Profile};
use crate::cells::{extent, grouped};
use crate::term::cut_to as cut;
use unicode_width::UnicodeWidthStr;

/// Warnings shown at most.
const WARNINGS: usize = 20;
/// Associations with the target shown at most.
const TELLING: usize = 8;
/// Columns shown at most.
const COLUMNS: usize = 100;
/// Widest name of a column, where there is room.
const NAME: usize = 24;
/// Widest type.
const TYPE: usize = 16;
/// The least room in which values are shown.
const ROOM: usize = 10;

pub(crate) fn text(profile: &Profile, width: usize) -> String {
    let mut lines = wrapped(&headline(profile), "", width);
    lines.extend(profile.notes.iter().flat_map(|note| wrapped(&format!("note: {note}"), "", width)));
    if !profile.warnings.is_empty() {
        lines.extend([String::new(), "Warnings".to_owned()]);
        let shown = profile.warnings.iter().take(WARNINGS);
        lines.extend(shown.flat_map(|w| wrapped(&cleaned(&w.text), "  ! ", width)));
        if profile.warnings.len() > WARNINGS {
            let more = grouped(profile.warnings.len() - WARNINGS);
            lines.push(format!("  and {more} more, in .warnings and in the HTML"));
        }
    }
    lines.push(String::new());
    lines.extend(columns(profile, width));
    if let Some(target) = &profile.target {
        lines.push(String::new());
        lines.extend(of_target(target, width));
    }
    lines.join("\n")
}

/// `336,776 rows x 19 columns, 46,595 values missing (0.7%), no repeated rows, 51.3 MB`.
pub(crate) fn headline(profile: &Profile) -> String {
    let cells = profile.rows * profile.columns.len();
    let missing = match profile.missing {
        0 => "no values missing".to_owned(),
        1 => format!("1 value missing ({})", share(1, cells)),
        n => format!("{} values missing ({})", grouped(n), share(n, cells)),
    };
    let repeated = match profile.repeated_rows {
        0 => "no repeated rows".to_owned(),
        1 => "1 repeated row".to_owned(),
        n => format!("{} repeated rows", grouped(n)),
    };
    format!("{}, {missing}, {repeated}, {}", extent(profile.rows, profile.columns.len()), bytes(profile.bytes))
}

fn bytes(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["kB", "MB", "GB", "TB"] {
        if value >= 1000.0 {
            (value, unit) = (value / 1000.0, next);
        }
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// The table of the columns: name, type, missing, distinct, and a line for what is in it.
fn columns(profile: &Profile, width: usize) -> Vec<String> {
    let shown = &profile.columns[..profile.columns.len().min(COLUMNS)];
    let rows: Vec<[String; 4]> = shown
        .iter()
        .map(|c| {
            let missing = if c.missing == 0 { "-".to_owned() } else { share(c.missing, profile.rows) };
            let (name, dtype) =
                (cut(&cleaned(&c.name), NAME.min(width / 3)), cut(&cleaned(&c.dtype), TYPE.min(width / 6)));
            [name, dtype, missing, grouped(c.distinct)]
        })
        .collect();
    let head = ["column", "type", "missing", "distinct"];
    let widths: Vec<usize> =
        (0..4).map(|i| rows.iter().map(|row| row[i].width()).max().unwrap_or(0).max(head[i].width())).collect();
    let line = |cells: [&str; 4], rest: &str| {
        let [a, b, c, d] = cells;
        let name = pad(a, widths[0], false) + "  " + &pad(b, widths[1], false) + "  ";
        let line = name + &pad(c, widths[2], true) + "  " + &pad(d, widths[3], true) + "  " + rest;
        line.trim_end().to_owned()
    };
    let before = widths.iter().sum::<usize>() + 8;
    let room = Some(width.saturating_sub(before)).filter(|room| *room >= ROOM).unwrap_or(0);
    let mut lines = vec![line(head, if room > 0 { "values" } else { "" })];
    lines.push("─".repeat(width.min(before + room)));
    for (column, [name, dtype, missing, distinct]) in shown.iter().zip(&rows) {
        let values = if room > 0 { values(column, room) } else { String::new() };
        lines.push(line([name, dtype, missing, distinct], &values));
    }
    if profile.columns.len() > COLUMNS {
        lines.push(format!("and {} more columns, in .columns", grouped(profile.columns.len() - COLUMNS)));
    }
    lines
}

/// What is in a column, in `room` columns of the terminal.
fn values(column: &ColumnProfile, room: usize) -> String {
    let present = match &column.detail {
        Detail::Boolean { yes, no } => yes + no,
        _ => 0,
    };
    if column.present == 0 {
        return "no values".to_owned();
    }
    match &column.detail {
        Detail::Number(numbers) => {
            // Where there is little room, numbers tell more than a picture.
            let picture = if room >= 32 { spark(&numbers.histogram, 16) + " " } else { String::new() };
            let (Some(min), Some(median), Some(max)) = (numbers.min, numbers.median(), numbers.max) else {
                return String::new();
            };
            let range = format!("{} · {} · {}", brief(min), brief(median), brief(max));
            let mean = match (numbers.mean, numbers.std) {
                (Some(mean), Some(std)) => format!("  mean {} ± {}", brief(mean), brief(std)),
                _ => String::new(),
            };
            let mut text = picture + &range;
            if (text.clone() + &mean).width() <= room {
                text += &mean;
            }
            cut(&text, room)
        }
        Detail::Time(times) => cut(&format!("{} {} .. {}", spark(&times.histogram, 8), times.min, times.max), room),
        Detail::Boolean { yes, .. } => {
            let filled = (16 * yes + present / 2).checked_div(present).unwrap_or(0);
            format!("{}{} true {}", "█".repeat(filled), "░".repeat(16 - filled), share(*yes, present))
        }
        Detail::Text(_) | Detail::Other => tops(column, room),
    }
}

/// `EWR 35.9%, JFK 33.0%, ..`, as many as there is room for.
fn tops(column: &ColumnProfile, room: usize) -> String {
    let Detail::Text(texts) = &column.detail else { return String::new() };
    if column.top.is_empty() {
        let lengths = if texts.shortest == texts.longest {
            texts.longest.to_string()
        } else {
            format!("{} to {}", texts.shortest, texts.longest)
        };
        return cut(&format!("all different, {lengths} characters"), room);
    }
    let present: usize = column.present.max(1);
    let mut text = String::new();
    for (i, (value, count)) in column.top.iter().enumerate() {
        let next = format!("{}{} {}", if i > 0 { ", " } else { "" }, quoted(&shortened(value)), share(*count, present));
        let rest = if i + 1 < column.distinct { ", .." } else { "" };
        if text.width() + next.width() + rest.width() > room && i > 0 {
            return cut(&(text + ", .."), room);
        }
        text += &next;
    }
    cut(&if column.top.len() < column.distinct { text + ", .." } else { text }, room)
}

/// What would look like nothing stands in quotes.
fn quoted(text: &str) -> String {
    if text.trim().len() < text.len() || text.is_empty() { format!("\"{text}\"") } else { text.to_owned() }
}

/// A histogram in `bars` characters.
fn spark(histogram: &Histogram, bars: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let n = histogram.counts.len();
    let merged: Vec<f64> = match n {
        0 => vec![0.0; bars],
        n if n < bars => (0..bars).map(|i| histogram.counts[i * n / bars] as f64).collect(),
        n => (0..bars)
            .map(|i| {
                let bins = &histogram.counts[i * n / bars..(i + 1) * n / bars];
                bins.iter().sum::<usize>() as f64 / bins.len() as f64
            })
            .collect(),
    };
    let most = merged.iter().copied().fold(0.0, f64::max);
    let step =
        |v: f64| if v == 0.0 || most == 0.0 { ' ' } else { STEPS[((v / most * 8.0).ceil() as usize).clamp(1, 8) - 1] };
    merged.into_iter().map(step).collect()
}

fn of_target(target: &TargetProfile, width: usize) -> Vec<String> {
    let mut lines = vec![cut(&format!("Target {}: {}", cleaned(&target.name), kind(&target.kind)), width)];
    let shown: Vec<_> = target.associations.iter().take(TELLING).collect();
    let names: Vec<String> = shown
        .iter()
        .map(|a| {
            let name = cut(&cleaned(&a.column), NAME.min(width / 3));
            if a.measure == Measure::AucMissing { format!("{name} missing") } else { name }
        })
        .collect();
    let wide = names.iter().map(|n| n.width()).max().unwrap_or(0);
    // Beside the bar stand two gaps, a measure and its value.
    let full = width.saturating_sub(wide + 28).clamp(4, 20);
    for (a, name) in shown.iter().zip(&names) {
        let filled = (full as f64 * a.strength).round() as usize;
        let measure = if a.measure == Measure::AucMissing { Measure::Auc } else { a.measure };
        let bar = "█".repeat(filled) + &"░".repeat(full - filled.min(full));
        lines.push(format!("  {}  {bar} {measure} {}", pad(name, wide, false), measured(a.value)));
    }
    lines
}

/// The target in words.
pub(crate) fn kind(kind: &TargetKind) -> String {
    let class =
        |(name, rows): &(String, usize), all: usize| format!("{} {}", quoted(&shortened(name)), share(*rows, all));
    let total = |classes: &[(String, usize)]| classes.iter().map(|(_, rows)| rows).sum::<usize>();
    match kind {
        TargetKind::Binary(both) => {
            let all = total(both);
            format!("two classes, {}, {}", class(&both[0], all), class(&both[1], all))
        }
        TargetKind::Classes(classes) => {
            let all = total(classes);
            let shown: Vec<String> = classes.iter().take(6).map(|c| class(c, all)).collect();
            let more = if classes.len() > 6 { ", .." } else { "" };
            format!("{} classes, {}{more}", classes.len(), shown.join(", "))
        }
        TargetKind::Number => "a number".to_owned(),
        TargetKind::Unfit => "nothing that could be predicted".to_owned(),
    }
}

fn cleaned(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '␣' } else { c }).collect()
}

fn pad(text: &str, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { space + text } else { text.to_owned() + &space }
}

fn wrapped(text: &str, lead: &str, width: usize) -> Vec<String> {
    let mut lines = vec![lead.to_owned()];
    for (i, word) in text.split(' ').enumerate() {
        let last = lines.len() - 1;
        if i > 0 && lines[last].width() + 1 + word.width() > width {
            lines.push(format!("{}{word}", " ".repeat(lead.width())));
        } else {
            if i > 0 {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}
