//! The report as HTML: the verdict, what was found, the ranked table, then a card for each column. No script, nothing from
//! elsewhere.

use super::change::headline;
use super::style::STYLE;
use super::{cards, table};
use crate::report::DriftReport;
use crate::words::{counted, grouped, percent};
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// Columns that get a card at most.
const CARDS: usize = 120;
/// Bytes from which on there are no more cards.
const BYTES: usize = 700_000;
/// Findings that are shown at once, and those behind them at most.
const FINDINGS: (usize, usize) = (12, 200);

/// Where the card of a column is.
pub(super) fn anchor(at: usize) -> String {
    format!("drift-{}", at + 1)
}

/// A page of its own.
pub(crate) fn page(report: &DriftReport) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Drift: {} and {}</title>\
         <style>body{{margin:0;background:#fff}}@media (prefers-color-scheme:dark){{body{{background:#12161b}}}}\
         .idr{{margin:0 auto;padding:20px 22px 40px!important}}</style></head><body>{}</body></html>\n",
        escape_html(&report.names.reference),
        escape_html(&report.names.current),
        drawn(report, true)
    )
}

/// A piece for notebooks.
pub(crate) fn fragment(report: &DriftReport) -> String {
    drawn(report, false)
}

fn drawn(report: &DriftReport, links: bool) -> String {
    let mut out = format!("<div class=\"idr\">{STYLE}");
    verdict(report, &mut out);
    let carded = report.columns.len().min(CARDS);
    table::table(report, if links { carded } else { 0 }, &mut out);
    findings(report, &mut out);
    if !report.notes.is_empty() {
        out.push_str("<div class=\"notes\" style=\"margin-top:12px\">");
        report.notes.iter().for_each(|note| out.push_str(&format!("<p>{}</p>", escape_html(note))));
        out.push_str("</div>");
    }
    let _ = write!(
        out,
        "<h2>Distributions</h2><p class=\"keys\" style=\"margin-bottom:8px\">{}</p><div class=\"cards\">",
        keys(report)
    );
    let mut shown = 0;
    for (at, column) in report.columns.iter().enumerate().take(CARDS) {
        if out.len() > BYTES {
            break;
        }
        cards::card(report, column, at, &mut out);
        shown += 1;
    }
    out.push_str("</div>");
    if shown < report.columns.len() {
        let more = grouped((report.columns.len() - shown) as u64);
        let _ = write!(out, "<p class=\"s\">and {more} more, in .columns</p>");
    }
    out + "</div>"
}

fn keys(report: &DriftReport) -> String {
    let key = |class: &str, name: &str, rows: usize| {
        let rows = counted(rows as u64, "row", "rows");
        format!("<span><i class=\"key{class}\"></i>{} <span class=\"s\">{rows}</span></span>", escape_html(name))
    };
    key("", &report.names.reference, report.rows.reference) + &key(" c", &report.names.current, report.rows.current)
}

/// The verdict, with a meter of the share of drifted columns.
fn verdict(report: &DriftReport, out: &mut String) {
    let sentence = headline(report);
    let (first, rest) = sentence.split_once(": ").unwrap_or((&sentence, ""));
    let mut rest = rest.to_owned();
    if let Some(letter) = rest.get(..1) {
        rest = letter.to_uppercase() + &rest[1..];
    }
    let (share, limit) = (100.0 * report.share, 100.0 * report.share_threshold);
    let _ = write!(
        out,
        "<div class=\"top{}\"><b>{}</b><p>{}</p>\
         <div class=\"meter\"><i style=\"width:{share:.1}%\"></i><u style=\"left:{limit:.1}%\"></u><em style=\"left:{limit:.1}%\">{}</em></div>\
         <p class=\"keys\">{}</p>{}</div>",
        if report.drifted { " bad" } else { "" },
        escape_html(first),
        escape_html(&rest),
        percent(report.share_threshold).replace(".0%", "%"),
        keys(report),
        schema(report)
    );
}

/// How many findings are about columns and types, since a model may not take the table.
fn schema(report: &DriftReport) -> String {
    let grave = report.findings.iter().filter(|finding| finding.kind.is_schema());
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for title in grave.map(|finding| finding.kind.title()) {
        match kinds.last_mut().filter(|(last, _)| *last == title) {
            Some((_, count)) => *count += 1,
            None => kinds.push((title, 1)),
        }
    }
    let listed: Vec<String> = kinds.iter().map(|(title, count)| format!("{} × {title}", grouped(*count))).collect();
    match listed.is_empty() {
        true => String::new(),
        false => format!("<p class=\"schema\">Columns and types differ: {}</p>", listed.join(", ")),
    }
}

fn findings(report: &DriftReport, out: &mut String) {
    if report.findings.is_empty() {
        return;
    }
    let line = |finding: &crate::finding::Finding| {
        let class = if finding.kind.is_schema() { " class=\"g\"" } else { "" };
        format!("<li{class}><b>{}</b>{}</li>", finding.kind.title(), escape_html(&finding.text))
    };
    let (first, rest) = report.findings.split_at(report.findings.len().min(FINDINGS.0));
    let _ = write!(out, "<h2>Beside the distributions</h2><ul>{}</ul>", first.iter().map(line).collect::<String>());
    if !rest.is_empty() {
        let shown: String = rest.iter().take(FINDINGS.1).map(line).collect();
        let _ = write!(out, "<details><summary>{} more</summary><ul>{shown}</ul>", grouped(rest.len() as u64));
        if rest.len() > FINDINGS.1 {
            let _ =
                write!(out, "<p class=\"s\">and {} more, in .findings</p>", grouped((rest.len() - FINDINGS.1) as u64));
        }
        out.push_str("</details>");
    }
}
