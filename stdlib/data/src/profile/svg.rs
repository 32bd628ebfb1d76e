//! Small drawings for the HTML profile; colours come from its style sheet.

use super::Histogram;
use super::warnings::brief;
use ironbook_core::bundle::escape_html;
use std::fmt::Write as _;

/// Width and height of a histogram's bars.
const SIZE: (f64, f64) = (300.0, 84.0);

/// A histogram with its range below; one path, however many bins.
pub(super) fn histogram(histogram: &Histogram, from: &str, to: &str) -> String {
    let (width, height) = SIZE;
    let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = width / histogram.counts.len().max(1) as f64;
    let mut bars = String::new();
    for (i, &count) in histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // What is there is seen, be it ever so little.
        let tall = (height * count as f64 / most).max(1.0);
        // Writing to a String cannot fail.
        let _ =
            write!(bars, "M{:.1} {height}v-{tall:.1}h{:.1}v{tall:.1}z", i as f64 * step + 0.5, (step - 1.0).max(0.6));
    }
    format!(
        "<svg class=\"ip-h\" viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"histogram from {from} to {to}\">\
         <path class=\"ip-bar\" d=\"{bars}\"/><path class=\"ip-axis\" d=\"M0 {height}.5h{width}\"/>\
         <text x=\"0\" y=\"{y}\">{from}</text><text x=\"{width}\" y=\"{y}\" text-anchor=\"end\">{to}</text></svg>",
        height + 16.0,
        from = escape_html(from),
        to = escape_html(to),
        y = height + 13.0,
    )
}

/// Where the bins of a histogram of numbers begin and end, in words.
pub(super) fn range(histogram: &Histogram, min: f64, max: f64) -> (String, String) {
    let from = if histogram.below > 0 { brief(histogram.from) } else { brief(min) };
    let to = if histogram.above > 0 { brief(histogram.to) } else { brief(max) };
    (from, to)
}

/// Side of a heatmap's cell.
const CELL: f64 = 26.0;

/// Correlations of each column with those before it: blue for negative, orange for positive, stronger for closer.
pub(super) fn heatmap(names: &[String], values: &[Vec<Option<f64>>]) -> String {
    let n = names.len();
    let short: Vec<String> = names.iter().map(|name| crate::term::cut_to(name, 20)).collect();
    let longest = short.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64;
    let label = longest * 6.6 + 10.0;
    let (width, height) = (label + n as f64 * CELL, n as f64 * CELL + label * 0.75 + 6.0);
    let mut out = format!(
        "<svg class=\"ip-map\" style=\"width:{width:.0}px\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"correlations\">"
    );
    for i in 0..n {
        let y = i as f64 * CELL;
        let name = escape_html(&short[i]);
        let _ = write!(out, "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{name}</text>", label - 6.0, y + 17.0);
        let (x, foot) = (label + y + 16.0, n as f64 * CELL + 8.0);
        let _ = write!(
            out,
            "<text transform=\"translate({x:.0} {foot:.0}) rotate(-45)\" text-anchor=\"end\">{name}</text>"
        );
        for j in 0..=i {
            let x = label + j as f64 * CELL;
            let title = format!("{} and {}", escape_html(&short[i]), escape_html(&short[j]));
            let (class, opacity, shown) = match values[i][j] {
                Some(v) => (if v < 0.0 { "ip-neg" } else { "ip-pos" }, v.abs(), super::warnings::measured(v)),
                None => ("ip-none", 1.0, "not defined".to_owned()),
            };
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"25\" height=\"25\" fill-opacity=\"{opacity:.2}\"><title>{title}: {shown}</title></rect>"
            );
        }
    }
    out + "</svg>"
}
