//! The ranked table of the HTML report.

use super::change::{change, length, missing, strongest};
use super::{html, svg};
use crate::report::{ColumnDrift, Detail, DriftReport, Role, Verdict};
use crate::words::{grouped, name, percent, plain, score};
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// Bytes of the report from which on rows are left out: it stays below a megabyte, whatever names and values are.
const BYTES: usize = 500_000;

pub(super) fn table(report: &DriftReport, linked: usize, out: &mut String) {
    let weighed = report.columns.iter().any(|column| column.importance.is_some());
    let importance = if weighed { "<th class=\"r\">importance</th>" } else { "" };
    let _ = write!(
        out,
        "<h2>Columns</h2><div class=\"scroll\"><table class=\"rank\"><thead><tr><th>column</th><th>distribution</th><th>drift</th>\
         <th class=\"r\">score</th><th class=\"r\">threshold</th><th>test</th>{importance}<th class=\"r\">missing</th><th>change</th></tr></thead><tbody>"
    );
    let most = strongest(report);
    let mut shown = 0;
    for (at, column) in report.columns.iter().enumerate() {
        if out.len() > BYTES {
            break;
        }
        row(report, column, (at < linked).then_some(at), most, weighed, out);
        shown += 1;
    }
    out.push_str("</tbody></table></div>");
    if shown < report.columns.len() {
        let more = grouped((report.columns.len() - shown) as u64);
        let _ = write!(out, "<p class=\"s\">and {more} more, in .columns</p>");
    }
}

fn row(report: &DriftReport, column: &ColumnDrift, link: Option<usize>, most: f64, weighed: bool, out: &mut String) {
    let class = match column.verdict {
        Verdict::Drifted => " class=\"d\"",
        Verdict::Stable => "",
        Verdict::Untested => " class=\"u\"",
    };
    let label = escape_html(&name(&column.name));
    let label = link.map_or_else(|| label.clone(), |at| format!("<a href=\"#{}\">{label}</a>", html::anchor(at)));
    let _ = write!(out, "<tr{class}><td>{label}{}</td><td>{}</td>", role(column.role), drawing(column));
    let bar = |length: f64| format!("<div class=\"bar\"><i style=\"width:{:.0}%\"></i><u></u></div>", 100.0 * length);
    match &column.result {
        Some(result) => {
            let p = if result.outcome == crate::stats::Outcome::PValue { "p " } else { "" };
            let adjusted = result.adjusted.map_or_else(String::new, |adjusted| {
                format!(" <span class=\"s\">(adj. {})</span>", score(adjusted, result.outcome))
            });
            let _ = write!(
                out,
                "<td>{}</td><td class=\"r v\">{p}{}{adjusted}</td><td class=\"r\">{}</td><td class=\"t\">{}</td>",
                bar(length(result.strength, most)),
                score(result.score, result.outcome),
                plain(result.threshold),
                result.test.title()
            );
        }
        None => {
            let reason = escape_html(column.reason.as_deref().unwrap_or("not tested"));
            let _ = match column.verdict {
                Verdict::Drifted => write!(out, "<td>{}</td><td colspan=\"3\" class=\"v\">{reason}</td>", bar(1.0)),
                _ => write!(out, "<td colspan=\"4\">{reason}</td>"),
            };
        }
    }
    if weighed {
        let _ = write!(out, "<td class=\"r\">{}</td>", column.importance.map_or_else(|| "–".to_owned(), percent));
    }
    let _ = write!(
        out,
        "<td class=\"r\">{}</td><td class=\"ch\">{}</td></tr>",
        missing(column, report).replace('-', "–"),
        escape_html(&change(column))
    );
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Target => " <span class=\"tag\">target</span>",
        Role::Prediction => " <span class=\"tag\">prediction</span>",
        Role::Feature => "",
    }
}

fn drawing(column: &ColumnDrift) -> String {
    match &column.detail {
        Detail::Numbers { histogram, .. } => {
            svg::small([&histogram.shares.reference, &histogram.shares.current], histogram.each)
        }
        Detail::Categories(table) if !table.top.is_empty() => svg::small_categories(table),
        _ => String::new(),
    }
}
