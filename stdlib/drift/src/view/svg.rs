//! Drawings of both samples: the reference as a grey area, the current one as a line; colours come from the style sheet.

use crate::report::{CategoryTable, Histogram};
use crate::words::{brief, percent};
use std::fmt::Write as _;

/// Width and height of the small drawings in the table.
const SMALL: (f64, f64) = (120.0, 26.0);
/// Width and height of the plot area in a card.
const LARGE: (f64, f64) = (460.0, 130.0);

fn most(shares: [&[f64]; 2]) -> f64 {
    shares.into_iter().flatten().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE)
}

/// A step line over bins; closed along the ground if it is to be filled.
fn steps(shares: &[f64], most: f64, (width, height): (f64, f64), closed: bool) -> String {
    // A sample without values has no line along the ground.
    if shares.iter().all(|share| *share == 0.0) {
        return String::new();
    }
    let step = width / shares.len().max(1) as f64;
    let mut path = format!("M0 {height:.0}");
    let mut last = f64::NAN;
    for (i, share) in shares.iter().enumerate() {
        let y = height - height * share / most;
        // Writing to a String cannot fail.
        if (y - last).abs() < 0.05 {
            let _ = write!(path, "H{:.1}", (i + 1) as f64 * step);
        } else {
            let _ = write!(path, "V{y:.1}H{:.1}", (i + 1) as f64 * step);
        }
        last = y;
    }
    let _ = write!(path, "V{height:.0}{}", if closed { "Z" } else { "" });
    path
}

/// Pairs of bars, one path for each sample.
fn pairs(shares: [&[f64]; 2], most: f64, (width, height): (f64, f64)) -> [String; 2] {
    let n = shares[0].len().max(1) as f64;
    let (step, gap) = (width / n, (width / n * 0.22).min(14.0));
    let wide = ((step - gap) / 2.0).min(width / 18.0);
    [0, 1].map(|side| {
        let mut path = String::new();
        for (i, &share) in shares[side].iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let x = (i as f64 + 0.5) * step + if side == 0 { -wide } else { 0.0 };
            // What is there is seen, be it ever so little.
            let tall = (height * share / most).max(1.0);
            let _ = write!(path, "M{x:.1} {height:.0}v-{tall:.1}h{wide:.1}v{tall:.1}z");
        }
        path
    })
}

/// A drawing for the table.
pub(super) fn small(shares: [&[f64]; 2], each: bool) -> String {
    let (width, height) = SMALL;
    let most = most(shares);
    let inner = if each {
        let [reference, current] = pairs(shares, most, SMALL);
        format!("<path class=\"br\" d=\"{reference}\"/><path class=\"bc\" d=\"{current}\"/>")
    } else {
        let (area, line) = (steps(shares[0], most, SMALL, true), steps(shares[1], most, SMALL, false));
        format!("<path class=\"fr\" d=\"{area}\"/><path class=\"lc\" style=\"stroke-width:1.2\" d=\"{line}\"/>")
    };
    format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" aria-hidden=\"true\">{inner}<path class=\"ax\" d=\"M0 {height}.5h{width}\"/></svg>"
    )
}

/// A drawing of the most frequent categories for the table.
pub(super) fn small_categories(table: &CategoryTable) -> String {
    let [reference, current] = shares(table);
    small([&reference, &current], true)
}

/// Shares of the categories that are listed.
pub(super) fn shares(table: &CategoryTable) -> [Vec<f64>; 2] {
    let of = |side: fn(&crate::report::Both<u64>) -> u64| {
        table.top.iter().map(|c| side(&c.count) as f64 / side(&table.count).max(1) as f64).collect::<Vec<f64>>()
    };
    [of(|both| both.reference), of(|both| both.current)]
}

/// Lines at the medians of both samples, and whether bins answer to the pointer.
pub(super) struct Extras {
    pub medians: [Option<f64>; 2],
    pub titles: bool,
}

/// A histogram with axes.
pub(super) fn large(histogram: &Histogram, extras: &Extras, label: &str) -> String {
    let (width, height) = LARGE;
    let shares = [histogram.shares.reference.as_slice(), histogram.shares.current.as_slice()];
    let most = most(shares);
    let mut out =
        format!("<svg class=\"hist\" viewBox=\"0 -16 {width} {}\" role=\"img\" aria-label=\"{label}\">", height + 38.0);
    let bins = shares[0].len();
    let step = width / bins.max(1) as f64;
    if histogram.each {
        let [reference, current] = pairs(shares, most, LARGE);
        let _ = write!(out, "<path class=\"br\" d=\"{reference}\"/><path class=\"bc\" d=\"{current}\"/>");
        let stride = bins.div_ceil(12).max(1);
        for (i, value) in histogram.edges.iter().enumerate().step_by(stride) {
            label_at(&mut out, (i as f64 + 0.5) * step, &brief(*value), "middle");
        }
    } else {
        let (area, line) = (steps(shares[0], most, LARGE, true), steps(shares[1], most, LARGE, false));
        let _ = write!(
            out,
            "<path class=\"fr\" d=\"{area}\"/><path class=\"fc\" d=\"{line}\"/><path class=\"lc\" d=\"{line}\"/>"
        );
        let (low, high) = (histogram.edges[0], histogram.edges[bins]);
        // Halves, so that the largest numbers have a difference.
        let half = if (high - low).is_finite() { 1.0 } else { 0.5 };
        let length = (high * half - low * half).max(f64::MIN_POSITIVE);
        let place = |value: f64| width * ((value * half - low * half) / length);
        for (median, class) in extras.medians.iter().zip(["mr", "mc"]) {
            if let Some(median) = median.filter(|m| (low..=high).contains(m)) {
                let _ = write!(out, "<path class=\"{class}\" d=\"M{:.1} 0v{height:.0}\"/>", place(median));
            }
        }
        for tick in ticks(low, high) {
            let x = place(tick);
            let anchor = if x < 14.0 {
                "start"
            } else if x > width - 14.0 {
                "end"
            } else {
                "middle"
            };
            let _ = write!(out, "<path class=\"ax\" d=\"M{x:.1} {height:.0}v4\"/>");
            label_at(&mut out, x, &brief(tick), anchor);
        }
    }
    let _ = write!(
        out,
        "<path class=\"ax\" d=\"M0 {height:.0}.5h{width}\"/><text x=\"0\" y=\"-5\">{}</text>",
        percent(most)
    );
    if extras.titles {
        titles(histogram, step, &mut out);
    }
    out + "</svg>"
}

fn label_at(out: &mut String, x: f64, text: &str, anchor: &str) {
    let _ = write!(out, "<text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{text}</text>", LARGE.1 + 17.0);
}

/// What a bin says when the pointer rests on it.
fn titles(histogram: &Histogram, step: f64, out: &mut String) {
    let shares = histogram.shares.reference.iter().zip(&histogram.shares.current);
    out.push_str("<g class=\"hit\">");
    for (i, (before, now)) in shares.enumerate() {
        let range = match histogram.each {
            true => brief(histogram.edges[i]),
            false => format!("{} – {}", brief(histogram.edges[i]), brief(histogram.edges[i + 1])),
        };
        let _ = write!(
            out,
            "<rect class=\"hit\" x=\"{:.1}\" width=\"{step:.1}\" height=\"{:.0}\"><title>{range}: {} → {}</title></rect>",
            i as f64 * step,
            LARGE.1,
            percent(*before),
            percent(*now)
        );
    }
    out.push_str("</g>");
}

/// Four to eight round numbers within a range.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return vec![low];
    }
    let rough = span / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(10.0 * power);
    let first = (low / step).ceil();
    let mut ticks = Vec::new();
    let mut at = first;
    while at * step <= high + 1e-9 * span && ticks.len() < 12 {
        // As few digits as the step has: 0.30000000000000004 is 0.3.
        ticks.push((at * step / power).round() * power);
        at += 1.0;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let near = |found: Vec<f64>, wanted: &[f64]| {
            assert!(
                found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9),
                "{found:?}"
            );
        };
        near(ticks(0.0, 1.0), &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        near(ticks(-43.0, 220.0), &[0.0, 100.0, 200.0]);
        near(ticks(2.0, 2.0), &[2.0]);
    }
}
