//! What has changed most in a column, in a few words.

use crate::report::{ColumnDrift, Detail, DriftReport};
use crate::words::{brief, name, percent, share};

/// `mean 12.64 → 9.881`, `EWR: 35.1% → 36.7%`; nothing where there is nothing to say.
pub(super) fn change(column: &ColumnDrift) -> String {
    match &column.detail {
        Detail::Numbers { summary, .. } => match (summary.reference, summary.current) {
            (Some(before), Some(now)) => format!("mean {} → {}", brief(before.mean), brief(now.mean)),
            _ => String::new(),
        },
        Detail::Categories(table) if table.count.reference.min(table.count.current) == 0 => String::new(),
        Detail::Categories(table) => {
            let shares = |at: &&crate::report::Category| {
                [
                    at.count.reference as f64 / table.count.reference.max(1) as f64,
                    at.count.current as f64 / table.count.current.max(1) as f64,
                ]
            };
            let moved = |at: &&crate::report::Category| {
                let [before, now] = shares(at);
                (before - now).abs()
            };
            let most = table.top.iter().max_by(|a, b| moved(a).total_cmp(&moved(b)));
            most.map_or_else(String::new, |category| {
                let [before, now] = shares(&category);
                format!("{}: {} → {}", name(&category.name), percent(before), percent(now))
            })
        }
        Detail::Times { .. } | Detail::Nothing => String::new(),
    }
}

/// `2.5% → 3.0%`, or `-` where nothing is missing.
pub(super) fn missing(column: &ColumnDrift, report: &DriftReport) -> String {
    match [column.missing.reference, column.missing.current] {
        [0, 0] => "-".to_owned(),
        [before, now] => {
            format!("{} → {}", share(before, report.rows.reference as u64), share(now, report.rows.current as u64))
        }
    }
}

/// The verdict on all in a sentence.
pub(crate) fn headline(report: &DriftReport) -> String {
    if report.tested_columns == 0 {
        return "No column could be tested".to_owned();
    }
    let share = percent(report.share);
    let limit = percent(report.share_threshold);
    let limit = limit.strip_suffix(".0%").map(|whole| format!("{whole}%")).unwrap_or(limit);
    let columns = format!("{} of {} columns drifted ({share})", report.drifted_columns, report.tested_columns);
    match report.drifted {
        true => format!("{columns}: the data as a whole have drifted (from {limit} on)"),
        false => format!("{columns}: the data as a whole have not drifted (from {limit} on)"),
    }
}

/// How long a bar is for a drift of this strength, from 0 to 1: half at the threshold, then by logarithms up to `most`.
pub(super) fn length(strength: f64, most: f64) -> f64 {
    match () {
        () if strength <= 1.0 => 0.5 * strength.max(0.0),
        // A little beyond is seen to be beyond.
        () => (0.5 + 0.5 * strength.ln() / most.max(2.0).ln()).clamp(0.53, 1.0),
    }
}

/// The largest strength in a report.
pub(super) fn strongest(report: &DriftReport) -> f64 {
    report.columns.iter().filter_map(|c| c.result).map(|result| result.strength).fold(1.0, f64::max)
}
