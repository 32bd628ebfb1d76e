//! One card for each column of the HTML report: its distribution in both tables.

use super::{html, svg, table};
use crate::report::{Both, Category, CategoryTable, ColumnDrift, Detail, DriftReport, Histogram, Summary, Verdict};
use crate::words::{brief, counted, grouped, name, percent, plain, score, share};
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// Columns up to which bars answer to the pointer: each costs two kilobytes.
const TITLES: usize = 40;

pub(super) fn card(report: &DriftReport, column: &ColumnDrift, at: usize, out: &mut String) {
    let (class, word) = match column.verdict {
        Verdict::Drifted => (" d", "drift"),
        Verdict::Stable => (" o", "no drift"),
        Verdict::Untested => ("", "not tested"),
    };
    let types = match column.types.reference == column.types.current {
        true => column.types.current.clone(),
        false => format!("{} → {}", column.types.reference, column.types.current),
    };
    let _ = write!(
        out,
        "<div class=\"card\" id=\"{}\"><h3>{}{} <span class=\"tag{class}\">{word}</span> <span class=\"s\" style=\"font-weight:400;font-size:12px\">{}</span></h3><p class=\"s\">{}</p>",
        html::anchor(at),
        escape_html(&name(&column.name)),
        table::role(column.role),
        escape_html(&types),
        escape_html(&verdict(column)),
    );
    match &column.detail {
        Detail::Numbers { summary, histogram } => numbers(report, column, summary, histogram, out),
        Detail::Categories(table) => categories(report, table, out),
        Detail::Times { first, last } => times(report, first, last, out),
        Detail::Nothing => {}
    }
    out.push_str("</div>");
}

/// `Wasserstein distance 0.234, drift from 0.1 on`.
fn verdict(column: &ColumnDrift) -> String {
    let Some(result) = &column.result else { return column.reason.clone().unwrap_or_default() };
    let (value, limit) = (score(result.score, result.outcome), plain(result.threshold));
    let value = value + &result.error.map_or_else(String::new, |error| format!(" (off by {error:.1e} at most)"));
    let adjusted = result.adjusted.map_or_else(String::new, |a| format!(" (adjusted {})", score(a, result.outcome)));
    match result.outcome {
        crate::stats::Outcome::PValue => {
            let sign = if value.starts_with('<') { "" } else { "= " };
            format!("{}: p {sign}{value}{adjusted}, drift below {limit}", result.test.title())
        }
        crate::stats::Outcome::Distance => format!("{} {value}, drift from {limit} on", result.test.title()),
    }
}

fn numbers(
    report: &DriftReport,
    column: &ColumnDrift,
    summary: &Both<Option<Summary>>,
    histogram: &Histogram,
    out: &mut String,
) {
    let median = |summary: &Option<Summary>| summary.map(|s| s.quartiles[1]);
    let extras = svg::Extras {
        medians: [median(&summary.reference), median(&summary.current)],
        titles: report.columns.len() <= TITLES,
    };
    out.push_str(&svg::large(histogram, &extras, &escape_html(&format!("distribution of {}", name(&column.name)))));
    let ends = [("below", &histogram.below), ("above", &histogram.above)];
    let outside: Vec<String> = ends
        .into_iter()
        .filter(|(_, share)| share.reference + share.current > 0.0)
        .map(|(side, share)| format!("{side} {} → {}", percent(share.reference), percent(share.current)))
        .collect();
    if !outside.is_empty() {
        let _ = write!(out, "<p class=\"s\" style=\"font-size:12px\">not drawn: {}</p>", outside.join(", "));
    }
    let cell = |summary: &Option<Summary>, of: fn(&Summary) -> f64| {
        summary.as_ref().map_or("–".to_owned(), |s| brief(of(s)))
    };
    let head = ["mean", "std", "min", "25%", "median", "75%", "max"];
    let of: [fn(&Summary) -> f64; 7] =
        [|s| s.mean, |s| s.std, |s| s.min, |s| s.quartiles[0], |s| s.quartiles[1], |s| s.quartiles[2], |s| s.max];
    out.push_str("<table class=\"nums\"><thead><tr><th></th>");
    head.iter().for_each(|head| out.push_str(&format!("<th class=\"r\">{head}</th>")));
    out.push_str("</tr></thead><tbody>");
    for (key, summary) in [("", &summary.reference), (" c", &summary.current)] {
        let _ = write!(out, "<tr><td><span class=\"key{key}\"></span></td>");
        of.iter().for_each(|of| out.push_str(&format!("<td class=\"r\">{}</td>", cell(summary, *of))));
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>");
}

fn categories(report: &DriftReport, table: &CategoryTable, out: &mut String) {
    let [reference, current] = svg::shares(table);
    let most = reference.iter().chain(&current).copied().fold(f64::MIN_POSITIVE, f64::max);
    out.push_str("<table class=\"cats\"><tbody>");
    for (category, (before, now)) in table.top.iter().zip(reference.iter().zip(&current)) {
        let note = match (category.count.reference, category.count.current) {
            (0, _) => " <span class=\"tag d\">new</span>",
            (_, 0) => " <span class=\"tag\">gone</span>",
            _ => "",
        };
        let label = escape_html(&name(&category.name));
        let _ = write!(
            out,
            "<tr><td title=\"{label}\">{label}{note}</td><td class=\"duo\" style=\"width:50%\"><i style=\"width:{:.1}%\"></i><i style=\"width:{:.1}%\"></i></td>\
             <td class=\"r\">{} → {}</td></tr>",
            100.0 * before / most,
            100.0 * now / most,
            percent(*before),
            percent(*now)
        );
    }
    if table.others.reference + table.others.current > 0 {
        let _ = write!(
            out,
            "<tr><td class=\"s\">others</td><td></td><td class=\"r\">{} → {}</td></tr>",
            share(table.others.reference, table.count.reference),
            share(table.others.current, table.count.current)
        );
    }
    let _ = write!(
        out,
        "</tbody></table><p class=\"s\" style=\"font-size:12px;margin-top:4px\">{} different in {}, {} in {}</p>",
        grouped(table.distinct.reference as u64),
        escape_html(&report.names.reference),
        grouped(table.distinct.current as u64),
        escape_html(&report.names.current)
    );
    let new = (&table.new, table.new_count, table.new_values, table.count.current);
    let gone = (&table.vanished, table.vanished_count, table.vanished_values, table.count.reference);
    for (word, (some, all, values, of), side) in
        [("new", new, (|c: &Category| c.count.current) as fn(&Category) -> u64), ("gone", gone, |c| c.count.reference)]
    {
        if all == 0 {
            continue;
        }
        let listed: Vec<String> =
            some.iter().take(8).map(|c| format!("{} {}", escape_html(&name(&c.name)), share(side(c), of))).collect();
        let more = if all > listed.len() { ", .." } else { "" };
        let _ = write!(
            out,
            "<p style=\"font-size:12px\"><b>{} {word}</b> ({}): {}{more}</p>",
            counted(all as u64, "category", "categories"),
            share(values, of),
            listed.join(", ")
        );
    }
}

fn times(report: &DriftReport, first: &Both<Option<String>>, last: &Both<Option<String>>, out: &mut String) {
    let rows = [
        ("", &report.names.reference, &first.reference, &last.reference),
        (" c", &report.names.current, &first.current, &last.current),
    ];
    out.push_str("<table class=\"nums\" style=\"margin-top:10px\"><tbody>");
    for (key, table, first, last) in rows {
        let text = |time: &Option<String>| escape_html(time.as_deref().unwrap_or("–"));
        let _ = write!(
            out,
            "<tr><td><span class=\"key{key}\"></span>{}</td><td>{}</td><td>{}</td></tr>",
            escape_html(table),
            text(first),
            text(last)
        );
    }
    out.push_str("</tbody></table>");
}
