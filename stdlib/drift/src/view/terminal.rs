//! The report as text for the terminal: the verdict, what was found, and the columns as ranked.

use super::change::{change, headline, length, missing, strongest};
use crate::report::{ColumnDrift, DriftReport, Role, Verdict};
use crate::words::{counted, grouped, name, percent, plain, score};
use unicode_width::UnicodeWidthStr;

/// Findings shown at most.
const FINDINGS: usize = 20;
/// Columns shown at most.
const COLUMNS: usize = 100;
/// Widest name of a column, where there is room.
const NAME: usize = 24;
/// Length of a bar of drift.
const BAR: usize = 10;
/// The least room in which a change is told.
const ROOM: usize = 16;

pub(crate) fn text(report: &DriftReport, width: usize) -> String {
    let mut lines = wrapped(&headline(report), "", width);
    let rows = |name: &str, rows: usize| format!("{} {}", name, counted(rows as u64, "row", "rows"));
    let tables = format!(
        "{}, {}",
        rows(&report.names.reference, report.rows.reference),
        rows(&report.names.current, report.rows.current)
    );
    lines.extend(wrapped(&tables, "", width));
    if !report.findings.is_empty() {
        lines.push(String::new());
        lines.extend(report.findings.iter().take(FINDINGS).flat_map(|f| wrapped(&f.text, "  ! ", width)));
        if report.findings.len() > FINDINGS {
            let more = grouped((report.findings.len() - FINDINGS) as u64);
            lines.push(format!("  and {more} more, in .findings and in the HTML"));
        }
    }
    lines.push(String::new());
    lines.extend(columns(report, width));
    if !report.notes.is_empty() {
        lines.push(String::new());
        lines.extend(report.notes.iter().flat_map(|note| wrapped(note, "", width)));
    }
    lines.join("\n")
}

/// Columns of the table that are left out where there is no room, the first one first: findings tell of missing values, and
/// limits are those of the options.
const SPARE: [&str; 3] = ["limit", "missing", "importance"];

/// The ranked table.
fn columns(report: &DriftReport, width: usize) -> Vec<String> {
    let shown = &report.columns[..report.columns.len().min(COLUMNS)];
    let weighed = shown.iter().any(|column| column.importance.is_some());
    let most = strongest(report);
    let mut rows: Vec<Vec<String>> = shown.iter().map(|column| row(column, report, most, weighed, width)).collect();
    let score = if report.fdr.is_some() { "adjusted" } else { "score" };
    let mut head = vec!["", "column", "drift", score, "limit", "test", "missing"];
    if weighed {
        head.insert(3, "importance");
    }
    let widths = |head: &[&str], rows: &[Vec<String>]| -> Vec<usize> {
        let widest = |i: usize| rows.iter().map(|row| row[i].width()).max().unwrap_or(0);
        (0..head.len()).map(|i| widest(i).max(head[i].width())).collect()
    };
    let wide = |widths: &[usize]| widths.iter().sum::<usize>() + 2 * (widths.len() - 1);
    for spare in SPARE {
        if wide(&widths(&head, &rows)) <= width {
            break;
        }
        if let Some(at) = head.iter().position(|name| *name == spare) {
            head.remove(at);
            rows.iter_mut().for_each(|row| _ = row.remove(at));
        }
    }
    let widths = widths(&head, &rows);
    let right: Vec<bool> =
        head.iter().map(|h| matches!(*h, "score" | "adjusted" | "limit" | "importance" | "missing")).collect();
    let before = wide(&widths) + 2;
    let room = Some(width.saturating_sub(before)).filter(|room| *room >= ROOM);
    let line = |cells: &[String], change: &str| {
        let cells: Vec<String> = cells.iter().enumerate().map(|(i, cell)| pad(cell, widths[i], right[i])).collect();
        let change = room.map_or_else(String::new, |room| format!("  {}", cut(change, room)));
        cut(format!("{}{change}", cells.join("  ")).trim_end(), width)
    };
    let head: Vec<String> = head.into_iter().map(str::to_owned).collect();
    let mut lines = vec![line(&head, "change"), "─".repeat(width.min(before + room.unwrap_or(0)))];
    lines.extend(shown.iter().zip(&rows).map(|(column, row)| line(row, &change(column))));
    if report.columns.len() > COLUMNS {
        lines.push(format!("and {} more, in .columns", grouped((report.columns.len() - COLUMNS) as u64)));
    }
    lines
}

fn row(column: &ColumnDrift, report: &DriftReport, most: f64, weighed: bool, width: usize) -> Vec<String> {
    let mark = match column.verdict {
        Verdict::Drifted => "▲",
        Verdict::Stable => "·",
        Verdict::Untested => " ",
    };
    let role = match column.role {
        Role::Target => " (target)",
        Role::Prediction => " (prediction)",
        Role::Feature => "",
    };
    // A role takes its room from a long name where lines are short.
    let most_of_name = NAME.min(width / 4).min((width / 3).saturating_sub(role.width()));
    let label = cut(&name(&column.name), most_of_name) + role;
    let (bar, value, limit, test) = match &column.result {
        Some(result) => {
            let filled = (BAR as f64 * length(result.strength, most)).round() as usize;
            let shown = result.adjusted.unwrap_or(result.score);
            (
                "█".repeat(filled) + &"░".repeat(BAR - filled.min(BAR)),
                score(shown, result.outcome),
                plain(result.threshold),
                result.test.to_string(),
            )
        }
        None if column.verdict == Verdict::Drifted => ("█".repeat(BAR), "-".into(), "-".into(), "no values".into()),
        None => (String::new(), "-".into(), "-".into(), "-".into()),
    };
    let mut cells = vec![mark.to_owned(), label, bar, value, limit, test, missing(column, report)];
    if weighed {
        cells.insert(3, column.importance.map_or_else(|| "-".to_owned(), percent));
    }
    cells
}

fn pad(text: &str, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { space + text } else { text.to_owned() + &space }
}

/// The text, cut with an ellipsis if it is wider than `width` columns.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        let next = format!("{out}{c}");
        if next.width() + 1 > width {
            break;
        }
        out = next;
    }
    out + "…"
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
